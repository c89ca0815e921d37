#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/alerts/rules.h"

namespace sinew::engine {

/// What a rule looked at, now. Holds no patient data: it is sent to people.
struct AlertReading {
  std::string subject;
  double value = 0;
  std::optional<double> limit = {};  ///< in place of the rule's
  std::string detail = {};
};

struct Alert {
  std::string rule, subject;
  AlertKind kind{};
  Severity severity = Severity::warning;
  Instant over_since{};   ///< zero: it is not
  Instant clear_since{};  ///< of one that is active; zero: it is not clear
  Instant started{}, ended{};
  bool is_active = false;
  bool is_told = false;  ///< its start was told, or is about to be
  bool is_acknowledged = false;
  std::string text;
  [[nodiscard]] std::string id() const { return rule + "/" + subject; }
};

/// One thing to tell one recipient.
struct AlertNotice {
  std::string recipient;
  bool is_start = true;
  Alert alert;
  Instant made{};
};

/// Which alerts there are, and what is still to be told of them. One start and one end each: a
/// figure has to stay over its limit for `after`, and below a lower one for `ends_after`.
class AlertBook {
 public:
  static constexpr std::size_t kRecentMax = 200;
  static constexpr std::size_t kNoticesMax = 1000;
  static constexpr std::size_t kAlertsMax = 10'000;

  /// Takes what a rule read. A subject that is active and no longer among the readings is clear.
  void update(AlertRule const& rule, std::vector<AlertReading> const& readings,
              std::vector<AlertRecipient> const& recipients, Instant now);
  /// Ends what belongs to rules that are there no longer, without telling.
  void keep_only(std::vector<AlertRule> const& rules);

  /// Fails `not_found`. What a person has acknowledged stays active, and its end is told.
  Result<> acknowledge(std::string_view id);
  /// Nothing is told of a rule ("lab-silent") or an alert ("lab-silent/lab") until then.
  void silence(std::string_view id, Instant until);

  [[nodiscard]] std::vector<Alert> active() const;
  [[nodiscard]] std::size_t active_of(std::string_view rule) const;
  [[nodiscard]] std::deque<Alert> const& recent() const { return recent_; }
  [[nodiscard]] std::map<std::string, Instant, std::less<>> const& silences() const {
    return silences_;
  }
  /// To be told, in order.
  [[nodiscard]] std::vector<AlertNotice> const& notices() const { return notices_; }
  /// The first `count` of them have been tried; `left` are those that were not told.
  void set_notices(std::vector<AlertNotice> left, std::size_t count);
  /// Times that survive a restart, such as a feed's last message.
  [[nodiscard]] std::map<std::string, Instant, std::less<>>& marks() { return marks_; }
  /// Whether something changed that a restart must not forget, since the last call.
  [[nodiscard]] bool take_changed() { return std::exchange(changed_, false); }

  [[nodiscard]] std::string print() const;
  [[nodiscard]] static Result<AlertBook> read(std::string text);

 private:
  void look(AlertRule const& rule, AlertReading const& reading,
            std::vector<AlertRecipient> const& recipients, Instant now);
  void tell(AlertRule const& rule, Alert const& alert, bool is_start,
            std::vector<AlertRecipient> const& recipients, Instant now);
  [[nodiscard]] bool is_silenced(Alert const& alert, Instant now) const;

  std::map<std::string, Alert, std::less<>> alerts_;  ///< by id: active, or on the way to it
  std::deque<Alert> recent_;                          ///< over; the newest first
  std::vector<AlertNotice> notices_;
  std::map<std::string, Instant, std::less<>> silences_, marks_;
  bool changed_ = false;
};

/// An alert as a JSON object.
[[nodiscard]] std::string alert_json(Alert const& alert);
/// `{alert}`, `{subject}`, `{state}` (started, ended), `{severity}`, `{text}`, `{since}`, `{at}` in
/// a text replaced. `is_json`: by what may stand between quotes in JSON.
[[nodiscard]] std::string fill_template(std::string_view text, AlertNotice const& notice,
                                        bool is_json);

}  // namespace sinew::engine
