// Definitions, a zero byte, and a resource to check against all of them: no crash, no hang, and the
// same findings twice.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "validate/validator.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew;
  using namespace sinew::validate;
  std::string_view const input(reinterpret_cast<char const*>(data), size);
  auto const end = input.find('\0');
  if (end == input.npos) return 0;
  auto const resource = json::Document::parse(std::string(input.substr(end + 1)));
  auto definitions = json::Document::parse(std::string(input.substr(0, end)));
  if (!resource || !definitions) return 0;
  Library library;
  ValidatorOptions options;
  options.findings_max = 100;
  options.refuse_html = true;
  options.targets_must_exist = true;
  options.wrong_display = Severity::error;
  auto const add = [&](json::Value value) {
    auto copy = json::Document::parse(std::string(value.source()));
    if (!copy) return;
    auto definition = read_definition(*std::move(copy));
    if (!definition) return;
    if (definition->type == "StructureDefinition") options.profiles.push_back(definition->url);
    library.add(*std::move(definition));
  };
  auto const root = definitions->root();
  if (root.is_object()) add(root);
  for (auto const one : root.elements()) {
    if (one.is_object()) add(one);
  }
  auto const first = outcome_json(validate::validate(*resource, library, options));
  auto const second = outcome_json(validate::validate(*resource, library, options));
  if (first != second) std::abort();
  if (!json::Document::parse(first)) std::abort();
  return 0;
}
