#include "fhir/search_expression.h"

#include <array>

#include "base/text.h"

namespace sinew::fhir {
namespace {

using Kind = SearchStep::Kind;

/// Parts of `text` between separators that stand outside parentheses and quotes.
std::vector<std::string_view> split_outside(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    if (quoted) continue;
    if (text[i] == '(') ++depth;
    if (text[i] == ')') --depth;
    if (text[i] == separator && depth == 0) {
      parts.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  parts.push_back(text.substr(begin));
  return parts;
}

/// The text between `before` and `after`, when `text` has just this form.
std::optional<std::string_view> between(std::string_view text, std::string_view before,
                                        std::string_view after) {
  if (text.size() < before.size() + after.size() || !text.starts_with(before) ||
      !text.ends_with(after)) {
    return std::nullopt;
  }
  return text.substr(before.size(), text.size() - before.size() - after.size());
}

bool is_name(std::string_view text) {
  if (text.empty()) return false;
  for (char c : text) {
    if (!is_ascii_alpha(c) && !is_ascii_digit(c)) return false;
  }
  return true;
}

/// `where(system='phone')`, `where(hasExtension('url'))`, `where(resolve() is Patient)`.
bool parse_where(std::string_view condition, SearchExpression& out) {
  if (auto const target = between(condition, "resolve() is ", "")) {
    out.target = find_type(*target);
    return out.target != 0;
  }
  if (auto const url = between(condition, "hasExtension('", "')")) {
    out.steps.push_back({Kind::where_extension, "extension", *url});
    return true;
  }
  auto const equals = condition.find('=');
  if (equals == condition.npos) return false;
  auto const name = trim(condition.substr(0, equals));
  auto const value = between(trim(condition.substr(equals + 1)), "'", "'");
  if (!is_name(name) || !value) return false;
  out.steps.push_back({Kind::where_equals, name, *value});
  return true;
}

/// One part between dots.
bool parse_part(std::string_view part, SearchExpression& out) {
  if (auto const condition = between(part, "where(", ")")) return parse_where(*condition, out);
  for (auto function : {"as(", "ofType("}) {
    if (auto const name = between(part, function, ")")) {
      out.steps.push_back({Kind::as, *name, {}});
      return is_name(*name);
    }
  }
  if (auto const url = between(part, "extension('", "')")) {
    out.steps.push_back({Kind::child, "extension", {}});
    out.steps.push_back({Kind::where_equals, "url", *url});
    return true;
  }
  auto const name = between(part, "", "[0]");
  out.steps.push_back({Kind::child, name ? *name : part, {}});
  if (name) out.steps.push_back({Kind::first, {}, {}});
  return is_name(out.steps.back().kind == Kind::first ? *name : part);
}

bool parse_parts(std::vector<std::string_view> const& parts, std::size_t from,
                 SearchExpression& out) {
  for (std::size_t i = from; i < parts.size(); ++i) {
    if (!parse_part(trim(parts[i]), out)) return false;
  }
  return true;
}

/// What became of one alternative.
enum class Outcome : std::uint8_t { parsed, other_type, unknown };

/// A path from the resource: `Patient.name.given`, or `name` alone.
Outcome parse_path(std::string_view text, std::string_view resource_type, SearchExpression& out) {
  auto const parts = split_outside(text, '.');
  bool const is_absolute = is_ascii_upper(parts[0].empty() ? ' ' : parts[0][0]);
  if (is_absolute && parts[0] != resource_type && parts[0] != "Resource" &&
      parts[0] != "DomainResource") {
    return Outcome::other_type;
  }
  return parse_parts(parts, is_absolute ? 1 : 0, out) ? Outcome::parsed : Outcome::unknown;
}

/// `(Observation.value as Quantity)`, with more parts behind it or not.
Outcome parse_cast(std::string_view text, std::string_view resource_type, SearchExpression& out) {
  auto const close = text.rfind(')');
  if (close == text.npos) return Outcome::unknown;
  auto const inner = text.substr(1, close - 1);
  auto const as = inner.find(" as ");
  if (as == inner.npos) return parse_path(inner, resource_type, out);
  auto const outcome = parse_path(inner.substr(0, as), resource_type, out);
  if (outcome != Outcome::parsed) return outcome;
  out.steps.push_back({Kind::as, trim(inner.substr(as + 4)), {}});
  auto const rest = text.substr(close + 1);
  if (rest.empty()) return Outcome::parsed;
  return parse_parts(split_outside(rest, '.'), 1, out) ? Outcome::parsed : Outcome::unknown;
}

Outcome parse_alternative(std::string_view text, std::string_view resource_type,
                          SearchExpression& out) {
  constexpr std::string_view kExistsAnd = ".exists() and ";
  if (auto const exists = text.find(kExistsAnd); exists != text.npos) {
    auto const path = text.substr(0, exists);
    if (!text.substr(exists + kExistsAnd.size()).starts_with(path) || !text.ends_with("!= false")) {
      return Outcome::unknown;
    }
    auto const outcome = parse_path(path, resource_type, out);
    out.steps.push_back({Kind::not_false, {}, {}});
    return outcome;
  }
  return text.starts_with('(') ? parse_cast(text, resource_type, out)
                               : parse_path(text, resource_type, out);
}

/// How the index names a path: by what it yields, so that parameters with the same steps share it.
std::string name_path(SearchExpression const& expression, std::string_view resource_type) {
  std::string text(resource_type);
  auto const add = [&text](auto... parts) { (text.append(parts), ...); };
  for (auto const& step : expression.steps) {
    switch (step.kind) {
      case Kind::child:
        add(".", step.name);
        break;
      case Kind::first:
        add("[0]");
        break;
      case Kind::as:
        add(".as(", step.name, ")");
        break;
      case Kind::where_equals:
        add(".where(", step.name, "='", step.value, "')");
        break;
      case Kind::where_extension:
        add(".where(hasExtension('", step.value, "'))");
        break;
      case Kind::not_false:
        add(".exists() and != false");
        break;
    }
  }
  return text;
}

}  // namespace

std::optional<std::vector<SearchExpression>> parse_search_expression(
    std::string_view expression, std::string_view resource_type) {
  std::vector<SearchExpression> alternatives;
  for (auto text : split_outside(expression, '|')) {
    SearchExpression alternative;
    switch (parse_alternative(trim(text), resource_type, alternative)) {
      case Outcome::unknown:
        return std::nullopt;
      case Outcome::other_type:
        continue;
      case Outcome::parsed:
        alternative.text = name_path(alternative, resource_type);
        alternatives.push_back(std::move(alternative));
    }
  }
  return alternatives;
}

}  // namespace sinew::fhir
