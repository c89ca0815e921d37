#include "engine/alerts/alerts.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "engine/alerts/tell.h"
#include "json/write.h"

namespace sinew::engine {
namespace {

constexpr std::int64_t kFirstPause = 2'000;  ///< after a recipient that was not there
constexpr std::int64_t kLongestPause = 300'000;
constexpr std::int64_t kTriedFor = 86'400'000;  ///< then nobody wants to know any more
constexpr std::int64_t kSavedEvery = 60'000;    ///< though nothing happened: when feeds last sent

class AlertsImplementation final : public Alerts {
 public:
  AlertsImplementation(AlertRules rules, AlertSurroundings around, std::string state_path)
      : clock_(around.clock),
        metrics_(around.metrics),
        probe_(std::move(around)),
        state_path_(std::move(state_path)),
        rules_(std::move(rules)) {
    load();
    thread_ = std::thread([this] { run(); });
  }
  ~AlertsImplementation() override { stop(); }

  void set_rules(AlertRules rules) override {
    std::scoped_lock const lock(mutex_);
    for (auto const& rule : rules_.rules) gauge_of(rule.name).set(0);
    rules_ = std::move(rules);
    book_.keep_only(rules_.rules);
    wake_.notify_all();
  }
  Result<> acknowledge(std::string_view id) override {
    std::scoped_lock const lock(mutex_);
    return book_.acknowledge(id);
  }
  void silence(std::string_view id, std::chrono::seconds duration) override {
    constexpr std::int64_t kSecond = 1000;
    std::scoped_lock const lock(mutex_);
    book_.silence(id, {clock_.now().ms + duration.count() * kSecond});
  }
  std::string state_json() override;
  void stop() override;

 private:
  void load();
  void run();
  void look();
  void tell();
  void save(bool always);
  Gauge& gauge_of(std::string const& rule) {
    return metrics_.gauge("sinew_alert_active", "Alerts of a rule that are active",
                          {{"name", rule}});
  }

  Clock& clock_;
  Metrics& metrics_;
  AlertProbe probe_;  ///< of the thread alone
  std::string const state_path_;
  std::thread thread_;

  std::mutex mutex_;  ///< guards what follows
  std::condition_variable wake_;
  AlertRules rules_;
  AlertBook book_;
  struct Pause {
    Instant until{};
    std::int64_t ms = kFirstPause;
  };
  std::map<std::string, Pause> pauses_;  ///< by recipient
  Instant saved_{};
  bool stopping_ = false;
};

void AlertsImplementation::load() {
  auto text = read_file(state_path_);
  if (!text) return;  // the first start
  auto book = AlertBook::read(*std::move(text));
  if (!book) {
    return log(Level::error, "alerts not read; begun anew",
               {{"file", state_path_}, {"reason", to_string(book.error())}});
  }
  book_ = *std::move(book);
  book_.keep_only(rules_.rules);
}

void AlertsImplementation::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    look();
    save(false);
    // Told without the lock: a recipient may take its time.
    lock.unlock();
    tell();
    lock.lock();
    save(false);
    if (stopping_) break;
    wake_.wait_for(lock, rules_.every);
  }
  save(true);
}

/// With the lock held.
void AlertsImplementation::look() {
  auto const now = clock_.now();
  std::chrono::milliseconds window_max{};
  for (auto const& rule : rules_.rules) window_max = std::max(window_max, rule.window);
  probe_.sample(book_.marks(), window_max, now);
  for (auto const& rule : rules_.rules) {
    bool const waits = rule.schedule && !rule.schedule->open_since(now);
    // Silence out of hours is no silence; everything else is as it was.
    if (!waits || rule.kind == AlertKind::no_traffic) {
      if (auto const readings = probe_.readings(rule, now))
        book_.update(rule, *readings, rules_.recipients, now);
    }
    gauge_of(rule.name).set(static_cast<std::int64_t>(book_.active_of(rule.name)));
  }
}

/// What is to be told, in order for each recipient; one that is not there is asked again later.
void AlertsImplementation::tell() {
  std::vector<AlertNotice> due;
  std::vector<AlertRecipient> recipients;
  auto const now = clock_.now();
  {
    std::scoped_lock const lock(mutex_);
    due = book_.notices();
    recipients = rules_.recipients;
  }
  std::vector<AlertNotice> left;
  for (auto& notice : due) {
    auto const recipient = std::ranges::find(recipients, notice.recipient, &AlertRecipient::name);
    if (recipient == recipients.end() || now.ms - notice.made.ms > kTriedFor) continue;
    auto& pause = pauses_[notice.recipient];
    if (now < pause.until) {
      left.push_back(std::move(notice));
      continue;
    }
    auto const told = tell_alert(*recipient, notice);
    if (told) {
      pause = {};
      continue;
    }
    log(Level::error, "alert not told; tried again",
        {{"recipient", notice.recipient}, {"reason", to_string(told.error())}});
    pause.until = {clock_.now().ms + pause.ms};
    pause.ms = std::min(pause.ms * 2, kLongestPause);
    left.push_back(std::move(notice));
  }
  if (due.empty()) return;
  std::scoped_lock const lock(mutex_);
  book_.set_notices(std::move(left), due.size());
}

/// With the lock held.
void AlertsImplementation::save(bool always) {
  auto const now = clock_.now();
  bool const is_due = book_.take_changed() || now.ms - saved_.ms >= kSavedEvery;
  if (!is_due && !always) return;
  saved_ = now;
  if (auto const written = write_file(state_path_, book_.print()); !written) {
    log(Level::error, "alerts not saved",
        {{"file", state_path_}, {"reason", to_string(written.error())}});
  }
}

std::string AlertsImplementation::state_json() {
  std::scoped_lock const lock(mutex_);
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("active");
  writer.begin_array();
  for (auto const& alert : book_.active()) writer.raw(alert_json(alert));
  writer.end_array();
  writer.key("recent");
  writer.begin_array();
  for (auto const& alert : book_.recent()) writer.raw(alert_json(alert));
  writer.end_array();
  writer.key("silences");
  writer.begin_object();
  for (auto const& [id, until] : book_.silences()) {
    if (clock_.now() < until) writer.member(id, to_string(until));
  }
  writer.end_object();
  writer.key("untold");
  writer.integer(static_cast<std::int64_t>(book_.notices().size()));
  writer.end_object();
  return out;
}

void AlertsImplementation::stop() {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace

std::unique_ptr<Alerts> Alerts::start(AlertRules rules, AlertSurroundings around,
                                      std::string state_path) {
  return std::make_unique<AlertsImplementation>(std::move(rules), std::move(around),
                                                std::move(state_path));
}

}  // namespace sinew::engine
