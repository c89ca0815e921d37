#pragma once

#include <functional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "store/index_row.h"
#include "store/sqlite/applier.h"
#include "store/sqlite/writer.h"

namespace sinew::store::sqlite {

/// Compares every table with what the resources say, within a snapshot for each group of tables
/// that belong together, so that nobody waits for it and nobody's writes disturb it. Memory does
/// not grow with the store. What differs is mended by the writer, in small pieces, each of which
/// looks again whether it still is so.
class Verifier {
 public:
  /// `writer`  null: nothing is mended.
  Verifier(Connection& connection, Catalogue const& catalogue, VerifyOptions const& options,
           Writer* writer)
      : connection_(connection), catalogue_(catalogue), options_(options), writer_(writer) {}

  [[nodiscard]] Result<VerifyReport> run();

  /// A row of an index table, as its columns stand; those that a table has not are empty.
  struct Row {
    std::string_view table;
    std::int64_t a = 0, b = 0, c = 0;
    double number = 0;
    std::string text;
    auto operator<=>(Row const&) const = default;
  };

 private:
  using Mend = std::function<Result<>(Applier&)>;

  // verify_index.cpp
  Result<> check_resources();
  Result<> check_resource(TypeKey type, std::int64_t rid, std::string_view packed);
  Result<> check_index_tables();
  Result<> check_rows_of(std::size_t table);
  Result<> check_row(Row const& row, std::int64_t rid, bool is_twice);
  [[nodiscard]] Result<std::set<Row> const*> wanted_of(std::int64_t rid);
  // verify_marks.cpp
  Result<> check_file();
  Result<> check_live();
  Result<> check_names();
  Result<> check_tally();
  Result<> check_journal();
  Result<> renew_snapshot();
  // verify_log.cpp
  Result<> check_log();
  Result<> check_logged_versions();
  Result<> check_versions_of(std::vector<bool> const& buckets);
  Result<> version_not_logged(std::int64_t rid, std::int64_t version, std::int64_t updated);
  // verify_duplicates.cpp
  Result<> check_duplicates();
  Result<> check_entries(std::uint64_t& readable, bool& is_all_readable);
  Result<> check_duplicate_rows();

  /// Counts a fault, and mends it where that is wanted and can be done.
  Result<> found(std::string_view table, std::int64_t rid, std::string what, Mend const& mend);
  [[nodiscard]] Result<std::string> shown(std::int64_t rid);
  void progress(std::string_view step, std::uint64_t done, std::uint64_t total) const {
    if (options_.progress) options_.progress({step, done, total});
  }

  Connection& connection_;
  Catalogue const& catalogue_;
  VerifyOptions const& options_;
  Writer* writer_;
  VerifyReport report_;
  std::vector<std::uint64_t> expected_;  ///< rows that each index table should have
  std::vector<std::uint64_t> missing_;   ///< of those
  std::set<std::int64_t> unreadable_;    ///< resources whose rows cannot be told
  std::unordered_map<std::int64_t, std::set<Row>> wanted_;  ///< of resources looked at last
};

/// The rows of a resource as the tables have them. Those whose value or target has no number yet
/// are left out.
[[nodiscard]] Result<std::set<Verifier::Row>> table_rows(Connection& connection,
                                                         Catalogue const& catalogue, TypeKey type,
                                                         std::int64_t rid,
                                                         std::vector<IndexRow> const& rows);

/// The rows that a resource should have; none where it is deleted.
[[nodiscard]] Result<std::vector<IndexRow>> rows_that_should_be(Connection& connection,
                                                                std::int64_t rid, TypeKey& type);

}  // namespace sinew::store::sqlite
