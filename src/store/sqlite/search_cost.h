#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "store/sqlite/database.h"

namespace sinew::store::sqlite {

/// What a search has cost so far, in steps of the database's machine (some 30 ns each), and what it
/// may cost. Counted, not timed: the same search over the same data ends the same way on a busy
/// machine.
class SearchCost {
 public:
  static constexpr int kStepsCounted = 1000;        ///< how many steps are counted at a time
  static constexpr std::uint64_t kBodySteps = 500;  ///< to unpack, parse and read one body

  explicit SearchCost(std::uint64_t steps_max) : steps_max_(steps_max), stop_at_(steps_max) {}

  static constexpr std::uint64_t kGlanceSteps = 100;  ///< to unpack one and look for a word

  /// Fails `not_supported` at the limit.
  Result<> add_body() {
    ++bodies_;
    return add(kBodySteps);
  }
  Result<> add_glance() { return add(kGlanceSteps); }
  [[nodiscard]] bool is_exceeded() const { return steps_ > steps_max_; }
  [[nodiscard]] Failure exceeded() const {
    return fail(ErrorCode::not_supported,
                "the search is too costly: more than " + std::to_string(steps_max_) +
                    " steps; a further parameter, or a narrower one, makes it cheaper");
  }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  [[nodiscard]] std::uint64_t bodies() const { return bodies_; }

  /// While it lives, what runs is stopped after so many further steps: for ways of searching that
  /// have a substitute, should they turn out to be long.
  class Limit {
   public:
    Limit(SearchCost& cost, std::uint64_t steps) : cost_(cost), before_(cost.stop_at_) {
      auto const left = before_ > cost.steps_ ? before_ - cost.steps_ : 0;
      if (steps < left) cost.stop_at_ = cost.steps_ + steps;
    }
    Limit(Limit const&) = delete;
    Limit& operator=(Limit const&) = delete;
    ~Limit() { cost_.stop_at_ = before_; }
    /// False also where it is the search itself that has become too dear.
    [[nodiscard]] bool is_reached() const { return cost_.has_to_stop() && cost_.steps_ <= before_; }

   private:
    SearchCost& cost_;
    std::uint64_t before_;
  };

  /// A line of the plan, kept when somebody asked for it.
  void note(std::string line) {
    if (wants_plan) plan.push_back(std::move(line));
  }
  bool wants_plan = false;
  std::vector<std::string> plan;

  /// Counts the steps of a connection, and stops its statements at the limit, while it lives.
  class Counting {
   public:
    Counting(SearchCost& cost, Connection& connection)
        : handle_(connection.handle()), foreign_(connection.foreign()) {
      if (foreign_ == nullptr) {
        sqlite3_progress_handler(handle_, kStepsCounted, count, &cost);
        return;
      }
      foreign_->count_steps([&cost](std::uint64_t steps) {
        cost.steps_ += steps;
        return !cost.has_to_stop();
      });
    }
    Counting(Counting const&) = delete;
    Counting& operator=(Counting const&) = delete;
    ~Counting() {
      if (foreign_ == nullptr)
        sqlite3_progress_handler(handle_, 0, nullptr, nullptr);
      else
        foreign_->count_steps({});
    }

   private:
    static int count(void* cost) {
      auto& self = *static_cast<SearchCost*>(cost);
      self.steps_ += kStepsCounted;
      return self.has_to_stop() ? 1 : 0;
    }
    sqlite3* handle_;
    ForeignDatabase* foreign_;
  };

 private:
  [[nodiscard]] bool has_to_stop() const { return steps_ > stop_at_; }
  Result<> add(std::uint64_t steps) {
    steps_ += steps;
    return has_to_stop() ? Result<>(exceeded()) : Result<>();
  }

  std::uint64_t steps_max_;
  std::uint64_t stop_at_;  ///< `steps_max_`, or a nearer limit
  std::uint64_t steps_ = 0, bodies_ = 0;
};

}  // namespace sinew::store::sqlite
