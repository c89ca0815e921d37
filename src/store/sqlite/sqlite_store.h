#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/arrivals/arrivals.h"
#include "store/journal_care.h"
#include "store/live_cache.h"
#include "store/sqlite/catalogue.h"
#include "store/sqlite/follower.h"
#include "store/sqlite/indexer.h"
#include "store/sqlite/readers.h"
#include "store/sqlite/writer.h"
#include "store/store.h"

namespace sinew::store::sqlite {

/// The exclusive right to write a store file, and the folder of a store that lives in memory.
class Place {
 public:
  /// Fails `unavailable` when another process writes the same store.
  [[nodiscard]] static Result<std::unique_ptr<Place>> take(StoreOptions const& options);
  ~Place();
  [[nodiscard]] std::string const& path() const { return path_; }

 private:
  Place() = default;
  std::string path_;
  std::string folder_;  ///< of a store in memory: removed at the end
  int lock_ = -1;
};

/// The embedded store: one file, one writing thread, several readers, and beside it the arrivals.
class SqliteStore final : public Store {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(StoreOptions const& options,
                                                           Clock& clock);
  ~SqliteStore() override;

  void append(JournalEntry entry, Appended done) override;
  void apply(Transaction transaction, Applied done) override;
  [[nodiscard]] Result<JournalRecord> journal_record(JournalId id) override;
  [[nodiscard]] Result<JournalPage> journal_page(JournalQuery const& query) override;
  [[nodiscard]] Result<std::vector<JournalRecord>> unfinished(JournalId after,
                                                              std::size_t count_max) override;
  [[nodiscard]] Result<JournalId> find_duplicate(JournalEntry const& entry,
                                                 JournalId before) override;
  [[nodiscard]] Result<std::vector<OutboxItem>> outbox(std::uint64_t after,
                                                       std::size_t count_max) override;
  [[nodiscard]] Result<Resource> read(std::string_view type, std::string_view id) override;
  [[nodiscard]] Result<Resource> read_version(std::string_view type, std::string_view id,
                                              std::uint64_t version) override;
  [[nodiscard]] Result<std::vector<Resource>> history(std::string_view type,
                                                      std::string_view id) override;
  [[nodiscard]] Result<HistoryPage> history_page(HistoryQuery const& query) override;
  [[nodiscard]] Result<SearchPage> search(Query const& query) override;
  [[nodiscard]] Result<std::vector<std::pair<std::string, std::uint64_t>>> counts() override;
  [[nodiscard]] StoreCounters counters() const override;
  [[nodiscard]] Result<Resource> read_as_of(std::string_view type, std::string_view id,
                                            Instant instant) override;
  [[nodiscard]] Result<std::uint64_t> purge(std::vector<Purge> const& items) override;
  [[nodiscard]] Result<std::vector<ValueInUse>> values_in_use(std::string_view type,
                                                              std::string_view parameter,
                                                              std::size_t count_max) override;
  [[nodiscard]] Result<std::string> signature(std::string_view text) override;
  [[nodiscard]] Result<std::vector<std::string>> add_search_parameters(
      std::vector<std::string> const& resources) override;
  [[nodiscard]] std::shared_ptr<fhir::SearchTables const> search_tables() const override;
  [[nodiscard]] Result<std::vector<std::uint64_t>> reindex(std::string_view type) override;
  [[nodiscard]] Result<std::vector<IndexJob>> index_jobs() override;
  [[nodiscard]] Result<VerifyReport> verify(VerifyOptions const& options) override;
  [[nodiscard]] JournalCare* journal_care() override;

 private:
  SqliteStore(std::unique_ptr<Place> place, Catalogue catalogue, Clock& clock)
      : place_(std::move(place)),
        catalogue_(std::move(catalogue)),
        readers_(place_->path()),
        clock_(clock) {}
  class Preparing;
  Result<> start_writing(Connection connection, StoreOptions const& options);
  Result<> read_unready(Connection& connection);
  [[nodiscard]] Applied when_in_force(Applied done);
  [[nodiscard]] Result<std::optional<JournalRow>> row_of_cause(JournalId cause);
  [[nodiscard]] Result<std::vector<JournalRecord>> some_unfinished(JournalId& after,
                                                                   std::size_t count_max);

  std::unique_ptr<Place> place_;
  Catalogue catalogue_;
  Readers readers_;
  LiveCache cache_;
  Clock& clock_;
  // Null: read only. In the order in which they need each other.
  std::unique_ptr<arrivals::Arrivals> arrivals_;
  std::unique_ptr<LogSync> log_sync_;
  std::unique_ptr<Writer> writer_;
  std::unique_ptr<Follower> follower_;
  std::unique_ptr<Indexer> indexer_;
  std::unique_ptr<JournalCare> journal_care_;
};

}  // namespace sinew::store::sqlite
