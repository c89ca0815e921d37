#include "net/http_streams.h"

#include <utility>
#include <vector>

namespace sinew::net {

void Pending::begin() {
  std::scoped_lock const lock(mutex_);
  ++count_;
}

/// Notified under the lock: who waits may destroy us as soon as it has it.
void Pending::end() {
  std::scoped_lock const lock(mutex_);
  if (--count_ == 0) empty_.notify_all();
}

void Pending::wait() {
  std::unique_lock lock(mutex_);
  empty_.wait(lock, [&] { return count_ == 0; });
}

std::size_t Streams::begin(std::weak_ptr<Connection> connection) {
  std::scoped_lock const lock(mutex_);
  open_.emplace(++last_, std::move(connection));
  return last_;
}

void Streams::end(std::size_t number) {
  std::scoped_lock const lock(mutex_);
  open_.erase(number);
  if (open_.empty()) empty_.notify_all();
}

void Streams::finish(std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  auto const is_empty = [&] { return open_.empty(); };
  if (empty_.wait_for(lock, patience, is_empty)) return;
  std::vector<std::shared_ptr<Connection>> left;
  for (auto const& [number, weak] : open_) {
    if (auto connection = weak.lock()) left.push_back(std::move(connection));
  }
  lock.unlock();
  for (auto const& connection : left) {
    auto* const broken = connection.get();
    connection->post([broken] { broken->abort(); });
  }
  left.clear();
  lock.lock();
  empty_.wait_for(lock, patience, is_empty);
}

}  // namespace sinew::net
