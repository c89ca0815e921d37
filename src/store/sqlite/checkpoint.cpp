#include "store/sqlite/checkpoint.h"

#include <pthread.h>

#include "base/log.h"

namespace sinew::store::sqlite {
namespace {

/// While the first pass moves all that was in the log, the writer adds to it; while the second
/// moves that, it adds much less.
constexpr int kPasses = 2;

struct Moved {
  int in_log = 0, moved = 0;
  [[nodiscard]] bool is_all() const { return moved >= in_log; }
};

/// Readers of old snapshots may hold some of the log back.
Moved move_log(Connection& connection) {
  Moved out;
  sqlite3_wal_checkpoint_v2(connection.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &out.in_log,
                            &out.moved);
  return out;
}

}  // namespace

void Checkpointer::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "store-move");
}

void Checkpointer::stop() {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Checkpointer::committed(Connection& writing, int pages) {
  if (pages < at_pages_) return;
  {
    std::scoped_lock const lock(mutex_);
    if (state_ == State::wanted) return;
    if (state_ == State::idle) {
      state_ = State::wanted;
      wake_.notify_one();
      return;
    }
    state_ = State::idle;
  }
  auto const moved = move_log(writing);
  // What is held back is tried again when the log has grown as much again.
  at_pages_ = (moved.is_all() ? 0 : moved.in_log) + kPagesMax;
}

void Checkpointer::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stopping_ || state_ == State::wanted; });
    if (stopping_) return;
    lock.unlock();
    move_most();
    lock.lock();
    state_ = State::moved;
  }
}

/// What fails is left to the writer.
void Checkpointer::move_most() {
  if (!connection_) {
    auto opened = Connection::open(path_, Connection::Mode::write, false);
    if (!opened) {
      log(Level::warning, "no connection to move the log", {{"reason", opened.error().what}});
      return;
    }
    connection_.emplace(std::move(*opened));
  }
  for (int pass = 0; pass < kPasses; ++pass) (void)move_log(*connection_);
}

}  // namespace sinew::store::sqlite
