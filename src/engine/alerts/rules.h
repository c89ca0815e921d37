#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace sinew::engine {

/// What an alert is about.
enum class AlertKind : std::uint8_t {
  no_traffic,    ///< of a feed
  error_rate,    ///< of a feed: messages that could not be mapped
  latency,       ///< of a feed: from the journal to the store
  drift,         ///< of a feed: it differs from its contract
  queue_depth,   ///< of a destination
  queue_age,     ///< of a destination: its oldest message
  refusal_rate,  ///< of a destination: attempts that it did not accept
  held,          ///< of a destination: messages that wait for a decision
  peer_down,     ///< of a destination: no attempt succeeds
  disk_free,     ///< of the store's file system
  certificate,   ///< of a TLS file: time until it expires
  count
};

/// What a rule's figure measures.
enum class Figure : std::uint8_t { seconds, number, share, bytes };

struct AlertKindRow {
  AlertKind kind;
  std::string_view key;    ///< of the rule file
  std::string_view about;  ///< the key that names what it is about; empty: one thing
  Figure figure;
  bool is_floor;           ///< an alert is what falls below its limit
  double ends_at;          ///< share of the limit that a figure has to reach for the alert to end
  std::string_view words;  ///< `{}`: the figure
};
[[nodiscard]] std::span<AlertKindRow const> alert_kinds();
[[nodiscard]] AlertKindRow const& row_of(AlertKind kind);

/// When a rule is looked at, in a fixed offset from UTC.
struct AlertSchedule {
  std::uint8_t days = 0x7F;  ///< bit 0: Monday
  int from_minute = 0, to_minute = 24 * 60;
  int zone_minutes = 0;
  /// The time since when the present window has been open; nothing outside of one.
  [[nodiscard]] std::optional<Instant> open_since(Instant now) const;
};

struct AlertRule {
  std::string name;
  AlertKind kind{};
  std::vector<std::string> about;  ///< feeds or destinations ("lab*"); files; empty: all
  double limit = 0;
  bool is_learned = false;                      ///< the limit is what the feed's contract knows
  Severity drift_severity = Severity::warning;  ///< the least that counts
  double share_limit = 0;                       ///< of a disk: a share in place of `limit`
  std::chrono::milliseconds after{};            ///< it has to last so long
  std::chrono::milliseconds ends_after{};       ///< and to be over for so long
  std::chrono::milliseconds window = std::chrono::minutes(5);  ///< of rates and latencies
  std::uint64_t least = 20;                                    ///< in a window, to say anything
  double quantile = 0.99;
  std::optional<AlertSchedule> schedule;
  Severity severity = Severity::warning;
  std::vector<std::string> tell;  ///< recipients; empty: all
  [[nodiscard]] bool is_about(std::string_view subject) const;
};

struct WebhookRecipient {
  std::string url;
  std::map<std::string, std::string> headers;
  std::string body;  ///< with {alert}, {subject}, ...; empty: everything, as JSON
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
};
struct MailRecipient {
  std::string server;     ///< host:port
  bool is_tls = false;    ///< from the first byte
  bool needs_tls = true;  ///< else STARTTLS, or no mail
  std::string user, password, ca_file;
  std::string from;
  std::vector<std::string> to;
  std::string title = "[{state}] {alert}: {subject}";
};
struct LogRecipient {};

struct AlertRecipient {
  std::string name;
  std::variant<LogRecipient, WebhookRecipient, MailRecipient> target;
};

struct AlertRules {
  std::vector<AlertRule> rules;
  std::vector<AlertRecipient> recipients;
  std::chrono::milliseconds every = std::chrono::seconds(5);
};

/// Reads a rule file. Fails `malformed` or `invalid` at `where:line:column`, naming the key.
/// Source of the form: docs/guides/alerts.md.
[[nodiscard]] Result<AlertRules> read_alert_rules(std::string_view text, std::string const& where);

/// A figure in words: `35m`, `12.5 %`, `4.2 GB`.
[[nodiscard]] std::string in_words(Figure figure, double value);

}  // namespace sinew::engine
