#include "engine/messages/archive.h"

#include <algorithm>
#include <iterator>

#include "base/log.h"

namespace sinew::engine {
namespace {

using std::chrono::milliseconds;

/// Messages read and indexed in one commit of the index.
constexpr std::size_t kIndexedAtATime = 500;
constexpr std::size_t kHeadsAtATime = 2000;
constexpr std::size_t kSettledAtATime = 1000;
/// While so many wait for the engine, the processor is the intake's.
constexpr std::uint64_t kBacklogMax = 2000;
constexpr auto kPause = milliseconds(500);
constexpr auto kPauseAfterFailure = milliseconds(5000);
constexpr auto kHousekeeping = std::chrono::minutes(1);
/// Free room in the file that is not worth giving back: new messages take it.
constexpr std::uint64_t kFreeBytesKept = std::uint64_t{16} << 20;

bool has_words(store::MessageSearch const& search) {
  return std::ranges::any_of(search.texts, [](std::string const& text) { return !text.empty(); });
}

/// Whether the index has to be asked: the journal knows the rest.
bool is_for_index(store::MessageSearch const& search) {
  return has_words(search) || !search.reason.empty() ||
         (search.status && *search.status != store::JournalStatus::applied &&
          *search.status != store::JournalStatus::received);
}

}  // namespace

Archive::Archive(Surroundings around, MessageKeys keys, Retention retention)
    : around_(std::move(around)),
      keys_(std::move(keys)),
      retention_(std::move(retention)),
      indexed_(around_.metrics.gauge("sinew_messages_indexed_up_to",
                                     "number of the last message that can be searched for")),
      forgotten_(around_.metrics.counter("sinew_messages_removed_total",
                                         "messages removed by the rules of retention")) {}

void Archive::start() {
  thread_ = std::thread([this] { run(); });
}

void Archive::stop() {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

/// False: it is time to stop.
bool Archive::rest(milliseconds time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, time, [this] { return stopping_; });
  return !stopping_;
}

void Archive::run() {
  for (auto pause = milliseconds(0); rest(pause);) {
    pause = kPause;
    if (around_.backlog() > kBacklogMax) continue;
    auto const more = index_some();
    auto settled = settle_reopened();
    if (more && settled && !*more) settled = keep_house();
    if (more && settled) {
      if (*more) pause = milliseconds(0);
      continue;
    }
    log(Level::error, "messages not indexed or not removed; tried again",
        {{"reason", to_string(more ? settled.error() : more.error())}});
    pause = kPauseAfterFailure;
  }
}

/// True: there may be more.
Result<bool> Archive::index_some() {
  auto const up_to = TRY(around_.index->up_to());
  indexed_.set(static_cast<std::int64_t>(up_to));
  auto const records = TRY(around_.care.finished_after(up_to, kIndexedAtATime));
  std::vector<store::IndexedMessage> messages;
  messages.reserve(records.size());
  for (auto const& record : records) messages.push_back(keys_.index(record));
  TRY(around_.index->add(messages));
  return records.size() == kIndexedAtATime;
}

Result<> Archive::settle_reopened() {
  for (auto const id : TRY(around_.index->unsettled(kSettledAtATime))) {
    auto const record = around_.store.journal_record(id);
    if (record && record->status == store::JournalStatus::received) continue;
    TRY(around_.index->settle(id, record ? record->status : store::JournalStatus::applied,
                              record ? record->reason : std::string()));
  }
  return {};
}

Result<> Archive::keep_house() {
  auto const now = std::chrono::steady_clock::now();
  if (now < next_housekeeping_) return {};
  next_housekeeping_ = now + kHousekeeping;
  if (around_.deliveries != nullptr)
    (void)TRY(around_.care.forget_outbox(TRY(around_.deliveries->taken_up_to())));
  auto const gone = TRY(forget_old()) + TRY(forget_for_room());
  if (gone > 0) log(Level::info, "messages removed", {{"messages", gone}});
  if (TRY(around_.care.size()).free > kFreeBytesKept) (void)TRY(around_.care.give_back());
  return {};
}

/// Some message may still have to be sent.
Result<bool> Archive::is_owed(store::JournalId id) {
  if (around_.deliveries == nullptr) return false;
  using enum store::DeliveryStatus;
  auto const deliveries = TRY(around_.deliveries->of_message(id));
  return std::ranges::any_of(deliveries, [](store::Delivery const& delivery) {
    return delivery.status == waiting || delivery.status == sending || delivery.status == held;
  });
}

/// From the index first: it takes a message out by the words that the message has.
Result<std::uint64_t> Archive::forget(std::vector<store::JournalId> const& ids) {
  std::vector<store::JournalId> going;
  std::vector<store::IndexedMessage> messages;
  for (auto const id : ids) {
    if (TRY(is_owed(id))) continue;
    auto const record = around_.store.journal_record(id);
    if (!record) continue;
    going.push_back(id);
    messages.push_back(keys_.index(*record));
  }
  TRY(around_.index->remove(messages));
  auto const gone = TRY(around_.care.forget(going));
  if (gone == going.size()) TRY(around_.index->forgotten(messages));
  forgotten_.add(gone);
  return gone;
}

Result<std::uint64_t> Archive::forget_old() {
  auto const shortest = retention_.shortest_ms();
  if (!shortest) return std::uint64_t{0};
  auto const up_to = TRY(around_.index->up_to());
  std::uint64_t gone = 0;
  store::JournalId after = 0;
  for (bool more = true; more && rest(milliseconds(0));) {
    auto heads = TRY(around_.care.heads_after(after, kHeadsAtATime));
    auto const now = around_.clock.now();
    more = heads.size() == kHeadsAtATime && now.ms - heads.back().received.ms > *shortest;
    if (!heads.empty()) after = heads.back().id;
    // What is not indexed yet stays until it is: else it came into the index behind its removal.
    std::erase_if(heads, [&](store::JournalHead const& head) {
      return head.id >= up_to || !retention_.lets_go(head, now);
    });
    std::vector<store::JournalId> ids;
    for (auto const& head : heads) ids.push_back(head.id);
    gone += TRY(forget(ids));
  }
  return gone;
}

/// The oldest go until what is used is less than the limit.
Result<std::uint64_t> Archive::forget_for_room() {
  if (retention_.bytes_max == 0) return std::uint64_t{0};
  auto const up_to = TRY(around_.index->up_to());
  std::uint64_t gone = 0;
  store::JournalId after = 0;
  while (rest(milliseconds(0))) {
    auto const size = TRY(around_.care.size());
    if (size.bytes - size.free <= retention_.bytes_max) break;
    auto const heads = TRY(around_.care.heads_after(after, kIndexedAtATime));
    if (heads.empty()) break;
    after = heads.back().id;
    std::vector<store::JournalId> ids;
    for (auto const& head : heads)
      if (head.id < up_to && head.status != store::JournalStatus::received) ids.push_back(head.id);
    gone += TRY(forget(ids));
  }
  return gone;
}

Result<store::JournalPage> Archive::find(Query query) {
  auto& search = query.search;
  if (query.since) {
    search.from = TRY(around_.care.first_received_at(*query.since));
    if (search.from == 0) return store::JournalPage();
  }
  if (query.until) {
    auto const end = TRY(around_.care.first_received_at(*query.until));
    if (end != 0) search.before = search.before == 0 ? end : std::min(search.before, end);
  }
  store::JournalPage page;
  if (!is_for_index(search)) {
    page = TRY(around_.store.journal_page(
        {.status = search.status, .before = search.before, .count = search.count}));
    auto const older = [&](auto const& record) { return record.id < search.from; };
    if (std::erase_if(page.records, older) > 0 || page.next < search.from) page.next = 0;
    return page;
  }
  auto const ids = TRY(around_.index->search(search));
  for (auto const id : ids) {
    auto record = around_.store.journal_record(id);
    if (record) page.records.push_back(*std::move(record));
  }
  if (ids.size() == search.count && search.count > 0) page.next = ids.back();
  return page;
}

Result<std::vector<store::JournalId>> Archive::reprocess(std::span<store::JournalId const> ids,
                                                         bool is_passed_on) {
  // Noted before, for the case that the process dies, and after: the first note may have been
  // struck off before the entries were open.
  TRY(around_.index->reopened(ids));
  auto reopened = TRY(around_.care.reopen(ids, is_passed_on));
  TRY(around_.index->reopened(reopened));
  if (!reopened.empty()) around_.on_reopened();
  return reopened;
}

Result<Archive::State> Archive::state() {
  State state;
  state.indexed_up_to = TRY(around_.index->up_to());
  state.forgotten = forgotten_.value();
  state.size = TRY(around_.care.size());
  return state;
}

}  // namespace sinew::engine
