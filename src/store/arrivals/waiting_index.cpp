#include "store/arrivals/waiting_index.h"

#include <algorithm>
#include <utility>

namespace sinew::store::arrivals {

void WaitingIndex::add(JournalId id, Slot slot) {
  if (slots_.empty()) first_ = id;
  slots_.resize(id - first_);
  by_hash_.emplace(slot.duplicate_hash, id);
  bytes_ += slot.size;
  slots_.push_back(std::move(slot));
}

Slot WaitingIndex::find(JournalId id) const {
  return id < first_ || id - first_ >= slots_.size() ? Slot{} : slots_[id - first_];
}

Slot WaitingIndex::erase(JournalId id) {
  if (id < first_ || id - first_ >= slots_.size()) return {};
  auto slot = std::exchange(slots_[id - first_], {});
  if (!slot.segment) return slot;
  bytes_ -= slot.size;
  auto [at, end] = by_hash_.equal_range(slot.duplicate_hash);
  while (at != end && at->second != id) ++at;
  if (at != end) by_hash_.erase(at);
  while (!slots_.empty() && !slots_.front().segment) {
    slots_.pop_front();
    ++first_;
  }
  return slot;
}

std::vector<JournalId> WaitingIndex::after(JournalId id, std::size_t count_max) const {
  std::vector<JournalId> found;
  for (auto at = id < first_ ? 0 : id - first_ + 1; at < slots_.size(); ++at) {
    if (found.size() == count_max) break;
    if (slots_[at].segment) found.push_back(first_ + at);
  }
  return found;
}

std::vector<JournalId> WaitingIndex::with_hash(std::int64_t hash, JournalId before) const {
  std::vector<JournalId> found;
  auto const [begin, end] = by_hash_.equal_range(hash);
  for (auto at = begin; at != end; ++at)
    if (at->second < before) found.push_back(at->second);
  std::ranges::sort(found);
  return found;
}

}  // namespace sinew::store::arrivals
