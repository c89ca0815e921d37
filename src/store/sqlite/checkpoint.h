#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "store/sqlite/database.h"

namespace sinew::store::sqlite {

/// Moves the write-ahead log into the file when it has grown. Most of it is moved by a thread of
/// its own, beside the writer, who keeps committing; the writer moves the little that came
/// meanwhile, between two commits, so that the log begins again at its start.
///
/// OPTIMIZATION: moved by the writer alone, 64 MB stopped all commits for as long as the disk took.
class Checkpointer {
 public:
  explicit Checkpointer(std::string path) : path_(std::move(path)) {}
  Checkpointer(Checkpointer const&) = delete;
  Checkpointer& operator=(Checkpointer const&) = delete;
  ~Checkpointer() { stop(); }
  void start();
  void stop();

  /// The writer's, after a commit: the log has `pages` now.
  void committed(Connection& writing, int pages);

 private:
  static constexpr int kPagesMax = 8192;  ///< 64 MB
  enum class State : std::uint8_t { idle, wanted, moved };
  void run();
  void move_most();

  std::string const path_;
  std::optional<Connection> connection_;  ///< the thread's; opened when first needed
  int at_pages_ = kPagesMax;              ///< the writer's: length of the log that is too much
  std::mutex mutex_;
  std::condition_variable wake_;
  State state_ = State::idle;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sinew::store::sqlite
