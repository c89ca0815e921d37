#pragma once

#include <optional>
#include <string>

#include "api/graphql/document.h"
#include "api/graphql/schema.h"
#include "api/graphql/variables.h"
#include "api/rest/context.h"
#include "json/json.h"

namespace sinew::graphql {

inline constexpr std::size_t kStepsMax = 5'000'000;  ///< values of fields looked at
inline constexpr std::size_t kReadsMax = 10'000;     ///< references followed
inline constexpr std::size_t kSearchesMax = 1'000;   ///< lists and connections
inline constexpr std::size_t kFiltersMax = 100'000;  ///< FHIRPath evaluations
inline constexpr std::size_t kAnswerDepthMax = 256;  ///< objects inside each other

/// An operation that passed `check`, ready to be answered.
struct Query {
  Document const& document;
  OperationDefinition const& operation;
  Variables const& variables;
  std::string base;      ///< of this server, for absolute references
  json::Value resource;  ///< what the query is about; missing: the whole system
};

/// The object that `data` becomes. Fails at the first thing that cannot be answered: never with a
/// part. Source: FHIR R4 graphql.html; GraphQL, October 2021, section 6.
[[nodiscard]] Result<std::string> execute(rest::Context const& context, Query const& query);

}  // namespace sinew::graphql
