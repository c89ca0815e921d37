#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "fhir/check.h"
#include "json/json.h"
#include "mapping/program.h"

// Any text as tables: the compiler reports mistakes and never stops. What it accepts runs, and
// gives valid bundles. The input is cut at bytes 1 into files, each with its path in the first
// line.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew;
  mapping::Layer layer{"fuzz", {}};
  std::string_view rest(reinterpret_cast<char const*>(data), size);
  constexpr std::size_t kFilesMax = 16;
  while (!rest.empty() && layer.files.size() < kFilesMax) {
    auto const end = rest.find('\x01');
    auto const file = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    auto const line = file.find('\n');
    if (line == std::string_view::npos) continue;
    layer.files.push_back({std::string(file.substr(0, line)), std::string(file.substr(line + 1))});
  }
  auto const compiled = mapping::compile({&layer, 1});
  if (!compiled.program) return 0;
  static std::string const text =
      "MSH|^~\\&|APP^1.2^ISO|FAC|||20240101||ADT^A01^ADT_A01|42|P|2.5.1\r"
      "PID|1||1^^^A^MR~2|3|Doe^John^^\"\"~Roe||19700101|M||x~y\rNK1|1|Doe^Ann\rPV1|1|I|W^1^2\r"
      "OBX|1|NM|1^2^LN||5|g\r";
  auto const message = hl7v2::parse_message(text);
  SINEW_CHECK(static_cast<bool>(message));
  mapping::Output output;
  auto const done = mapping::run(*compiled.program, *message, hl7v2::group_segments(*message), {},
                                 {true, true, true}, output);
  if (!done) return 0;
  std::string json;
  mapping::write_bundle(output, mapping::BundleType::transaction, json);
  auto const bundle = json::Document::parse(json);
  SINEW_CHECK(static_cast<bool>(bundle));
  for (auto const& issue : fhir::check_bundle(bundle->root())) {
    SINEW_CHECK(issue.severity != Severity::error);
  }
  return 0;
}
