// The parts of the parser that read literals, variables and calls.

#include <algorithm>
#include <array>

#include "base/text.h"
#include "fhirpath/parser.h"

namespace sinew::fhirpath {
namespace {

/// Variables whose value never changes. Source: FHIRPath N1 #environment-variables; FHIR R4
/// fhirpath.html#vars.
struct FixedVariable {
  std::string_view name, value;
};
constexpr auto kFixedVariables = std::to_array<FixedVariable>({
    {"loinc", "http://loinc.org"},
    {"sct", "http://snomed.info/sct"},
    {"ucum", "http://unitsofmeasure.org"},
});
constexpr auto kUrlPrefixes = std::to_array<FixedVariable>({
    {"ext-", "http://hl7.org/fhir/StructureDefinition/"},
    {"vs-", "http://hl7.org/fhir/ValueSet/"},
});

struct RootVariable {
  std::string_view name;
  OpCode code;
};
constexpr auto kRootVariables = std::to_array<RootVariable>({
    {"context", OpCode::context},
    {"resource", OpCode::resource},
    {"rootResource", OpCode::root_resource},
});

}  // namespace

Result<> Parser::literal() {
  auto const token = token_;
  switch (token.kind) {
    case TokenKind::string:
      emit_constant(Item::of_string(keep(token.text)), token.position);
      return advance();
    case TokenKind::number:
    case TokenKind::long_number:
      return number();
    case TokenKind::date:
      return moment(MomentKind::date);
    case TokenKind::date_time:
      return moment(MomentKind::date_time);
    case TokenKind::time:
      return moment(MomentKind::time);
    default:
      return lexer_.fail_at(token.position, "expected a value, found " + found());
  }
}

/// `5`, `5.0`, `5L`, `5 'mg'`, `5 days`
Result<> Parser::number() {
  auto const token = token_;
  auto const value = parse_decimal(token.text);
  if (!value) return lexer_.fail_at(token.position, "the number has too many digits");
  TRY(advance());
  if (token.kind == TokenKind::number) {
    if (token_.kind == TokenKind::string) {
      emit_constant(Item::of_quantity(*value, keep(token_.text), false), token.position);
      return advance();
    }
    if (token_.kind == TokenKind::identifier && !token_.is_delimited &&
        calendar_unit(token_.text)) {
      emit_constant(Item::of_quantity(*value, keep(token_.text), true), token.position);
      return advance();
    }
  }
  if (token.text.find('.') != std::string::npos) {
    emit_constant(Item::of_decimal(*value), token.position);
    return {};
  }
  auto const whole = parse_integer<std::int64_t>(token.text);
  // 2147483648 is allowed because of its negation; other integers beyond 32 bits are Longs.
  bool const is_long = token.kind == TokenKind::long_number || (whole && *whole > kIntegerMax + 1);
  if (!whole) return lexer_.fail_at(token.position, "the integer is too large");
  emit_constant(is_long ? Item::of_long(*whole) : Item::of_integer(*whole), token.position);
  return {};
}

Result<> Parser::moment(MomentKind kind) {
  auto const value = parse_moment(token_.text, kind);
  if (!value) {
    return lexer_.fail_at(token_.position, "there is no such date or time", ErrorCode::invalid);
  }
  emit_constant(Item::of_moment(*value, kind), token_.position);
  return advance();
}

Result<> Parser::external() {
  auto const name = token_;
  TRY(advance());
  auto const root = std::ranges::find(kRootVariables, name.text, &RootVariable::name);
  if (root != kRootVariables.end()) {
    emit(root->code, name.position);
    return {};
  }
  for (auto const& row : kFixedVariables) {
    if (row.name != name.text) continue;
    emit_constant(Item::of_string(row.value), name.position);
    return {};
  }
  for (auto const& row : kUrlPrefixes) {
    if (!name.text.starts_with(row.name)) continue;
    auto url = std::string(row.value) + name.text.substr(row.name.size());
    emit_constant(Item::of_string(keep(std::move(url))), name.position);
    return {};
  }
  auto const defined = std::ranges::find(defined_, name.text, [](auto& d) { return d.first; });
  if (defined != defined_.end()) {
    emit(OpCode::defined, name.position, defined->second);
    return {};
  }
  emit(OpCode::external, name.position, name_index(name.text));
  return {};
}

Result<> Parser::call(Token const& name) {
  auto const* const function = find_function(name.text);
  if (function == nullptr) {
    return lexer_.fail_at(name.position, "there is no function " + name.text + "()",
                          ErrorCode::invalid);
  }
  TRY(expect("("));
  switch (function->style) {
    case Style::values:
      return value_arguments(*function, name);
    case Style::bodies:
      return body_arguments(*function, name);
    case Style::type:
      return type_argument(*function, name);
  }
  return {};
}

Result<> Parser::check_count(Function const& function, std::size_t count, Token const& name) const {
  if (count >= function.arguments_min && count <= function.arguments_max) return {};
  auto const wanted = function.arguments_min == function.arguments_max
                          ? std::to_string(function.arguments_min)
                          : std::to_string(function.arguments_min) + " to " +
                                std::to_string(function.arguments_max);
  return lexer_.fail_at(
      name.position, name.text + "() takes " + wanted + " arguments, not " + std::to_string(count),
      ErrorCode::invalid);
}

Result<> Parser::value_arguments(Function const& function, Token const& name) {
  std::size_t count = 0;
  auto const first = program_->ops.size();
  bool first_is_literal = false;
  auto const scope = defined_.size();
  while (!at_symbol(")")) {
    if (count > 0) TRY(expect(","));
    TRY(expression(0));
    defined_.resize(scope);
    if (count == 0) first_is_literal = program_->ops.size() == first + 1;
    if (++count > kArgumentsMax) break;
  }
  TRY(check_count(function, count, name));
  TRY(expect(")"));
  emit(OpCode::call, name.position, index_of(function), 0, count);
  bool const has_pattern =
      name.text == "matches" || name.text == "matchesFull" || name.text == "replaceMatches";
  if (has_pattern && first_is_literal) return attach_pattern(first);
  return {};
}

/// A pattern given as a literal is compiled with the expression.
Result<> Parser::attach_pattern(std::size_t first_argument) {
  auto const& argument = program_->ops[first_argument];
  if (argument.code != OpCode::constant) return {};
  auto const& pattern = program_->constants[argument.x];
  if (pattern.kind != ItemKind::string) return {};
  auto compiled = Pattern::compile(pattern.text);
  if (!compiled) {
    return lexer_.fail_at(argument.position, compiled.error().what, compiled.error().code);
  }
  program_->patterns.push_back(*std::move(compiled));
  program_->ops.back().y = static_cast<std::uint32_t>(program_->patterns.size());
  return {};
}

Result<> Parser::body_arguments(Function const& function, Token const& name) {
  std::size_t count = 0;
  auto const at = emit(OpCode::call_bodies, name.position, index_of(function));
  auto const scope = defined_.size();
  std::string variable;
  while (!at_symbol(")")) {
    if (count > 0) TRY(expect(","));
    auto const body = emit(OpCode::body, token_.position);
    TRY(expression(0));
    defined_.resize(scope);
    if (name.text == "sort") TRY(sort_direction(body));
    if (name.text == "defineVariable" && count == 0) variable = TRY(define_variable(body));
    program_->ops[body].y = static_cast<std::uint32_t>(program_->ops.size());
    if (++count > kArgumentsMax) break;
  }
  TRY(check_count(function, count, name));
  TRY(expect(")"));
  auto& op = program_->ops[at];
  op.count = static_cast<std::uint8_t>(count);
  op.y = static_cast<std::uint32_t>(program_->ops.size());
  if (!variable.empty()) {
    program_->ops[at + 1].x = program_->slots;
    defined_.emplace_back(std::move(variable), program_->slots++);
  }
  return {};
}

/// The name that defineVariable gives. Source: FHIRPath STU #definevariable.
Result<std::string> Parser::define_variable(std::size_t body) {
  auto const& op = program_->ops.back();
  auto const is_literal = program_->ops.size() == body + 2 && op.code == OpCode::constant &&
                          program_->constants[op.x].kind == ItemKind::string;
  if (!is_literal) {
    return lexer_.fail_at(program_->ops[body].position,
                          "the name of a variable must be a text literal", ErrorCode::invalid);
  }
  auto name = std::string(program_->constants[op.x].text);
  auto const is_root =
      std::ranges::find(kRootVariables, name, &RootVariable::name) != kRootVariables.end();
  auto const is_fixed =
      std::ranges::find(kFixedVariables, name, &FixedVariable::name) != kFixedVariables.end();
  auto const is_defined =
      std::ranges::find(defined_, name, [](auto& d) { return d.first; }) != defined_.end();
  if (name.empty() || is_root || is_fixed || is_defined) {
    return lexer_.fail_at(program_->ops[body].position, "there is a variable %" + name + " already",
                          ErrorCode::invalid);
  }
  return name;
}

/// `-key` and `key desc` sort downwards; a minus sign before a text is no arithmetic there.
/// Source: FHIRPath STU #sort.
Result<> Parser::sort_direction(std::size_t body) {
  auto& ops = program_->ops;
  bool const ends_in_body = std::any_of(
      ops.begin() + static_cast<std::ptrdiff_t>(body) + 1, ops.end(),
      [&](Op const& op) { return op.code == OpCode::call_bodies && op.y == ops.size(); });
  if (ops.back().code == OpCode::negate && !ends_in_body) {
    ops.pop_back();
    ops[body].is_descending = true;
  }
  if (at_word("desc")) ops[body].is_descending = true;
  if (at_word("asc") || at_word("desc")) return advance();
  return {};
}

Result<> Parser::type_argument(Function const& function, Token const& name) {
  std::size_t count = 0;
  std::uint16_t type = 0;
  if (!at_symbol(")")) {
    type = TRY(type_specifier());
    count = 1;
  }
  TRY(check_count(function, count, name));
  TRY(expect(")"));
  emit(OpCode::call, name.position, index_of(function), count == 0 ? 0 : type + 1u);
  return {};
}

}  // namespace sinew::fhirpath
