#include <algorithm>

#include "fhirpath/moment.h"
#include "validate/walker.h"

namespace sinew::validate {
namespace {

std::optional<int> order(std::strong_ordering ordering) {
  return ordering < 0 ? -1 : ordering > 0 ? 1 : 0;
}

std::optional<int> compare_numbers(std::string_view a, std::string_view b) {
  auto const left = fhirpath::parse_decimal(a);
  auto const right = fhirpath::parse_decimal(b);
  if (!left || !right) return std::nullopt;
  return order(compare(*left, *right));
}

std::optional<int> compare_texts(std::string const& a, std::string const& b) {
  for (auto const kind : {fhirpath::MomentKind::date_time, fhirpath::MomentKind::time}) {
    auto const left = parse_moment(a, kind);
    auto const right = parse_moment(b, kind);
    if (!left || !right) continue;
    auto const ordering = compare(*left, *right);
    if (!ordering) return std::nullopt;
    return order(*ordering);
  }
  return std::nullopt;
}

}  // namespace

// The recursion of these two is as deep as the shallower of two documents, which the parser limits.

bool equals(json::Value a, json::Value b) {
  if (a.kind() != b.kind() || a.size() != b.size()) return false;
  switch (a.kind()) {
    case json::Kind::object:
      for (auto const [name, value] : a.members()) {
        auto const other = b[name];
        if (!other || !equals(value, other)) return false;
      }
      return true;
    case json::Kind::array: {
      auto const others = b.elements();
      auto other = others.begin();
      for (auto const item : a.elements()) {
        if (!equals(item, *other)) return false;
        ++other;
      }
      return true;
    }
    case json::Kind::number:
      return a.raw() == b.raw() || compare_numbers(a.raw(), b.raw()) == 0;
    case json::Kind::string:
      return a.raw() == b.raw() || a.text() == b.text();
    default:
      return a.raw() == b.raw();
  }
}

bool fits_pattern(json::Value value, json::Value pattern) {
  if (value.kind() != pattern.kind()) return false;
  if (pattern.is_object()) {
    for (auto const [name, wanted] : pattern.members()) {
      auto const found = value[name];
      if (!found || !fits_pattern(found, wanted)) return false;
    }
    return true;
  }
  if (pattern.is_array()) {
    auto const items = value.elements();
    for (auto const wanted : pattern.elements()) {
      if (std::none_of(items.begin(), items.end(),
                       [&](json::Value item) { return fits_pattern(item, wanted); })) {
        return false;
      }
    }
    return true;
  }
  return equals(value, pattern);
}

std::optional<int> compare_values(json::Value a, json::Value b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a.raw(), b.raw());
  if (a.is_string() && b.is_string()) return compare_texts(a.text(), b.text());
  if (a.is_object() && b.is_object()) {  // quantities; of one unit, as nothing is converted here
    auto const code = a["code"].text();
    bool const has_unit = a["unit"].exists() || b["unit"].exists();  // a word for people
    if (code != b["code"].text() || (code.empty() && has_unit)) return std::nullopt;
    return compare_numbers(a["value"].raw(), b["value"].raw());
  }
  return std::nullopt;
}

}  // namespace sinew::validate
