#include <fmt/format.h>

#include "app/commands.h"
#include "app/console.h"
#include "app/messages.h"
#include "base/file.h"
#include "base/severity.h"
#include "contract/conformance.h"
#include "json/write.h"

namespace sinew::app {
namespace {

Result<std::string> optional_file(std::string const& file) {
  if (file.empty()) return std::string();
  return read_file(file);
}

Result<contract::Conformance> read_profile(ConformanceSettings const& settings) {
  return contract::Conformance::read(TRY(read_file(settings.profile)),
                                     TRY(optional_file(settings.constraints)),
                                     TRY(optional_file(settings.values)));
}

std::string json_line(std::string const& name,
                      std::vector<contract::ConformanceFinding> const& findings) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("message", name);
  writer.key("findings");
  writer.begin_array();
  for (auto const& finding : findings) {
    writer.begin_object();
    writer.member("severity", name_of(finding.severity));
    writer.member("category", finding.category);
    writer.member("path", finding.path);
    writer.member("text", finding.text);
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return out + "\n";
}

}  // namespace

int contract_validate(ConformanceSettings const& settings) {
  auto const profile = read_profile(settings);
  if (!profile) return complain(profile.error()), kExitFailed;
  auto const files = expand_inputs(settings.inputs);
  if (!files) return complain(files.error()), kExitFailed;
  std::size_t failed = 0;
  for (auto const& file : *files) {
    failed += for_each_message(file, [&](MessageText const& text) -> Result<> {
      auto const message = TRY(hl7v2::parse_message(text.bytes));
      auto const findings = profile->check(message);
      if (settings.json) print(json_line(text.name, findings));
      for (auto const& finding : findings) {
        failed += finding.severity == Severity::error;
        if (settings.json || (finding.severity == Severity::information && !settings.all)) continue;
        print(fmt::format("{}: {}: {}: {} [{}]\n", text.name, name_of(finding.severity),
                          finding.path, finding.text, finding.category));
      }
      return {};
    });
  }
  return failed == 0 ? kExitSuccess : kExitFailed;
}

}  // namespace sinew::app
