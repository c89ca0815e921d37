#include "engine/messages/message_keys.h"

#include <doctest/doctest.h>

#include "engine/messages/retention.h"

using namespace sinew;
using namespace sinew::engine;
using store::JournalStatus;
using store::MessageKey;

namespace {

std::string indexed(std::string bytes, MessageKey key) {
  store::JournalRecord record;
  record.entry.feed = "lab";
  record.entry.bytes = std::move(bytes);
  auto const keys = MessageKeys::load();
  REQUIRE(keys);
  return keys->index(record).texts[static_cast<std::size_t>(key)];
}

constexpr char kMessage[] =
    "MSH|^~\\&|LAB|H|||20260101||ORU^R01|C1|P|2.5.1\r"
    "PID|1|77|A100^^^H~B\\T\\7^^^X||M\xc3\xbcller^Anna~Old^Anna\r"
    "PV1|1|I|||||||||||||||||V9^^^H\r"
    "ORC|RE|P1^A|F1^B\rOBR|1|P1^A|F1^B|GLU||||||||||||||ACC-5||X\r"
    "OBX|1|ST|GLU||\"\"||||||F\rOBX|2|ST|NOTE||line\\.br\\two||||||F\r";

store::JournalHead head(std::string feed, JournalStatus status, std::int64_t received) {
  return {1, Instant{received}, std::move(feed), status};
}

constexpr std::int64_t kDay = 86'400'000;

}  // namespace

TEST_CASE("numbers and names are taken from every repetition, decoded") {
  CHECK(indexed(kMessage, MessageKey::patient) == "77\nA100\nB&7");
  CHECK(indexed(kMessage, MessageKey::visit) == "V9");
  CHECK(indexed(kMessage, MessageKey::order) == "P1\nF1\nP1\nF1");
  CHECK(indexed(kMessage, MessageKey::accession) == "ACC-5\nX");
  CHECK(indexed(kMessage, MessageKey::name) == "Müller^Anna\nOld^Anna");
  CHECK(indexed(kMessage, MessageKey::feed) == "lab");
  CHECK(indexed(kMessage, MessageKey::text).find("line\ntwo") != std::string::npos);
}

TEST_CASE("what is no message has its words") {
  CHECK(indexed("no message at all", MessageKey::text) == "no message at all");
  CHECK(indexed("no message at all", MessageKey::patient).empty());
}

TEST_CASE("the first rule that a message meets says how long it is kept") {
  auto const rules = read_retention(
      "feed\tstatus\tkeep\nlab\tfailed\talways\nlab\t\t7d\n\tfailed\t365d\n\t\t30d\n", "r.tsv");
  REQUIRE(rules);
  Retention const retention{*rules, 0};
  CHECK(retention.shortest_ms() == 7 * kDay);
  Instant const now{1000 * kDay};
  CHECK(!retention.lets_go(head("lab", JournalStatus::failed, 0), now));
  CHECK(retention.lets_go(head("lab", JournalStatus::applied, 992 * kDay), now));
  CHECK(!retention.lets_go(head("lab", JournalStatus::applied, 993 * kDay), now));
  CHECK(!retention.lets_go(head("adt", JournalStatus::failed, 900 * kDay), now));
  CHECK(retention.lets_go(head("adt", JournalStatus::ignored, 900 * kDay), now));
  // What nothing became of yet is kept, however old.
  CHECK(!retention.lets_go(head("lab", JournalStatus::received, 0), now));
}

TEST_CASE("mistakes in rules of retention are named by line") {
  auto const where = [](char const* text) { return read_retention(text, "r.tsv").error().where; };
  CHECK(where("feed\tstatus\tkeep\nlab\t\t7 weeks\n") == "r.tsv:2");
  CHECK(where("feed\tstatus\tkeep\nlab\tapplied\t7d\nlab\tlost\t7d\n") == "r.tsv:3");
  CHECK(where("feed\tage\n") == "r.tsv:1");
  CHECK(where("feed\tkeep\nlab\t-3d\n") == "r.tsv:2");
  CHECK(where("feed\tkeep\nlab\t\n") == "r.tsv:2");
}
