#include <algorithm>
#include <array>
#include <optional>

#include "base/file.h"
#include "base/text.h"
#include "engine/delivery/channel.h"
#include "engine/delivery/channel_node.h"
#include "engine/delivery/channel_read.h"

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
Result<Target> read_mllp(Node const& node) {
  TRY(node.allow({"host", "port", "timeout", "tls"}));
  MllpTarget target;
  target.host = TRY(node["host"].text_or({}));
  if (target.host.empty()) return node.wrong("needs a 'host'");
  target.port = TRY(node["port"].number<std::uint16_t>(0, 1, 65'535));
  if (target.port == 0) return node.wrong("needs a 'port'");
  target.timeout = TRY(node["timeout"].duration(target.timeout));
  auto const tls = node["tls"];
  if (!tls.exists()) return target;
  TRY(tls.allow({"ca", "certificate", "key", "server-name"}));
  target.is_tls = true;
  target.tls.ca_file = TRY(tls["ca"].text_or({}));
  target.tls.certificate_file = TRY(tls["certificate"].text_or({}));
  target.tls.key_file = TRY(tls["key"].text_or({}));
  target.tls.server_name = TRY(tls["server-name"].text_or({}));
  return target;
}

Result<Target> read_http(Node const& node) {
  TRY(node.allow({"url", "method", "content-type", "headers", "timeout"}));
  HttpTarget target;
  target.url = TRY(node["url"].text_or({}));
  if (target.url.empty()) return node.wrong("needs a 'url'");
  target.method = TRY(node["method"].text_or(target.method));
  target.content_type = TRY(node["content-type"].text_or(target.content_type));
  target.timeout = TRY(node["timeout"].duration(target.timeout));
  for (auto const& [name, value] : node["headers"].members())
    target.headers[name] = TRY(value.text());
  return target;
}

Result<Target> read_file_target(Node const& node) {
  TRY(node.allow({"folder", "name"}));
  FileTarget target;
  target.folder = TRY(node["folder"].text_or({}));
  if (target.folder.empty()) return node.wrong("needs a 'folder'");
  target.name = TRY(node["name"].text_or(target.name));
  if (target.name.find('/') != std::string::npos)
    return node["name"].wrong("is a name, without '/'");
  return target;
}

struct TargetRow {
  std::string_view key;
  Result<Target> (*read)(Node const&);
};
constexpr auto kTargets = std::to_array<TargetRow>(
    {{"mllp", read_mllp}, {"http", read_http}, {"file", read_file_target}});

Result<Target> read_target(Node const& node) {
  std::optional<TargetRow> found;
  for (auto const& row : kTargets) {
    if (!node[std::string(row.key)].exists()) continue;
    if (found) return node.wrong("has two targets: a destination has one");
    found = row;
  }
  if (!found) return node.wrong("needs a target: mllp, http or file");
  return found->read(node[std::string(found->key)]);
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
                                     ChannelFolder const& folder) {
  TRY(node.allow(
      {"name", "accept", "mllp", "http", "file", "order", "retry", "answers", "in-doubt"}));
  Destination destination;
  destination.name = channel + '/' + TRY(read_name(node["name"], node));
  destination.accept = TRY(read_conditions(node["accept"], folder));
  destination.target = TRY(read_target(node));
  destination.order = TRY(node["order"].one_of(kOrders, destination.order));
  destination.retry = TRY(read_retry(node["retry"]));
  for (auto const& [code, reaction] : node["answers"].members())
    destination.answers[code] = TRY(reaction.one_of(kReactions, Reaction::retry));
  destination.in_doubt = TRY(node["in-doubt"].one_of(kInDoubts, destination.in_doubt));
  return destination;
}

Result<Channel> read(Node const& node, ChannelFolder const& folder) {
  TRY(node.allow({"channel", "feeds", "accept", "destinations"}));
  Channel channel;
  channel.name = TRY(read_name(node["channel"], node));
  channel.feeds = TRY(node["feeds"].texts());
  channel.accept = TRY(read_conditions(node["accept"], folder));
  auto const destinations = node["destinations"];
  if (!destinations.is_list()) return node.wrong("needs a list of 'destinations'");
  for (auto const& element : destinations.elements()) {
    auto destination = TRY(read_destination(element, channel.name, folder));
    if (std::ranges::find(channel.destinations, destination.name, &Destination::name) !=
        channel.destinations.end())
      return element["name"].wrong("is there twice");
    channel.destinations.push_back(std::move(destination));
  }
  return channel;
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

Result<std::vector<Channel>> read_channels(std::string const& folder) {
  std::vector<Channel> channels;
  auto const surroundings = TRY(read_channel_folder(folder));
  for (auto const& name : TRY(list_files(folder))) {
    if (!name.ends_with(".yaml") && !name.ends_with(".yml")) continue;
    if (name.starts_with(kTestFolder) || name.starts_with(kLookupFolder)) continue;
    auto const path = folder + '/' + name;
    auto channel = TRY(read_channel(TRY(read_file(path)), path, surroundings));
    if (std::ranges::find(channels, channel.name, &Channel::name) != channels.end())
      return fail(ErrorCode::invalid, "there is another channel '" + channel.name + "'", path);
    channels.push_back(std::move(channel));
  }
  return channels;
}

}  // namespace sinew::engine
