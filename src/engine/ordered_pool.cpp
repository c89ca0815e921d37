#include "engine/ordered_pool.h"

#include <algorithm>

namespace sinew::engine {

OrderedPool::OrderedPool(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

OrderedPool::~OrderedPool() {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
  }
  ready_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void OrderedPool::add(std::unique_ptr<Task> task, std::span<std::uint64_t const> keys) {
  auto const node = std::make_shared<Node>();
  node->task = std::move(task);
  node->keys.assign(keys.begin(), keys.end());
  std::ranges::sort(node->keys);
  auto const repeated = std::ranges::unique(node->keys);
  node->keys.erase(repeated.begin(), repeated.end());
  {
    std::scoped_lock const lock(mutex_);
    for (auto const key : node->keys) {
      auto& last = last_[key];
      if (last) {
        last->successors.push_back(node);
        ++node->waits_for;
      }
      last = node;
    }
    queue_.push_back(node);
  }
  ready_.notify_one();
}

void OrderedPool::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ready_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto node = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    node->task->compute();
    lock.lock();
    if (--node->waits_for == 0) finish(std::move(node), lock);
  }
}

/// Commits a task, and then whichever tasks waited for nothing else.
void OrderedPool::finish(NodePointer node, std::unique_lock<std::mutex>& lock) {
  std::vector<NodePointer> free{std::move(node)};
  while (!free.empty()) {
    auto const current = std::move(free.back());
    free.pop_back();
    lock.unlock();
    current->task->commit();
    current->task.reset();
    lock.lock();
    for (auto const key : current->keys) {
      auto const last = last_.find(key);
      if (last != last_.end() && last->second == current) last_.erase(last);
    }
    for (auto& successor : current->successors) {
      if (--successor->waits_for == 0) free.push_back(std::move(successor));
    }
    current->successors.clear();
  }
}

}  // namespace sinew::engine
