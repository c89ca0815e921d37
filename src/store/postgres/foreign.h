#pragma once

#include <memory>
#include <unordered_map>

#include "store/postgres/session.h"
#include "store/sqlite/database.h"

namespace sinew::store::postgres {

/// A session as the search and the history see it: they are written once, against
/// sqlite::Connection. One thread at a time, within a transaction of the session.
class Foreign final : public sqlite::ForeignDatabase {
 public:
  /// What one way to the server and back counts, and one row, in steps of SQLite's machine.
  static constexpr std::uint64_t kStatementSteps = 1000;
  static constexpr std::uint64_t kRowSteps = 10;

  /// `session` has to outlive it.
  explicit Foreign(Session& session);
  ~Foreign() override;

  [[nodiscard]] sqlite::ForeignStatement* prepare(char const* sql) override;
  void count_steps(std::function<bool(std::uint64_t)> count) override { count_ = std::move(count); }

 private:
  class Statement;
  /// False: what was allowed is spent.
  [[nodiscard]] bool pay(std::uint64_t steps) { return !count_ || count_(steps); }

  Session& session_;
  std::function<bool(std::uint64_t)> count_;
  std::unordered_map<char const*, std::unique_ptr<Statement>> statements_;
  std::uint64_t last_cursor_ = 0;
};

}  // namespace sinew::store::postgres
