#include "store/sqlite/search.h"
namespace sinew::store {
Result<Query> parse_search(std::string_view, std::string_view) {
  return fail(ErrorCode::not_supported, "search");
}
namespace sqlite {
Result<SearchPage> run_search(Connection&, Catalogue const&, Clock&, Query const&) {
  return fail(ErrorCode::not_supported, "search");
}
Result<std::vector<std::int64_t>> find_up_to_two(Connection&, Catalogue const&, Clock&,
                                                 std::string_view, std::string const&) {
  return fail(ErrorCode::not_supported, "search");
}
}  // namespace sqlite
}  // namespace sinew::store
