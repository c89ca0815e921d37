#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "store/index_row.h"
#include "store/sqlite/catalogue.h"
#include "store/sqlite/young.h"

namespace sinew::store::sqlite {

/// Gives references their target's number, allocating one on first mention.
class TargetNumbers {
 public:
  virtual ~TargetNumbers() = default;
  [[nodiscard]] virtual Result<std::int64_t> number_of(std::string_view reference) = 0;
};

/// The index changes of a commit group. They are written together, in the order of their keys, so
/// that each page of a tree is visited once. Owned by the writer's thread.
class IndexBatch {
 public:
  IndexBatch(Connection& connection, Catalogue const& catalogue, TargetNumbers& targets,
             YoungTables& young)
      : connection_(connection), catalogue_(catalogue), targets_(targets), young_(young) {}

  Result<> add(TypeKey type, std::int64_t rid, std::vector<IndexRow> const& rows) {
    return put(type, rid, rows, true);
  }
  Result<> drop(TypeKey type, std::int64_t rid, std::vector<IndexRow> const& rows) {
    return put(type, rid, rows, false);
  }
  void add_live(TypeKey type, std::int64_t rid) {
    live_.push_back({{type, rid}, true, ++sequence_});
  }
  void drop_live(TypeKey type, std::int64_t rid) {
    live_.push_back({{type, rid}, false, ++sequence_});
  }

  /// A version, in the order of commit.
  void add_version(std::int64_t vsn, TypeKey type, std::int64_t rid, std::uint64_t version,
                   std::int64_t updated) {
    versions_.emplace_back(vsn, type, rid, static_cast<std::int64_t>(version), updated);
  }
  /// The name of a resource, by its hash. Found by SQL only after `flush` or `flush_names`.
  void add_name(std::int64_t hash, std::int64_t rid) { names_.emplace_back(hash, rid); }
  void add_duplicate_key(std::int64_t hash, std::uint64_t journal_id) {
    duplicates_.emplace_back(hash, static_cast<std::int64_t>(journal_id));
  }

  /// Writes everything put since the last flush.
  Result<> flush();
  Result<> flush_names();
  /// Forgets what was not flushed, and every number that a rollback may have taken back.
  void reset();

 private:
  template <class Key>
  struct Row {
    Key key;
    bool adds;
    std::uint32_t sequence;
    bool operator<(Row const& other) const {
      return std::tie(key, sequence) < std::tie(other.key, other.sequence);
    }
  };
  using Pair = std::tuple<std::int64_t, std::int64_t>;
  using Triple = std::tuple<std::int64_t, std::int64_t, std::int64_t>;
  using Quad = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
  using Quint = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
  using TextKey = std::tuple<std::int64_t, std::string, std::int64_t>;
  using NumberKey = std::tuple<std::int64_t, double, std::int64_t>;
  using QuantityKey = std::tuple<std::int64_t, double, std::int64_t, std::int64_t>;

  Result<> put(TypeKey type, std::int64_t rid, std::vector<IndexRow> const& rows, bool adds);
  Result<> put_row(PathKey path, std::int64_t rid, IndexRow const& row, bool adds);
  [[nodiscard]] Result<std::int64_t> value_number(PathKey path, std::string const& joined);
  /// The statements of one table. `insert` reads the table `fresh`; `remove_old` is null where
  /// there is one tree only.
  struct Statements {
    char const *insert, *remove, *remove_old;
  };
  template <class Key>
  Result<std::size_t> flush_table(std::vector<Row<Key>>& rows, Statements const& sql);
  template <class Key>
  Result<> insert_all(std::vector<Key>& keys, char const* sql);
  template <class Key>
  Result<> flush_young(std::vector<Row<Key>>& rows, Young table, Statements const& sql);

  Connection& connection_;
  Catalogue const& catalogue_;
  TargetNumbers& targets_;
  YoungTables& young_;
  std::uint32_t sequence_ = 0;
  std::vector<Row<Pair>> live_, tokens_;
  std::vector<Row<Triple>> hashed_, references_;
  std::vector<Row<Quad>> dates_;
  std::vector<Row<TextKey>> strings_, uris_;
  std::vector<Row<QuantityKey>> quantities_;
  std::vector<Row<NumberKey>> numbers_;
  std::vector<Quint> versions_;
  std::vector<Pair> names_, duplicates_;

  static constexpr std::size_t kValueBytesMax = std::size_t{16} << 20;
  struct Value {
    PathKey path;
    std::string joined;
    std::int64_t number;
  };
  std::unordered_map<std::uint64_t, Value> values_;  ///< by the hash of path and token
  std::size_t value_bytes_ = 0;                      ///< of `values_`, about
  std::int64_t last_value_ = 0;                      ///< 0: to be read
};

/// Dates are kept in two classes, so that a search bounded on one side need not pass all periods:
/// those that last up to kShortPeriodMs under `path * 2`, longer ones under `path * 2 + 1`.
inline constexpr std::int64_t kShortPeriodMs = std::int64_t{32} * 24 * 3600 * 1000;
[[nodiscard]] constexpr bool is_long_period(std::int64_t low, std::int64_t high) {
  return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) >
         static_cast<std::uint64_t>(kShortPeriodMs);
}

}  // namespace sinew::store::sqlite
