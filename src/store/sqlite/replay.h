#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/arrivals/disk.h"
#include "store/sqlite/applier.h"

namespace sinew::store::sqlite {

/// What an earlier process left among the arrivals.
struct Replayed {
  std::vector<std::string> files;   ///< all of them; nothing in them is needed any more
  std::uint64_t last_sequence = 0;  ///< of them
  std::size_t entries = 0;          ///< that the database lacked
};

/// Brings into the database what it lacks of the arrivals, and to disk. Everything acknowledged is
/// in one of the two: a file goes when the database holds all of it on disk.
///
/// `prefix`    of the paths of the files.
/// `log_path`  the database's write-ahead log.
/// Fails `conflict` when a file belongs to another store: it may hold the only copy of something.
[[nodiscard]] Result<Replayed> replay_arrivals(Connection& connection, Applier& applier,
                                               arrivals::Disk& disk, std::string const& prefix,
                                               std::uint64_t store, std::string const& log_path);

}  // namespace sinew::store::sqlite
