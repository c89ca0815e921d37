#include "engine/delivery/channel.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "engine/delivery/sender.h"

using namespace sinew;
using namespace sinew::engine;

namespace {

constexpr char kFile[] = R"yaml(
channel: lab-results
feeds: [lab, lab2]
accept:
  - {field: MSH-9.1, is: [ORU, MDM]}
  - {field: "PID-3[1].4", is-not: TEST}
destinations:
  - name: billing
    accept:
      - {field: OBX-5, exists: true}
    mllp: {host: 10.0.0.5, port: 6661, timeout: 5s, tls: {ca: /etc/ca.pem}}
    order: order
    retry: {first: 2s, factor: 3, longest: 1m, jitter: 0, attempts: 4}
    answers: {AE: hold, none: retry}
    in-doubt: hold
  - name: archive
    file: {folder: "${SINEW_TEST_FOLDER}/out", name: "{control_id}-{item}.hl7"}
    order: none
)yaml";

/// The error of a file, as `where: what`.
std::string error_of(std::string_view text) {
  auto const channel = read_channel(text, "x.yaml");
  REQUIRE_FALSE(channel);
  return to_string(channel.error());
}

bool passes(char const* conditions, std::string_view message_text) {
  auto const text = "channel: c\naccept:\n" + std::string(conditions) + "\ndestinations: []\n";
  auto const channel = read_channel(text, "x.yaml");
  REQUIRE_MESSAGE(channel, (channel ? "" : to_string(channel.error())));
  auto const message = hl7v2::parse_message(message_text);
  REQUIRE(message);
  return holds(channel->accept, *message);
}

}  // namespace

TEST_CASE("a channel file says where messages go") {
  ::setenv("SINEW_TEST_FOLDER", "/tmp/x", 1);
  auto const channel = read_channel(kFile, "lab.yaml");
  REQUIRE_MESSAGE(channel, (channel ? "" : to_string(channel.error())));
  CHECK(channel->name == "lab-results");
  CHECK(channel->feeds == std::vector<std::string>{"lab", "lab2"});
  REQUIRE(channel->accept.size() == 2);
  CHECK(channel->accept[0].values == std::vector<std::string>{"ORU", "MDM"});
  CHECK(channel->accept[1].test == Condition::Test::is_not);
  REQUIRE(channel->destinations.size() == 2);
  auto const& billing = channel->destinations[0];
  CHECK(billing.name == "lab-results/billing");
  CHECK(billing.target.kind == "mllp");
  CHECK(billing.order == Order::order);
  CHECK(billing.retry.attempts_max == 4);
  CHECK(billing.retry.longest == std::chrono::minutes(1));
  CHECK(billing.in_doubt == InDoubt::hold);
  CHECK(reaction_to(billing, {"AE", {}}) == Reaction::hold);
  CHECK(reaction_to(billing, {"AR", {}}) == Reaction::hold);
  CHECK(reaction_to(billing, {"AA", {}}) == Reaction::done);
  auto const& archive = channel->destinations[1];
  CHECK(archive.target.kind == "file");
  auto const sender = archive.target.open({archive.name, {}});
  auto const reply = sender->send({7, "MSH|", "A/B", "ADT^A01", Instant{}});
  CHECK(reply.code == "written");
  CHECK(reply.text == "/tmp/x/out/A_B-7.hl7");
}

TEST_CASE("a mistake is named with its place") {
  CHECK(error_of("channel: a\ndestination: []\n") ==
        "x.yaml:2:14: 'destination' is no key here; there are: accept, channel, destinations, "
        "feeds, source, transform");
  CHECK(error_of("channel: a\ndestinations:\n  - name: b\n    mllp: {host: h, port: 99999}\n")
            .find("'port' has to be a number from 1 to 65535") != std::string::npos);
  CHECK(
      error_of("channel: a\ndestinations:\n  - name: b\n    order: visit\n    file: {folder: f}\n")
          .find("'order' is 'visit'; it can be: patient, order, destination, none") !=
      std::string::npos);
  CHECK(error_of("channel: a\ndestinations:\n  - name: b\n").find("needs a target") !=
        std::string::npos);
  CHECK(error_of("channel: a\ndestinations:\n  - {name: b, file: {folder: f}, http: {url: u}}\n")
            .find("two targets") != std::string::npos);
  CHECK(error_of("channel: a\ndestinations:\n  - {name: b, file: {folder: \"${NOT_SET_HERE}\"}}\n")
            .find("NOT_SET_HERE, which is not set") != std::string::npos);
  CHECK(error_of("channel: a\naccept:\n  - {field: PID-, is: x}\ndestinations: []\n")
            .find("x.yaml:3:13") != std::string::npos);
  CHECK(error_of("channel: a\ndestinations:\n  - {name: b, file: {folder: f}}\n  - {name: b, file: "
                 "{folder: g}}\n")
            .find("is there twice") != std::string::npos);
  CHECK(error_of("channel: [a\n").starts_with("x.yaml:"));
  CHECK(error_of("").find("map of keys") != std::string::npos);
}

TEST_CASE("conditions look at every place of a path, decoded") {
  constexpr std::string_view kMessage =
      "MSH|^~\\&|LAB|H|||20260101||ORU^R01|1|P|2.5\r"
      "PID|1||4711^^^HOSP~5^^^TEST||A\\T\\B\r"
      "OBX|1|NM|x||\rOBX|2|NM|y||5\r";
  CHECK(passes("  - {field: MSH-9.1, is: [ADT, ORU]}", kMessage));
  CHECK_FALSE(passes("  - {field: MSH-9.1, is: ADT}", kMessage));
  CHECK(passes("  - {field: PID-3.4, is: TEST}", kMessage));
  CHECK_FALSE(passes("  - {field: PID-3.4, is-not: TEST}", kMessage));
  CHECK(passes("  - {field: \"PID-3[1].4\", is-not: TEST}", kMessage));
  CHECK(passes("  - {field: PID-5.1, is: A&B}", kMessage));
  CHECK(passes("  - {field: OBX-5, exists: true}", kMessage));
  CHECK(passes("  - {field: ZZZ-1, exists: false}", kMessage));
  CHECK_FALSE(passes("  - {field: ZZZ-1, exists: true}", kMessage));
  CHECK_FALSE(passes("  - {field: MSH-9.1, is: ORU}\n  - {field: MSH-9.2, is: R02}", kMessage));
}

TEST_CASE("conditions know patterns, tables and each other") {
  constexpr std::string_view kMessage =
      "MSH|^~\\&|LAB|H|||20260101||ORU^R01|1|P|2.5\rPID|1||4711~X5||Meier^^^\rOBX|1|NM|x||\r";
  CHECK(passes("  - {field: PID-3.1, matches: '^X[0-9]$'}", kMessage));
  CHECK_FALSE(passes("  - {field: PID-3.1, matches: '^[0-9]$'}", kMessage));
  CHECK(passes("  - any: [{field: MSH-3, is: ADT}, {field: PID-3.1, is: X5}]", kMessage));
  CHECK_FALSE(passes("  - not: {field: MSH-3, is: LAB}", kMessage));
  CHECK(
      passes("  - not: [{field: MSH-3, is: ADT}, {all: [{field: PID-3, exists: true}, {field: PV1, "
             "exists: true}]}]",
             kMessage));
  CHECK(error_of("channel: a\naccept: [{any: []}]\ndestinations: []\n").find("needs a condition") !=
        std::string::npos);
  CHECK(error_of("channel: a\naccept: [{field: PID-3, matches: '('}]\ndestinations: []\n")
            .find("no regular expression") != std::string::npos);
  CHECK(error_of("channel: a\naccept: [{field: PID-3, in: t}]\ndestinations: []\n")
            .find("'in' is 't'; the folder lookups has no table") != std::string::npos);
  std::string nested = "{field: PID-3, exists: true}";
  for (int i = 0; i < 20; ++i) nested = "{all: [" + nested + "]}";
  CHECK(error_of("channel: a\naccept: [" + nested + "]\ndestinations: []\n").find("too many") !=
        std::string::npos);
}

TEST_CASE("answers of HTTP are judged by status, then by class") {
  Destination destination;
  CHECK(reaction_to(destination, {"202", {}}) == Reaction::done);
  CHECK(reaction_to(destination, {"429", {}}) == Reaction::retry);
  CHECK(reaction_to(destination, {"503", {}}) == Reaction::retry);
  CHECK(reaction_to(destination, {"404", {}}) == Reaction::hold);
  CHECK(reaction_to(destination, {"", {}}) == Reaction::hold);
  destination.answers = {{"5xx", Reaction::stop}, {"409", Reaction::done}};
  CHECK(reaction_to(destination, {"503", {}}) == Reaction::stop);
  CHECK(reaction_to(destination, {"409", {}}) == Reaction::done);
}
