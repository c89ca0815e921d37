#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sinew::documents {

/// A section as a person reads it: a table, and sentences below it.
struct NarrativeTable {
  std::vector<std::string> titles;
  std::vector<std::vector<std::string>> rows;  ///< cells, in the order of the titles
};

/// XHTML of a narrative: every text escaped, characters that XML has not left out.
/// Source: FHIR R4 narrative.html#xhtml.
[[nodiscard]] std::string narrative_div(std::vector<NarrativeTable> const& tables,
                                        std::vector<std::string> const& sentences);

/// Text as it may stand between tags.
[[nodiscard]] std::string xml_text(std::string_view text);

}  // namespace sinew::documents
