#include "mapping/expression.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "mapping/lexer.h"

namespace sinew::mapping {
namespace {

struct Function {
  std::string_view name;
  Op op;
  std::uint8_t arguments_min, arguments_max;
  std::uint8_t literals;  ///< bit i: argument i has to be a literal
  bool first_is_name;     ///< argument 0 is the name of a code map
};

constexpr std::uint8_t kAnyNumber = 255;

// clang-format off
constexpr auto kFunctions = std::to_array<Function>({
    // name        op              min  max         literals  map name
    {"concat",     Op::concat,     1,   kAnyNumber, 0,        false},
    {"join",       Op::join,       2,   kAnyNumber, 1,        false},
    {"first",      Op::first,      1,   kAnyNumber, 0,        false},
    {"upper",      Op::upper,      1,   1,          0,        false},
    {"lower",      Op::lower,      1,   1,          0,        false},
    {"trim",       Op::trim,       1,   1,          0,        false},
    {"substring",  Op::substring,  2,   3,          6,        false},
    {"before",     Op::before,     2,   2,          2,        false},
    {"after",      Op::after,      2,   2,          2,        false},
    {"replace",    Op::replace,    3,   3,          6,        false},
    {"pad",        Op::pad,        3,   3,          6,        false},
    {"digits",     Op::digits,     1,   1,          0,        false},
    {"lookup",     Op::lookup,     2,   2,          0,        true},
    {"display",    Op::display,    2,   2,          0,        true},
    {"system",     Op::system,     1,   1,          0,        false},
    {"authority",  Op::authority,  1,   1,          0,        false},
    {"date",       Op::date,       1,   1,          0,        false},
    {"number",     Op::number,     1,   1,          0,        false},
    {"v2table",    Op::v2table,    2,   2,          1,        false},
    {"count",      Op::count,      1,   1,          0,        false},
    {"length",     Op::length,     1,   1,          0,        false},
    {"raw",        Op::raw,        1,   1,          0,        false},
    {"cx",         Op::cx,         1,   2,          2,        false},
    {"ei",         Op::ei,         1,   1,          0,        false},
    {"xcn",        Op::xcn,        1,   1,          0,        false},
    {"xon",        Op::xon,        1,   1,          0,        false},
    {"base64",     Op::base64,     1,   1,          0,        false},
    {"lines",      Op::lines,      1,   1,          0,        false},
});
// clang-format on

struct Comparison {
  std::string_view text;
  Op op;
};
constexpr auto kComparisons = std::to_array<Comparison>({
    {"=", Op::equal},
    {"!=", Op::not_equal},
    {"<", Op::less},
    {"<=", Op::less_or_equal},
    {">", Op::greater},
    {">=", Op::greater_or_equal},
});

using Node = std::unique_ptr<Expression>;

class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<Node> value() {
    auto node = TRY(operand(0));
    if (!lexer_.at_end()) return unexpected("the end of the expression");
    return node;
  }
  Result<Node> condition() {
    auto node = TRY(either(0));
    if (!lexer_.at_end()) return unexpected("`and`, `or` or the end of the condition");
    return node;
  }

 private:
  static Node make(Op op) {
    auto node = std::make_unique<Expression>();
    node->op = op;
    return node;
  }
  Failure unexpected(std::string_view wanted) {
    if (!lexer_.error().empty()) return fail(ErrorCode::malformed, std::string(lexer_.error()));
    std::string what = "expected ";
    what += wanted;
    what += lexer_.at_end() ? ", found nothing" : ", found `";
    if (!lexer_.at_end()) what.append(lexer_.peek().text).append("`");
    return fail(ErrorCode::malformed, std::move(what));
  }

  Result<Node> chain(int depth, std::string_view word, Op op, Result<Node> (Parser::*next)(int)) {
    if (depth > kExpressionDepthMax) {
      return fail(ErrorCode::malformed, "the expression nests too deep");
    }
    auto node = TRY((this->*next)(depth + 1));
    while (lexer_.accept_word(word)) {
      auto parent = make(op);
      parent->arguments.push_back(std::move(node));
      parent->arguments.push_back(TRY((this->*next)(depth + 1)));
      // A chain stays flat: `a and b and c` is one node of three.
      if (parent->arguments[0]->op == op) {
        auto flat = std::move(parent->arguments[0]);
        flat->arguments.push_back(std::move(parent->arguments[1]));
        parent = std::move(flat);
      }
      node = std::move(parent);
    }
    return node;
  }
  Result<Node> either(int depth) { return chain(depth, "or", Op::either, &Parser::both); }
  Result<Node> both(int depth) { return chain(depth, "and", Op::both, &Parser::unary); }

  Result<Node> unary(int depth) {
    if (depth > kExpressionDepthMax) {
      return fail(ErrorCode::malformed, "the expression nests too deep");
    }
    if (lexer_.accept_word("not")) {
      auto node = make(Op::negation);
      node->arguments.push_back(TRY(unary(depth + 1)));
      return node;
    }
    if (lexer_.accept_symbol("(")) {
      auto node = TRY(either(depth + 1));
      if (!lexer_.accept_symbol(")")) return unexpected("`)`");
      return node;
    }
    for (auto const& [word, op] : {std::pair{"valued", Op::valued}, std::pair{"empty", Op::empty},
                                   std::pair{"null", Op::null}}) {
      if (!lexer_.accept_word(word)) continue;
      auto node = make(op);
      node->arguments.push_back(TRY(operand(depth + 1)));
      return node;
    }
    return comparison(depth);
  }

  Result<Node> comparison(int depth) {
    auto left = TRY(operand(depth + 1));
    for (auto const& row : kComparisons) {
      if (!lexer_.accept_symbol(row.text)) continue;
      auto node = make(row.op);
      node->arguments.push_back(std::move(left));
      node->arguments.push_back(TRY(operand(depth + 1)));
      return node;
    }
    if (lexer_.accept_word("matches")) {
      auto node = make(Op::matches);
      if (lexer_.peek().kind != Token::Kind::literal) return unexpected("a pattern in quotes");
      node->text = lexer_.next().value;
      node->arguments.push_back(std::move(left));
      return node;
    }
    bool const negative = lexer_.accept_word("not");
    if (!lexer_.accept_word("in")) return unexpected("a comparison");
    auto node = make(negative ? Op::not_in : Op::in);
    node->arguments.push_back(std::move(left));
    if (!lexer_.accept_symbol("(")) return unexpected("`(`");
    do {
      node->arguments.push_back(TRY(operand(depth + 1)));
    } while (lexer_.accept_symbol(","));
    if (!lexer_.accept_symbol(")")) return unexpected("`,` or `)`");
    return node;
  }

  Result<Node> operand(int depth) {
    if (depth > kExpressionDepthMax) {
      return fail(ErrorCode::malformed, "the expression nests too deep");
    }
    auto const& token = lexer_.peek();
    switch (token.kind) {
      case Token::Kind::literal:
      case Token::Kind::number: {
        auto node = make(Op::literal);
        node->text = lexer_.next().value;
        return node;
      }
      case Token::Kind::source: {
        auto node = make(Op::reference);
        node->path = TRY(parse_source_path(lexer_.next().text));
        return node;
      }
      case Token::Kind::word:
        break;
      default:
        return unexpected("a value");
    }
    if (lexer_.accept_word("it")) return make(Op::it);
    return call(depth);
  }

  Result<Node> call(int depth) {
    auto const name = lexer_.peek().text;
    auto const* const row = std::ranges::find(kFunctions, name, &Function::name);
    if (row == kFunctions.end()) {
      return fail(ErrorCode::malformed, "unknown name `" + std::string(name) + "`");
    }
    lexer_.next();
    if (!lexer_.accept_symbol("(")) return unexpected("`(`");
    auto node = make(row->op);
    if (row->first_is_name) {
      if (lexer_.peek().kind != Token::Kind::word) return unexpected("the name of a code map");
      node->text = std::string(lexer_.next().text);
      if (!lexer_.accept_symbol(",")) return unexpected("`,`");
    }
    do {
      node->arguments.push_back(TRY(operand(depth + 1)));
    } while (lexer_.accept_symbol(","));
    if (!lexer_.accept_symbol(")")) return unexpected("`,` or `)`");
    return check_arguments(*row, std::move(node));
  }

  static Result<Node> check_arguments(Function const& row, Node node) {
    auto const count = node->arguments.size() + row.first_is_name;
    if (count < row.arguments_min ||
        (row.arguments_max != kAnyNumber && count > row.arguments_max)) {
      return fail(ErrorCode::malformed, "`" + std::string(row.name) + "` does not take " +
                                            std::to_string(count) +
                                            (count == 1 ? " argument" : " arguments"));
    }
    for (std::size_t i = 0; i < node->arguments.size() && i < 8; ++i) {
      if ((row.literals >> i & 1) == 0 || node->arguments[i]->op == Op::literal) continue;
      return fail(ErrorCode::malformed, "argument " + std::to_string(i + 1) + " of `" +
                                            std::string(row.name) + "` has to be a literal");
    }
    return node;
  }

  Lexer lexer_;
};

}  // namespace

Result<SourcePath> parse_source_path(std::string_view text) {
  SourcePath path;
  auto const bad = [&] {
    return fail(ErrorCode::malformed, "`" + std::string(text) + "` is not a source path");
  };
  auto const take_number = [&](std::string_view& rest) -> std::uint16_t {
    std::size_t digits = 0;
    while (digits < rest.size() && is_ascii_digit(rest[digits])) ++digits;
    auto const number = parse_integer<std::uint16_t>(rest.substr(0, digits));
    rest.remove_prefix(digits);
    return number.value_or(0);
  };
  auto rest = text;
  if (!rest.starts_with('.')) {
    if (rest.size() < 5 || rest[3] != '-') return bad();
    path.segment = rest.substr(0, 3);
    if (!is_ascii_upper(path.segment[0])) return bad();
    rest.remove_prefix(4);
    path.field = take_number(rest);
    if (path.field == 0) return bad();
    if (rest.starts_with('[')) {
      rest.remove_prefix(1);
      path.repetition = take_number(rest);
      if (path.repetition == 0 || !rest.starts_with(']')) return bad();
      rest.remove_prefix(1);
    }
  } else if (rest == ".") {
    return path;
  }
  for (auto& part : path.parts) {
    if (rest.empty()) return path;
    if (!rest.starts_with('.')) return bad();
    rest.remove_prefix(1);
    part = take_number(rest);
    if (part == 0) return bad();
  }
  if (!rest.empty()) return bad();
  return path;
}

Result<std::unique_ptr<Expression>> parse_expression(std::string_view text) {
  return Parser(text).value();
}

Result<std::unique_ptr<Expression>> parse_condition(std::string_view text) {
  return Parser(text).condition();
}

}  // namespace sinew::mapping
