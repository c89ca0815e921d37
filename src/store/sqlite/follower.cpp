#include "store/sqlite/follower.h"

#include <pthread.h>

#include <chrono>
#include <future>

#include "base/log.h"
#include "store/compress.h"

namespace sinew::store::sqlite {
namespace {

constexpr std::size_t kEntriesAtATime = 512;
constexpr auto kPauseAfterFailure = std::chrono::milliseconds(500);

}  // namespace

JournalRow row_of(arrivals::Arrival arrival) {
  JournalRow row;
  row.id = arrival.id;
  row.received = arrival.received;
  row.duplicate_hash = arrival.duplicate_hash;
  row.packed = pack(Content::message, arrival.entry.bytes);
  row.entry = std::move(arrival.entry);
  row.entry.bytes = {};
  return row;
}

void Follower::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "store-follower");
}

void Follower::stop() {
  arrivals_.stop_waiting();
  if (thread_.joinable()) thread_.join();
}

void Follower::run() {
  while (arrivals_.wait_until_due()) {
    arrivals_.prepare_spare();
    if (!arrivals_.is_due()) continue;
    if (auto const filed = file_oldest(); !filed) {
      log(Level::error, "journal entries not filed", {{"reason", filed.error().what}});
      arrivals_.pause(kPauseAfterFailure);
    }
  }
}

Result<bool> Follower::file_oldest() {
  auto unfiled = TRY(arrivals_.unfiled(0, kEntriesAtATime));
  if (unfiled.arrivals.empty()) return false;
  FileWork work;
  for (auto& arrival : unfiled.arrivals) work.rows.push_back(row_of(std::move(arrival)));
  auto const promise = std::make_shared<std::promise<Result<>>>();
  auto answer = promise->get_future();
  work.done = [promise](Result<> result) { promise->set_value(std::move(result)); };
  writer_.submit(std::move(work));
  TRY(answer.get());
  return true;
}

Result<> Follower::file_all() {
  while (TRY(file_oldest())) {
  }
  return {};
}

}  // namespace sinew::store::sqlite
