#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/prepare.h"
#include "store/sqlite/catalogue.h"
#include "store/sqlite/database.h"
#include "store/store.h"

namespace sinew::store::sqlite {

/// "Patient/1": the name of a resource in caches and under `lid`.
[[nodiscard]] std::string key_of(std::string_view type, std::string_view id);
/// The key of `lid`.
[[nodiscard]] std::int64_t hash_of_key(std::string_view key);

/// The state of a resource as the connection's snapshot has it, without its body.
[[nodiscard]] Result<Live> load_live(Connection& connection, Catalogue const& catalogue,
                                     std::string_view type, std::string_view id);

/// The body of the current version, in normal form. Fails `conflict` when the snapshot has
/// another version.
[[nodiscard]] Result<SharedText> load_body(Connection& connection, Live const& live);

/// The number of entries of `res`, found by "Type/id"; 0: never mentioned.
[[nodiscard]] Result<std::int64_t> load_number(Connection& connection, Catalogue const& catalogue,
                                               std::string_view key);

/// The current version by its number. Fails `not_found` when it is deleted or only mentioned.
[[nodiscard]] Result<Resource> load_resource(Connection& connection, Catalogue const& catalogue,
                                             std::int64_t rid);

}  // namespace sinew::store::sqlite
