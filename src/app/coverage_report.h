#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "api/rest/rest.h"
#include "population/coverage.h"

namespace sinew::app {

/// `GET /uscdi`: the coverage report of a running server, as a page or as JSON. It is made in a
/// thread of its own, once, and again when a caller asks for `refresh=true`; until it is there, a
/// page says how far it is, and a program gets 202.
///
/// The store, the library and the clock must outlive it. Stops the thread when it dies.
class CoverageReport {
 public:
  CoverageReport(store::Store& store, validate::Library const& library, Clock& clock)
      : store_(store), library_(library), clock_(clock) {}
  CoverageReport(CoverageReport const&) = delete;
  CoverageReport& operator=(CoverageReport const&) = delete;
  ~CoverageReport();

  [[nodiscard]] Result<rest::Answer> answer(rest::Call const& call);

 private:
  void start();
  void measure();

  store::Store& store_;
  validate::Library const& library_;
  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable finished_;
  std::optional<Result<population::Coverage>> last_;
  bool is_running_ = false;
  std::atomic<std::uint64_t> done_ = 0, total_ = 0;
  std::atomic<bool> stops_ = false;
  std::thread thread_;
};

}  // namespace sinew::app
