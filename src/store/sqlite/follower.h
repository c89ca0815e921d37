#pragma once

#include <thread>

#include "store/arrivals/arrivals.h"
#include "store/sqlite/writer.h"

namespace sinew::store::sqlite {

/// An arrival as the database keeps it.
[[nodiscard]] JournalRow row_of(arrivals::Arrival arrival);

/// Brings into the database what has waited long among the arrivals, and has files ready for them.
class Follower {
 public:
  Follower(arrivals::Arrivals& arrivals, Writer& writer) : arrivals_(arrivals), writer_(writer) {}
  Follower(Follower const&) = delete;
  Follower& operator=(Follower const&) = delete;
  ~Follower() { stop(); }
  void start();
  void stop();
  /// Brings everything there that waits. After `stop`.
  Result<> file_all();

 private:
  void run();
  /// Some of the oldest. False: none waited.
  [[nodiscard]] Result<bool> file_oldest();

  arrivals::Arrivals& arrivals_;
  Writer& writer_;
  std::thread thread_;
};

}  // namespace sinew::store::sqlite
