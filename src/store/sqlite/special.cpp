#include "store/sqlite/special.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <numbers>

#include "base/text.h"
#include "fhir/search_compartment.h"
#include "store/full_text.h"
#include "store/index_row.h"
#include "store/search_value.h"
#include "store/sqlite/matcher.h"
#include "store/sqlite/past.h"
#include "store/sqlite/rows.h"

namespace sinew::store::sqlite {
namespace {

/// A value that is wrong, as `_list=$current-allergies`: not the name of a parameter, so that
/// nobody takes the parameter for an unknown one.
Failure bad_value(ErrorCode code, std::string what, Criterion const& criterion,
                  std::string_view value) {
  return fail(code, std::move(what), criterion.parameter + "=" + std::string(value));
}

// ------------------------------------------------------------------ _list

/// Source: FHIR R4 search.html#list.
Result<Condition> compile_list(SearchContext& context, std::string_view type,
                               Criterion const& criterion) {
  Condition condition;
  auto const type_key = context.catalogue.type_key(type).value_or(0);
  for (auto const& value : criterion.values) {
    auto const id = unescape(value);
    if (id.starts_with('$'))
      return bad_value(ErrorCode::not_supported, "functional lists are not kept here", criterion,
                       value);
    auto const name = id.starts_with("List/") ? id : key_of("List", id);
    auto const list = TRY(load_number(context.connection, context.catalogue, name));
    auto const body = TRY(body_of(context, list));
    if (!body)
      return bad_value(ErrorCode::invalid, "no such list is stored here", criterion, value);
    auto const document = TRY(json::Document::parse(*body));
    for (auto const entry : document.root()["entry"].elements()) {
      auto const reference = entry["item"]["reference"].text();
      auto const target = local_target(reference);
      if (entry["deleted"].boolean() || target.substr(0, target.find('/')) != type) continue;
      auto const rid = TRY(load_number(context.connection, context.catalogue, target));
      if (TRY(is_there(context, type_key, rid))) condition.found.push_back(rid);
    }
  }
  sort_rids(condition.found);
  return condition;
}

// ------------------------------------------------------------------ _text, _content

using InResource = bool (Words::*)(json::Value) const;

/// Source: FHIR R4 search.html#text. Not indexed: what the other criteria leave is read.
Result<Condition> compile_words(Criterion const& criterion, InResource is_in) {
  std::vector<Words> alternatives;
  for (auto const& value : criterion.values) {
    alternatives.emplace_back(unescape(value));
    if (alternatives.back().empty())
      return bad_value(ErrorCode::invalid, "there is no word to look for", criterion, value);
  }
  Condition condition;
  condition.by_body = [alternatives = std::move(alternatives), is_in](json::Value resource) {
    return std::ranges::any_of(alternatives,
                               [&](Words const& words) { return (words.*is_in)(resource); });
  };
  return condition;
}

Result<Condition> compile_text(SearchContext&, std::string_view, Criterion const& criterion) {
  return compile_words(criterion, &Words::are_in_narrative);
}

Result<Condition> compile_content(SearchContext&, std::string_view, Criterion const& criterion) {
  return compile_words(criterion, &Words::are_in_content);
}

// ------------------------------------------------------------------ near

constexpr double kEarthRadiusKm = 6371.0088;  // mean radius, IUGG
constexpr double kNearKm = 10;                // where no distance is asked for

struct Place {
  double latitude = 0, longitude = 0;
  double distance_km = kNearKm;
};

struct LengthRow {
  std::string_view unit;
  double km;
};
constexpr auto kLengths = std::to_array<LengthRow>({
    {"", 1},
    {"km", 1},
    {"m", 0.001},
    {"mi", 1.609344},
    {"[mi_i]", 1.609344},
    {"[mi_us]", 1609.347219 / 1000},
});

bool read_degrees(std::string_view text, double limit, double& out) {
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && std::abs(out) <= limit;
}

/// `latitude|longitude|distance|unit`.
std::optional<Place> read_place(std::string_view value) {
  auto const parts = split_escaped(value, '|');
  if (parts.size() < 2 || parts.size() > 4) return std::nullopt;
  Place place;
  if (!read_degrees(parts[0], 90, place.latitude)) return std::nullopt;
  if (!read_degrees(parts[1], 180, place.longitude)) return std::nullopt;
  if (parts.size() == 2 || parts[2].empty()) return place;
  auto const row =
      std::ranges::find(kLengths, parts.size() == 4 ? parts[3] : std::string(), &LengthRow::unit);
  double distance = 0;
  if (row == kLengths.end() || !read_degrees(parts[2], 1e9, distance) || distance < 0)
    return std::nullopt;
  place.distance_km = distance * row->km;
  return place;
}

/// The haversine formula: the way over a sphere.
double distance_km(Place const& a, double latitude, double longitude) {
  auto const radians = [](double degrees) { return degrees * std::numbers::pi / 180; };
  auto const half = [&](double from, double to) { return std::sin(radians(to - from) / 2); };
  auto const vertical = half(a.latitude, latitude);
  auto const sideways = half(a.longitude, longitude);
  auto const h = vertical * vertical +
                 std::cos(radians(a.latitude)) * std::cos(radians(latitude)) * sideways * sideways;
  return 2 * kEarthRadiusKm * std::asin(std::sqrt(std::min(1.0, h)));
}

/// Source: FHIR R4 location.html#positional.
Result<Condition> compile_near(SearchContext&, std::string_view, Criterion const& criterion) {
  std::vector<Place> places;
  for (auto const& value : criterion.values) {
    auto const place = read_place(value);
    if (!place)
      return bad_value(ErrorCode::invalid,
                       "a place is latitude|longitude|distance|unit, the unit km, m, mi or a UCUM "
                       "mile",
                       criterion, value);
    places.push_back(*place);
  }
  Condition condition;
  condition.by_body = [places = std::move(places)](json::Value resource) {
    auto const position = resource["position"];
    double latitude = 0;
    double longitude = 0;
    if (!read_degrees(position["latitude"].raw(), 90, latitude)) return false;
    if (!read_degrees(position["longitude"].raw(), 180, longitude)) return false;
    return std::ranges::any_of(places, [&](Place const& place) {
      return distance_km(place, latitude, longitude) <= place.distance_km;
    });
  };
  return condition;
}

// ------------------------------------------------------------------ compartments

/// `Patient/1`: what belongs to the compartment of that resource.
/// Source: FHIR R4 compartmentdefinition.html, http.html#vsearch.
Result<Condition> compile_compartment(SearchContext& context, std::string_view type,
                                      Criterion const& criterion) {
  Condition condition;
  for (auto const& member : compartment_criteria(type, criterion)) {
    auto const found = TRY(find_matches_now(context, type, {member}));
    condition.found.insert(condition.found.end(), found.begin(), found.end());
  }
  sort_rids(condition.found);
  return condition;
}

/// Source: FHIR R4 search.html#query.
Result<Condition> compile_named_query(SearchContext&, std::string_view,
                                      Criterion const& criterion) {
  return bad_value(ErrorCode::not_supported, "no named query of that name is registered here",
                   criterion, criterion.values.front());
}

struct SpecialRow {
  std::string_view parameter;
  std::string_view type;  ///< empty: all types
  Result<Condition> (*compile)(SearchContext&, std::string_view type, Criterion const&);
};
constexpr auto kSpecials = std::to_array<SpecialRow>({
    {"_list", "", compile_list},
    {"_text", "", compile_text},
    {"_content", "", compile_content},
    {"_filter", "", compile_filter},
    {"_query", "", compile_named_query},
    {"near", "Location", compile_near},
    {kCompartmentParameter, "", compile_compartment},
});

}  // namespace

std::vector<Criterion> compartment_criteria(std::string_view type, Criterion const& criterion) {
  auto const& whole = criterion.values.front();
  auto const slash = std::min(whole.find('/'), whole.size());
  std::vector<Criterion> criteria;
  for (auto const name : fhir::compartment_parameters(whole.substr(0, slash), type)) {
    auto& member = criteria.emplace_back();
    member.parameter = name == "{def}" ? "_id" : name;
    member.values = {name == "{def}" ? whole.substr(slash + 1) : whole};
  }
  return criteria;
}

bool is_special(Criterion const& criterion) {
  return std::ranges::find(kSpecials, criterion.parameter, &SpecialRow::parameter) !=
         kSpecials.end();
}

Result<std::optional<Condition>> compile_special(SearchContext& context, std::string_view type,
                                                 Criterion const& criterion) {
  auto const row = std::ranges::find(kSpecials, criterion.parameter, &SpecialRow::parameter);
  if (row == kSpecials.end() || (!row->type.empty() && row->type != type))
    return std::optional<Condition>();
  if (!criterion.modifier.empty() || !criterion.chain.empty())
    return fail(ErrorCode::invalid, "the parameter takes no modifier and no chain",
                criterion.parameter + ":" + criterion.modifier + criterion.chain);
  return std::optional(TRY(row->compile(context, type, criterion)));
}

}  // namespace sinew::store::sqlite
