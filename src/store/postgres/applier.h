#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/time.h"
#include "store/live_cache.h"
#include "store/postgres/session.h"
#include "store/postgres/work.h"
#include "store/postgres/write_set.h"
#include "store/sqlite/catalogue.h"

namespace sinew::store::postgres {

using sqlite::Catalogue;

/// Up to two live resources that a search finds, as rids, in the transaction under way.
using FindMatches = std::function<Result<std::vector<std::int64_t>>(std::string_view type,
                                                                    std::string const& query)>;

/// Turns work into rows within one database transaction, which holds the one row that orders the
/// commits of all processes: what it reads stays as it is until it has committed. One thread.
class Applier {
 public:
  Applier(Catalogue const& catalogue, LiveCache& cache, std::int64_t owner, FindMatches find)
      : catalogue_(catalogue), cache_(cache), owner_(owner), find_(std::move(find)) {}

  /// The connection from now on, and what a search runs on over it.
  void use(Session& session, sqlite::Connection& searching) {
    session_ = &session;
    searching_ = &searching;
  }
  /// There is none for now.
  void forget_session() {
    session_ = nullptr;
    searching_ = nullptr;
  }

  /// Begins a transaction and waits for its turn; learns what other processes have changed.
  Result<> begin();
  /// Reads what the group names, with one statement for each kind of thing.
  Result<> load(std::span<Work> group);
  /// Takes an entry into the journal.
  void append(AppendWork& work);
  /// Validates all changes, then writes them all. An error while `is_broken` is false is the
  /// transaction's own and left no trace; otherwise the group has to be rolled back.
  [[nodiscard]] Result<std::vector<Outcome>> apply(ApplyWork& work, Instant now);
  /// Takes versions away for good (purge.cpp). Errors as those of `apply`.
  [[nodiscard]] Result<std::uint64_t> purge(std::vector<Purge> const& items, Instant now);
  /// Sends what is collected when it is many bytes.
  Result<> flush_if_large();
  Result<> commit();
  /// A new group: nothing of it has been committed.
  void forget_commit() { is_commit_sent_ = false; }
  /// Told, over a new connection, how many groups of this process the database has seen committed.
  /// True: the one whose answer was lost is among them.
  [[nodiscard]] bool settle_commit(std::int64_t commits);
  /// Takes the transaction back, and everything that was learned within.
  void roll_back();

  [[nodiscard]] bool is_broken() const { return broken_; }
  /// Grows with every purge, of whatever process. After one a version may carry a number that
  /// stood for another body: what was prepared before is to be prepared again.
  [[nodiscard]] std::uint64_t purges() const { return purges_; }
  [[nodiscard]] std::uint64_t versions_written() const { return versions_; }
  [[nodiscard]] std::uint64_t unchanged() const { return unchanged_; }

 private:
  /// The row of `commit_order`.
  struct Order {
    std::int64_t commits = 0, resource = 0, version = 0, value = 0, updated = 0, journal = 0,
                 outbox = 0, program = 0;
  };
  struct Staged {
    std::string const* key = nullptr;
    TypeKey type = 0;
    Change const* change = nullptr;
    Prepared* prepared = nullptr;
    Live before, after;
  };
  /// Index rows whose keys are not resolved yet.
  struct IndexChange {
    TypeKey type = 0;
    std::int64_t rid = 0;
    bool adds = true;
    std::vector<IndexRow> rows;
  };
  enum class CauseState : std::uint8_t { none, pending, finished };

  void committed();
  Result<> learn(std::int64_t from, std::int64_t to);
  Result<> load_states(std::vector<std::string> keys);
  Result<> load_causes(std::vector<JournalId> const& causes);

  [[nodiscard]] CauseState state_of_cause(ApplyWork const& work) const;
  [[nodiscard]] Result<std::vector<Outcome>> outcomes_of_finished(ApplyWork const& work);
  [[nodiscard]] Result<std::vector<Outcome>> apply_changes(ApplyWork& work);
  [[nodiscard]] Result<std::vector<Outcome>> apply_conditional(ApplyWork& work);
  [[nodiscard]] Result<std::vector<Outcome>> write_one_by_one(ApplyWork& work);
  [[nodiscard]] Result<std::optional<Outcome>> existing_match(Change const& change);
  [[nodiscard]] Result<Staged> stage(Change const& change, PreparedChange& item);
  [[nodiscard]] Result<SharedText> body_of(Live const& live);
  void advance(Staged& staged);
  void write(Staged& staged, JournalId cause);
  void write_version(Staged& staged, JournalId cause);
  Result<> mark_cause(Transaction const& transaction);
  void write_outbox(Transaction const& transaction);
  void remember_overlay();
  [[nodiscard]] Result<Live> live_of(std::string const& key);
  [[nodiscard]] Result<std::int64_t> program_number(std::string const& digest);

  // The parts of purge.
  [[nodiscard]] Result<std::uint64_t> purge_one(Purge const& item);
  [[nodiscard]] Result<std::uint64_t> purge_history(std::int64_t rid, std::uint64_t version);
  Result<> purge_current(Purge const& item, Live const& live);
  Result<> forget_log(std::int64_t rid, std::int64_t version, std::int64_t updated);

  // Numbers of what index rows name (numbers.cpp).
  Result<> flush();
  Result<> resolve_targets();
  Result<> resolve_values();
  void put_index_row(IndexChange const& change, IndexRow const& row);
  [[nodiscard]] std::int64_t number_of(std::string const& reference);
  [[nodiscard]] std::optional<std::int64_t> known_value(PathKey path,
                                                        std::string const& joined) const;
  void remember_value(PathKey path, std::string const& joined, std::int64_t number);

  /// Marks the group as broken when `result` is an error.
  template <class T>
  [[nodiscard]] Result<T> or_break(Result<T> result) {
    if (!result) broken_ = true;
    return result;
  }

  Catalogue const& catalogue_;
  LiveCache& cache_;
  std::int64_t const owner_;
  FindMatches find_;
  Session* session_ = nullptr;
  sqlite::Connection* searching_ = nullptr;

  Order order_;
  std::int64_t seen_commits_ = -1, seen_version_ = 0;  ///< -1: nothing is known yet
  std::int64_t commits_ = 0;  ///< groups of this process, as the table `process` counts them
  bool is_commit_sent_ = false;
  bool broken_ = false;
  Instant now_{};
  WriteSet rows_;
  std::vector<IndexChange> index_;
  /// The states of all that the group has named, as they are within its transaction.
  std::unordered_map<std::string, Live> group_;
  std::unordered_map<JournalId, bool> causes_;     ///< true: pending, and ours
  std::unordered_map<std::string, Live> overlay_;  ///< of one transaction
  std::vector<Prepared> reprepared_;
  std::unordered_map<std::string, std::int64_t> programs_;

  struct ValueKey {
    PathKey path;
    std::string_view joined;
    bool operator==(ValueKey const&) const = default;
  };
  struct HashOfValue {
    std::size_t operator()(ValueKey const& key) const {
      return hash64(key.joined, static_cast<std::uint64_t>(key.path));
    }
  };
  struct Value {
    std::unique_ptr<std::string> joined;  ///< what the key looks at
    std::int64_t number;
  };
  std::unordered_map<ValueKey, Value, HashOfValue> values_;
  std::size_t value_bytes_ = 0;  ///< of `values_`, about
  std::uint64_t versions_ = 0, unchanged_ = 0;
  std::atomic<std::uint64_t> purges_{0};
};

}  // namespace sinew::store::postgres
