#include "store/sqlite/replay.h"

#include <algorithm>

#include "base/log.h"
#include "store/sqlite/follower.h"

namespace sinew::store::sqlite {
namespace {

using arrivals::Arrival;

/// Files what the database lacks of one file.
Result<> replay_file(Connection& connection, Applier& applier, std::string_view bytes,
                     std::uint64_t store, std::string const& path, Replayed& replayed) {
  auto const name = arrivals::read_name(bytes);
  // Never begun, or its first block was being written: nothing in it was acknowledged.
  if (!name && name.error().code == ErrorCode::not_found) return {};
  if (!name) return fail(name.error().code, name.error().what, path);
  if (name->store != store)
    return fail(ErrorCode::conflict, "the journal file of another store lies beside this one",
                path);
  auto const content = TRY(arrivals::read_segment(bytes, [&](Arrival arrival) -> Result<> {
    auto const known = TRY(connection.integer(
        0, "SELECT id FROM journal WHERE id=?1 UNION ALL SELECT id FROM forgotten WHERE id=?1",
        arrival.id));
    if (known != 0) return {};
    ++replayed.entries;
    return applier.file({row_of(std::move(arrival))});
  }));
  replayed.last_sequence = std::max(replayed.last_sequence, content.name.sequence);
  if (content.groups_after_damage > 0)
    log(Level::error, "journal file damaged, acknowledged messages are lost",
        {{"file", path}, {"gaps", content.groups_after_damage}});
  return {};
}

Result<> replay_files(Connection& connection, Applier& applier, arrivals::Disk& disk,
                      std::uint64_t store, Replayed& replayed) {
  for (auto const& path : replayed.files) {
    auto const file = TRY(disk.open(path));
    auto const bytes = TRY(file->read(0, TRY(file->size())));
    TRY(replay_file(connection, applier, bytes, store, path, replayed));
  }
  return {};
}

}  // namespace

Result<Replayed> replay_arrivals(Connection& connection, Applier& applier, arrivals::Disk& disk,
                                 std::string const& prefix, std::uint64_t store,
                                 std::string const& log_path) {
  Replayed replayed;
  replayed.files = TRY(disk.list(prefix));
  if (replayed.files.empty()) return replayed;
  TRY(connection.run("BEGIN IMMEDIATE"));
  auto filed = replay_files(connection, applier, disk, store, replayed);
  if (filed) filed = applier.finish_group();
  if (!filed) {
    (void)connection.run("ROLLBACK");
    return std::move(filed).failure();
  }
  TRY(connection.run("COMMIT"));
  // Also where nothing was lacking: what is in the database may be so in memory only.
  auto const log_file = TRY(disk.open(log_path));
  TRY(log_file->sync());
  return replayed;
}

}  // namespace sinew::store::sqlite
