#include "mapping/recall.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace sinew::mapping {
namespace {

constexpr std::size_t kSlotsMin = 1024;
constexpr std::size_t kContextsMax = 4096;
// An element is watched for so many lookups; when fewer than a third were found it rests.
constexpr std::uint16_t kWatched = 192, kFoundAtLeast = kWatched / 3, kRest = 8192;

}  // namespace

std::uint32_t Recall::context(std::string_view description) {
  if (auto const known = contexts_.find(description); known != contexts_.end()) {
    return known->second;
  }
  if (contexts_.size() >= kContextsMax) {
    contexts_.clear();
    forget();
  }
  auto const number = static_cast<std::uint32_t>(contexts_.size());
  contexts_.emplace(std::string(description), number);
  return number;
}

Recall::Entry const* Recall::find_entry(std::uint64_t hash, std::string_view key) const {
  if (slots_.empty()) return nullptr;
  auto const mask = slots_.size() - 1;
  for (auto at = hash & mask; slots_[at] != 0; at = (at + 1) & mask) {
    auto const& entry = entries_[slots_[at] - 1];
    if (entry.hash != hash || entry.key_size != key.size()) continue;
    if (std::string_view(bytes_).substr(entry.key_begin, entry.key_size) == key) return &entry;
  }
  return nullptr;
}

std::optional<Fragment> Recall::find(std::string_view key) const {
  auto const* const entry = find_entry(hash64(key), key);
  if (entry == nullptr) return std::nullopt;
  auto const* marks = marks_.data() + entry->marks;
  auto const next = [&](std::size_t kind) {
    return std::span(std::exchange(marks, marks + entry->counts[kind]), entry->counts[kind]);
  };
  auto const json = bytes_.data() + entry->key_begin + entry->key_size;
  return Fragment{entry->content, {json, entry->json_size}, {next(0), next(1), next(2), next(3)}};
}

void Recall::forget() {
  bytes_.clear();
  marks_.clear();
  entries_.clear();
  std::ranges::fill(slots_, 0U);
}

void Recall::grow() {
  slots_.assign(std::max(kSlotsMin, slots_.size() * 2), 0);
  auto const mask = slots_.size() - 1;
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    auto at = entries_[i].hash & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = i + 1;
  }
}

void Recall::learn(std::string_view key, unsigned content, std::string_view json,
                   RecalledMarks const& kept) {
  std::span<RecalledMark const> const kinds[] = {kept.log, kept.refusals, kept.ignored, kept.same};
  static_assert(std::size(kinds) == RecalledMarks::kKinds);
  constexpr std::size_t kMarksMax = 0xFFFF;
  std::size_t marks = 0;
  for (auto const kind : kinds) marks += kind.size();
  auto const used = bytes_.size() + marks_.size() * sizeof(RecalledMark) +
                    entries_.size() * (sizeof(Entry) + 2 * sizeof(std::uint32_t));
  auto const wanted = key.size() + json.size() + marks * sizeof(RecalledMark);
  if (marks > kMarksMax || wanted > bytes_max_ / 16) return;
  if (used + wanted > bytes_max_) forget();
  Entry entry;
  entry.hash = hash64(key);
  entry.key_begin = static_cast<std::uint32_t>(bytes_.size());
  entry.key_size = static_cast<std::uint32_t>(key.size());
  entry.json_size = static_cast<std::uint32_t>(json.size());
  entry.marks = static_cast<std::uint32_t>(marks_.size());
  entry.content = static_cast<std::uint16_t>(content);
  bytes_.append(key).append(json);
  for (std::size_t k = 0; k < RecalledMarks::kKinds; ++k) {
    entry.counts[k] = static_cast<std::uint16_t>(kinds[k].size());
    marks_.insert(marks_.end(), kinds[k].begin(), kinds[k].end());
  }
  entries_.push_back(entry);
  if (entries_.size() * 2 > slots_.size()) return grow();
  auto const mask = slots_.size() - 1;
  auto at = entry.hash & mask;
  while (slots_[at] != 0) at = (at + 1) & mask;
  slots_[at] = static_cast<std::uint32_t>(entries_.size());
}

bool Recall::is_worth_it(std::uint32_t element) {
  if (element >= habits_.size()) habits_.resize(element + 1);
  auto& habit = habits_[element];
  if (habit.rest == 0) return true;
  --habit.rest;
  return false;
}

void Recall::count(std::uint32_t element, bool was_found) {
  auto& habit = habits_[element];
  ++habit.looked;
  habit.found = static_cast<std::uint16_t>(habit.found + was_found);
  if (habit.looked < kWatched) return;
  if (habit.found < kFoundAtLeast) habit.rest = kRest;
  habit.looked = habit.found = 0;
}

}  // namespace sinew::mapping
