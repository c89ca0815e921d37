#include "store/live_cache.h"

#include <utility>

namespace sinew::store {
namespace {

/// More than transactions under way change; their bodies are in memory with them.
constexpr std::size_t kExpectedPerShardMax = 1024;
constexpr std::size_t kNodeBytes = 64;  // of the map, the text and the allocator, about

std::size_t bytes_of(std::string_view key, Live const& live) {
  auto const fixed = sizeof(Live) + sizeof(std::string) + kNodeBytes + key.size();
  return fixed + (live.body ? live.body->size() : 0);
}

}  // namespace

Live* LiveCache::Shard::touch(std::string_view key, std::atomic<Epoch>& epoch) {
  if (auto const found = young.find(key); found != young.end()) return &found->second;
  auto const found = old.find(key);
  if (found == old.end()) return nullptr;
  auto live = std::move(found->second);
  old.erase(found);
  put(key, std::move(live), epoch);
  return &young.find(key)->second;
}

void LiveCache::Shard::put(std::string_view key, Live live, std::atomic<Epoch>& epoch) {
  if (bytes > kBytesPerShardMax) {
    old = std::exchange(young, {});
    bytes = 0;
    ++epoch;
  }
  bytes += bytes_of(key, live);
  auto const found = young.find(key);
  if (found == young.end()) {
    young.emplace(key, std::move(live));
    return;
  }
  bytes -= bytes_of(key, found->second);
  found->second = std::move(live);
}

std::optional<Live> LiveCache::find(std::string_view key) {
  auto& shard = shard_of(key);
  std::scoped_lock const lock(shard.mutex);
  auto const* live = shard.touch(key, epoch_);
  if (live == nullptr) return std::nullopt;
  return *live;
}

std::optional<Live> LiveCache::find_expected(std::string_view key) {
  auto& shard = shard_of(key);
  std::scoped_lock const lock(shard.mutex);
  if (auto const found = shard.expected.find(key); found != shard.expected.end())
    return found->second;
  auto const* live = shard.touch(key, epoch_);
  if (live == nullptr) return std::nullopt;
  return *live;
}

void LiveCache::expect(std::string_view key, Live live) {
  auto& shard = shard_of(key);
  std::scoped_lock const lock(shard.mutex);
  if (shard.expected.size() >= kExpectedPerShardMax) shard.expected.clear();
  shard.expected.insert_or_assign(std::string(key), std::move(live));
}

void LiveCache::forget_expected(std::string_view key) {
  auto& shard = shard_of(key);
  std::scoped_lock const lock(shard.mutex);
  auto const found = shard.expected.find(key);
  if (found != shard.expected.end()) shard.expected.erase(found);
}

void LiveCache::put(std::string_view key, Live live) {
  auto& shard = shard_of(key);
  std::scoped_lock const lock(shard.mutex);
  auto const expected = shard.expected.find(key);
  if (expected != shard.expected.end() && expected->second.version <= live.version)
    shard.expected.erase(expected);
  shard.old.erase(std::string(key));
  shard.put(key, std::move(live), epoch_);
}

void LiveCache::add_read(std::string_view key, Live live, Epoch epoch) {
  auto& shard = shard_of(key);
  std::scoped_lock const lock(shard.mutex);
  if (auto* known = shard.touch(key, epoch_)) {
    // The same version with its body: the one thing a reader can add to what is known.
    if (known->version == live.version && known->exists && !known->body) {
      shard.bytes += live.body ? live.body->size() : 0;
      known->body = std::move(live.body);
    }
    return;
  }
  if (epoch_ == epoch) shard.put(key, std::move(live), epoch_);
}

void LiveCache::clear() {
  ++epoch_;
  for (auto& shard : shards_) {
    std::scoped_lock const lock(shard.mutex);
    shard.young.clear();
    shard.old.clear();
    shard.expected.clear();
    shard.bytes = 0;
  }
}

}  // namespace sinew::store
