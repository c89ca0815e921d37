#include "store/arrivals/arrivals.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <set>

#include "store/arrivals/fault_disk_test.h"

namespace sinew::store::arrivals {
namespace {

constexpr std::uint64_t kStore = 0xabc;
constexpr std::size_t kSegmentBytes = 16 * kBlockBytes;

JournalEntry entry(std::string bytes) {
  JournalEntry entry;
  entry.bytes = std::move(bytes);
  return entry;
}

std::unique_ptr<Arrivals> start(std::shared_ptr<Disk> const& disk, JournalId last_id = 0) {
  auto arrivals = std::make_unique<Arrivals>(
      disk,
      ArrivalsOptions{
          .prefix = "j-", .store = kStore, .last_id = last_id, .segment_bytes = kSegmentBytes});
  arrivals->start();
  return arrivals;
}

/// Appends messages one after the other without waiting, and then waits for all answers. A `slow`
/// disk does nothing until all have been appended.
std::vector<Result<JournalId>> append_all(Arrivals& arrivals, std::vector<std::string> const& all,
                                          FaultDisk* slow = nullptr) {
  std::unique_lock<std::mutex> held;
  if (slow != nullptr) held = std::unique_lock(slow->mutex);
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Result<JournalId>> answers;
  for (auto const& bytes : all) {
    arrivals.append(entry(bytes), Instant{1}, 5, [&](Result<JournalId> answer) {
      std::scoped_lock const lock(mutex);
      answers.push_back(std::move(answer));
      changed.notify_one();
    });
  }
  if (held) held.unlock();
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return answers.size() == all.size(); });
  return answers;
}

Result<JournalId> append_one(Arrivals& arrivals, std::string const& bytes) {
  return append_all(arrivals, {bytes}).front();
}

/// What a start would find in the files: the bytes by id.
std::map<JournalId, std::string> read_back(FaultDisk& disk) {
  std::map<JournalId, std::string> found;
  auto const paths = disk.list("j-");
  for (auto const& path : *paths) {
    auto const file = disk.open(path);
    auto const bytes = (*file)->read(0, std::size_t{1} << 24);
    auto const content = read_segment(*bytes, [&](Arrival arrival) -> Result<> {
      CHECK(found.emplace(arrival.id, arrival.entry.bytes).second);
      return {};
    });
    if (content) CHECK(content->name.store == kStore);
  }
  return found;
}

TEST_CASE("what is acknowledged is in the files, in the order of the ids") {
  auto const disk = std::make_shared<FaultDisk>();
  auto const arrivals = start(disk, 40);
  std::vector<std::string> messages;
  for (int i = 0; i < 200; ++i) messages.push_back("message " + std::to_string(i));
  auto const ids = append_all(*arrivals, messages, disk.get());
  auto const back = read_back(*disk);
  REQUIRE(back.size() == 200);
  for (std::size_t i = 0; i < 200; ++i) {
    REQUIRE(*ids[i] == 41 + i);
    CHECK(back.at(41 + i) == messages[i]);
    CHECK((*arrivals->find(41 + i))->entry.bytes == messages[i]);
  }
  CHECK(disk->syncs < 100);  // one sync served many
  CHECK_FALSE(*arrivals->find(40));
  CHECK_FALSE(*arrivals->find(241));
  CHECK(arrivals->with_hash(5, 43) == std::vector<JournalId>{41, 42});
  CHECK(arrivals->with_hash(6, 43).empty());
  CHECK(arrivals->unfiled(238, 10)->arrivals.size() == 2);
  CHECK(arrivals->unfiled(0, 10)->up_to == 50);
}

TEST_CASE("a message longer than a file gets one of its own") {
  auto const disk = std::make_shared<FaultDisk>();
  auto const arrivals = start(disk);
  std::string const longer(3 * kSegmentBytes, 'L');
  REQUIRE(append_one(*arrivals, "before"));
  REQUIRE(append_one(*arrivals, longer));
  REQUIRE(append_one(*arrivals, "after"));
  auto const back = read_back(*disk);
  CHECK(back.at(2) == longer);
  CHECK(back.at(3) == "after");
}

TEST_CASE("a full disk refuses, and takes in again when there is room") {
  auto const disk = std::make_shared<FaultDisk>();
  disk->is_full = true;
  auto const arrivals = start(disk);
  auto const refused = append_one(*arrivals, "no");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  disk->is_full = false;
  auto const taken = append_one(*arrivals, "yes");
  REQUIRE(taken);
  CHECK(*taken == 2);  // the refused one's id is not given again
  CHECK(read_back(*disk) == std::map<JournalId, std::string>{{2, "yes"}});
}

TEST_CASE("a group whose write or sync failed is refused, void, and does not stop the next") {
  for (bool const fails_to_write : {true, false}) {
    CAPTURE(fails_to_write);
    auto const disk = std::make_shared<FaultDisk>();
    auto const arrivals = start(disk);
    REQUIRE(append_one(*arrivals, "first"));
    (fails_to_write ? disk->writes_until_fault : disk->syncs_until_fault) = 0;
    CHECK_FALSE(append_one(*arrivals, std::string(9000, 'x')));
    auto const next = append_one(*arrivals, "third");
    REQUIRE(next);
    CHECK(*next == 3);
    CHECK(read_back(*disk) == std::map<JournalId, std::string>{{1, "first"}, {3, "third"}});
    CHECK_FALSE(*arrivals->find(2));
  }
}

TEST_CASE("nothing is acknowledged any more when not even a refused group can be made void") {
  auto const disk = std::make_shared<FaultDisk>();
  auto const arrivals = start(disk);
  REQUIRE(append_one(*arrivals, "first"));
  disk->all_fail = true;
  CHECK_FALSE(append_one(*arrivals, "second"));
  disk->all_fail = false;
  CHECK_FALSE(append_one(*arrivals, "third"));
}

TEST_CASE("files are used again once the database has on disk what is in them") {
  auto const disk = std::make_shared<FaultDisk>();
  auto const arrivals = start(disk);
  std::string const message(kBlockBytes, 'm');
  std::vector<JournalId> ids;
  for (int i = 0; i < 300; ++i) {
    ids.push_back(*append_one(*arrivals, message));
    if (i % 10 != 9) continue;
    arrivals->filed(ids, static_cast<std::uint64_t>(i));
    // The newest commit is not on disk: the last file stays as it is.
    arrivals->durable(static_cast<std::uint64_t>(i - 1));
    auto const back = read_back(*disk);
    for (auto const id : ids) CHECK(back.contains(id));
    ids.clear();
  }
  CHECK(disk->files_made <= 6);  // of 42 that were filled
  CHECK(arrivals->counters().waiting == 0);
  arrivals->stop();
  arrivals->remove_files();
  CHECK(disk->list("j-")->empty());
}

TEST_CASE("after any loss of power, what was acknowledged and is in no database is in the files") {
  for (unsigned seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    std::mt19937 chance(seed);
    auto const disk = std::make_shared<FaultDisk>();
    auto const arrivals = start(disk);
    std::map<JournalId, std::string> acknowledged;
    std::set<JournalId> committed, in_database;
    std::set<std::string> refused;
    std::uint64_t commit = 0;
    for (int round = 0; round < 12; ++round) {
      if (chance() % 4 == 0) disk->writes_until_fault = static_cast<int>(chance() % 4);
      if (chance() % 4 == 0) disk->syncs_until_fault = static_cast<int>(chance() % 4);
      std::vector<std::string> messages;
      for (unsigned i = 0, count = 1 + chance() % 8; i < count; ++i)
        messages.push_back(std::to_string(round) + "/" + std::to_string(i) + " " +
                           std::string(chance() % 12'000, 'x'));
      auto const answers = append_all(*arrivals, messages);
      for (std::size_t i = 0; i < answers.size(); ++i) {
        if (answers[i])
          acknowledged[*answers[i]] = messages[i];
        else
          refused.insert(messages[i]);
      }
      // Some goes to the database, whose commits reach the disk now and then.
      std::vector<JournalId> filed;
      for (auto const& [id, bytes] : acknowledged)
        if (!committed.contains(id) && chance() % 3 != 0) filed.push_back(id);
      arrivals->filed(filed, ++commit);
      committed.insert(filed.begin(), filed.end());
      if (chance() % 2 == 0) {
        arrivals->durable(commit);
        in_database = committed;
      }
    }
    // While the next group is being written, or after it.
    if (chance() % 2 == 0) {
      disk->all_fail = true;
      (void)append_one(*arrivals, std::string(20'000, 'y'));
    }
    auto const left = disk->after_power_loss(chance);
    auto const back = read_back(*left);
    for (auto const& [id, bytes] : acknowledged) {
      CAPTURE(id);
      bool const is_safe = in_database.contains(id) || (back.contains(id) && back.at(id) == bytes);
      CHECK(is_safe);
    }
    for (auto const& [id, bytes] : back) CHECK_FALSE(refused.contains(bytes));
  }
}

}  // namespace
}  // namespace sinew::store::arrivals
