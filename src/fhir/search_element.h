#pragma once

#include <vector>

#include "fhir/search_expression.h"
#include "fhir/search_index.h"

namespace sinew::fhir {

/// A value that lies on a path, and what it is.
struct PathValue {
  json::Value value;
  TypeId type = 0;
  Element const* element = nullptr;  ///< where it stands; null for the resource itself
};

/// The values that the steps lead to from `from`. A choice without a cast gives whichever type is
/// there. `not_false` is no step down and is left out.
[[nodiscard]] std::vector<PathValue> follow_steps(PathValue from,
                                                  std::vector<SearchStep> const& steps);

/// The values on an indexed path of a resource, whole: an Identifier with its type. Empty for paths
/// that end in `exists() and != false`.
[[nodiscard]] std::vector<PathValue> values_on_path(json::Value resource, PathId path);

/// What one element gives to the components of a composite: a list of values for each component.
using CompositeElement = std::vector<std::vector<IndexValue>>;

/// Reads the elements of a composite parameter out of resources of one type.
/// Source: FHIR R4 search.html#composite.
class CompositeReader {
 public:
  /// Fails `not_supported` when a component uses more of FHIRPath than search parameters do, or is
  /// no parameter of the type.
  [[nodiscard]] static Result<CompositeReader> make(TypeId type, SearchParameter const& composite);

  [[nodiscard]] std::vector<CompositeElement> read(json::Value resource) const;

  /// The parameters of the components.
  [[nodiscard]] std::vector<SearchParameter const*> const& parameters() const {
    return parameters_;
  }
  /// True when a resource has one element only, itself: its values belong together whatever they
  /// are, so that the index alone can tell.
  [[nodiscard]] bool is_whole_resource() const { return is_whole_; }

 private:
  struct Part {
    std::vector<SearchExpression> alternatives;
    bool is_from_root = false;  ///< `%resource.referenceSeq.chromosome`
  };
  TypeId type_ = 0;
  bool is_whole_ = false;
  std::vector<SearchExpression> elements_;
  std::vector<Part> parts_;
  std::vector<SearchParameter const*> parameters_;
};

}  // namespace sinew::fhir
