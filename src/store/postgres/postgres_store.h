#pragma once

#include <memory>
#include <optional>
#include <string>

#include "store/live_cache.h"
#include "store/postgres/membership.h"
#include "store/postgres/pool.h"
#include "store/postgres/writer.h"
#include "store/sqlite/catalogue.h"
#include "store/store.h"

namespace sinew::store::postgres {

/// The store in a PostgreSQL database, which several processes may share. What a resource is to
/// become is worked out here, as for the embedded store; the search runs the same code over the
/// same tables.
class PostgresStore final : public Store {
 public:
  /// `options.path`  a connection URI.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(StoreOptions const& options,
                                                           Clock& clock);
  ~PostgresStore() override;

  void append(JournalEntry entry, Appended done) override;
  void apply(Transaction transaction, Applied done) override;
  [[nodiscard]] Result<JournalRecord> journal_record(JournalId id) override;
  [[nodiscard]] Result<std::vector<JournalRecord>> unfinished(JournalId after,
                                                              std::size_t count_max) override;
  [[nodiscard]] Result<JournalPage> journal_page(JournalQuery const& query) override;
  [[nodiscard]] Result<JournalId> find_duplicate(JournalEntry const& entry,
                                                 JournalId before) override;
  [[nodiscard]] Result<std::vector<OutboxItem>> outbox(std::uint64_t after,
                                                       std::size_t count_max) override;
  [[nodiscard]] Result<Resource> read(std::string_view type, std::string_view id) override;
  [[nodiscard]] Result<Resource> read_version(std::string_view type, std::string_view id,
                                              std::uint64_t version) override;
  [[nodiscard]] Result<Resource> read_as_of(std::string_view type, std::string_view id,
                                            Instant instant) override;
  [[nodiscard]] Result<std::vector<Resource>> history(std::string_view type,
                                                      std::string_view id) override;
  [[nodiscard]] Result<HistoryPage> history_page(HistoryQuery const& query) override;
  [[nodiscard]] Result<SearchPage> search(Query const& query) override;
  [[nodiscard]] Result<std::vector<std::pair<std::string, std::uint64_t>>> counts() override;
  [[nodiscard]] StoreCounters counters() const override;
  [[nodiscard]] Result<std::uint64_t> purge(std::vector<Purge> const& items) override;
  [[nodiscard]] Result<std::vector<ValueInUse>> values_in_use(std::string_view type,
                                                              std::string_view parameter,
                                                              std::size_t count_max) override;
  [[nodiscard]] Result<std::string> signature(std::string_view text) override;
  void when_abandoned(std::function<void()> found) override {
    if (membership_) membership_->when_abandoned(std::move(found));
  }

 private:
  PostgresStore(std::string const& target, Catalogue catalogue, Clock& clock)
      : catalogue_(std::move(catalogue)), pool_(target), clock_(clock) {}

  Catalogue catalogue_;
  Pool pool_;
  LiveCache cache_;
  Clock& clock_;
  // Null: read only.
  std::unique_ptr<Membership> membership_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace sinew::store::postgres
