#include "wire/hl7v2/dictionary_rows.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/data.h"
#include "base/text.h"

namespace sinew::hl7v2 {
namespace {

constexpr std::array<std::string_view, kVersionCount> kVersionNames = {
    "2.1", "2.2", "2.3",   "2.3.1", "2.4",   "2.5",   "2.5.1",
    "2.6", "2.7", "2.7.1", "2.8",   "2.8.1", "2.8.2", "2.9"};

std::size_t index_of(std::string_view name) {
  return static_cast<std::size_t>(std::ranges::find(kVersionNames, name) - kVersionNames.begin());
}

/// What a sender that says nothing useful is taken for: the version most in use.
constexpr auto kUsualVersion = Version::v2_5_1;

/// `2.5.1` as 20501, so that versions compare.
std::optional<int> version_number(std::string_view text) {
  int number = 0;
  int parts = 0;
  for (auto const piece : split(text, '.')) {
    auto const value = parse_integer<int>(piece);
    if (!value || *value < 0 || *value > 99 || ++parts > 3) return std::nullopt;
    number = number * 100 + *value;
  }
  for (; parts < 3; ++parts) number *= 100;
  return number;
}

/// Reads the abstract syntax of data/hl7v2/structures.tsv. Our own text: a fault in it is a bug.
class StructureReader {
 public:
  explicit StructureReader(std::string_view text) : text_(text) {}

  std::vector<StructureNode> sequence(int depth) {
    std::vector<StructureNode> nodes;
    while (skip_spaces(), at_ < text_.size() && text_[at_] != ')' && text_[at_] != '>') {
      nodes.push_back(node(depth));
    }
    return nodes;
  }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

 private:
  static constexpr int kDepthMax = 24;

  StructureNode node(int depth) {
    SINEW_CHECK(depth < kDepthMax);
    StructureNode made{{}, false, true, false, false, {}};
    std::size_t closers = 0;
    for (; text_[at_] == '[' || text_[at_] == '{'; ++at_, ++closers) {
      (text_[at_] == '[' ? made.required : made.repeats) = text_[at_] == '{';
    }
    auto const start = at_;
    while (at_ < text_.size() &&
           (is_ascii_upper(text_[at_]) || is_ascii_digit(text_[at_]) || text_[at_] == '_'))
      ++at_;
    made.name = text_.substr(start, at_ - start);
    SINEW_CHECK(!made.name.empty());
    if (at_ < text_.size() && (text_[at_] == '(' || text_[at_] == '<')) {
      made.is_group = true;
      made.is_choice = text_[at_] == '<';
      ++at_;
      made.children = sequence(depth + 1);
      ++at_;
    }
    at_ += closers;
    return made;
  }
  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

VersionSet parse_versions(std::string_view ranges) {
  VersionSet set = 0;
  for (auto const range : split(ranges, ' ')) {
    auto const dash = range.find('-');
    auto const first = index_of(range.substr(0, dash));
    auto const last = dash == std::string_view::npos ? first : index_of(range.substr(dash + 1));
    if (first >= kVersionCount || last >= kVersionCount) return 0;
    for (auto i = first; i <= last; ++i) set |= bit_of(i);
  }
  return set;
}

std::size_t best_version(VersionSet set, std::size_t wanted) {
  if (set & bit_of(wanted)) return wanted;
  auto const newer = static_cast<unsigned>(set) >> wanted;
  if (newer != 0) return wanted + static_cast<std::size_t>(std::countr_zero(newer));
  return static_cast<std::size_t>(std::bit_width(static_cast<unsigned>(set))) - 1;
}

Table load_table(std::string_view name) {
  auto const path = "hl7v2/" + std::string(name);
  auto const text = embedded_data(path);
  SINEW_CHECK(bool(text));
  auto table = Table::parse(*text, path);
  SINEW_CHECK(bool(table));
  return *std::move(table);
}

StructureNode parse_structure(std::string_view id, std::string_view text) {
  StructureReader reader(text);
  StructureNode root{id, true, true, false, false, {}};
  root.children = reader.sequence(0);
  SINEW_CHECK(reader.at_end());
  return root;
}

StructureNode const& StructureRow::node() {
  std::call_once(parsed_, [&] { node_ = parse_structure(id_, text_); });
  return node_;
}

CompiledStructure const& StructureRow::compiled() {
  std::call_once(compiled_once_, [&] {
    compiled_ = std::make_unique<CompiledStructure>(compile_structure(node()));
  });
  return *compiled_;
}

Version nearest_version(std::string_view msh12) {
  auto text = trim(msh12.substr(0, msh12.find_first_of("^~&")));
  text = text.substr(0, text.find(' '));
  if (auto const exact = index_of(text); exact < kVersionCount) return static_cast<Version>(exact);
  auto const number = version_number(text);
  if (!number || *number < 20000 || *number >= 30000) return kUsualVersion;
  std::size_t best = 0;
  for (std::size_t i = 0; i < kVersionCount; ++i) {
    if (*version_number(kVersionNames[i]) <= *number) best = i;
  }
  return static_cast<Version>(best);
}

}  // namespace sinew::hl7v2
