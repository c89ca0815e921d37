#include "store/arrivals/arrivals.h"

#include <pthread.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace sinew::store::arrivals {
namespace {

using Time = std::chrono::steady_clock;

constexpr std::size_t kGroupBytesMax = std::size_t{1} << 20;  // of messages; one may be longer
constexpr std::size_t kGroupsKept = 2;
/// How long a sync waits for company: so many times what it takes itself, and never longer than
/// that.
constexpr int kGatherSyncsMax = 4;
constexpr auto kGatherTimeMax = std::chrono::milliseconds(1);
constexpr std::size_t kFreeSegmentsMax = 2;

/// When messages go to the database by themselves: usually what they cause takes them there first.
constexpr std::size_t kWaitingDue = 32'768;
constexpr std::size_t kWaitingBytesDue = std::size_t{32} << 20;
constexpr auto kWaitingTimeDue = std::chrono::seconds(1);
/// More than this is not taken in: the database does not keep up, or cannot be written.
constexpr std::size_t kWaitingMax = 262'144;
constexpr std::size_t kWaitingBytesMax = std::size_t{512} << 20;
constexpr std::size_t kUnfiledBytesMax = std::size_t{4} << 20;
constexpr auto kRoomTimeMax = std::chrono::seconds(5);

std::size_t to_whole_blocks(std::size_t bytes) {
  return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
}

}  // namespace

Arrivals::Arrivals(std::shared_ptr<Disk> disk, ArrivalsOptions options)
    : disk_(std::move(disk)),
      options_(std::move(options)),
      sequence_(options_.last_sequence),
      next_id_(options_.last_id + 1) {}

void Arrivals::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "store-journal");
}

void Arrivals::stop() {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  room_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Arrivals::append(JournalEntry const& entry, Instant received, std::int64_t duplicate_hash,
                      Store::Appended done) {
  bool wakes = false;
  {
    std::scoped_lock const lock(mutex_);
    if (gathering_.empty() || gathering_.back().text.bytes() >= kGroupBytesMax) {
      gathering_.emplace_back();
      if (!idle_.empty()) {
        gathering_.back() = std::move(idle_.back());
        idle_.pop_back();
      }
      gathering_.back().first = next_id_;
    }
    auto& group = gathering_.back();
    ++next_id_;
    auto const place = group.text.add(received, duplicate_hash, entry);
    group.members.push_back({place, duplicate_hash, std::move(done)});
    wakes = gathered() >= wake_at_;
    if (wakes) wake_at_ = kNoWaking;
  }
  if (wakes) wake_.notify_one();
}

void Arrivals::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (gathering_.empty()) {
      auto const start = Time::now();
      wake_at_ = 1;
      wake_.wait(lock, [&] { return !gathering_.empty() || stopping_; });
      if (Time::now() - start > kGatherTimeMax) expected_ = 0;
    }
    gather(lock);
    wake_at_ = kNoWaking;
    if (gathering_.empty()) return;
    auto group = std::move(gathering_.front());
    gathering_.pop_front();
    lock.unlock();
    auto const start = Time::now();
    auto const written = write(group);
    lock.lock();
    sync_time_ = Time::now() - start;
    expected_ = group.members.size() + gathered();
    lock.unlock();
    answer(group, written);
    group.text.clear();
    group.members.clear();
    lock.lock();
    if (idle_.size() < kGroupsKept) idle_.push_back(std::move(group));
  }
}

std::size_t Arrivals::gathered() const {
  return gathering_.empty() ? 0
                            : gathering_.back().members.size() +
                                  (gathering_.size() > 1 ? gathering_.front().members.size() : 0);
}

/// Those who were answered are about to send again: a short wait for as many as there were saves
/// syncs, which cost processor time as well. Who sends alone does not wait.
void Arrivals::gather(std::unique_lock<std::mutex>& lock) {
  if (stopping_ || gathered() >= expected_) return;
  wake_at_ = expected_;
  wake_.wait_for(lock, std::min<Time::duration>(kGatherSyncsMax * sync_time_, kGatherTimeMax),
                 [&] { return stopping_ || gathered() >= expected_; });
}

Result<> Arrivals::write(Group& group) {
  if (is_broken_) return fail(ErrorCode::unavailable, "the journal's disk failed; restart");
  if (!wait_for_room()) return fail(ErrorCode::unavailable, "the journal is full");
  TRY(take_segment(to_whole_blocks(group.text.bytes())));
  auto& segment = *current_;
  auto const text = group.text.seal(segment.name, segment.groups, group.first);
  auto written = segment.file->write(segment.used, text);
  if (written) written = segment.file->sync();
  if (!written) {
    abandon_segment();
    return written;
  }
  ++syncs_;
  entries_ += group.members.size();
  add_to_index(group, segment.used);
  segment.used += text.size();
  ++segment.groups;
  return {};
}

/// After a failure the group may be on disk or not. It is refused, so its sender will send it
/// again: should it turn up beside that at the next start, it would take effect late. So it is made
/// void, and where even that fails nothing more is taken in.
void Arrivals::abandon_segment() {
  auto& segment = *current_;
  std::string const nothing(kBlockBytes, '\0');
  auto voided = segment.file->write(segment.used, nothing);
  if (voided) voided = segment.file->sync();
  is_broken_ = !voided;
  std::scoped_lock const lock(mutex_);
  segment.is_full = segment.is_bad = true;
  current_.reset();
}

bool Arrivals::wait_for_room() {
  std::unique_lock lock(mutex_);
  return room_.wait_for(lock, kRoomTimeMax, [&] {
    return index_.count() < kWaitingMax && index_.bytes() < kWaitingBytesMax;
  });
}

/// Makes sure that `current_` has room for so many bytes.
Result<> Arrivals::take_segment(std::size_t bytes) {
  if (current_ && current_->bytes - current_->used >= bytes) return {};
  if (current_) {
    std::scoped_lock const lock(mutex_);
    current_->is_full = true;
    current_.reset();
  }
  std::scoped_lock const making(spare_mutex_);
  SegmentPointer next;
  if (spare_ && spare_->bytes - spare_->used >= bytes)
    next = std::exchange(spare_, nullptr);
  else
    next = TRY(make_segment(kBlockBytes + bytes));
  {
    std::scoped_lock const lock(mutex_);
    segments_.push_back(next);
    needs_spare_ = spare_ == nullptr;
  }
  due_.notify_one();
  current_ = std::move(next);
  return {};
}

/// A file that was used before, or a new one, under a name that is on disk. `spare_mutex_` is held.
Result<Arrivals::SegmentPointer> Arrivals::make_segment(std::size_t bytes) {
  SegmentPointer segment;
  if (bytes <= options_.segment_bytes) {
    std::scoped_lock const lock(mutex_);
    if (!free_.empty()) {
      segment = std::move(free_.back());
      free_.pop_back();
    }
  }
  if (!segment) {
    segment = std::make_shared<Segment>();
    segment->path = options_.prefix + std::to_string(++files_made_);
    segment->bytes = std::max(bytes, options_.segment_bytes);
    segment->file = TRY(disk_->create(segment->path, segment->bytes));
  }
  segment->name = {options_.store, ++sequence_};
  segment->used = kBlockBytes;
  segment->groups = 0;
  segment->is_full = false;
  segment->last_commit = 0;
  TRY(segment->file->write(0, write_name(segment->name)));
  TRY(segment->file->sync());
  return segment;
}

void Arrivals::prepare_spare() {
  std::scoped_lock const making(spare_mutex_);
  if (!spare_) {
    // Without one, the next group that needs a file makes it, or is told why that cannot be.
    if (auto made = make_segment(kBlockBytes)) spare_ = std::move(*made);
  }
  std::scoped_lock const lock(mutex_);
  needs_spare_ = false;
}

void Arrivals::add_to_index(Group const& group, std::uint64_t offset) {
  auto const now = Time::now();
  bool tells = false;
  {
    std::scoped_lock const lock(mutex_);
    bool const was_due = is_due_at(now);
    tells = index_.count() == 0;
    auto id = group.first;
    for (auto const& member : group.members) {
      index_.add(id++, {current_, offset + member.place.offset, member.place.size,
                        member.duplicate_hash, now});
    }
    current_->waiting += group.members.size();
    tells = tells || (!was_due && is_due_at(now));
  }
  if (tells) due_.notify_one();
}

void Arrivals::answer(Group& group, Result<> const& written) {
  auto id = group.first;
  for (auto& member : group.members) {
    if (written)
      member.done(id++);
    else
      member.done(Failure{written.error()});
  }
}

bool Arrivals::is_due_at(Time::time_point now) const {
  if (index_.count() >= kWaitingDue || index_.bytes() >= kWaitingBytesDue) return true;
  auto const* oldest = index_.oldest();
  return oldest != nullptr && now - oldest->since >= kWaitingTimeDue;
}

bool Arrivals::wait_until_due() {
  std::unique_lock lock(mutex_);
  while (!waiting_stopped_ && !needs_spare_ && !is_due_at(Time::now())) {
    if (auto const* oldest = index_.oldest())
      due_.wait_until(lock, oldest->since + kWaitingTimeDue);
    else
      due_.wait(lock);
  }
  return !waiting_stopped_;
}

bool Arrivals::is_due() {
  std::scoped_lock const lock(mutex_);
  return is_due_at(Time::now());
}

void Arrivals::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  due_.wait_for(lock, time, [this] { return waiting_stopped_; });
}

Arrivals::Counters Arrivals::counters() {
  std::scoped_lock const lock(mutex_);
  return {entries_, syncs_, index_.count()};
}

void Arrivals::stop_waiting() {
  {
    std::scoped_lock const lock(mutex_);
    waiting_stopped_ = true;
  }
  due_.notify_all();
}

Result<std::optional<Arrival>> Arrivals::find(JournalId id) {
  Slot slot;
  {
    std::scoped_lock const lock(mutex_);
    slot = index_.find(id);
  }
  if (!slot.segment) return std::optional<Arrival>();
  auto const record = TRY(slot.segment->file->read(slot.offset, slot.size));
  auto arrival = TRY(read_record(record));
  arrival.id = id;
  return std::optional<Arrival>(std::move(arrival));
}

Result<Arrivals::Unfiled> Arrivals::unfiled(JournalId after, std::size_t count_max) {
  std::vector<JournalId> ids;
  {
    std::scoped_lock const lock(mutex_);
    ids = index_.after(after, count_max);
  }
  Unfiled unfiled;
  unfiled.up_to = ids.size() < count_max ? std::numeric_limits<JournalId>::max() : ids.back();
  std::size_t bytes = 0;
  for (auto const id : ids) {
    if (bytes >= kUnfiledBytesMax) break;
    auto arrival = TRY(find(id));
    if (!arrival) continue;  // filed since
    bytes += arrival->entry.bytes.size();
    if (bytes >= kUnfiledBytesMax) unfiled.up_to = id;
    unfiled.arrivals.push_back(std::move(*arrival));
  }
  return unfiled;
}

std::vector<JournalId> Arrivals::with_hash(std::int64_t hash, JournalId before) {
  std::scoped_lock const lock(mutex_);
  return index_.with_hash(hash, before);
}

void Arrivals::filed(std::span<JournalId const> ids, std::uint64_t commit) {
  {
    std::scoped_lock const lock(mutex_);
    for (auto const id : ids) {
      auto const slot = index_.erase(id);
      if (!slot.segment) continue;
      --slot.segment->waiting;
      slot.segment->last_commit = std::max(slot.segment->last_commit, commit);
    }
  }
  room_.notify_one();
}

void Arrivals::durable(std::uint64_t commit) {
  std::vector<SegmentPointer> superfluous;
  {
    std::scoped_lock const lock(mutex_);
    std::erase_if(segments_, [&](SegmentPointer& segment) {
      // Somebody who is reading in it holds it as well, and leaves it for the next time.
      if (!segment->is_full || segment->waiting > 0 || segment->last_commit > commit ||
          segment.use_count() > 1)
        return false;
      bool const is_usual = !segment->is_bad && segment->bytes == options_.segment_bytes;
      auto& kept = is_usual && free_.size() < kFreeSegmentsMax ? free_ : superfluous;
      kept.push_back(std::move(segment));
      return true;
    });
  }
  for (auto const& segment : superfluous) (void)disk_->remove(segment->path);
}

void Arrivals::remove_files() {
  std::scoped_lock const making(spare_mutex_);
  std::scoped_lock const lock(mutex_);
  if (index_.count() > 0) return;
  if (spare_) segments_.push_back(std::move(spare_));
  for (auto* list : {&segments_, &free_}) {
    for (auto const& segment : *list) (void)disk_->remove(segment->path);
    list->clear();
  }
}

}  // namespace sinew::store::arrivals
