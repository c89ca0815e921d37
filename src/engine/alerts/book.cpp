#include "engine/alerts/book.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "base/severity.h"

namespace sinew::engine {
namespace {

bool is_beyond(AlertKindRow const& row, double value, double limit) {
  return row.is_floor ? value < limit : value >= limit;
}

/// Whether the figure is far enough on the good side.
bool is_clear(AlertKindRow const& row, double value, double limit) {
  return row.is_floor ? value >= limit * row.ends_at : value < limit * row.ends_at;
}

std::string words_of(AlertKindRow const& row, AlertReading const& reading, double limit) {
  auto const figure = in_words(row.figure, reading.value);
  auto text = fmt::format(fmt::runtime(row.words), figure);
  text += fmt::format(" ({} {})", row.is_floor ? "at least" : "limit", in_words(row.figure, limit));
  if (!reading.detail.empty()) text += ": " + reading.detail;
  return text;
}

}  // namespace

void AlertBook::update(AlertRule const& rule, std::vector<AlertReading> const& readings,
                       std::vector<AlertRecipient> const& recipients, Instant now) {
  std::set<std::string_view> subjects;
  for (auto const& reading : readings) {
    subjects.insert(reading.subject);
    look(rule, reading, recipients, now);
  }
  // What is there no longer (a destination taken away) is over.
  auto const& row = row_of(rule.kind);
  std::vector<AlertReading> gone;
  for (auto const& [id, alert] : alerts_) {
    if (alert.rule == rule.name && !subjects.contains(alert.subject))
      gone.push_back({.subject = alert.subject, .value = row.is_floor ? 1e300 : 0, .detail = {}});
  }
  for (auto const& reading : gone) look(rule, reading, recipients, now);
}

void AlertBook::look(AlertRule const& rule, AlertReading const& reading,
                     std::vector<AlertRecipient> const& recipients, Instant now) {
  auto const& row = row_of(rule.kind);
  auto const limit = reading.limit.value_or(rule.limit);
  auto const id = rule.name + "/" + reading.subject;
  auto found = alerts_.find(id);
  bool const is_over = is_beyond(row, reading.value, limit);
  if (found == alerts_.end()) {
    if (!is_over || alerts_.size() >= kAlertsMax) return;
    Alert alert;
    alert.rule = rule.name;
    alert.subject = reading.subject;
    alert.over_since = now;
    found = alerts_.emplace(id, std::move(alert)).first;
    changed_ = true;
  }
  auto& alert = found->second;
  alert.kind = rule.kind;
  alert.severity = rule.severity;
  if (is_over) alert.text = words_of(row, reading, limit);
  if (!alert.is_active) {
    if (!is_over) {
      alerts_.erase(found);
      changed_ = true;
      return;
    }
    if (now.ms - alert.over_since.ms < rule.after.count()) return;
    alert.is_active = true;
    alert.started = now;
    changed_ = true;
  }
  // Also when a silence is over and the alert is not.
  if (!alert.is_told && !is_silenced(alert, now)) {
    alert.is_told = true;
    tell(rule, alert, true, recipients, now);
  }
  if (!is_clear(row, reading.value, limit)) {
    if (alert.clear_since.ms != 0) changed_ = true;
    alert.clear_since = {};
    return;
  }
  if (alert.clear_since.ms == 0) {
    alert.clear_since = now;
    changed_ = true;
  }
  if (now.ms - alert.clear_since.ms < rule.ends_after.count()) return;
  alert.is_active = false;
  alert.ended = now;
  if (alert.is_told && !is_silenced(alert, now)) tell(rule, alert, false, recipients, now);
  recent_.push_front(std::move(alert));
  if (recent_.size() > kRecentMax) recent_.pop_back();
  alerts_.erase(found);
  changed_ = true;
}

void AlertBook::tell(AlertRule const& rule, Alert const& alert, bool is_start,
                     std::vector<AlertRecipient> const& recipients, Instant now) {
  for (auto const& recipient : recipients) {
    bool const is_asked = rule.tell.empty() || std::ranges::count(rule.tell, recipient.name) > 0;
    if (is_asked && notices_.size() < kNoticesMax)
      notices_.push_back({recipient.name, is_start, alert, now});
  }
  changed_ = true;
}

bool AlertBook::is_silenced(Alert const& alert, Instant now) const {
  for (auto const& key : {alert.id(), alert.rule}) {
    auto const found = silences_.find(key);
    if (found != silences_.end() && now < found->second) return true;
  }
  return false;
}

void AlertBook::set_notices(std::vector<AlertNotice> left, std::size_t count) {
  changed_ = changed_ || left.size() != count;
  auto const later =
      notices_.begin() + static_cast<std::ptrdiff_t>(std::min(count, notices_.size()));
  left.insert(left.end(), std::make_move_iterator(later), std::make_move_iterator(notices_.end()));
  notices_ = std::move(left);
}

void AlertBook::keep_only(std::vector<AlertRule> const& rules) {
  auto const removed = std::erase_if(alerts_, [&](auto const& row) {
    return std::ranges::count(rules, row.second.rule, &AlertRule::name) == 0;
  });
  changed_ = changed_ || removed > 0;
}

Result<> AlertBook::acknowledge(std::string_view id) {
  auto const found = alerts_.find(id);
  if (found == alerts_.end() || !found->second.is_active)
    return fail(ErrorCode::not_found, "no such alert is active", std::string(id));
  found->second.is_acknowledged = true;
  changed_ = true;
  return {};
}

void AlertBook::silence(std::string_view id, Instant until) {
  constexpr std::size_t kSilencesMax = 1000;
  if (silences_.size() >= kSilencesMax) silences_.erase(silences_.begin());
  silences_.insert_or_assign(std::string(id), until);
  changed_ = true;
}

std::vector<Alert> AlertBook::active() const {
  std::vector<Alert> all;
  for (auto const& [id, alert] : alerts_) {
    if (alert.is_active) all.push_back(alert);
  }
  return all;
}

std::size_t AlertBook::active_of(std::string_view rule) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      alerts_, [&](auto const& row) { return row.second.is_active && row.second.rule == rule; }));
}

}  // namespace sinew::engine
