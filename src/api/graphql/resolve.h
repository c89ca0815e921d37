#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "api/graphql/execute.h"
#include "api/graphql/search.h"
#include "fhirpath/evaluator.h"

namespace sinew::graphql {

/// A value that fields are selected from.
struct Source {
  Type type;
  json::Value value = {};
  json::Value resource = {};   ///< that it stands in, or is
  json::Value container = {};  ///< of `resource`, where that is contained; else the same
  fhir::Element const* element = nullptr;
  Page const* page = nullptr;  ///< connection, edge
  std::size_t match = 0;       ///< edge
};

/// Finds the values of fields: in the resource, in the store, by search. What it finds lives as
/// long as it does.
class Resolver {
 public:
  Resolver(rest::Context const& context, Query const& query);

  /// The values of a field that things are selected from.
  [[nodiscard]] Result<std::vector<Source>> objects(Selection const& selection, Field const& field,
                                                    Source const& source);
  /// The values of a scalar field, as JSON.
  [[nodiscard]] Result<std::vector<std::string>> leaves(Selection const& selection,
                                                        Field const& field, Source const& source);
  /// What @slice appends to names: its FHIRPath on a value, as text.
  [[nodiscard]] Result<std::string> slice_name(Directive const& directive, Source const& value,
                                               std::size_t index);

  /// The source of a whole resource.
  [[nodiscard]] static Source source_of(json::Value resource, json::Value container);

 private:
  [[nodiscard]] Result<std::vector<Source>> elements(Selection const& selection, Field const& field,
                                                     Source const& source);
  [[nodiscard]] Result<std::vector<Source>> target(Selection const& selection,
                                                   Source const& source);
  [[nodiscard]] Result<std::optional<Source>> follow(std::string_view reference,
                                                     Source const& source);
  [[nodiscard]] Result<std::optional<Source>> read(std::string_view type, std::string_view id,
                                                   std::string_view version);
  [[nodiscard]] Result<std::vector<Source>> read_by_id(Selection const& selection,
                                                       Field const& field);
  [[nodiscard]] Result<std::vector<Source>> search(Selection const& selection, Field const& field,
                                                   Source const& source);
  [[nodiscard]] Result<std::vector<Source>> members(Selection const& selection,
                                                    Source const& source);
  [[nodiscard]] Result<std::vector<Source>> introspect(Selection const& selection,
                                                       Field const& field);

  Result<> filter(Selection const& selection, Source const& source, std::vector<Source>& values);
  Result<> filter_by_member(Argument const& argument, std::vector<Source>& values);
  Result<> filter_by_path(Argument const& argument, Source const& source,
                          std::vector<Source>& values);
  Result<> keep_part(Selection const& selection, std::vector<Source>& values);
  [[nodiscard]] Result<fhirpath::Expression const*> expression(Argument const& argument,
                                                               bool is_filter);
  [[nodiscard]] Result<std::span<fhirpath::Item const>> evaluate(
      fhirpath::Expression const& expression, std::span<fhirpath::Item const> items,
      Source const& around, Offset at);
  [[nodiscard]] Result<std::optional<std::string>> text_of(Selection const& selection,
                                                           std::string_view name);

  rest::Context const& context_;
  Query const& query_;
  fhirpath::Evaluator evaluator_;
  std::map<std::string, fhirpath::Expression> expressions_;
  std::deque<json::Document> documents_;
  std::map<std::string, json::Value> read_;  ///< by "Type/id" and version: once a request
  std::deque<Page> pages_;
  std::size_t reads_ = 0, searches_ = 0, filters_ = 0;
};

}  // namespace sinew::graphql
