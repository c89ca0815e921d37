#include "contract/profile.h"

#include <algorithm>

#include "base/hash.h"

namespace sinew::contract {

void Counts::add(std::string_view text, std::uint64_t count) {
  for (auto& [known, times] : rows) {
    if (known == text) {
      times += count;
      return;
    }
  }
  if (rows.size() < kCountsMax && text.size() <= kCountedBytesMax) {
    rows.emplace_back(text, count);
  } else {
    others += count;
  }
}

std::uint64_t Counts::of(std::string_view text) const {
  auto const found =
      std::ranges::find(rows, text, [](auto const& row) -> std::string_view { return row.first; });
  return found == rows.end() ? 0 : found->second;
}

std::uint64_t Counts::total() const {
  auto sum = others;
  for (auto const& [text, count] : rows) sum += count;
  return sum;
}

void Range::add_all(std::uint64_t value, std::uint64_t times) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  auto const shown = static_cast<std::uint32_t>(std::min(value, kMost));
  min = count == 0 ? shown : std::min(min, shown);
  max = count == 0 ? shown : std::max(max, shown);
  count += times;
  sum += value * times;
}

Code const* CodeSet::find(std::string_view text) const {
  auto const found = std::ranges::find(digests, hash64(text));
  return found == digests.end() ? nullptr
                                : &codes[static_cast<std::size_t>(found - digests.begin())];
}

bool CodeSet::names_things() const {
  return codes.size() >= kCodesMax && distinct_estimate() * 2 > count;
}

bool CodeSet::is_closed() const {
  constexpr std::uint64_t kEnough = 20;
  constexpr std::uint64_t kOneIn = 20;
  if (count < kEnough || others != 0) return false;
  auto const once = std::ranges::count(codes, std::uint64_t{1}, &Code::count);
  return static_cast<std::uint64_t>(once) * kOneIn <= count;
}

MessageProfile const* Profile::find(std::string_view type) const {
  auto const found = std::ranges::find(types, type, &MessageProfile::type);
  return found == types.end() ? nullptr : &*found;
}

std::string path_of(MessageProfile const& message, std::uint32_t node) {
  std::string path;
  while (node != 0) {
    auto const& at = message.nodes[node];
    path.insert(0, path.empty() ? at.name : at.name + ".");
    node = at.parent;
  }
  return path;
}

std::size_t hour_of_week(Instant at) {
  constexpr std::int64_t kHour = 3'600'000;
  constexpr std::int64_t kThursday = 3 * 24;  // 1970-01-01 was one; Monday is 0
  constexpr auto kHours = static_cast<std::int64_t>(kHoursOfWeek);
  auto const hours = at.ms >= 0 ? at.ms / kHour : (at.ms - kHour + 1) / kHour;
  return static_cast<std::size_t>(((hours + kThursday) % kHours + kHours) % kHours);
}

}  // namespace sinew::contract
