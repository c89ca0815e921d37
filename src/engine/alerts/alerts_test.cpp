#include "engine/alerts/alerts.h"

#include <doctest/doctest.h>

#include "engine/alerts/tell.h"
#include "json/json.h"

using namespace sinew;
using namespace sinew::engine;

namespace {

AlertRules rules_of(std::string_view text) {
  auto rules = read_alert_rules(text, "alerts.yaml");
  REQUIRE_MESSAGE(bool(rules), (rules ? "" : to_string(rules.error())));
  return *std::move(rules);
}

constexpr std::string_view kQueue = R"(
recipients: {ops: {log: {}}}
alerts:
  - {name: queue, queue-depth: 100, after: 10s, ends-after: 20s}
)";

/// One rule over time.
struct Play {
  explicit Play(std::string_view text) : rules(rules_of(text)) {}
  void at(std::int64_t second, double value) {
    now = {second * 1000 + 1'000'000};
    book.update(rules.rules.front(), {{.subject = "lab/ehr", .value = value, .detail = {}}},
                rules.recipients, now);
  }
  std::string told() const {
    std::string all;
    for (auto const& notice : book.notices()) all += notice.is_start ? '+' : '-';
    return all;
  }
  AlertRules rules;
  AlertBook book;
  Instant now{};
};

}  // namespace

TEST_CASE("an alert starts after its time and ends below its lower limit, once each") {
  Play play(kQueue);
  play.at(0, 99);
  play.at(1, 100);
  play.at(10, 150);
  CHECK(play.told().empty());  // not long enough
  play.at(11, 150);
  CHECK(play.told() == "+");
  play.at(12, 500);
  CHECK(play.told() == "+");
  play.at(13, 99);  // below the limit, not below four fifths of it
  play.at(60, 85);
  CHECK(play.told() == "+");
  play.at(61, 79);
  play.at(80, 79);
  CHECK(play.told() == "+");
  play.at(81, 79);
  CHECK(play.told() == "+-");
  CHECK(play.book.recent().size() == 1);
  CHECK(play.book.active().empty());
  CHECK(play.book.notices()[0].alert.text == "150 messages wait (limit 100)");
}

TEST_CASE("a figure that flaps tells nothing before it lasts, and one end when it stays away") {
  Play play(kQueue);
  for (int second = 0; second < 100; ++second) play.at(second, second % 2 == 0 ? 200 : 50);
  CHECK(play.told().empty());
  for (int second = 100; second < 120; ++second) play.at(second, 200);
  CHECK(play.told() == "+");
  for (int second = 120; second < 300; ++second) play.at(second, second % 2 == 0 ? 200 : 50);
  CHECK(play.told() == "+");
}

TEST_CASE("what is active survives a restart and is not told again") {
  Play play(kQueue);
  play.at(0, 200);
  play.at(10, 200);
  auto again = AlertBook::read(play.book.print());
  REQUIRE(again);
  CHECK(again->print() == play.book.print());
  play.book = *std::move(again);
  play.book.set_notices({}, 1);  // it has been told
  play.at(11, 200);
  CHECK(play.told().empty());
  play.at(12, 0);
  play.at(32, 0);
  CHECK(play.told() == "-");
  CHECK_FALSE(AlertBook::read("{}"));
  CHECK_FALSE(AlertBook::read(R"({"sinewAlerts":1,"alerts":[{"alert":"x","kind":"none"}]})"));
}

TEST_CASE("a silenced alert tells nothing, and its start when the silence ends before it") {
  Play play(kQueue);
  play.book.silence("queue/lab/ehr", {1'000'000 + 30'000});
  play.at(0, 200);
  play.at(10, 200);
  CHECK(play.told().empty());
  CHECK(play.book.active().size() == 1);
  play.at(31, 200);
  CHECK(play.told() == "+");
  // Silenced by its rule, and over before the silence is: nobody heard of it.
  Play other(kQueue);
  other.book.silence("queue", {1'000'000 + 300'000});
  other.at(0, 200);
  other.at(10, 200);
  other.at(11, 0);
  other.at(31, 0);
  CHECK(other.told().empty());
}

TEST_CASE("what is no longer there is over; an acknowledged alert still ends") {
  Play play(kQueue);
  play.at(0, 200);
  CHECK_FALSE(play.book.acknowledge("queue/lab/ehr"));  // not active yet
  play.at(10, 200);
  CHECK(play.book.acknowledge("queue/lab/ehr"));
  CHECK(play.book.active().front().is_acknowledged);
  auto const later = [&](std::int64_t second) {
    play.book.update(play.rules.rules.front(), {}, play.rules.recipients,
                     {1'000'000 + second * 1000});
  };
  later(11);
  later(31);
  CHECK(play.told() == "+-");
}

TEST_CASE("a floor is watched from the other side") {
  Play play(R"(
recipients: {ops: {log: {}}}
alerts: [{name: disk, disk-free: 5GB, ends-after: 0s}]
)");
  play.at(0, 5e9);
  CHECK(play.told().empty());
  play.at(1, 4.9e9);
  CHECK(play.told() == "+");
  play.at(2, 5.2e9);
  CHECK(play.told() == "+");
  play.at(3, 5.6e9);
  CHECK(play.told() == "+-");
}

TEST_CASE("a rule file is read whole, and each mistake is named with its place") {
  auto const rules = rules_of(R"(
every: 2s
recipients:
  on-call: {webhook: {url: "https://example.org/hook", headers: {X-Key: k}, body: '{"t": "{text}"}'}}
  team: {email: {server: "mail.example.org:587", from: s@example.org, to: [a@example.org]}}
alerts:
  - name: lab-silent
    no-traffic: 30m
    feeds: [lab*]
    schedule: {days: mon-fri, from: "07:00", to: "19:00", zone: "+01:00"}
    tell: [on-call]
  - {name: errors, error-rate: 5%, window: 15m, least: 50, severity: error}
  - {name: old, no-traffic: learned}
  - {name: full, disk-free: 10%}
  - {name: tls, certificate: 30d}
  - {name: drift, drift: information}
)");
  CHECK(rules.rules.size() == 6);
  CHECK(rules.rules[0].limit == 1800);
  CHECK(rules.rules[0].is_about("lab-2"));
  CHECK_FALSE(rules.rules[0].is_about("adt"));
  CHECK(rules.rules[1].limit == doctest::Approx(0.05));
  CHECK(rules.rules[2].is_learned);
  CHECK(rules.rules[3].share_limit == doctest::Approx(0.1));
  struct {
    std::string_view text, what;
  } const wrong[] = {
      {"alerts: [{name: a}]", "nothing to watch"},
      {"alerts: [{name: a, held: 1, queue-depth: 2}]", "two things"},
      {"alerts: [{name: a, helt: 1}]", "nothing to watch"},
      {"alerts: [{name: a, held: 1, feeds: [x]}]", "no key here"},
      {"alerts: [{name: a, held: 1, tell: [b]}]", "no recipient"},
      {"alerts: [{name: a, held: 1}, {name: a, held: 2}]", "two rules"},
      {"alerts: [{name: a, error-rate: 5}]", "share"},
      {"alerts: [{name: a, error-rate: 500%}]", "share"},
      {"alerts: [{name: a, disk-free: 5}]", "size"},
      {"alerts: [{name: a, no-traffic: soon}]", ""},
      {"alerts: [{name: a, held: 1, schedule: {days: someday}}]", "days"},
      {"alerts: [{name: a, held: 1, schedule: {from: '19:00', to: '07:00'}}]", "later"},
      {"recipients: {a: {webhook: {url: 'ftp://x'}}}", "http"},
      {"recipients: {a: {email: {server: s, from: f, to: []}}}", "to"},
      {"recipients: {a: {email: {server: s, from: f, to: [t], password: secret}}}", ""},
      {"alerts: [", ""},
  };
  for (auto const& row : wrong) {
    CAPTURE(row.text);
    auto const read = read_alert_rules(row.text, "alerts.yaml");
    REQUIRE_FALSE(read);
    CHECK(to_string(read.error()).find(row.what) != std::string::npos);
    CHECK(read.error().where.starts_with("alerts.yaml:1:"));
  }
}

TEST_CASE("a schedule is open by the clock of its zone") {
  auto const rules = rules_of(R"(
alerts:
  - {name: a, no-traffic: 1h, schedule: {days: mon-fri, from: "07:00", to: "19:00", zone: "+01:00"}}
  - {name: b, no-traffic: 1h, schedule: {days: [sat, sun]}}
)");
  auto const at = [](char const* text) { return *parse_instant(text); };
  auto const& office = *rules.rules[0].schedule;
  CHECK_FALSE(office.open_since(at("2026-03-02T05:59:59Z")));  // a Monday, 06:59 there
  CHECK(office.open_since(at("2026-03-02T06:00:00Z")) == at("2026-03-02T06:00:00Z"));
  CHECK(office.open_since(at("2026-03-02T17:59:59Z")) == at("2026-03-02T06:00:00Z"));
  CHECK_FALSE(office.open_since(at("2026-03-02T18:00:00Z")));
  CHECK_FALSE(office.open_since(at("2026-03-07T10:00:00Z")));  // Saturday
  CHECK(rules.rules[1].schedule->open_since(at("2026-03-08T10:00:00Z")) ==
        at("2026-03-07T00:00:00Z"));
}

TEST_CASE("what is told holds what a template asks for, and nothing breaks out of it") {
  AlertNotice notice;
  notice.alert.rule = "queue";
  notice.alert.subject = "lab/\"ehr\"\r\nBcc: x@example.org";
  notice.alert.text = "150 messages wait";
  notice.alert.started = {1'000'000};
  CHECK(fill_template("{state} {alert}: {text} {other}", notice, false) ==
        "started queue: 150 messages wait {other}");
  auto const body = fill_template(R"({"text": "{subject}"})", notice, true);
  auto const document = json::Document::parse(body);
  REQUIRE(document);
  CHECK(document->root()["text"].text() == notice.alert.subject);
  CHECK(json::Document::parse(notice_json(notice)));
  MailRecipient mail;
  mail.from = "s@example.org";
  mail.to = {"a@example.org", "b@example.org"};
  auto const text = notice_mail(mail, notice);
  CHECK(text.find("\r\nBcc:") == text.rfind("\r\nBcc:"));
  CHECK(text.find("Subject: [started] queue: lab/\"ehr\"  Bcc: x@example.org\r\n") !=
        std::string::npos);
}
