#include <algorithm>
#include <array>
#include <optional>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"
#include "engine/connectors/connector.h"
#include "engine/delivery/channel.h"
#include "engine/delivery/channel_node.h"
#include "engine/delivery/channel_read.h"
#include "engine/delivery/transform.h"

// yaml-cpp reports by exceptions; they end here.

namespace sinew::engine {
namespace {

constexpr auto kReactions = std::to_array<NameRow<Reaction>>({{"done", Reaction::done},
                                                              {"retry", Reaction::retry},
                                                              {"hold", Reaction::hold},
                                                              {"drop", Reaction::drop},
                                                              {"stop", Reaction::stop}});
constexpr auto kOrders = std::to_array<NameRow<Order>>({{"patient", Order::patient},
                                                        {"order", Order::order},
                                                        {"destination", Order::destination},
                                                        {"none", Order::none}});
constexpr auto kInDoubts =
    std::to_array<NameRow<InDoubt>>({{"resend", InDoubt::resend}, {"hold", InDoubt::hold}});

/// The connector between channels.
constexpr std::string_view kHandOver = "channel";

/// The connector that a section names by its key. Fails when it names none, or two.
Result<Connector> connector_of(Node const& node, bool is_source) {
  std::optional<Connector> found;
  std::string known;
  for (auto const& row : connectors()) {
    bool const is_able = is_source ? row.read_source != nullptr : row.read_target != nullptr;
    if (!is_able) continue;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
    if (!node[std::string(row.name)].exists()) continue;
    if (found && is_source) return node.wrong("has two connectors: a source has one");
    if (found) return node.wrong("has two targets: a destination has one");
    found = row;
  }
  if (found) return *found;
  return node.wrong((is_source ? "needs a connector: " : "needs a target: ") + known);
}

std::set<std::string> keys_with_connectors(std::set<std::string> keys, bool is_source) {
  for (auto const& row : connectors()) {
    bool const is_able = is_source ? row.read_source != nullptr : row.read_target != nullptr;
    if (is_able) keys.emplace(row.name);
  }
  return keys;
}

Result<Target> read_target(Node const& node) {
  auto const connector = TRY(connector_of(node, false));
  auto const name = std::string(connector.name);
  Target target{name, TRY(connector.read_target(node[name]))};
  target.place = node[name].place();
  if (name == kHandOver) target.channel = TRY(node[name].text());
  return target;
}

Result<Origin> read_source(Node const& node) {
  TRY(node.allow(keys_with_connectors({"map", "charset", "zone"}, true)));
  auto const connector = TRY(connector_of(node, true));
  Origin origin;
  origin.kind = connector.name;
  origin.written = node.written();
  origin.map_folders = TRY(node["map"].texts());
  origin.charset = TRY(node["charset"].text_or({}));
  origin.zone = TRY(node["zone"].text_or({}));
  origin.open = TRY(connector.read_source(node[origin.kind]));
  return origin;
}

Result<RetryPolicy> read_retry(Node const& node) {
  RetryPolicy retry;
  if (!node.exists()) return retry;
  TRY(node.allow({"first", "factor", "longest", "jitter", "attempts"}));
  retry.first = TRY(node["first"].duration(retry.first));
  retry.factor = TRY(node["factor"].number<double>(retry.factor, 1, 100));
  retry.longest = TRY(node["longest"].duration(retry.longest));
  retry.jitter = TRY(node["jitter"].number<double>(retry.jitter, 0, 1));
  retry.attempts_max = TRY(node["attempts"].number<std::uint32_t>(0, 0, 1'000'000));
  return retry;
}

bool is_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_' || c == '.';
  });
}

Result<std::string> read_name(Node const& node, Node const& parent) {
  if (!node.exists()) return parent.wrong("needs a name");
  auto name = TRY(node.text());
  if (!is_name(name)) return node.wrong("may have letters, digits, '-', '_' and '.'");
  return name;
}

Result<Destination> read_destination(Node const& node, std::string const& channel,
                                     Steps const& steps, ChannelFolder const& folder) {
  TRY(node.allow(keys_with_connectors({"name", "accept", "transform", "format", "charset", "order",
                                       "retry", "answers", "in-doubt", "connections"},
                                      false)));
  Destination destination;
  destination.name = channel + '/' + TRY(read_name(node["name"], node));
  destination.accept = TRY(read_conditions(node["accept"], folder));
  destination.transform = TRY(read_transform(node, steps, folder, destination.name));
  destination.target = TRY(read_target(node));
  destination.order = TRY(node["order"].one_of(kOrders, destination.order));
  destination.retry = TRY(read_retry(node["retry"]));
  for (auto const& [code, reaction] : node["answers"].members())
    destination.answers[code] = TRY(reaction.one_of(kReactions, Reaction::retry));
  destination.in_doubt = TRY(node["in-doubt"].one_of(kInDoubts, destination.in_doubt));
  destination.connections = TRY(node["connections"].number<std::uint32_t>(1, 1, kConnectionsMax));
  return destination;
}

Result<Channel> read(Node const& node, ChannelFolder const& folder) {
  TRY(node.allow({"channel", "source", "feeds", "accept", "transform", "destinations"}));
  Channel channel;
  channel.name = TRY(read_name(node["channel"], node));
  channel.feeds = TRY(node["feeds"].texts());
  if (auto const source = node["source"]; source.exists()) {
    channel.source = TRY(read_source(source));
    if (channel.feeds.empty()) channel.feeds.push_back(channel.name);
  }
  channel.accept = TRY(read_conditions(node["accept"], folder));
  auto const steps = TRY(read_steps(node["transform"], folder));
  auto const destinations = node["destinations"];
  if (!destinations.is_list()) return node.wrong("needs a list of 'destinations'");
  for (auto const& element : destinations.elements()) {
    auto destination = TRY(read_destination(element, channel.name, steps, folder));
    if (std::ranges::find(channel.destinations, destination.name, &Destination::name) !=
        channel.destinations.end())
      return element["name"].wrong("is there twice");
    destination.written = element.written() + node["accept"].written() +
                          node["transform"].written() + node["feeds"].written() + folder.digest;
    channel.destinations.push_back(std::move(destination));
  }
  return channel;
}

bool is_channel(std::string_view name) {
  return (name.ends_with(".yaml") || name.ends_with(".yml")) && !name.starts_with(kTestFolder) &&
         !name.starts_with(kLookupFolder);
}

/// Of what channels may refer to.
Result<std::string> digest_of_others(std::string const& folder,
                                     std::vector<std::string> const& files) {
  std::string all;
  for (auto const& name : files) {
    if (is_channel(name) || name.starts_with(kTestFolder) || name.starts_with('.')) continue;
    all += name + '\0' + sha256_hex(TRY(read_file(folder + '/' + name)));
  }
  return sha256_hex(all);
}

}  // namespace

std::string_view to_string(Reaction reaction) {
  return kReactions[static_cast<std::size_t>(reaction)].name;
}

Result<Channel> read_channel(std::string_view text, std::string const& where,
                             ChannelFolder const& folder) {
  try {
    return read(Node(YAML::Load(std::string(text)), where, {}), folder);
  } catch (YAML::Exception const& error) {
    auto place = where;
    if (!error.mark.is_null())
      place +=
          ':' + std::to_string(error.mark.line + 1) + ':' + std::to_string(error.mark.column + 1);
    return fail(ErrorCode::malformed, error.msg, place);
  }
}

namespace {

/// What is handed to a channel has to arrive: it says itself that it takes it.
Result<> check_hand_overs(std::vector<Channel> const& channels) {
  for (auto const& channel : channels) {
    for (auto const& destination : channel.destinations) {
      auto const& to = destination.target.channel;
      if (to.empty()) continue;
      auto const found = std::ranges::find(channels, to, &Channel::name);
      bool const takes =
          found != channels.end() && found->source && found->source->kind == kHandOver;
      if (!takes) {
        return fail(ErrorCode::invalid,
                    "there is no channel '" + to + "' with 'source: {channel: true}'",
                    destination.target.place);
      }
    }
  }
  return {};
}

}  // namespace

Result<std::vector<Channel>> read_channels(std::string const& folder) {
  std::vector<Channel> channels;
  auto surroundings = TRY(read_channel_folder(folder));
  auto const files = TRY(list_files(folder));
  surroundings.digest = TRY(digest_of_others(folder, files));
  for (auto const& name : files) {
    if (!is_channel(name)) continue;
    auto const path = folder + '/' + name;
    auto channel = TRY(read_channel(TRY(read_file(path)), path, surroundings));
    if (std::ranges::find(channels, channel.name, &Channel::name) != channels.end())
      return fail(ErrorCode::invalid, "there is another channel '" + channel.name + "'", path);
    channels.push_back(std::move(channel));
  }
  TRY(check_hand_overs(channels));
  return channels;
}

}  // namespace sinew::engine
