#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "store/postgres/session.h"

namespace sinew::store::postgres {

/// This process among those that work on one database. Journal entries belong to the process that
/// took them in. It says every kBeatMs that it lives; of one not heard of for kLeaseMs, by the
/// database's clock, the others take over what it has not finished. Should it wake up after all,
/// its transactions find that their entries are no longer its own and change nothing.
class Membership {
 public:
  static constexpr std::int64_t kBeatMs = 1000;
  static constexpr std::int64_t kLeaseMs = 10'000;

  /// Takes a number for this process.
  [[nodiscard]] static Result<std::unique_ptr<Membership>> join(std::string target);
  /// Leaves: what is unfinished is free for others at once.
  ~Membership();

  [[nodiscard]] std::int64_t owner() const { return owner_; }

  /// Makes the entries after `after` of processes that are gone ours.
  Result<> take_over(Session& session, std::uint64_t after) const;

  /// Whom to call, from a thread of this object, when entries of others are to be taken over. Who
  /// was called before is not, once this returns.
  void when_abandoned(std::function<void()> call);

 private:
  explicit Membership(std::string target) : target_(std::move(target)) {}
  void run();
  Result<> beat();
  Result<> leave();

  std::string const target_;
  std::int64_t owner_ = 0;
  std::unique_ptr<Session> session_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::mutex call_mutex_;  ///< held while it is called
  std::function<void()> call_;
  std::thread thread_;
};

}  // namespace sinew::store::postgres
