#include "contract/watch.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/file.h"
#include "contract/contract_test.h"
#include "contract/profile_file.h"

using namespace sinew;
using namespace sinew::contract;

namespace {

struct Folder {
  std::string path = std::string(std::filesystem::temp_directory_path()) + "/watch-" +
                     std::to_string(reinterpret_cast<std::uintptr_t>(this));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

struct StillClock final : Clock {
  std::atomic<std::int64_t> ms = 1'772'446'500'000;  // Monday 2026-03-02 10:15 UTC
  Instant now() override { return {ms}; }
};

void send(Watch& watch, Clock& clock, LabMessage const& message) {
  auto const bytes = er7(message);
  auto const parsed = hl7v2::parse_message(bytes);
  watch.received("lab", *parsed, hl7v2::group_segments(*parsed), clock.now());
}

/// Looks until the drifts of the feed are as wanted.
bool drifts_become(Watch& watch, bool wanted) {
  for (int i = 0; i < 500; ++i) {
    auto const drifts = watch.drifts("lab");
    if (drifts && drifts->empty() != wanted) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace

TEST_CASE("a feed is learned, accepted, drifts, and is as it was again") {
  Folder const folder;
  Metrics metrics;
  StillClock clock;
  Watch::Options const options{folder.path + "/learned", folder.path + "/contracts",
                               std::chrono::minutes(10), std::chrono::milliseconds(5),
                               std::chrono::minutes(1)};
  {
    auto const watch = Watch::start(options, metrics, clock);
    REQUIRE(watch);
    CHECK_FALSE((*watch)->accept("lab"));  // nothing is known of it
    for (int i = 0; i < 60; ++i) send(**watch, clock, {.number = i, .patient = i});
    CHECK((*watch)->accept("lab"));
    CHECK((*watch)->drifts("lab")->empty());
    send(**watch, clock, {.number = 50, .after_pid = "ZPI|1|x\r"});
    CHECK(drifts_become(**watch, true));
    CHECK((*watch)->drifts("lab")->front().kind == DriftKind::new_segment);
    // One window later it is still remembered, after a second one without it it is over.
    clock.ms += 10 * 60'000;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    CHECK_FALSE((*watch)->drifts("lab")->empty());
    send(**watch, clock, {.number = 51});
    clock.ms += 10 * 60'000;
    CHECK(drifts_become(**watch, false));
  }
  // What was learned and accepted is there after a restart.
  auto const again = Watch::start(options, metrics, clock);
  REQUIRE(again);
  auto const states = (*again)->states();
  REQUIRE(states.size() == 1);
  CHECK(states[0].is_accepted);
  CHECK(states[0].messages == 62);
  send(**again, clock, {.number = 52, .status = "X"});
  CHECK(drifts_become(**again, true));
  CHECK_FALSE((*again)->contract_json("other", false));
  CHECK((*again)->specification_page("lab", false));
}

TEST_CASE("a contract that cannot be read stops the start, one that was learned does not") {
  Folder const folder;
  Metrics metrics;
  std::filesystem::create_directories(folder.path + "/contracts");
  std::filesystem::create_directories(folder.path + "/learned");
  REQUIRE(write_file(folder.path + "/learned/lab.contract.json", "{"));
  Watch::Options const options{folder.path + "/learned", folder.path + "/contracts"};
  CHECK(Watch::start(options, metrics, system_clock()));
  REQUIRE(write_file(folder.path + "/contracts/lab.contract.json", "{"));
  auto const failed = Watch::start(options, metrics, system_clock());
  REQUIRE_FALSE(failed);
  CHECK(failed.error().where.find("lab.contract.json") != std::string::npos);
}

TEST_CASE("an hour with far fewer or far more messages than such hours have is told") {
  Folder const folder;
  Metrics metrics;
  StillClock clock;
  std::filesystem::create_directories(folder.path + "/contracts");
  auto accepted = learned(60);
  accepted.volumes.hours[11] = {.hours = 4, .messages = 400, .min = 90, .max = 110, .gap_s = 120};
  REQUIRE(write_file(folder.path + "/contracts/lab.contract.json", print_contract(accepted)));
  auto const watch = Watch::start({folder.path + "/learned", folder.path + "/contracts",
                                   std::chrono::hours(100), std::chrono::milliseconds(5)},
                                  metrics, clock);
  REQUIRE(watch);
  CHECK((*watch)->usual_silence_s("lab", {clock.ms + 3'600'000}) == 240.0);
  CHECK_FALSE((*watch)->usual_silence_s("lab", {clock.ms + 5 * 3'600'000}));
  send(**watch, clock, {});
  clock.ms += 3'600'000;  // 11:15: the first whole hour will be 11 to 12
  clock.ms -= 15 * 60'000;
  for (int i = 0; i < 10; ++i) send(**watch, clock, {.number = i});
  clock.ms += 3'600'000;
  CHECK(drifts_become(**watch, true));
  CHECK((*watch)->drifts("lab")->front().kind == DriftKind::volume_drop);
}
