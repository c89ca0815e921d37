#include <charconv>
#include <vector>

#include "base/check.h"
#include "base/data.h"
#include "base/table.h"
#include "base/text.h"
#include "fhir/search_index.h"

namespace sinew::fhir {
namespace {

/// The letters of data/fhir/fold.tsv, by code point.
class FoldTable {
 public:
  FoldTable() : places_(kCodePointsMax) {
    auto const text = embedded_data("fhir/fold.tsv");
    SINEW_CHECK(bool(text));
    auto const table = Table::parse(*text, "fold.tsv");
    SINEW_CHECK(bool(table));
    for (auto const& row : table->rows()) {
      std::uint32_t code_point = 0;
      auto const hex = row.cells[0];
      std::from_chars(hex.data(), hex.data() + hex.size(), code_point, 16);
      SINEW_CHECK(code_point < kCodePointsMax);
      folded_.push_back(row.cells[1]);
      places_[code_point] = static_cast<std::uint16_t>(folded_.size());
    }
  }

  /// The folded form, or an empty view for what stays as it is.
  std::string_view find(char32_t code_point) const {
    if (code_point >= kCodePointsMax || places_[code_point] == 0) return {};
    return folded_[places_[code_point] - 1u];
  }

 private:
  static constexpr std::size_t kCodePointsMax = 0x10000;
  std::vector<std::uint16_t> places_;  ///< 1 + the place in `folded_`
  std::vector<std::string_view> folded_;
};

/// Marks that stand behind their letter in decomposed text: U+0300 to U+036F and the Unicode
/// extensions of that block.
bool is_combining(char32_t c) {
  return (c >= 0x300 && c <= 0x36F) || (c >= 0x1AB0 && c <= 0x1AFF) ||
         (c >= 0x1DC0 && c <= 0x1DFF) || (c >= 0x20D0 && c <= 0x20FF) ||
         (c >= 0xFE20 && c <= 0xFE2F) || (c >= 0x483 && c <= 0x489);
}

/// A character of UTF-8 and how many bytes it takes; a byte that is none is no letter.
struct Character {
  char32_t code_point;
  std::size_t bytes;
};

constexpr char32_t kNoLetter = 0xFFFFFFFF;

Character read_character(std::string_view text) {
  auto const lead = static_cast<unsigned char>(text[0]);
  std::size_t const bytes = lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (bytes == 1 || bytes > text.size()) return {kNoLetter, 1};
  auto code_point = static_cast<char32_t>(lead & (0x7Fu >> bytes));
  for (std::size_t i = 1; i < bytes; ++i) {
    code_point = code_point << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
  }
  return {code_point, bytes};
}

}  // namespace

std::string fold_text(std::string_view text) {
  std::string folded;
  folded.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      folded += to_ascii_lower(text[i++]);
      continue;
    }
    static FoldTable const kTable;
    auto const character = read_character(text.substr(i));
    if (!is_combining(character.code_point)) {
      auto const known = kTable.find(character.code_point);
      folded += known.empty() ? text.substr(i, character.bytes) : known;
    }
    i += character.bytes;
  }
  return folded;
}

}  // namespace sinew::fhir
