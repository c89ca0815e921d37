#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <unordered_map>
#include <vector>

namespace sinew::engine {

/// Threads that do work side by side and finish it in order where order matters.
///
/// A task has two halves. `compute` runs as soon as a thread is free. `commit` runs after the
/// `commit` of every task that was added earlier and shares a key with it. So messages of one
/// connection, and messages about one patient, take effect in the order they came in, while all
/// of them are parsed and mapped in parallel.
class OrderedPool {
 public:
  class Task {
   public:
    virtual ~Task() = default;
    virtual void compute() = 0;
    virtual void commit() = 0;
  };

  explicit OrderedPool(unsigned threads);
  OrderedPool(OrderedPool const&) = delete;
  OrderedPool& operator=(OrderedPool const&) = delete;
  ~OrderedPool();  ///< finishes what was added

  /// Calls that add tasks with a key in common must come one after the other.
  void add(std::unique_ptr<Task> task, std::span<std::uint64_t const> keys);

 private:
  struct Node {
    std::unique_ptr<Task> task;
    std::vector<std::uint64_t> keys;
    std::vector<std::shared_ptr<Node>> successors;
    std::size_t waits_for = 1;  ///< its own compute, and predecessors without a commit
  };
  using NodePointer = std::shared_ptr<Node>;

  void work();
  void finish(NodePointer node, std::unique_lock<std::mutex>& lock);

  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<NodePointer> queue_;                        ///< not yet computed, oldest first
  std::unordered_map<std::uint64_t, NodePointer> last_;  ///< by key: the newest without a commit
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sinew::engine
