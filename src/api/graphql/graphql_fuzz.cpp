// A query: read, checked against the root of the system and, where it is sound, answered over an
// empty set of searches. No crash, no hang; a document that is read twice is the same.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/graphql/check.h"
#include "api/graphql/collect.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew;
  using namespace sinew::graphql;
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  auto document = parse_document(text);
  auto const again = parse_document(text);
  if (static_cast<bool>(document) != static_cast<bool>(again)) std::abort();
  if (!document) {
    if (document.error().where != again.error().where) std::abort();
    return 0;
  }
  if (document->selections.size() != again->selections.size()) std::abort();
  for (auto const* const root : {"Query", "Patient", "Observation"}) {
    auto const type = *find_type(root);
    for (auto const& operation : document->operations) {
      auto copy = *again;
      auto const variables = Variables::read(operation, {}, copy);
      if (!check(*document, operation, type).empty() || !variables) continue;
      (void)collect(*document, *variables, type, {operation.first});
    }
  }
  return 0;
}
