#include "engine/delivery/router.h"

#include <algorithm>
#include <charconv>

#include "base/hash.h"
#include "base/text.h"
#include "engine/arrival.h"
#include "json/json.h"
#include "json/write.h"

namespace sinew::engine {
namespace {

constexpr int kKeyBase = 16;
/// Shared by the messages that do not name what they would be ordered by.
constexpr std::uint64_t kNamelessKey = 0;
/// Keeps orders and patients apart.
constexpr std::uint64_t kOrderSeed = 3;

/// Who gave the order number and who fills it may each be the only one that a message names.
/// Source: HL7 v2.5.1 §4.5.1 (ORC-2, ORC-3), §4.5.3 (OBR-2, OBR-3).
struct OrderField {
  std::string_view segment;
  std::size_t field;
};
constexpr OrderField kOrderFields[] = {{"ORC", 2}, {"ORC", 3}, {"OBR", 2}, {"OBR", 3}};

std::vector<std::uint64_t> order_number_keys(hl7v2::Message const& message) {
  std::vector<std::uint64_t> keys;
  for (std::size_t segment = 0; segment < message.segment_count(); ++segment) {
    for (auto const& [id, field] : kOrderFields) {
      if (message.segment_id(segment) != id || keys.size() >= kOrderKeysMax) continue;
      auto const number =
          hl7v2::part(message.field(segment, field), message.delimiters().component, 0);
      // Placer and filler numbers are numbers of different people.
      if (!number.empty()) keys.push_back(hash64(number, kOrderSeed + field % 2));
    }
  }
  return keys;
}

std::vector<std::uint64_t> keys_of(Destination const& destination, store::JournalEntry const& entry,
                                   hl7v2::Message const& message) {
  std::vector<std::uint64_t> keys;
  switch (destination.order) {
    case Order::none:
      return keys;
    case Order::destination:
      break;
    case Order::patient:
      keys = order_keys(entry.lane, entry.bytes);
      keys.erase(keys.begin());  // the connection's
      break;
    case Order::order:
      keys = order_number_keys(message);
      break;
  }
  if (keys.empty()) keys.push_back(kNamelessKey);
  std::ranges::sort(keys);
  auto const repeated = std::ranges::unique(keys);
  keys.erase(repeated.begin(), repeated.end());
  return keys;
}

}  // namespace

std::string to_payload(Routed const& routed) {
  std::string keys;
  for (auto const key : routed.keys) {
    char text[kKeyBase + 1];
    auto const end = std::to_chars(text, text + sizeof text, key, kKeyBase).ptr;
    keys += (keys.empty() ? "\"" : ",\"") + std::string(text, end) + '"';
  }
  std::string payload = R"({"deliver":)";
  json::append_string(payload, routed.destination);
  return payload + R"(,"keys":[)" + keys + "]}";
}

Result<std::optional<Routed>> routed_of(std::string_view payload) {
  auto const document = TRY(json::Document::parse(std::string(payload)));
  auto const destination = document.root()["deliver"];
  if (!destination.is_string()) return std::optional<Routed>();
  Routed routed;
  routed.destination = destination.text();
  for (auto const element : document.root()["keys"].elements()) {
    auto const text = element.text();
    std::uint64_t key = 0;
    auto const [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), key, kKeyBase);
    if (error != std::errc{} || end != text.data() + text.size())
      return fail(ErrorCode::malformed, "a key of an outbox item is no number");
    routed.keys.push_back(key);
  }
  return std::optional(std::move(routed));
}

void Router::set(std::vector<Channel> channels) {
  auto fresh = std::make_shared<std::vector<Channel> const>(std::move(channels));
  std::scoped_lock const lock(mutex_);
  channels_.swap(fresh);
}

std::vector<std::string> Router::route(store::JournalEntry const& entry) const {
  std::shared_ptr<std::vector<Channel> const> channels;
  {
    std::scoped_lock const lock(mutex_);
    channels = channels_;
  }
  std::vector<std::string> payloads;
  if (channels->empty()) return payloads;
  // What cannot be read has no fields, and goes where no condition asks for one.
  auto const parsed = hl7v2::parse_message(entry.bytes);
  auto const message = parsed ? *parsed : hl7v2::Message();
  for (auto const& channel : *channels) {
    bool const is_ours = channel.feeds.empty() ||
                         std::ranges::find(channel.feeds, entry.feed) != channel.feeds.end();
    if (!is_ours || !holds(channel.accept, message)) continue;
    for (auto const& destination : channel.destinations) {
      if (!holds(destination.accept, message)) continue;
      payloads.push_back(to_payload({destination.name, keys_of(destination, entry, message)}));
    }
  }
  return payloads;
}

}  // namespace sinew::engine
