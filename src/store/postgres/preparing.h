#pragma once

#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/live_cache.h"
#include "store/postgres/pool.h"
#include "store/postgres/work.h"
#include "store/sqlite/catalogue.h"

namespace sinew::store::postgres {

/// Prepares the changes of one transaction on the caller's thread, as far as they can be: against
/// the states that the cache knows, and those read with one statement for all others.
class Preparing {
 public:
  Preparing(Pool& pool, sqlite::Catalogue const& catalogue, LiveCache& cache)
      : pool_(pool), catalogue_(catalogue), cache_(cache) {}

  [[nodiscard]] std::vector<PreparedChange> prepare_all(std::span<Change const> changes);

 private:
  void load(std::vector<std::string> const& keys);
  void prepare_one(Change const& change, PreparedChange& item);
  [[nodiscard]] Result<SharedText> body_of(std::string const& key, Live const& live);

  Pool& pool_;
  sqlite::Catalogue const& catalogue_;
  LiveCache& cache_;
  std::unordered_map<std::string, Live> states_;
};

}  // namespace sinew::store::postgres
