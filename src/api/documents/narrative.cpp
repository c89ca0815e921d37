#include "api/documents/narrative.h"

#include <algorithm>
#include <array>

namespace sinew::documents {
namespace {

struct EscapeRow {
  char character;
  std::string_view written;
};
constexpr auto kEscapes = std::to_array<EscapeRow>({
    {'&', "&amp;"},
    {'<', "&lt;"},
    {'>', "&gt;"},
    {'"', "&quot;"},
    {'\'', "&#39;"},
});

void append_row(std::string& out, std::string_view tag, std::vector<std::string> const& cells) {
  out += "<tr>";
  for (auto const& cell : cells) {
    out.append("<").append(tag).append(">").append(xml_text(cell)).append("</").append(tag);
    out += '>';
  }
  out += "</tr>";
}

}  // namespace

std::string xml_text(std::string_view text) {
  std::string out;
  for (char const c : text) {
    auto const* const row = std::ranges::find(kEscapes, c, &EscapeRow::character);
    bool const is_control = static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t';
    if (row != kEscapes.end()) {
      out += row->written;
    } else if (!is_control) {
      out += c;
    }
  }
  return out;
}

std::string narrative_div(std::vector<NarrativeTable> const& tables,
                          std::vector<std::string> const& sentences) {
  std::string out = R"(<div xmlns="http://www.w3.org/1999/xhtml">)";
  for (auto const& table : tables) {
    out += "<table><thead>";
    append_row(out, "th", table.titles);
    out += "</thead><tbody>";
    for (auto const& row : table.rows) append_row(out, "td", row);
    out += "</tbody></table>";
  }
  for (auto const& sentence : sentences) out += "<p>" + xml_text(sentence) + "</p>";
  return out + "</div>";
}

}  // namespace sinew::documents
