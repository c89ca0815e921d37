#include <algorithm>
#include <array>

#include "base/text.h"
#include "fhir/definitions.h"
#include "store/search_value.h"
#include "store/store.h"

namespace sinew::store {
namespace {

constexpr std::size_t kCountMax = 1000;
constexpr std::size_t kCriteriaMax = 64;
constexpr std::size_t kValuesMax = 1024;

/// What speaks of the answer's form, not of what is found: the API reads these.
constexpr auto kFormParameters =
    std::to_array<std::string_view>({"_elements", "_format", "_pretty", "_summary", "_score"});

int hex_digit(char c) {
  if (is_ascii_digit(c)) return c - '0';
  auto const lower = to_ascii_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// Source: RFC 3986 §2.1; HTML form encoding for '+'.
Result<std::string> decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      int const high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      int const low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(ErrorCode::invalid, "broken percent-encoding");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (!is_utf8(out)) return fail(ErrorCode::invalid, "the query is not UTF-8");
  return out;
}

Result<> read_sort(Query& query, std::string const& value) {
  for (auto const key : split(value, ',')) {
    bool const descending = key.starts_with('-');
    auto const parameter = key.substr(descending ? 1 : 0);
    if (parameter.empty()) return fail(ErrorCode::invalid, "an empty sort key", "_sort");
    query.sort.push_back({std::string(parameter), descending});
  }
  return {};
}

Result<> read_include(std::vector<std::string>& includes, std::string_view modifier,
                      std::string value, std::string_view name) {
  if (modifier.empty()) return includes.push_back(std::move(value)), Result<>();
  if (modifier == "iterate" || modifier == "recurse")
    return includes.push_back("iterate:" + value), Result<>();
  return fail(ErrorCode::invalid, "unknown modifier", std::string(name));
}

/// Source: FHIR R4 search.html#contained.
Result<> read_contained(Query& query, std::string_view name, std::string_view value) {
  struct Row {
    std::string_view value;
    Contained contained;
  };
  constexpr auto kValues = std::to_array<Row>(
      {{"false", Contained::no}, {"true", Contained::only}, {"both", Contained::both}});
  if (name == "_containedType") {
    query.shows_contained = value == "contained";
    if (query.shows_contained || value == "container") return {};
    return fail(ErrorCode::invalid, "_containedType is container or contained",
                "_containedType=" + std::string(value));
  }
  auto const row = std::ranges::find(kValues, value, &Row::value);
  if (row == kValues.end())
    return fail(ErrorCode::invalid, "_contained is false, true or both",
                "_contained=" + std::string(value));
  return query.contained = row->contained, Result<>();
}

/// `name`, `name:modifier`, `name:Type.chain`, `name.chain`, `_has:Type:reference:parameter`.
Result<Criterion> read_criterion(std::string_view name, std::string_view value) {
  Criterion criterion;
  criterion.values = split_escaped(value, ',');
  if (criterion.values.size() > kValuesMax)
    return fail(ErrorCode::too_large, "too many values", std::string(name));
  if (name.starts_with("_has:")) {
    auto const parts = split(name, ':');
    if (parts.size() < 4)
      return fail(ErrorCode::invalid, "_has is _has:Type:reference:parameter", std::string(name));
    criterion.parameter = "_has";
    criterion.modifier = std::string(parts[1]) + ":" + std::string(parts[2]);
    criterion.chain = name.substr(static_cast<std::size_t>(parts[3].data() - name.data()));
    return criterion;
  }
  auto const dot = name.find('.');
  if (dot != name.npos) criterion.chain = name.substr(dot + 1);
  auto const head = name.substr(0, dot);
  auto const colon = head.find(':');
  criterion.parameter = head.substr(0, colon);
  if (colon != head.npos) criterion.modifier = head.substr(colon + 1);
  return criterion;
}

Result<> read_pair(Query& query, std::string_view name, std::string value) {
  auto const plain = name.substr(0, name.find(':'));
  auto const modifier = plain.size() < name.size() ? name.substr(plain.size() + 1) : "";
  if (plain == "_sort") return read_sort(query, value);
  if (plain == "_include") return read_include(query.include, modifier, std::move(value), name);
  if (plain == "_revinclude")
    return read_include(query.revinclude, modifier, std::move(value), name);
  if (name == "_cursor") return query.cursor = std::move(value), Result<>();
  if (name == "_total") return query.want_total = value != "none", Result<>();
  if (name == kCompartmentParameter)
    return fail(ErrorCode::invalid, "unknown search parameter", std::string(name));
  if (name == "_type" && query.type.empty()) {
    for (auto const type : split(value, ',')) {
      if (fhir::find_type(type) == 0)
        return fail(ErrorCode::invalid, "not a FHIR resource type", "_type=" + std::string(type));
      if (std::ranges::find(query.types, type) == query.types.end()) query.types.emplace_back(type);
    }
    return {};
  }
  if (name == kAsOfParameter)
    return query.as_of = TRY(read_instant(value, kAsOfParameter)), Result<>();
  if (name == "_explain") return query.explain = value == "true", Result<>();
  if (name == "_count") {
    auto const count = parse_integer<std::size_t>(value);
    if (!count) return fail(ErrorCode::invalid, "not a number", "_count");
    query.count = std::min(*count, kCountMax);
    return {};
  }
  if (query.criteria.size() >= kCriteriaMax)
    return fail(ErrorCode::too_large, "too many search parameters");
  if (name == "_filter") {
    // A comma is one: alternatives are said in the filter itself.
    auto& criterion = query.criteria.emplace_back();
    criterion.parameter = name;
    criterion.values = {std::move(value)};
    return {};
  }
  if (name == "_contained" || name == "_containedType") return read_contained(query, name, value);
  for (auto const form : kFormParameters)
    if (name == form) return {};
  query.criteria.push_back(TRY(read_criterion(name, value)));
  return {};
}

}  // namespace

Result<Query> parse_search(std::string_view type, std::string_view query_string) {
  Query query;
  query.type = type;
  if (query_string.starts_with('?')) query_string.remove_prefix(1);
  for (auto const pair : split(query_string, '&')) {
    if (pair.empty()) continue;
    auto const equals = pair.find('=');
    auto const name = TRY(decode(pair.substr(0, equals)));
    auto value = equals == pair.npos ? std::string() : TRY(decode(pair.substr(equals + 1)));
    // "name=" says nothing. Source: FHIR R4 search.html, empty parameters are ignored.
    if (value.empty()) continue;
    TRY(read_pair(query, name, std::move(value)));
  }
  return query;
}

}  // namespace sinew::store
