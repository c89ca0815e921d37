#include "api/rest/jobs.h"

#include <algorithm>

#include "base/hash.h"

namespace sinew::rest {

Jobs::~Jobs() {
  {
    std::lock_guard const lock(mutex_);
    stops_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Jobs::forget(Table::iterator job) {
  bytes_ -= job->second.bytes;
  std::erase(waiting_, job->first);
  std::erase(finished_, job->first);
  jobs_.erase(job);
}

/// Answers past their time, and the oldest ones when there are too many.
void Jobs::forget_old() {
  auto const now = clock_.now();
  while (!finished_.empty()) {
    auto const oldest = jobs_.find(finished_.front());
    bool const is_full = bytes_ > kBytesMax || jobs_.size() > kJobsMax;
    if (!is_full && oldest->second.kept_until > now) return;
    forget(oldest);
  }
}

Result<std::string> Jobs::start(net::HttpRequest request) {
  auto id = to_string(uuid_v4());
  std::lock_guard const lock(mutex_);
  forget_old();
  if (waiting_.size() >= kWaitingMax || bytes_ + request.body.size() > kBytesMax) {
    return fail(ErrorCode::unavailable, "too many requests wait for their answer already");
  }
  Job job;
  job.bytes = request.body.size();
  job.request = std::move(request);
  bytes_ += job.bytes;
  jobs_.emplace(id, std::move(job));
  waiting_.push_back(id);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  changed_.notify_all();
  return id;
}

void Jobs::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return stops_ || !waiting_.empty(); });
    if (stops_) return;
    auto const id = waiting_.front();
    waiting_.pop_front();
    auto const request = std::move(jobs_.find(id)->second.request);
    lock.unlock();
    auto answer = std::make_shared<Answer const>(work_(request));
    lock.lock();
    auto const job = jobs_.find(id);
    if (job == jobs_.end()) continue;  // cancelled meanwhile
    bytes_ += answer->body.size() - job->second.bytes;
    job->second.bytes = answer->body.size();
    job->second.answer = std::move(answer);
    job->second.kept_until = Instant{clock_.now().ms + kKeptMs};
    finished_.push_back(id);
    forget_old();
  }
}

std::optional<Jobs::Status> Jobs::find(std::string_view id) {
  std::lock_guard const lock(mutex_);
  forget_old();
  auto const job = jobs_.find(id);
  if (job == jobs_.end()) return {};
  Status status;
  status.answer = job->second.answer;
  status.is_finished = status.answer != nullptr;
  status.kept_until = job->second.kept_until;
  return status;
}

bool Jobs::cancel(std::string_view id) {
  std::lock_guard const lock(mutex_);
  auto const job = jobs_.find(id);
  if (job == jobs_.end()) return false;
  forget(job);
  return true;
}

}  // namespace sinew::rest
