#include "engine/engine.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "base/log.h"
#include "engine/fake_store_test.h"
#include "wire/hl7v2/message.h"

using namespace sinew;
using namespace sinew::engine;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<mapping::Program const> tables() {
  static auto const program = [] {
    auto const layer = mapping::built_in_layer();
    return mapping::compile({&layer, 1}).program;
  }();
  REQUIRE(program);
  return program;
}

FeedSettings feed(AckPolicy ack = AckPolicy::durable) {
  FeedSettings settings;
  settings.mapping.name = "adt";
  settings.program = tables();
  settings.ack = ack;
  return settings;
}

/// An engine on a store, with one feed and one client.
struct Road {
  FakeStore& store;
  Metrics metrics;
  net::Loop loop{2};
  std::unique_ptr<Engine> engine;
  std::uint16_t port = 0;

  explicit Road(FakeStore& on, AckPolicy ack = AckPolicy::durable, EngineOptions options = {})
      : store(on), engine(Engine::start(on, metrics, system_clock(), options, {feed(ack)})) {
    set_log_level(Level::off);
    loop.run();
    auto const listening = engine->listen(loop, "adt", {});
    REQUIRE(listening);
    port = *listening;
  }
  ~Road() {
    engine->stop();
    set_log_level(Level::info);
  }
  std::unique_ptr<net::MllpClient> connect(std::uint32_t timeout_ms = 5000) const {
    net::MllpClientOptions options;
    options.host = "127.0.0.1";
    options.port = port;
    options.answer_timeout_ms = timeout_ms;
    auto connected = net::MllpClient::connect(options);
    REQUIRE(connected);
    return *std::move(connected);
  }
  bool drained() const { return engine->drain(10s); }
};

std::string message(std::string const& control_id, std::string const& patient = "1",
                    std::string const& type = "ADT^A08^ADT_A01", std::string const& end = "") {
  return "MSH|^~\\&|ADT|HOSP|SINEW|HOSP|20260301120000||" + type + '|' + control_id + "|P|2.5.1" +
         end + "\rEVN|A08|20260301120000\rPID|1||" + patient + "^^^HOSP^MR||Test^T\rPV1|1|O\r";
}

/// MSA-1 and MSA-2, or what went wrong.
std::string answer(net::MllpClient& client) {
  auto const bytes = client.receive();
  if (!bytes) return bytes.error().what;
  auto const ack = hl7v2::parse_message(*bytes);
  if (!ack) return ack.error().what;
  return std::string(ack->first("MSA", 1)) + ' ' + std::string(ack->first("MSA", 2));
}

std::string ask(net::MllpClient& client, std::string const& text) {
  REQUIRE(client.send(text));
  return answer(client);
}

store::JournalStatus status(FakeStore& store, store::JournalId id) {
  auto const record = store.journal_record(id);
  REQUIRE(record);
  return record->status;
}

}  // namespace

TEST_CASE("a message is acknowledged once it is in the journal, and then applied") {
  FakeStore store;
  Road const road(store);
  auto const client = road.connect(300);
  store.hold(true);
  REQUIRE(client->send(message("A1")));
  CHECK(answer(*client) == "timed out");
  CHECK(store.journal_size() == 0);
  store.hold(false);
  CHECK(answer(*client) == "AA A1");
  REQUIRE(road.drained());
  auto const applied = store.applied();
  REQUIRE(applied.size() == 1);
  CHECK(applied[0].cause == 1);
  CHECK(applied[0].cause_status == store::JournalStatus::applied);
  CHECK(applied[0].program == mapping::digest(*tables()));
  CHECK(std::ranges::any_of(applied[0].changes,
                            [](auto const& change) { return change.type == "Patient"; }));
  auto const record = store.journal_record(1);
  REQUIRE(record);
  CHECK(record->entry.type == "ADT^A08");
  CHECK(record->entry.sender == "ADT|HOSP");
  CHECK(record->entry.control_id == "A1");
  CHECK(record->entry.bytes == message("A1"));
}

TEST_CASE("what cannot be stored is not acknowledged") {
  FakeStore store;
  Road const road(store);
  auto const client = road.connect();
  store.disk_full = true;
  CHECK(ask(*client, message("A1")) == "AE A1");
  CHECK(store.journal_size() == 0);
  store.disk_full = false;
  CHECK(ask(*client, message("A1")) == "AA A1");
}

TEST_CASE("the same message again is acknowledged again and changes nothing") {
  FakeStore store;
  Road const road(store);
  auto const client = road.connect(), other = road.connect();
  CHECK(ask(*client, message("A1")) == "AA A1");
  CHECK(ask(*client, message("A1")) == "AA A1");
  CHECK(ask(*other, message("A1")) == "AA A1");
  CHECK(ask(*other, message("A1", "2")) == "AA A1");  // same id, other bytes: another message
  REQUIRE(road.drained());
  for (auto const& transaction : store.applied()) {
    bool const is_copy = transaction.cause == 2 || transaction.cause == 3;
    CHECK(transaction.changes.empty() == is_copy);
    CHECK((transaction.cause_status == store::JournalStatus::duplicate) == is_copy);
  }
}

TEST_CASE("a message that cannot be mapped is kept with the reason and holds up nobody") {
  FakeStore store;
  Road const road(store);
  auto const client = road.connect();
  CHECK(ask(*client, message("A1", "1", "ZZZ^Z99")) == "AA A1");
  CHECK(ask(*client, "this is no message") == "AR ");
  CHECK(ask(*client, message("A2")) == "AA A2");
  CHECK(ask(*client, message("", "3")).substr(0, 2) != "AA");
  REQUIRE(road.drained());
  CHECK(status(store, 1) == store::JournalStatus::failed);
  CHECK(status(store, 2) == store::JournalStatus::failed);
  CHECK(status(store, 3) == store::JournalStatus::applied);
  auto const record = store.journal_record(1);
  REQUIRE(record);
  CHECK(record->reason.find("MSH-9") != std::string::npos);
  // Once the tables cover it, sending it again is how it gets its chance.
  CHECK(ask(*client, message("A1", "1", "ZZZ^Z99")) == "AA A1");
  REQUIRE(road.drained());
  CHECK(status(store, 5) == store::JournalStatus::failed);
}

TEST_CASE("enhanced mode: commit and application acknowledgements as MSH-15 and MSH-16 ask") {
  FakeStore store;
  Road const road(store);
  auto const client = road.connect();
  auto const send = [&](std::string const& id, std::string const& conditions,
                        std::string const& type = "ADT^A08^ADT_A01") {
    REQUIRE(client->send(message(id, "1", type, "|||" + conditions)));
  };
  send("B1", "AL|NE");
  CHECK(answer(*client) == "CA B1");
  send("B2", "AL|AL");
  CHECK(answer(*client) == "CA B2");
  CHECK(answer(*client) == "AA B2");
  send("B3", "NE|NE");
  send("B4", "NE|AL");
  CHECK(answer(*client) == "AA B4");
  send("B5", "AL|ER", "ZZZ^Z99");
  CHECK(answer(*client) == "CA B5");
  CHECK(answer(*client) == "AE B5");
  send("B6", "AL|ER");
  CHECK(answer(*client) == "CA B6");
  CHECK(ask(*client, message("B7")) == "AA B7");
  REQUIRE(road.drained());
  CHECK(store.applied().size() == 7);
}

TEST_CASE("by policy AA waits for the store, and AE says that mapping failed") {
  FakeStore store;
  Road const road(store, AckPolicy::applied);
  auto const client = road.connect();
  CHECK(ask(*client, message("A1")) == "AA A1");
  CHECK(status(store, 1) == store::JournalStatus::applied);
  CHECK(ask(*client, message("A2", "1", "ZZZ^Z99")) == "AE A2");
  CHECK(ask(*client, message("A1")) == "AA A1");
}

TEST_CASE("a batch becomes its messages, and its answer is a batch") {
  FakeStore store;
  Road const road(store);
  auto const client = road.connect();
  REQUIRE(client->send("FHS|^~\\&|A\rBHS|^~\\&|A|F|B||||||9\r" + message("A1") +
                       message("A2", "2") + message("A3") + "BTS|3\rFTS|1\r"));
  auto const reply = client->receive();
  REQUIRE(reply);
  CHECK(reply->starts_with("FHS|^~\\&|"));
  for (char const* const part : {"MSA|AA|A1", "MSA|AA|A2", "MSA|AA|A3", "BTS|3\r", "FTS|1\r"}) {
    CHECK(reply->find(part) != std::string::npos);
  }
  REQUIRE(road.drained());
  CHECK(store.applied().size() == 3);
  auto const record = store.journal_record(2);
  REQUIRE(record);
  CHECK(record->entry.bytes == message("A2", "2"));
}

TEST_CASE("messages one after another in a frame are messages; text that looks like one is not") {
  FakeStore store;
  Road const road(store);
  auto const client = road.connect();
  REQUIRE(client->send(message("A1") + message("A2", "2")));
  auto const reply = client->receive();
  REQUIRE(reply);
  CHECK(reply->find("MSA|AA|A1") != std::string::npos);
  CHECK(reply->find("MSA|AA|A2") != std::string::npos);
  CHECK(ask(*client, message("A3") + "NTE|1||text\nMSH is a segment\r") == "AA A3");
  REQUIRE(road.drained());
  CHECK(store.applied().size() == 3);
}

TEST_CASE("what an earlier process left in the journal is applied before anything is received") {
  FakeStore store;
  EngineOptions receive_only;
  receive_only.workers = 0;
  {
    Road const road(store, AckPolicy::durable, receive_only);
    auto const client = road.connect();
    for (int i = 0; i < 20; ++i) {
      auto const id = std::to_string(i);
      CHECK(ask(*client, message(id)) == "AA " + id);
    }
  }
  CHECK(store.applied().empty());
  Road const road(store);
  REQUIRE(road.drained());
  auto const applied = store.applied();
  REQUIRE(applied.size() == 20);
  for (std::size_t i = 0; i < applied.size(); ++i) CHECK(applied[i].cause == i + 1);
}

TEST_CASE("each connection, and each patient, in the order of the journal; the backlog bounded") {
  FakeStore store;
  EngineOptions options;
  options.workers = 4;
  options.backlog_messages_max = 32;
  constexpr int kConnections = 8, kMessages = 100;
  {
    Road const road(store, AckPolicy::durable, options);
    std::vector<std::thread> senders;
    std::atomic<int> positive = 0;
    for (int c = 0; c < kConnections; ++c) {
      senders.emplace_back([&, c] {
        auto const client = road.connect();
        for (int i = 0; i < kMessages; ++i) {
          auto const id = std::to_string(c) + '-' + std::to_string(i);
          if (!client->send(message(id, std::to_string((c + i) % 5)))) return;
        }
        for (int i = 0; i < kMessages; ++i) positive += answer(*client).starts_with("AA");
      });
    }
    for (auto& sender : senders) sender.join();
    CHECK(positive == kConnections * kMessages);
    REQUIRE(road.drained());
  }
  std::map<std::string, store::JournalId> last_of;
  auto const applied = store.applied();
  CHECK(applied.size() == kConnections * kMessages);
  for (auto const& transaction : applied) {
    auto const record = store.journal_record(transaction.cause);
    REQUIRE(record);
    auto const parsed = hl7v2::parse_message(record->entry.bytes);
    REQUIRE(parsed);
    for (auto const& key : {"lane " + std::to_string(record->entry.lane),
                            "patient " + std::string(parsed->first("PID", 3))}) {
      CHECK(last_of[key] < transaction.cause);
      last_of[key] = transaction.cause;
    }
  }
}

TEST_CASE("a store that cannot write is waited for, and nothing is lost, doubled or reordered") {
  FakeStore store;
  Road const road(store);
  auto const client = road.connect();
  CHECK(ask(*client, message("0")) == "AA 0");
  REQUIRE(road.drained());
  store.hold(true);
  for (int i = 1; i < 10; ++i) REQUIRE(client->send(message(std::to_string(i))));
  std::this_thread::sleep_for(50ms);
  store.hold(false);
  for (int i = 1; i < 10; ++i) CHECK(answer(*client) == "AA " + std::to_string(i));
  store.disk_full = true;
  CHECK(ask(*client, message("refused")) == "AE refused");
  std::this_thread::sleep_for(100ms);
  store.disk_full = false;
  REQUIRE(road.drained());
  auto const applied = store.applied();
  REQUIRE(applied.size() == 10);
  for (std::size_t i = 0; i < applied.size(); ++i) CHECK(applied[i].cause == i + 1);
}

TEST_CASE("figures are counted by feed, and patient data is not among them") {
  FakeStore store;
  Road road(store);
  auto const client = road.connect();
  CHECK(ask(*client, message("A1", "SECRET")) == "AA A1");
  CHECK(ask(*client, message("A1", "SECRET")) == "AA A1");
  CHECK(ask(*client, message("A2", "1", "ZZZ^Z99")) == "AA A2");
  REQUIRE(road.drained());
  auto const text = road.metrics.exposition();
  for (char const* const line : {
           "sinew_messages_received_total{feed=\"adt\"} 3\n",
           "sinew_messages_acknowledged_total{feed=\"adt\"} 3\n",
           "sinew_messages_applied_total{feed=\"adt\"} 2\n",
           "sinew_messages_duplicate_total{feed=\"adt\"} 1\n",
           "sinew_messages_failed_total{feed=\"adt\"} 1\n",
           "sinew_backlog_messages 0\n",
       }) {
    CAPTURE(line);
    CHECK(text.find(line) != std::string::npos);
  }
  CHECK(text.find("SECRET") == std::string::npos);
}
