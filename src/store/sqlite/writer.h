#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/time.h"
#include "store/sqlite/applier.h"
#include "store/sqlite/checkpoint.h"
#include "store/sqlite/log_sync.h"
#include "store/sqlite/work.h"

namespace sinew::store::sqlite {

/// The one thread that writes. It takes all work that waits, runs it in one database transaction,
/// commits once and answers. Transactions that a message caused are answered then: the journal has
/// the message, should the commit be lost. All others are answered once the commit is on disk.
class Writer {
 public:
  /// What entries the commit of that number holds. On the writer's thread, before the answers.
  using Filed = std::function<void(std::span<JournalId const>, std::uint64_t commit)>;

  /// `path`  of the database that `connection` writes.
  Writer(Connection connection, std::string path, Catalogue const& catalogue, LiveCache& cache,
         Clock& clock, StoreOptions const& options, FindMatches find, LogSync& log_sync,
         Filed filed);
  ~Writer() { stop(); }

  /// Reads the counters and starts the thread.
  Result<> start();
  /// Finishes the work that was queued, then stops the thread.
  void stop();
  void submit(Work work);
  /// A piece of other work, waiting until it is committed. Not from a callback of the writer.
  Result<> perform_and_wait(std::function<Result<>(Applier&)> work);
  /// Without the entries of the journal, which are not counted here.
  [[nodiscard]] StoreCounters counters() const;
  /// Grows with every purge. After one a version may carry a number that stood for another body:
  /// what was prepared before it is prepared again.
  [[nodiscard]] std::uint64_t purges() const { return purges_; }

 private:
  using Group = std::vector<Work>;
  using Time = std::chrono::steady_clock;
  static constexpr std::size_t kNoWaking = static_cast<std::size_t>(-1);

  void run();
  [[nodiscard]] bool wait_for_work();
  [[nodiscard]] Group take_queue();
  [[nodiscard]] bool wait_for_company(std::size_t size, Time::time_point deadline);
  Result<> gather(Group& group);
  void commit_group(Group& group);
  /// False: the group was rolled back; `reason` is set.
  [[nodiscard]] bool try_alone(Work& work, Error& reason);
  [[nodiscard]] bool finish(Result<> performed, std::span<Work> group, Error& reason);
  Result<> perform(std::span<Work> group);
  void report(std::span<Work> group);
  void answer(Group& group);

  Connection connection_;
  LiveCache& cache_;
  Clock& clock_;
  std::chrono::milliseconds const group_wait_max_;
  Applier applier_;
  LogSync& log_sync_;
  Filed filed_;

  std::mutex mutex_;
  std::condition_variable wake_;
  Group queue_;
  bool stopping_ = false;
  bool is_hurried_ = false;           ///< somebody waits for work in the queue or the group
  std::size_t wake_at_ = kNoWaking;   ///< length of the queue at which the thread wants to know
  std::vector<JournalId> filed_ids_;  ///< of one group
  int log_pages_ = 0;
  Checkpointer checkpointer_;

  std::atomic<std::uint64_t> commits_{0}, transactions_{0}, versions_{0}, unchanged_{0}, purges_{0};
  std::thread thread_;
};

}  // namespace sinew::store::sqlite
