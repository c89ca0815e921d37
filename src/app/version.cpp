#include "app/commands.h"
#include "app/console.h"
#include "json/write.h"

namespace sinew::app {

int version(VersionSettings const& settings) {
  constexpr std::string_view kVersion = SINEW_VERSION;
  if (!settings.json) {
    print("sinew " + std::string(kVersion) + " (FHIR 4.0.1, HL7 v2.1-2.9)\n");
    return kExitSuccess;
  }
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("version", kVersion);
  writer.member("fhir", "4.0.1");
  writer.member("hl7v2", "2.1-2.9");
  writer.end_object();
  print(out + "\n");
  return kExitSuccess;
}

}  // namespace sinew::app
