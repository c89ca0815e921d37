#include "app/coverage_report.h"

#include <chrono>

namespace sinew::app {
namespace {

constexpr int kAccepted = 202;
/// A small store is measured while its first caller waits.
constexpr std::chrono::milliseconds kPatience{1500};

/// Pages for people, JSON for who names it.
bool wants_json(rest::Call const& call) {
  bool const is_asked = call.http.query().find("_format=json") != std::string_view::npos ||
                        call.http.query().find("_format=application") != std::string_view::npos;
  auto const accept = call.http.headers.value("Accept");
  return is_asked || (accept.find("json") != std::string_view::npos &&
                      accept.find("html") == std::string_view::npos);
}

rest::Answer page(std::string body) {
  rest::Answer answer;
  answer.media_type = "text/html; charset=utf-8";
  answer.headers.add("Cache-Control", "no-store");
  answer.headers.add("Content-Security-Policy",
                     "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  answer.body = std::move(body);
  return answer;
}

rest::Answer json(int status, std::string body) {
  rest::Answer answer;
  answer.status = status;
  answer.media_type = "application/json";
  if (status == kAccepted) answer.headers.add("Retry-After", "1");
  answer.body = std::move(body);
  return answer;
}

}  // namespace

CoverageReport::~CoverageReport() {
  stops_ = true;
  if (thread_.joinable()) thread_.join();
}

void CoverageReport::start() {
  if (thread_.joinable()) thread_.join();  // one that has finished
  is_running_ = true;
  done_ = total_ = 0;
  thread_ = std::thread([this] { measure(); });
}

void CoverageReport::measure() {
  population::CoverageOptions options;
  options.library = &library_;
  options.progress = [this](std::uint64_t done, std::uint64_t total) {
    done_ = done;
    total_ = total;
    return !stops_;
  };
  auto made = [&]() -> Result<population::Coverage> {
    auto const table = TRY(population::uscdi_v3());
    return population::measure_coverage(store_, table, clock_, options);
  }();
  std::lock_guard const lock(mutex_);
  last_ = std::move(made);
  is_running_ = false;
  finished_.notify_all();
}

Result<rest::Answer> CoverageReport::answer(rest::Call const& call) {
  bool const is_json = wants_json(call);
  std::unique_lock lock(mutex_);
  bool const is_wanted = !last_ || !*last_ || call.parameter("refresh") == "true";
  if (!is_running_ && is_wanted) start();
  finished_.wait_for(lock, kPatience, [this] { return !is_running_; });
  if (is_running_) {
    if (!is_json) return page(population::coverage_waiting_page(done_, total_));
    return json(kAccepted, "{\"done\": " + std::to_string(done_) +
                               ", \"total\": " + std::to_string(total_) + "}\n");
  }
  if (!*last_) return fail(last_->error().code, last_->error().what, last_->error().where);
  return is_json ? json(200, population::coverage_json(**last_))
                 : page(population::coverage_page(**last_));
}

}  // namespace sinew::app
