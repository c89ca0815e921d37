#include "engine/delivery/lanes.h"

#include <algorithm>

#include "base/check.h"

namespace sinew::engine {

using store::DeliveryStatus;

void Lanes::offer(Entry const& entry) {
  if (entry.before > 0 || entry.under_way || entry.delivery.status == DeliveryStatus::held) return;
  ready_.emplace(entry.delivery.due, entry.delivery.item);
}

void Lanes::withdraw(Entry const& entry) {
  ready_.erase({entry.delivery.due, entry.delivery.item});
}

void Lanes::add(store::Delivery delivery) {
  auto const item = delivery.item;
  auto const [place, is_new] = entries_.try_emplace(item);
  SINEW_CHECK(is_new);
  auto& entry = place->second;
  entry.delivery = std::move(delivery);
  for (auto const key : entry.delivery.keys) {
    auto& lane = lanes_[key];
    if (!lane.empty()) ++entry.before;
    lane.push_back(item);
  }
  if (entry.delivery.status == DeliveryStatus::held) ++held_;
  offer(entry);
}

std::optional<store::Delivery> Lanes::take(Instant now) {
  if (ready_.empty() || ready_.begin()->first > now) return std::nullopt;
  auto& entry = entries_.at(ready_.begin()->second);
  ready_.erase(ready_.begin());
  entry.under_way = true;
  return entry.delivery;
}

std::optional<Instant> Lanes::next_due() const {
  if (ready_.empty()) return std::nullopt;
  return ready_.begin()->first;
}

void Lanes::finish(std::uint64_t item) {
  auto const place = entries_.find(item);
  SINEW_CHECK(place != entries_.end());
  auto const entry = std::move(place->second);
  entries_.erase(place);
  withdraw(entry);
  if (entry.delivery.status == DeliveryStatus::held) --held_;
  for (auto const key : entry.delivery.keys) {
    auto const lane = lanes_.find(key);
    auto& queue = lane->second;
    bool const was_first = queue.front() == item;
    queue.erase(std::ranges::find(queue, item));
    if (queue.empty()) {
      lanes_.erase(lane);
    } else if (was_first) {
      auto& next = entries_.at(queue.front());
      if (--next.before == 0) offer(next);
    }
  }
}

void Lanes::put_back(store::Delivery delivery) {
  auto& entry = entries_.at(delivery.item);
  withdraw(entry);
  bool const was_held = entry.delivery.status == DeliveryStatus::held;
  bool const is_held = delivery.status == DeliveryStatus::held;
  held_ = held_ + static_cast<std::size_t>(is_held) - static_cast<std::size_t>(was_held);
  entry.delivery = std::move(delivery);
  entry.under_way = false;
  offer(entry);
}

store::Delivery const* Lanes::waiting(std::uint64_t item) const {
  auto const place = entries_.find(item);
  return place == entries_.end() || place->second.under_way ? nullptr : &place->second.delivery;
}

}  // namespace sinew::engine
