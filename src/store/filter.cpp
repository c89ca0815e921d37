#include "store/filter.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "json/json.h"
#include "store/search_value.h"

namespace sinew::store {
namespace {

using Kind = FilterNode::Kind;

struct OperatorRow {
  std::string_view name;
  FilterOperator operation;
};
using Op = FilterOperator;
constexpr auto kOperators = std::to_array<OperatorRow>({
    {"ap", Op::ap}, {"co", Op::co}, {"eb", Op::eb}, {"eq", Op::eq}, {"ew", Op::ew},
    {"ge", Op::ge}, {"gt", Op::gt}, {"in", Op::in}, {"le", Op::le}, {"lt", Op::lt},
    {"ne", Op::ne}, {"ni", Op::ni}, {"po", Op::po}, {"pr", Op::pr}, {"re", Op::re},
    {"sa", Op::sa}, {"sb", Op::sb}, {"ss", Op::ss}, {"sw", Op::sw},
});
static_assert(std::ranges::is_sorted(kOperators, {}, &OperatorRow::name));

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_name_start(char c) { return is_ascii_alpha(c) || c == '_' || c == '-'; }
bool is_name(char c) { return is_name_start(c) || is_ascii_digit(c); }

/// Reads what stands between operators: names, brackets, values. Positions are of the whole text.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  [[nodiscard]] bool is_end() {
    skip_blanks();
    return at_ == text_.size();
  }
  [[nodiscard]] bool take(char c) {
    skip_blanks();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  /// A word that blanks or a parenthesis end. False: another one stands there.
  [[nodiscard]] bool take_word(std::string_view word) {
    skip_blanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    auto const end = at_ + word.size();
    if (end < text_.size() && !is_blank(text_[end]) && text_[end] != '(') return false;
    at_ = end;
    return true;
  }
  [[nodiscard]] Failure wrong(std::string_view what) const {
    return fail(ErrorCode::invalid,
                std::string(what) + " at character " + std::to_string(at_ + 1) + " of the filter",
                "_filter");
  }

  [[nodiscard]] Result<FilterTest> read_test();

 private:
  [[nodiscard]] Result<std::string> read_name();
  [[nodiscard]] Result<std::string> read_brackets();
  Result<> read_rest_of_path(FilterTest& test);
  [[nodiscard]] Result<FilterOperator> read_operator();
  [[nodiscard]] Result<std::string> read_value();
  [[nodiscard]] Result<std::string> read_string();
  [[nodiscard]] bool skip_string();

  std::string_view text_;
  std::size_t at_ = 0;
};

Result<std::string> Lexer::read_name() {
  auto const begin = at_;
  if (at_ < text_.size() && is_name_start(text_[at_]))
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
  if (at_ == begin) return wrong("the name of a parameter is missing");
  return std::string(text_.substr(begin, at_ - begin));
}

/// Moves behind a string. False: it has no end.
bool Lexer::skip_string() {
  for (++at_; at_ < text_.size(); ++at_) {
    if (text_[at_] == '\\')
      ++at_;
    else if (text_[at_] == '"')
      return ++at_, true;
  }
  at_ = text_.size();
  return false;
}

/// What stands in brackets, whatever it is; the brackets in it are closed.
Result<std::string> Lexer::read_brackets() {
  auto const begin = at_;
  std::size_t depth = 0;
  while (at_ < text_.size()) {
    if (text_[at_] == '"') {
      if (!skip_string()) return wrong("a string has no end");
      continue;
    }
    if (text_[at_] == '[' && ++depth > kFilterBracketsMax)
      return fail(ErrorCode::too_large, "brackets stand too deep in each other", "_filter");
    if (text_[at_] == ']' && --depth == 0) {
      ++at_;
      return std::string(text_.substr(begin + 1, at_ - begin - 2));
    }
    ++at_;
  }
  return wrong("a bracket is not closed");
}

/// Behind the first name: `.name[...].other`, kept as it is.
Result<> Lexer::read_rest_of_path(FilterTest& test) {
  auto const begin = at_;
  for (std::size_t names = 1;; ++names) {
    if (names > kFilterPathNamesMax)
      return fail(ErrorCode::too_large, "the path has too many names", "_filter");
    (void)TRY(read_name());
    bool const has_brackets = at_ < text_.size() && text_[at_] == '[';
    if (has_brackets) (void)TRY(read_brackets());
    bool const goes_on = at_ < text_.size() && text_[at_] == '.';
    if (!goes_on && has_brackets) return wrong("a path goes on behind brackets");
    if (!goes_on) break;
    ++at_;
  }
  test.rest = text_.substr(begin, at_ - begin);
  return {};
}

Result<FilterOperator> Lexer::read_operator() {
  skip_blanks();
  auto const word = text_.substr(at_, 2);
  auto const row = std::ranges::lower_bound(kOperators, word, {}, &OperatorRow::name);
  bool const ends = at_ + 2 >= text_.size() || is_blank(text_[at_ + 2]);
  if (row == kOperators.end() || row->name != word || !ends)
    return wrong("an operator such as eq is missing");
  at_ += 2;
  return row->operation;
}

/// Source: RFC 8259 §7.
Result<std::string> Lexer::read_string() {
  auto const begin = at_;
  if (!skip_string()) return wrong("a string has no end");
  auto const document =
      json::Document::parse("{\"v\":" + std::string(text_.substr(begin, at_ - begin)) + "}");
  if (!document) return wrong("a string is not one of JSON");
  return document->root()["v"].text();
}

Result<std::string> Lexer::read_value() {
  skip_blanks();
  if (at_ < text_.size() && text_[at_] == '"') return read_string();
  auto const begin = at_;
  while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != ')' && text_[at_] != ']')
    ++at_;
  if (at_ == begin) return wrong("a value is missing");
  return std::string(text_.substr(begin, at_ - begin));
}

Result<FilterTest> Lexer::read_test() {
  skip_blanks();
  FilterTest test;
  test.parameter = TRY(read_name());
  if (at_ < text_.size() && text_[at_] == '[') {
    test.condition = TRY(read_brackets());
    if (at_ >= text_.size() || text_[at_] != '.') return wrong("a path goes on behind brackets");
  }
  auto const onward = at_ + 1;
  if (at_ < text_.size() && text_[at_] == '.') {
    ++at_;
    TRY(read_rest_of_path(test));
  }
  if (at_ < text_.size() && !is_blank(text_[at_]))
    return wrong("a name is of letters, digits, '-' and '_'");
  test.operation = TRY(read_operator());
  test.value = TRY(read_value());
  if (test.rest.empty()) return test;
  test.onward = test.condition.empty() ? "" : "(" + test.condition + ") and ";
  test.onward += text_.substr(onward, at_ - onward);
  return test;
}

/// A parenthesis that is open, and what stands in it so far.
struct Open {
  std::optional<std::size_t> left;
  Kind join = Kind::both;
  bool is_negated = false;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) { open_.emplace_back(); }

  Result<std::vector<FilterNode>> run() {
    for (;;) {
      TRY(take_operand());
      while (open_.size() > 1 && lexer_.take(')')) TRY(close());
      if (lexer_.is_end()) break;
      auto& open = open_.back();
      if (lexer_.take_word("and"))
        open.join = Kind::both;
      else if (lexer_.take_word("or"))
        open.join = Kind::either;
      else
        return lexer_.wrong("'and' or 'or' is missing");
    }
    if (open_.size() > 1) return lexer_.wrong("a parenthesis is not closed");
    return std::move(nodes_);
  }

 private:
  /// Opens what there is to open, up to a test.
  Result<> take_operand() {
    for (;;) {
      bool const is_negated = lexer_.take_word("not");
      if (!lexer_.take('(')) {
        if (is_negated) return lexer_.wrong("'not' stands before a parenthesis, which is missing");
        break;
      }
      if (open_.size() > kFilterNodesMax) return too_large();
      open_.push_back({std::nullopt, Kind::both, is_negated});
    }
    FilterNode node;
    node.test = TRY(lexer_.read_test());
    return add(std::move(node));
  }

  Result<> close() {
    auto const closed = open_.back();
    open_.pop_back();
    if (!closed.is_negated) return join(*closed.left);
    FilterNode node;
    node.kind = Kind::negation;
    node.left = *closed.left;
    return add(std::move(node));
  }

  Result<> add(FilterNode node) {
    if (nodes_.size() >= kFilterNodesMax) return too_large();
    nodes_.push_back(std::move(node));
    return join(nodes_.size() - 1);
  }

  /// A part is whole: it stands alone, or beside what stood before it.
  Result<> join(std::size_t part) {
    auto& open = open_.back();
    if (!open.left) return open.left = part, Result<>();
    if (nodes_.size() >= kFilterNodesMax) return too_large();
    FilterNode node;
    node.kind = open.join;
    node.left = *open.left;
    node.right = part;
    nodes_.push_back(std::move(node));
    open.left = nodes_.size() - 1;
    return {};
  }

  static Failure too_large() {
    return fail(ErrorCode::too_large, "the filter has too many parts", "_filter");
  }

  Lexer lexer_;
  std::vector<Open> open_;
  std::vector<FilterNode> nodes_;
};

}  // namespace

std::string_view name_of(FilterOperator operation) {
  return std::ranges::find(kOperators, operation, &OperatorRow::operation)->name;
}

Result<std::vector<FilterNode>> parse_filter(std::string_view text) { return Parser(text).run(); }

}  // namespace sinew::store
