#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <thread>

#include "json/json.h"
#include "store/store_suite.h"

// What was acknowledged before a SIGKILL is there after it, once; what was not is there whole or
// not at all. A child process writes and reports every acknowledgement through a pipe (which
// survives it); the parent kills it, opens the store and compares.

namespace sinew::store {
namespace {

constexpr int kKills = 6;
constexpr int kFeeders = 4;

struct Acknowledgement {
  char kind;  // 'j' journal entry, 't' transaction
  JournalId id;
};

/// The bytes of an entry follow from its number, so the parent can check them.
std::string bytes_of(std::string const& control_id) {
  std::string bytes = "MSH|^~\\&|LAB|" + control_id + "\r";
  for (int i = 0; i < 20; ++i) bytes += "OBX|" + std::to_string(i) + "|NM|" + control_id + "\r";
  return bytes;
}

Transaction transaction_of(JournalId cause, std::string const& control_id) {
  Transaction transaction;
  transaction.cause = cause;
  transaction.outbox = {"payload " + std::to_string(cause)};
  auto const patient = "p" + std::to_string(cause % 10);
  transaction.changes = {
      change_of(Verb::merge, "Patient", patient,
                R"("identifier":[{"value":")" + control_id + R"("}])"),
      put("Observation", "o" + std::to_string(cause),
          R"("status":"final","subject":{"reference":"Patient/)" + patient + R"("})"),
      put("Observation", "second-" + std::to_string(cause), R"("status":"final")")};
  return transaction;
}

[[noreturn]] void run_child(std::string const& path, int round, int pipe_end) {
  auto store = open_sqlite({.path = path}, system_clock());
  if (!store) _exit(2);
  auto const report = [&](char kind, JournalId id) {
    Acknowledgement const note{kind, id};
    if (::write(pipe_end, &note, sizeof note) != sizeof note) _exit(3);
  };
  auto const feed = [&](int feeder) {
    for (int i = 0;; ++i) {
      auto const control_id =
          std::to_string(round) + "-" + std::to_string(feeder) + "-" + std::to_string(i);
      auto id = (*store)->append_and_wait(message(control_id, bytes_of(control_id)));
      if (!id) _exit(4);
      report('j', *id);
      if (i % 5 == 4) continue;  // stays unfinished
      if (!(*store)->apply_and_wait(transaction_of(*id, control_id))) _exit(5);
      report('t', *id);
    }
  };
  std::vector<std::thread> feeders;
  for (int i = 0; i < kFeeders; ++i) feeders.emplace_back(feed, i);
  for (auto& feeder : feeders) feeder.join();
  _exit(6);
}

/// Runs a writer and kills it after `ms`. Returns what it had been told.
std::vector<Acknowledgement> run_and_kill(std::string const& path, int round, int ms) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    run_child(path, round, ends[1]);
  }
  ::close(ends[1]);
  std::vector<Acknowledgement> notes;
  std::thread killer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
    ::kill(child, SIGKILL);
  });
  Acknowledgement note;
  while (::read(ends[0], &note, sizeof note) == sizeof note) notes.push_back(note);
  killer.join();
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WIFSIGNALED(status));
  ::close(ends[0]);
  return notes;
}

void check_entry(Store& store, JournalId id, bool is_applied) {
  auto record = store.journal_record(id);
  REQUIRE(record);
  CHECK(record->entry.bytes == bytes_of(record->entry.control_id));
  if (is_applied) CHECK(record->status == JournalStatus::applied);
  // All of the transaction, or nothing of it.
  bool const applied = record->status == JournalStatus::applied;
  CHECK(static_cast<bool>(store.read("Observation", "o" + std::to_string(id))) == applied);
  CHECK(static_cast<bool>(store.read("Observation", "second-" + std::to_string(id))) == applied);
  // Applying again what is applied changes nothing; what is not is done now.
  auto outcomes = store.apply_and_wait(transaction_of(id, record->entry.control_id));
  REQUIRE(outcomes);
  if (applied)
    for (auto const& outcome : *outcomes) CHECK(outcome.what == Outcome::What::unchanged);
  CHECK(store.history("Observation", "o" + std::to_string(id))->size() == 1);
}

TEST_CASE("after a kill all that was acknowledged is there, once, and nothing is there in part") {
  std::string const path = "/tmp/sinew-crash-test-" + std::to_string(::getpid()) + ".db";
  auto const remove_files = [&] {
    for (auto const* end : {"", "-wal", "-shm", ".lock"}) ::unlink((path + end).c_str());
  };
  remove_files();
  std::size_t acknowledged = 0;
  for (int round = 0; round < kKills; ++round) {
    auto const notes = run_and_kill(path, round, 60 + 37 * round);
    acknowledged += notes.size();
    auto store = open_sqlite({.path = path}, system_clock());
    REQUIRE(store);
    std::map<JournalId, bool> applied;
    for (auto const& note : notes) applied[note.id] |= note.kind == 't';
    for (auto const& [id, is_applied] : applied) check_entry(**store, id, is_applied);
    // What was written and not acknowledged is whole as well.
    auto unfinished = (*store)->unfinished(0, 100'000);
    REQUIRE(unfinished);
    for (auto const& record : *unfinished) check_entry(**store, record.id, false);
    CHECK((*store)->unfinished(0, 10)->empty());
    // One payload for each entry: none lost, none twice.
    auto const payloads = (*store)->outbox(0, 1'000'000);
    REQUIRE(payloads);
    std::map<JournalId, int> times;
    for (auto const& item : *payloads) ++times[item.cause];
    for (auto const& [cause, count] : times) CHECK(count == 1);
    auto const live = (*store)->counts();
    REQUIRE(live);
    for (auto const& [type, count] : *live)
      if (type == "Observation") CHECK(count == 2 * times.size());
  }
  CHECK(acknowledged > 0);  // how many depends on the machine
  remove_files();
}

}  // namespace
}  // namespace sinew::store
