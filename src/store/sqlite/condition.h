#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "fhir/search_index.h"
#include "json/json.h"
#include "store/sqlite/catalogue.h"
#include "store/sqlite/database.h"
#include "store/sqlite/search_cost.h"
#include "store/store.h"

namespace sinew::store::sqlite {

/// Numbers of resources, ascending and without repeats.
using Rids = std::vector<std::int64_t>;
void sort_rids(Rids& rids);

/// The index a posting list is in.
enum class PostingTable : std::uint8_t { token, hashed, reference };

/// One posting list: the resources with a code, an identifier, or a reference to a target. It can
/// be read whole, and asked about one resource at the price of one descent of the tree.
struct Posting {
  PostingTable table;
  std::int64_t a = 0;  ///< token: value number; else path
  std::int64_t b = 0;  ///< hashed: hash; reference: target
};

/// What a criterion comes down to: the union of posting lists and of resources found already.
struct Condition {
  std::vector<Posting> postings;
  Rids found;
  bool negated = false;  ///< all other live resources of the type
  /// Set: not found by the index at all. What other criteria leave is asked one by one.
  std::function<bool(json::Value resource)> by_body;
};

class PastView;

/// Where and when a search happens.
struct SearchContext {
  Connection& connection;
  Catalogue const& catalogue;
  Instant now;
  SearchCost* cost = nullptr;                ///< null: nobody counts, and no way is given up
  PastView* then = nullptr;                  ///< null: the store as it is
  Definitions const* definitions = nullptr;  ///< null: every path is indexed
};

/// The parameter of a criterion, found.
struct ParameterUse {
  std::string_view type;
  TypeKey type_key = 0;
  fhir::SearchParameter const* parameter = nullptr;
  Criterion const* criterion = nullptr;
};

/// Fails `invalid` when the type has no such parameter.
[[nodiscard]] Result<ParameterUse> find_use(SearchContext& context, std::string_view type,
                                            Criterion const& criterion);

/// False while an index job fills a path of the parameter: the index does not have all of it yet.
[[nodiscard]] bool is_indexed(SearchContext const& context, TypeKey type,
                              fhir::SearchParameter const& parameter);
/// For those who can do nothing without the index. Fails `unavailable` while it is filled.
[[nodiscard]] Result<> require_indexed(SearchContext const& context, TypeKey type,
                                       fhir::SearchParameter const& parameter);

/// Fails `invalid` at the parameter for a modifier or a value it does not take. One function for
/// each kind of parameter; chains and _has are the matcher's.
[[nodiscard]] Result<Condition> compile_criterion(SearchContext& context, ParameterUse const& use);
[[nodiscard]] Result<Condition> compile_token(SearchContext& context, ParameterUse const& use);
[[nodiscard]] Result<Condition> compile_string(SearchContext& context, ParameterUse const& use);
[[nodiscard]] Result<Condition> compile_reference(SearchContext& context, ParameterUse const& use);
[[nodiscard]] Result<Condition> compile_date(SearchContext& context, ParameterUse const& use);
[[nodiscard]] Result<Condition> compile_number(SearchContext& context, ParameterUse const& use);
[[nodiscard]] Result<Condition> compile_quantity(SearchContext& context, ParameterUse const& use);
[[nodiscard]] Result<Condition> compile_composite(SearchContext& context, ParameterUse const& use);
[[nodiscard]] Result<Condition> compile_uri(SearchContext& context, ParameterUse const& use);
[[nodiscard]] Result<Condition> compile_id(SearchContext& context, ParameterUse const& use);
[[nodiscard]] Result<Condition> compile_last_updated(SearchContext& context,
                                                     ParameterUse const& use);
[[nodiscard]] Result<Condition> compile_missing(SearchContext& context, ParameterUse const& use);

/// The same criterion, asked of a body.
[[nodiscard]] Result<std::function<bool(json::Value)>> composite_test(SearchContext& context,
                                                                      ParameterUse const& use);
/// True for an Identifier with that value whose type has the code.
[[nodiscard]] bool is_of_type(json::Value identifier, std::string const& system,
                              std::string const& code, std::string const& value);

/// `invalid` at the parameter, as the client wrote it.
[[nodiscard]] Failure bad_modifier(ParameterUse const& use);

/// Runs a query whose first column is a rid, into `out`.
template <class... Parameters>
Result<> collect(Connection& connection, Rids& out, char const* sql,
                 Parameters const&... parameters) {
  auto rows = connection.query(sql, parameters...);
  while (TRY(rows.next())) out.push_back(rows.integer(0));
  return {};
}

}  // namespace sinew::store::sqlite
