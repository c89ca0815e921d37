#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/definitions.h"
#include "json/json.h"

namespace sinew::fhir {

/// Source: FHIR R4 search.html#ptypes.
enum class ParameterType : std::uint8_t {
  number,
  date,
  string,
  token,
  reference,
  composite,
  quantity,
  uri,
  special
};

using PathId =
    std::uint16_t;  ///< an indexed element path: "Observation.subject"; index into index_paths()

/// An element path that search values are taken from. Parameters are views on paths: `patient` and
/// `subject` of Observation share one path, `combo-code` is two.
struct IndexPath {
  TypeId resource;              ///< Resource, for paths that all types share: "Resource.meta.tag"
  std::string_view expression;  ///< "Observation.component.code"
  ParameterType type;           ///< which of the values below it yields
  bool has_ranges = false;      ///< a Range may stand there
};
[[nodiscard]] std::span<IndexPath const> index_paths();

/// A part of a composite parameter: another parameter, read from each element that the composite's
/// own expression yields.
struct Component {
  std::string_view url;         ///< of the parameter that says how its values compare
  std::string_view expression;  ///< relative: "value.as(Quantity)"
};

/// A search parameter of one resource type.
struct SearchParameter {
  std::string_view code;  ///< "birthdate"
  ParameterType type;
  std::string_view url;
  std::vector<PathId> paths;          ///< the union of what they yield; empty for a composite
  std::vector<TypeId> targets;        ///< reference: resource types it may point at; empty: any
  std::string_view expression;        ///< as published
  std::vector<Component> components;  ///< of a composite
};
/// Parameters that can be answered from the index, and composites: not `_text`, `_content`,
/// `_query`,
/// `_filter`, `near`, nor those published without an expression or as examples.
/// Parameters of a resource type, sorted by code, those of Resource and DomainResource included
/// (`_id`, `_lastUpdated`, `_tag`, `_profile`, `_security`, `_source`).
[[nodiscard]] std::span<SearchParameter const> search_parameters(TypeId resource);
[[nodiscard]] SearchParameter const* find_parameter(TypeId resource, std::string_view code);

/// One value a resource is found by.
struct IndexValue {
  PathId path;
  ParameterType type;
  // token: system + code (+ text for the display/text); uri and string: code/text
  std::string system;
  std::string code;  ///< token code, identifier value, uri, string as written, quantity code;
                     ///< reference: as written but without version ("Patient/1"); a canonical with
                     ///< a version comes twice, with and without it
  std::string text;  ///< string: folded form (NFKD-ish, lower case, no accents); token: display
  std::int64_t low = 0, high = 0;  ///< date: the interval in ms, [low, high)
  double number = 0;               ///< number, quantity value; of a range its lower limit
  double number_high = 0;          ///< the same, but for a range: its upper limit. A limit left out
                                   ///< is infinite; `< 5` is a range too
  std::string unit;                ///< quantity: unit text
  TypeId target = 0;               ///< reference: resource type, when known
};

/// Everything the resource is found by, appended to `out`. A reference that has an identifier gives
/// a token as well, on the same path, for the modifier `:identifier`. One pass over the resource,
/// driven by compiled paths. Source: FHIR R4 searchparameter-registry.html.
void extract_index(json::Value resource, std::vector<IndexValue>& out);

/// The interval a FHIR date/dateTime/instant stands for, [low, high) in ms; no zone means UTC.
[[nodiscard]] std::optional<std::pair<std::int64_t, std::int64_t>> date_interval(
    std::string_view text);
/// How string parameters compare: case and accents folded. Source: FHIR R4 search.html#string.
[[nodiscard]] std::string fold_text(std::string_view text);

}  // namespace sinew::fhir
