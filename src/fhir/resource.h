#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "fhir/definitions.h"
#include "json/json.h"

namespace sinew::fhir {

/// The type that `resourceType` names, or 0 when it names no resource type that has instances.
[[nodiscard]] TypeId resource_type(json::Value resource);
/// The logical id as written, or nothing. The view points into the document.
[[nodiscard]] std::string_view resource_id(json::Value resource);

enum class ReferenceKind : std::uint8_t {
  none,         ///< an empty text
  fragment,     ///< `#p1`, or `#` for the container itself
  relative,     ///< `Patient/1`, `Patient/1/_history/2`
  absolute,     ///< the same behind a base URL
  urn,          ///< `urn:uuid:...`, `urn:oid:...`
  conditional,  ///< `Patient?identifier=...`
  other,        ///< anything else; a legal target only when it is an absolute URL
};

/// What a literal reference says. The views point into the text.
struct ParsedReference {
  ReferenceKind kind = ReferenceKind::none;
  TypeId type = 0;           ///< relative, absolute, conditional
  std::string_view base;     ///< absolute: `https://host/fhir`, without the last '/'
  std::string_view id;       ///< logical id; fragment: without '#'; urn: after `urn:uuid:`
  std::string_view version;  ///< of `/_history/2`
  std::string_view query;    ///< conditional: after '?'
};

/// Source: FHIR R4 references.html#literal, http.html#trules for conditional references.
[[nodiscard]] ParsedReference parse_reference(std::string_view text);

/// Puts what `incoming` says into what is stored, element by element of the top level: an incoming
/// element takes the place of the stored one whole (and a choice that of its other types); what it
/// leaves out stays; `clear` names elements whose stored value goes ("deceasedBoolean").
///
/// `identifier` is united by system and value (and type, where both say one), `Patient.link` and
/// `DiagnosticReport.result` by their target, because several messages each know some of them;
/// naming them in `clear` replaces them. `Encounter.period` and `.hospitalization` are joined part
/// by part. A name in `clear` with `?` before it is given only where nothing is stored. The `id`
/// stays as stored. `meta` is an element like others: the store writes its version into it.
///
/// Returns  JSON text in the order of the definition: `resourceType`, `id`, `meta` ...
/// Fails    `invalid` when the two are not of one resource type.
[[nodiscard]] Result<std::string> merge_resource(json::Value stored, json::Value incoming,
                                                 std::span<std::string_view const> clear = {});

/// True when both say the same, whatever the order of members, white space, and the
/// `meta.versionId` and `meta.lastUpdated` that a server writes. Numbers compare as written.
[[nodiscard]] bool same_content(json::Value a, json::Value b);

}  // namespace sinew::fhir
