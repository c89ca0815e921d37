#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "store/store.h"

namespace sinew::engine {

/// A store whose journal and resources are in memory and whose disk fails on demand. It answers
/// from a thread of its own, in order, as the real one does.
class FakeStore final : public store::Store {
 public:
  FakeStore() : writer_([this] { work(); }) {}
  ~FakeStore() override;

  void append(store::JournalEntry entry, Appended done) override;
  void apply(store::Transaction transaction, Applied done) override;
  [[nodiscard]] Result<store::JournalRecord> journal_record(store::JournalId id) override;
  [[nodiscard]] Result<std::vector<store::JournalRecord>> unfinished(
      store::JournalId after, std::size_t count_max) override;
  [[nodiscard]] Result<store::JournalId> find_duplicate(store::JournalEntry const& entry,
                                                        store::JournalId before) override;
  [[nodiscard]] Result<std::vector<store::OutboxItem>> outbox(std::uint64_t, std::size_t) override {
    return std::vector<store::OutboxItem>();
  }
  [[nodiscard]] Result<store::Resource> read(std::string_view, std::string_view) override {
    return nothing();
  }
  [[nodiscard]] Result<store::Resource> read_version(std::string_view, std::string_view,
                                                     std::uint64_t) override {
    return nothing();
  }
  [[nodiscard]] Result<std::vector<store::Resource>> history(std::string_view,
                                                             std::string_view) override {
    return nothing();
  }
  [[nodiscard]] Result<store::SearchPage> search(store::Query const&) override { return nothing(); }
  [[nodiscard]] Result<std::vector<std::pair<std::string, std::uint64_t>>> counts() override {
    return nothing();
  }
  [[nodiscard]] store::StoreCounters counters() const override { return {}; }

  /// While true every write fails `unavailable`.
  std::atomic<bool> disk_full = false;
  /// While true writes wait.
  void hold(bool held);
  /// Entries that were applied, marked or failed, in that order.
  [[nodiscard]] std::vector<store::Transaction> applied();
  [[nodiscard]] std::size_t journal_size();

 private:
  static Failure nothing() { return fail(ErrorCode::not_found, "not kept here"); }
  void work();
  void submit(std::function<void()> job);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<store::JournalId, store::JournalRecord> journal_;
  std::vector<store::Transaction> applied_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  bool held_ = false;
  std::thread writer_;
};

}  // namespace sinew::engine
