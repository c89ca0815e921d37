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

  explicit SearchCost(std::uint64_t steps_max) : steps_max_(steps_max) {}

  /// Fails `not_supported` at the limit.
  Result<> add_body() {
    ++bodies_;
    steps_ += kBodySteps;
    return is_exceeded() ? Result<>(exceeded()) : Result<>();
  }
  [[nodiscard]] bool is_exceeded() const { return steps_ > steps_max_; }
  [[nodiscard]] Failure exceeded() const {
    return fail(ErrorCode::not_supported,
                "the search is too costly: more than " + std::to_string(steps_max_) +
                    " steps; a further parameter, or a narrower one, makes it cheaper");
  }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  [[nodiscard]] std::uint64_t bodies() const { return bodies_; }

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
        return !cost.is_exceeded();
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
      return self.is_exceeded() ? 1 : 0;
    }
    sqlite3* handle_;
    ForeignDatabase* foreign_;
  };

 private:
  std::uint64_t steps_max_;
  std::uint64_t steps_ = 0, bodies_ = 0;
};

}  // namespace sinew::store::sqlite
