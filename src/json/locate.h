#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sinew::json {

/// The path to what stands at an offset: `Patient.name[0].given`, beginning with the value of
/// `resourceType` where the text has one before the offset, else with `$`. Reads a faulty text as
/// far as it can.
[[nodiscard]] std::string path_of(std::string_view text, std::size_t offset);

/// The first place where a text fails what `find_structure` proves.
struct LexicalFault {
  std::string_view what;
  std::size_t offset = 0;
};
[[nodiscard]] LexicalFault find_lexical_fault(std::string_view text);

}  // namespace sinew::json
