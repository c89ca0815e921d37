#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/time.h"
#include "store/sqlite/applier.h"
#include "store/sqlite/work.h"

namespace sinew::store::sqlite {

/// The one thread that writes. It takes all work that waits, runs it in one database transaction,
/// commits once (one fsync for all), and answers every caller.
class Writer {
 public:
  Writer(Connection connection, Catalogue const& catalogue, LiveCache& cache, Clock& clock,
         StoreOptions const& options, FindMatches find);
  /// Finishes the work that was queued, then stops the thread.
  ~Writer();

  /// Reads the counters and starts the thread.
  Result<> start();
  void submit(Work work);
  [[nodiscard]] StoreCounters counters() const;

 private:
  using Group = std::vector<Work>;

  void run();
  [[nodiscard]] Group take_group();
  void commit_group(Group& group);
  /// False: the group was rolled back; `reason` is set.
  [[nodiscard]] bool try_group(std::span<Work> group, Error& reason);
  Result<> perform(std::span<Work> group);
  void answer(Group& group);
  void checkpoint_if_due();

  Connection connection_;
  LiveCache& cache_;
  Clock& clock_;
  std::uint32_t const group_wait_ms_max_;
  Applier applier_;

  std::mutex mutex_;
  std::condition_variable wake_;
  Group queue_;
  bool stopping_ = false;
  bool sleeping_ = false;
  std::size_t last_group_size_ = 0;
  int log_pages_ = 0;
  int checkpoint_at_pages_;

  std::atomic<std::uint64_t> commits_{0}, entries_{0}, transactions_{0}, versions_{0},
      unchanged_{0};
  std::thread thread_;
};

}  // namespace sinew::store::sqlite
