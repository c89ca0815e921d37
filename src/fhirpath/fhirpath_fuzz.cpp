// An expression, a zero byte or line feed, and a small resource: no crash, no hang, and the same
// expression compiles and evaluates the same way twice.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fhirpath/evaluator.h"
#include "fhirpath/location.h"

namespace {

constexpr std::string_view kPatient = R"({"resourceType":"Patient","id":"p","active":true,
"name":[{"given":["Ada",null],"_given":[null,{"extension":[{"url":"u","valueInteger":3}]}]}],
"birthDate":"1974-12","contained":[{"resourceType":"Observation","id":"o",
"valueQuantity":{"value":1.50,"code":"mg","system":"http://unitsofmeasure.org"}}]})";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew;
  std::string_view const input(reinterpret_cast<char const*>(data), size);
  auto const end = input.find('\0');
  auto const text = input.substr(0, end);
  auto const resource = end == input.npos ? kPatient : input.substr(end + 1);
  auto const document = json::Document::parse(std::string(resource));
  if (!document) return 0;
  fhirpath::Environment environment;
  environment.limits = {20'000, 20'000, 1 << 20};
  environment.now = fhirpath::moment_of(Instant{1'700'000'000'000});
  for (bool const is_strict : {false, true}) {
    fhirpath::CompileOptions options;
    options.is_strict = options.check_order = is_strict;
    options.is_r4_definition = !is_strict;
    options.context = fhirpath::item_of(document->root()).type;
    auto const expression = fhirpath::Expression::compile(text, options);
    if (!expression) continue;
    fhirpath::Evaluator evaluator(environment);
    auto const first = evaluator.evaluate(*expression, document->root());
    std::string shown;
    if (first) {
      for (auto const& item : *first) {
        shown += json_of(item) + location_of(document->root(), item);
      }
    }
    auto const second = evaluator.evaluate(*expression, document->root());
    if (bool(first) != bool(second)) std::abort();
    std::string again;
    if (second) {
      for (auto const& item : *second) {
        again += json_of(item) + location_of(document->root(), item);
      }
    }
    if (shown != again) std::abort();
  }
  return 0;
}
