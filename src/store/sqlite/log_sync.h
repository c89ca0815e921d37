#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "store/arrivals/disk.h"

namespace sinew::store::sqlite {

/// Brings the database's write-ahead log to disk beside the writer, which commits without waiting
/// for it. The log is read up to its first damaged frame, so commits become durable in their order:
/// once one is, all before it are.
///
/// It syncs at once when somebody waits, and otherwise now and then: the journal has what the other
/// commits were made of. After a failed sync nothing is called durable any more.
class LogSync {
 public:
  using Done = std::function<void(Result<>)>;
  /// `on_durable`  told of the newest commit that is on disk, from the thread of this class.
  LogSync(std::shared_ptr<arrivals::Disk> disk, std::string path,
          std::chrono::milliseconds interval, std::function<void(std::uint64_t)> on_durable);
  LogSync(LogSync const&) = delete;
  LogSync& operator=(LogSync const&) = delete;
  ~LogSync() { stop(); }
  void start();
  /// Syncs what is committed and ends.
  void stop();

  /// The writer's: commit number `commit` is in the log.
  void committed(std::uint64_t commit);
  /// Calls `done` once all that is committed now is on disk, or could not be brought there.
  void when_durable(Done done);
  /// Waits until all that is committed now is on disk.
  [[nodiscard]] Result<> wait();
  /// Somebody waits for the sync that is under way.
  [[nodiscard]] bool is_busy() const { return busy_; }
  /// All commits are on disk. After `stop`.
  [[nodiscard]] bool is_durable() const { return !failed_ && durable_ == committed_; }

 private:
  void run();
  [[nodiscard]] Result<> sync();

  std::shared_ptr<arrivals::Disk> disk_;
  std::string const path_;
  std::chrono::milliseconds const interval_;
  std::function<void(std::uint64_t)> on_durable_;
  std::unique_ptr<arrivals::DiskFile> log_;  ///< the thread's

  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Done> waiters_;
  std::uint64_t committed_ = 0, durable_ = 0;
  bool stopping_ = false, failed_ = false;
  std::atomic<bool> busy_ = false;
  std::thread thread_;
};

}  // namespace sinew::store::sqlite
