#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "json/json.h"

namespace sinew::fhir {

struct SearchTables;

/// What a SearchParameter resource says, as far as a search needs it.
/// Source: FHIR R4 searchparameter.html.
struct ParameterDefinition {
  std::string url, code, type, expression;
  std::vector<std::string> bases, targets;
  std::vector<std::pair<std::string, std::string>> components;  ///< definition, expression
  /// False: its paths stay known, so that what was indexed by them is kept up, but nobody can
  /// search by it.
  bool in_force = true;

  bool operator==(ParameterDefinition const&) const = default;
};

/// Reads a SearchParameter. A status other than `active` makes one that is not in force.
/// Fails `invalid` at the element that is missing or wrong, `not_supported` for a type that no
/// index answers.
[[nodiscard]] Result<ParameterDefinition> read_parameter_definition(json::Value resource);

/// The parameters of R4 and those of `added`, later ones in the place of earlier ones with the same
/// code. A code that R4 itself defines for a type stays R4's: `not_compiled` of the tables says so,
/// as it says which expressions could not be read.
/// The numbers of paths stay the same when definitions are added at the end.
[[nodiscard]] std::shared_ptr<SearchTables> make_search_tables(
    std::span<ParameterDefinition const> added, std::uint64_t generation);

/// What this thread searches and indexes by while it lives: find_parameter, index_paths,
/// extract_index and the like. A store puts its own in force for the length of a call, because
/// which parameters there are is a matter of each store.
class SearchScope {
 public:
  /// Null: the parameters of R4 alone.
  explicit SearchScope(std::shared_ptr<SearchTables const> tables);
  SearchScope(SearchScope const&) = delete;
  SearchScope& operator=(SearchScope const&) = delete;
  ~SearchScope();

 private:
  std::shared_ptr<SearchTables const> tables_;
  SearchTables const* outer_;
};

/// SearchTables::generation of what is in force for this thread.
[[nodiscard]] std::uint64_t search_generation();

}  // namespace sinew::fhir
