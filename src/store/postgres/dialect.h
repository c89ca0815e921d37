#pragma once

#include <string>
#include <string_view>

namespace sinew::store::postgres {

/// A statement of the search and the history, which are written once (store/sqlite), in the words
/// of PostgreSQL: numbered parameters, names for what stands in FROM, one tree for each index.
[[nodiscard]] std::string translated(std::string_view sqlite);

/// True for a statement whose rows come in an order and without a limit: its reader stops when it
/// has seen enough, so they are fetched in pieces.
[[nodiscard]] bool is_walked(std::string_view sqlite);

}  // namespace sinew::store::postgres
