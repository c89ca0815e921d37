#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/time.h"
#include "store/postgres/applier.h"
#include "store/postgres/foreign.h"
#include "store/postgres/session.h"
#include "store/postgres/work.h"

namespace sinew::store::postgres {

/// The one thread of this process that writes. It takes all work that waits, runs it in one
/// transaction, commits once, and answers: what is answered is on disk. Several processes take
/// turns, a commit each.
class Writer {
 public:
  /// `owner`  this process, as the table `process` has it.
  Writer(std::string target, std::unique_ptr<Session> session, Catalogue const& catalogue,
         LiveCache& cache, Clock& clock, StoreOptions const& options, std::int64_t owner);
  ~Writer() { stop(); }

  void start();
  /// Finishes the work that was queued, then stops the thread.
  void stop();
  void submit(Work work);
  [[nodiscard]] StoreCounters counters() const;
  /// What ApplyWork::purges_seen is to say of work that is prepared from now on.
  [[nodiscard]] std::uint64_t purges() const { return applier_.purges(); }

 private:
  using Group = std::vector<Work>;
  using Time = std::chrono::steady_clock;

  void run();
  [[nodiscard]] Group take_group();
  void commit_group(Group& group);
  /// False: it was not committed; `reason` is set.
  [[nodiscard]] bool attempt(std::span<Work> group, Error& reason);
  Result<> perform(std::span<Work> group);
  /// True: the commit whose answer was lost took place. Otherwise there is a session, or none.
  [[nodiscard]] bool reconnect();
  Result<> open_session();
  void use_session();
  void drop_session();
  void answer(Group& group);

  std::string const target_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<sqlite::Connection> searching_;  ///< on the same session
  Catalogue const& catalogue_;
  Clock& clock_;
  std::chrono::milliseconds const group_wait_max_;
  std::int64_t const owner_;
  Applier applier_;

  std::mutex mutex_;
  std::condition_variable wake_;
  Group queue_;
  std::atomic<bool> stopping_ = false;
  bool is_hurried_ = false;  ///< somebody waits for work in the queue

  std::atomic<std::uint64_t> commits_{0}, entries_{0}, syncs_{0}, transactions_{0}, versions_{0},
      unchanged_{0};
  std::thread thread_;
};

}  // namespace sinew::store::postgres
