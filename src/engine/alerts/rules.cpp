#include "engine/alerts/rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "base/text.h"
#include "engine/delivery/channel_node.h"

namespace sinew::engine {
namespace {

constexpr std::size_t kRulesMax = 1000;

// clang-format off
constexpr auto kKinds = std::to_array<AlertKindRow>({
    // kind                    key             about           figure           floor  ends  words
    {AlertKind::no_traffic,   "no-traffic",   "feeds",        Figure::seconds, false, 1.0,  "no message for {}"},
    {AlertKind::error_rate,   "error-rate",   "feeds",        Figure::share,   false, 0.8,  "{} of the messages could not be mapped"},
    {AlertKind::latency,      "latency",      "feeds",        Figure::seconds, false, 0.8,  "messages take {} from their receipt to the store"},
    {AlertKind::drift,        "drift",        "feeds",        Figure::number,  false, 1.0,  "{} differences from the contract"},
    {AlertKind::queue_depth,  "queue-depth",  "destinations", Figure::number,  false, 0.8,  "{} messages wait"},
    {AlertKind::queue_age,    "queue-age",    "destinations", Figure::seconds, false, 0.8,  "the oldest message has waited for {}"},
    {AlertKind::refusal_rate, "refusal-rate", "destinations", Figure::share,   false, 0.8,  "{} of the attempts were not accepted"},
    {AlertKind::held,         "held",         "destinations", Figure::number,  false, 1.0,  "{} messages wait for a decision"},
    {AlertKind::peer_down,    "peer-down",    "destinations", Figure::seconds, false, 1.0,  "no attempt has succeeded for {}"},
    {AlertKind::disk_free,    "disk-free",    "",             Figure::bytes,   true,  1.1,  "{} left on the disk"},
    {AlertKind::certificate,  "certificate",  "files",        Figure::seconds, true,  1.0,  "the certificate expires in {}"},
});
// clang-format on
static_assert(kKinds.size() == static_cast<std::size_t>(AlertKind::count));

constexpr auto kDays =
    std::to_array<std::string_view>({"mon", "tue", "wed", "thu", "fri", "sat", "sun"});
constexpr auto kSeverities =
    std::to_array<NameRow<Severity>>({{"information", Severity::information},
                                      {"warning", Severity::warning},
                                      {"error", Severity::error}});

double seconds(std::chrono::milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

/// `07:30`, up to `24:00`.
std::optional<int> minute_of(std::string_view text) {
  auto const parts = split(text, ':');
  if (parts.size() != 2) return std::nullopt;
  auto const hour = parse_integer<int>(parts[0]), minute = parse_integer<int>(parts[1]);
  if (!hour || !minute || *hour < 0 || *minute < 0 || *minute > 59) return std::nullopt;
  auto const all = *hour * 60 + *minute;
  return all <= 24 * 60 ? std::optional(all) : std::nullopt;
}

/// `mon-fri`, `[sat, sun]`.
Result<std::uint8_t> read_days(Node const& node) {
  if (!node.exists()) return std::uint8_t{0x7F};
  unsigned days = 0;
  for (auto const& text : TRY(node.texts())) {
    auto const ends = split(text, '-');
    auto const first = std::ranges::find(kDays, ends.front());
    auto const last = std::ranges::find(kDays, ends.back());
    if (ends.size() > 2 || first == kDays.end() || last == kDays.end())
      return node.wrong("has to be days such as mon-fri or [sat, sun]");
    for (auto day = static_cast<std::size_t>(first - kDays.begin());;
         day = (day + 1) % kDays.size()) {
      days |= 1u << day;
      if (kDays[day] == *last) break;
    }
  }
  return static_cast<std::uint8_t>(days);
}

Result<std::optional<AlertSchedule>> read_schedule(Node const& node) {
  std::optional<AlertSchedule> schedule;
  if (!node.exists()) return schedule;
  TRY(node.allow({"days", "from", "to", "zone"}));
  schedule.emplace();
  schedule->days = TRY(read_days(node["days"]));
  auto const from = minute_of(TRY(node["from"].text_or("00:00")));
  auto const to = minute_of(TRY(node["to"].text_or("24:00")));
  if (!from || !to || *from >= *to)
    return node.wrong("has to be from hh:mm to a later hh:mm of the same day");
  schedule->from_minute = *from;
  schedule->to_minute = *to;
  auto const zone = TRY(node["zone"].text_or("+00:00"));
  auto const offset = zone.size() == 6 ? minute_of(std::string_view(zone).substr(1)) : std::nullopt;
  if (!offset || (zone[0] != '+' && zone[0] != '-'))
    return node["zone"].wrong("has to be an offset such as +01:00");
  schedule->zone_minutes = zone[0] == '-' ? -*offset : *offset;
  return schedule;
}

/// `5%` as 0.05.
std::optional<double> share_of(std::string_view text) {
  if (!text.ends_with('%')) return std::nullopt;
  text.remove_suffix(1);
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0 && value <= 100))
    return std::nullopt;
  return value / 100;
}

/// `5GB`, `500MB`.
std::optional<double> bytes_of(std::string_view text) {
  constexpr double kMega = 1e6, kGiga = 1e9;
  auto const unit = text.ends_with("GB") ? kGiga : text.ends_with("MB") ? kMega : 0;
  if (unit == 0) return std::nullopt;
  text.remove_suffix(2);
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !(value >= 0))
    return std::nullopt;
  return value * unit;
}

Result<> read_limit(Node const& node, AlertKindRow const& row, AlertRule& rule) {
  if (row.kind == AlertKind::drift) {
    // Any drift of that severity.
    rule.drift_severity = TRY(node.one_of(kSeverities, Severity::warning));
    rule.limit = 1;
    return {};
  }
  auto const text = TRY(node.text());
  if (row.kind == AlertKind::no_traffic && text == "learned") {
    rule.is_learned = true;
    return {};
  }
  switch (row.figure) {
    case Figure::seconds:
      rule.limit = seconds(TRY(node.duration({})));
      break;
    case Figure::number:
      rule.limit = static_cast<double>(TRY(node.number<std::uint64_t>(1, 1, 1'000'000'000)));
      break;
    case Figure::share: {
      auto const share = share_of(text);
      if (!share) return node.wrong("has to be a share such as 5%");
      rule.limit = *share;
      break;
    }
    case Figure::bytes:
      if (auto const share = share_of(text)) {
        rule.share_limit = *share;
      } else if (auto const bytes = bytes_of(text)) {
        rule.limit = *bytes;
      } else {
        return node.wrong("has to be a size such as 5GB, or a share such as 10%");
      }
      break;
  }
  return {};
}

Result<AlertKindRow const*> find_kind(Node const& node) {
  AlertKindRow const* found = nullptr;
  for (auto const& row : kKinds) {
    if (!node[std::string(row.key)].exists()) continue;
    if (found != nullptr) return node.wrong("says two things to watch; one rule, one thing");
    found = &row;
  }
  if (found != nullptr) return found;
  std::string known;
  for (auto const& row : kKinds) known += (known.empty() ? "" : ", ") + std::string(row.key);
  return node.wrong("says nothing to watch; there are: " + known);
}

Result<AlertRule> read_rule(Node const& node) {
  auto const* const row = TRY(find_kind(node));
  std::set<std::string> keys = {
      "name", std::string(row->key), "after", "ends-after", "schedule", "severity", "tell"};
  if (!row->about.empty()) keys.insert(std::string(row->about));
  if (row->figure == Figure::share || row->kind == AlertKind::latency)
    keys.insert({"window", "least"});
  if (row->kind == AlertKind::latency) keys.insert("quantile");
  TRY(node.allow(keys));
  AlertRule rule;
  rule.kind = row->kind;
  rule.name = TRY(node["name"].needed_text(node));
  if (rule.name.find('/') != rule.name.npos) return node["name"].wrong("has a '/'");
  TRY(read_limit(node[std::string(row->key)], *row, rule));
  if (!row->about.empty()) rule.about = TRY(node[std::string(row->about)].texts());
  rule.after = TRY(node["after"].duration({}));
  // A rate that hovers at its limit is one alert, not ten.
  bool const hovers = row->ends_at < 1 || row->is_floor;
  rule.ends_after = TRY(node["ends-after"].duration(hovers ? std::chrono::minutes(1) : rule.after));
  rule.window = TRY(node["window"].duration(rule.window));
  rule.least = TRY(node["least"].number<std::uint64_t>(rule.least, 1, 1'000'000'000));
  rule.quantile = TRY(node["quantile"].number<double>(rule.quantile, 0, 1));
  rule.schedule = TRY(read_schedule(node["schedule"]));
  rule.severity = TRY(node["severity"].one_of(kSeverities, Severity::warning));
  rule.tell = TRY(node["tell"].texts());
  return rule;
}

Result<WebhookRecipient> read_webhook(Node const& node) {
  TRY(node.allow({"url", "headers", "body", "timeout"}));
  WebhookRecipient webhook;
  webhook.url = TRY(node["url"].needed_text(node));
  if (!webhook.url.starts_with("http://") && !webhook.url.starts_with("https://"))
    return node["url"].wrong("has to begin with http:// or https://");
  for (auto const& [name, value] : node["headers"].members())
    webhook.headers[name] = TRY(value.text());
  webhook.body = TRY(node["body"].text_or(""));
  webhook.timeout = TRY(node["timeout"].duration(webhook.timeout));
  return webhook;
}

Result<MailRecipient> read_mail(Node const& node) {
  TRY(node.allow({"server", "tls", "user", "password", "ca", "from", "to", "title"}));
  constexpr auto kTls = std::to_array<NameRow<int>>({{"starttls", 0}, {"always", 1}, {"off", 2}});
  MailRecipient mail;
  mail.server = TRY(node["server"].needed_text(node));
  auto const tls = TRY(node["tls"].one_of(kTls, 0));
  mail.is_tls = tls == 1;
  mail.needs_tls = tls == 0;
  mail.user = TRY(node["user"].text_or(""));
  mail.password = TRY(node["password"].secret());
  mail.ca_file = TRY(node["ca"].text_or(""));
  mail.from = TRY(node["from"].needed_text(node));
  mail.to = TRY(node["to"].texts());
  if (mail.to.empty()) return node.wrong("has no 'to'");
  mail.title = TRY(node["title"].text_or(mail.title));
  return mail;
}

Result<AlertRecipient> read_recipient(std::string const& name, Node const& node) {
  TRY(node.allow({"log", "webhook", "email"}));
  AlertRecipient recipient;
  recipient.name = name;
  if (node["webhook"].exists()) recipient.target = TRY(read_webhook(node["webhook"]));
  if (node["email"].exists()) recipient.target = TRY(read_mail(node["email"]));
  if (node.members().size() != 1) return node.wrong("has to be one of log, webhook, email");
  return recipient;
}

Result<AlertRules> read_file_node(Node const& root) {
  TRY(root.allow({"alerts", "recipients", "every"}));
  AlertRules rules;
  rules.every = TRY(root["every"].duration(rules.every));
  if (rules.every < std::chrono::milliseconds(100)) return root["every"].wrong("is too often");
  for (auto const& [name, node] : root["recipients"].members())
    rules.recipients.push_back(TRY(read_recipient(name, node)));
  std::set<std::string> names;
  for (auto const& node : root["alerts"].elements()) {
    if (rules.rules.size() >= kRulesMax) return node.wrong("are too many");
    auto rule = TRY(read_rule(node));
    if (!names.insert(rule.name).second) return node["name"].wrong("is that of two rules");
    for (auto const& name : rule.tell) {
      if (!std::ranges::count(rules.recipients, name, &AlertRecipient::name))
        return node["tell"].wrong("names '" + name + "', which is no recipient");
    }
    rules.rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace

std::span<AlertKindRow const> alert_kinds() { return kKinds; }

AlertKindRow const& row_of(AlertKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<Instant> AlertSchedule::open_since(Instant now) const {
  constexpr std::int64_t kMinute = 60'000, kDay = 24 * 60 * kMinute;
  constexpr std::int64_t kThursday = 3;  // 1970-01-01; Monday is 0
  auto const local = now.ms + zone_minutes * kMinute;
  auto const day = local >= 0 ? local / kDay : (local - kDay + 1) / kDay;
  auto const weekday = ((day + kThursday) % 7 + 7) % 7;
  auto const minute = (local - day * kDay) / kMinute;
  bool const is_open = (days >> weekday & 1) != 0 && minute >= from_minute && minute < to_minute;
  if (!is_open) return std::nullopt;
  // Days that touch at midnight are one window.
  auto first = day;
  while (from_minute == 0 && to_minute == 24 * 60 && day - first < 7 &&
         (days >> (((first - 1 + kThursday) % 7 + 7) % 7) & 1) != 0) {
    --first;
  }
  return Instant{first * kDay + from_minute * kMinute - zone_minutes * kMinute};
}

bool AlertRule::is_about(std::string_view subject) const {
  return about.empty() || std::ranges::any_of(about, [&](std::string_view pattern) {
           if (!pattern.ends_with('*')) return pattern == subject;
           return subject.starts_with(pattern.substr(0, pattern.size() - 1));
         });
}

Result<AlertRules> read_alert_rules(std::string_view text, std::string const& where) {
  try {
    auto const loaded = YAML::Load(std::string(text));
    return read_file_node(Node(loaded, where, ""));
  } catch (YAML::Exception const& error) {
    auto place = where;
    if (!error.mark.is_null())
      place += fmt::format(":{}:{}", error.mark.line + 1, error.mark.column + 1);
    return fail(ErrorCode::malformed, error.msg, place);
  }
}

std::string in_words(Figure figure, double value) {
  switch (figure) {
    case Figure::number:
      return fmt::format("{:.0f}", value);
    case Figure::share:
      return fmt::format("{:.3g} %", value * 100);
    case Figure::bytes:
      return value < 1e9 ? fmt::format("{:.3g} MB", value / 1e6)
                         : fmt::format("{:.3g} GB", value / 1e9);
    case Figure::seconds:
      break;
  }
  if (value < 10) return fmt::format("{:.3g}s", value);
  auto const whole = static_cast<std::int64_t>(value);
  if (whole < 120) return fmt::format("{}s", whole);
  if (whole < 7200) return fmt::format("{}m", whole / 60);
  if (whole < 2 * 86'400) return fmt::format("{}h {}m", whole / 3600, whole / 60 % 60);
  return fmt::format("{} days", whole / 86'400);
}

}  // namespace sinew::engine
