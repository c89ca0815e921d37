#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.h"
#include "store/live_cache.h"
#include "store/sqlite/index_batch.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/work.h"

namespace sinew::store::sqlite {

/// Up to two live resources that a search finds, as rids.
using FindMatches = std::function<Result<std::vector<std::int64_t>>(
    Connection&, std::string_view type, std::string const& query)>;

/// Turns work into rows, inside the database transaction of the commit group. One thread.
class Applier final : private TargetNumbers {
 public:
  Applier(Connection& connection, Catalogue const& catalogue, LiveCache& cache, FindMatches find,
          std::size_t young_rows_max)
      : connection_(connection),
        catalogue_(catalogue),
        cache_(cache),
        find_(std::move(find)),
        young_(young_rows_max),
        index_(connection, catalogue, *this, young_) {}

  /// Reads where the counters stand. Before the first group, and after a rollback.
  Result<> load_counters();

  /// Writes entries that wait to be applied; one that is there stays. An error is the database's.
  Result<> file(std::vector<JournalRow> const& rows);

  /// Validates all changes, then writes them all. An error while `is_broken` is false is the
  /// transaction's own and left no trace; otherwise the group has to be rolled back.
  [[nodiscard]] Result<std::vector<Outcome>> apply(ApplyWork const& work, Instant now);

  /// Takes versions away for good; returns how many. Errors as of `apply`.
  [[nodiscard]] Result<std::uint64_t> purge(std::vector<Purge> const& items, Instant now);

  /// Writes what is collected over a group. To be called before COMMIT.
  Result<> finish_group();

  // For tasks of the writer, inside a group.
  [[nodiscard]] Connection& connection() { return connection_; }
  [[nodiscard]] Catalogue const& catalogue() const { return catalogue_; }
  [[nodiscard]] IndexBatch& index() { return index_; }
  /// What the end of the group adds to the count of a type.
  [[nodiscard]] std::int64_t tally_to_come(TypeKey type) const {
    auto const found = tallies_.find(type);
    return found == tallies_.end() ? 0 : found->second;
  }

  [[nodiscard]] bool is_broken() const { return broken_; }
  [[nodiscard]] std::uint64_t versions_written() const { return versions_; }
  [[nodiscard]] std::uint64_t unchanged() const { return unchanged_; }

 private:
  enum class CauseState : std::uint8_t { none, pending, finished };
  /// A change that was validated.
  struct Staged {
    std::string const* key = nullptr;
    TypeKey type = 0;
    Change const* change = nullptr;
    Prepared const* prepared = nullptr;
    Live before, after;
  };

  // The parts of purge.
  [[nodiscard]] Result<std::uint64_t> purge_one(Purge const& item);
  [[nodiscard]] Result<std::uint64_t> purge_history(std::int64_t rid, std::uint64_t version);
  Result<> purge_current(Purge const& item, Live const& live);
  Result<> forget_log(std::int64_t rid, std::int64_t version, std::int64_t updated);

  // The parts of apply, in their order.
  [[nodiscard]] Result<CauseState> state_of_cause(ApplyWork const& work);
  /// False: it was there.
  [[nodiscard]] Result<bool> insert_entry(JournalRow const& row);
  [[nodiscard]] Result<std::vector<Outcome>> outcomes_of_finished(ApplyWork const& work);
  [[nodiscard]] Result<std::vector<Outcome>> apply_changes(ApplyWork const& work);
  [[nodiscard]] Result<std::vector<Outcome>> apply_conditional(ApplyWork const& work);
  [[nodiscard]] Result<std::optional<Outcome>> existing_match(Change const& change);
  [[nodiscard]] Result<Staged> stage(Change const& change, PreparedChange const& item);
  void advance(Staged& staged);
  Result<> write(Staged& staged, JournalId cause);
  Result<> write_version(Staged const& staged, JournalId cause);
  Result<> write_index(Staged const& staged);
  Result<> mark_cause(ApplyWork const& work);
  Result<> write_outbox(Transaction const& transaction);
  void remember_overlay();

  [[nodiscard]] Result<Live> live_of(std::string_view key, std::string_view type,
                                     std::string_view id);
  [[nodiscard]] Result<std::int64_t> number_of(std::string_view reference) override;
  [[nodiscard]] Result<std::int64_t> program_number(std::string const& digest);
  /// Marks the group as broken when `result` is an error.
  template <class T>
  [[nodiscard]] Result<T> or_break(Result<T> result) {
    if (!result) broken_ = true;
    return result;
  }

  Connection& connection_;
  Catalogue const& catalogue_;
  LiveCache& cache_;
  FindMatches find_;
  YoungTables young_;
  IndexBatch index_;

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  std::unordered_map<std::string, Live, Hash, std::equal_to<>> overlay_;  ///< of one transaction
  std::vector<Prepared> reprepared_;
  std::unordered_map<std::string, std::int64_t> programs_;
  std::unordered_map<TypeKey, std::int64_t> tallies_;  ///< change of the live counts, per group
  bool broken_ = false;
  Instant now_{};
  std::int64_t last_resource_ = 0, last_version_ = 0;
  std::int64_t last_updated_ = 0;
  std::uint64_t versions_ = 0, unchanged_ = 0;
};

}  // namespace sinew::store::sqlite
