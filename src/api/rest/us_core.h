#pragma once

#include <string_view>

#include "base/table.h"
#include "json/write.h"

namespace sinew::rest {

/// What the CapabilityStatement says of US Core: the versions it follows, and for each type the
/// profiles and the combinations of search parameters.
///
/// Source: data/us-core (written from the packages by tools/us-core-tables);
/// http://hl7.org/fhir/us/core/CapabilityStatement/us-core-server.
class UsCore {
 public:
  UsCore();

  /// `instantiates` and `implementationGuide`.
  void write_versions(json::Writer& writer) const;
  /// `extension`: the combinations of search parameters of a type. First in its object.
  /// Source: FHIR R4 extension-capabilitystatement-search-parameter-combination.html.
  void write_combinations(json::Writer& writer, std::string_view type) const;
  /// `supportedProfile` of a type.
  void write_profiles(json::Writer& writer, std::string_view type) const;

 private:
  Table profiles_, searches_;
};

}  // namespace sinew::rest
