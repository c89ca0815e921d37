#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "api/rest/rest.h"
#include "base/time.h"

namespace sinew::rest {

/// Requests that are answered later, one after the other, by a thread of its own. Requests and
/// answers live in memory: they are lost with the process, and the limits say how much is kept.
/// Source: FHIR R5 async-bundle.html (R4 leaves the form of the answer open); RFC 7240 §4.1.
class Jobs {
 public:
  static constexpr std::size_t kJobsMax = 1000;  ///< waiting, running and finished
  static constexpr std::size_t kWaitingMax = 100;
  static constexpr std::size_t kBytesMax = std::size_t{256} << 20;  ///< requests and answers
  static constexpr std::int64_t kKeptMs = 3'600'000;                ///< an answer nobody deletes

  using Work = std::function<Answer(net::HttpRequest const&)>;
  Jobs(Work work, Clock& clock) : work_(std::move(work)), clock_(clock) {}
  /// Finishes what runs; what waits is dropped.
  ~Jobs();

  /// Fails `unavailable` when too much waits.
  [[nodiscard]] Result<std::string> start(net::HttpRequest request);

  struct Status {
    bool is_finished = false;
    std::shared_ptr<Answer const> answer;  ///< once it is finished
    Instant kept_until{};
  };
  /// Nothing: no such job, cancelled, or too old.
  [[nodiscard]] std::optional<Status> find(std::string_view id);
  /// A job that waits is never run, the answer of one that runs is thrown away. False: no such job.
  bool cancel(std::string_view id);

 private:
  struct Job {
    net::HttpRequest request;
    std::shared_ptr<Answer const> answer;
    Instant kept_until{};
    std::size_t bytes = 0;
  };
  using Table = std::map<std::string, Job, std::less<>>;
  void run();
  void forget(Table::iterator job);
  void forget_old();

  Work work_;
  Clock& clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Table jobs_;
  std::deque<std::string> waiting_;
  std::deque<std::string> finished_;  ///< oldest first
  std::size_t bytes_ = 0;
  bool stops_ = false;
  std::thread thread_;  ///< started with the first job
};

}  // namespace sinew::rest
