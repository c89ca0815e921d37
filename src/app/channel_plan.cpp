#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "app/commands.h"
#include "app/console.h"
#include "app/server_client.h"
#include "base/hash.h"
#include "engine/delivery/channel.h"
#include "engine/delivery/channel_versions.h"
#include "engine/delivery/difference.h"

// What a changed folder of channels would do to a running server, and doing it.

namespace sinew::app {
namespace {

/// The parts of the channels, each with the digest of all that it depends on.
using Parts = std::map<std::string, std::string>;

Parts parts_of(std::vector<engine::Channel> const& channels) {
  Parts parts;
  for (auto const& channel : channels) {
    if (channel.source) parts["source " + channel.name] = sha256_hex(channel.source->written);
    for (auto const& destination : channel.destinations)
      parts["destination " + destination.name] = sha256_hex(destination.written);
  }
  return parts;
}

Parts parts_in_force(json::Value root) {
  Parts parts;
  for (auto const channel : root["channels"].elements()) {
    if (auto const source = channel["source"]; source.is_object())
      parts["source " + channel["channel"].text()] = source["digest"].text();
    for (auto const destination : channel["destinations"].elements())
      parts["destination " + destination["destination"].text()] = destination["digest"].text();
  }
  return parts;
}

Result<json::Document> ask_json(std::string const& server, char const* method,
                                std::string const& target) {
  return json::Document::parse(TRY(ask_server(server, method, target)));
}

/// Messages that a destination is still owed.
std::map<std::string, std::string> queues_of(std::string const& server) {
  std::map<std::string, std::string> queues;
  auto const document = ask_json(server, "GET", "/deliveries");
  if (!document) return queues;
  for (auto const each : document->root()["destinations"].elements())
    queues["destination " + each["destination"].text()] = each["waiting"].text();
  return queues;
}

std::string describe_parts(Parts const& before, Parts const& after, std::string const& server) {
  std::string out;
  for (auto const& [name, digest] : after) {
    auto const former = before.find(name);
    if (former == before.end())
      out += fmt::format("  + {}\n", name);
    else if (former->second != digest)
      out += fmt::format("  ~ {}: begins anew between two messages, its queue stays\n", name);
  }
  auto const queues = queues_of(server);
  for (auto const& [name, digest] : before) {
    if (after.contains(name)) continue;
    auto const queue = queues.find(name);
    bool const waits = queue != queues.end() && !queue->second.empty() && queue->second != "0";
    out += fmt::format(
        "  - {}{}\n", name,
        waits ? ": " + queue->second + " messages wait; they stay in the log, unsent" : "");
  }
  return out;
}

std::string describe_files(std::map<std::string, std::string> const& before,
                           std::map<std::string, std::string> const& after) {
  constexpr std::size_t kShownMax = 20;
  std::string out;
  for (auto const& [name, content] : after) {
    auto const former = before.find(name);
    if (former == before.end()) {
      out += fmt::format("+ {}\n", name);
      continue;
    }
    if (former->second == content) continue;
    out += fmt::format("~ {}\n", name);
    auto const differences = engine::find_differences(former->second, content);
    for (std::size_t i = 0; i < differences.size() && i < kShownMax; ++i) {
      auto const& each = differences[i];
      out += fmt::format("    {}\n", each.place);
      if (!each.before.empty()) out += fmt::format("      - {}\n", each.before);
      if (!each.after.empty()) out += fmt::format("      + {}\n", each.after);
    }
    if (differences.size() > kShownMax) out += "    ...\n";
  }
  for (auto const& [name, content] : before)
    if (!after.contains(name)) out += fmt::format("- {}\n", name);
  return out;
}

struct Plan {
  std::string folder;  ///< that the server reads
  std::string text;
  bool changes = false;
};

/// Fails where the folder could not be put in force.
Result<Plan> make_plan(ChannelPlanSettings const& settings) {
  auto const in_force = TRY(ask_json(settings.server, "GET", "/channels"));
  auto const root = in_force.root();
  Plan plan;
  plan.folder = root["folder"].text();
  auto const folder = settings.folder.empty() ? plan.folder : settings.folder;
  auto const channels = TRY(engine::read_channels(folder));
  auto const files = TRY(engine::read_channel_files(folder));
  if (files.digest == root["digest"].text()) {
    plan.text = fmt::format("version {} is in force; nothing changes\n", root["version"].text());
    return plan;
  }
  plan.changes = true;
  auto const version =
      TRY(ask_json(settings.server, "GET", "/channels/versions/" + root["version"].text()));
  std::map<std::string, std::string> before;
  for (auto const [name, content] : version.root()["files"].members())
    before[std::string(name)] = content.text();
  plan.text = describe_files(before, files.files);
  auto const parts = describe_parts(parts_in_force(root), parts_of(channels), settings.server);
  plan.text += parts.empty() ? "no source or destination changes\n" : parts;
  return plan;
}

int post(ChannelPlanSettings const& settings, std::string const& target) {
  auto const document = ask_json(settings.server, "POST", target);
  if (!document) return complain(document.error()), kExitFailed;
  print(fmt::format("version {} is in force\n", document->root()["version"].text()));
  return kExitSuccess;
}

}  // namespace

int channel_plan(ChannelPlanSettings const& settings) {
  auto const plan = make_plan(settings);
  if (!plan) return complain(plan.error()), kExitFailed;
  print(plan->text);
  return kExitSuccess;
}

int channel_apply(ChannelPlanSettings const& settings) {
  auto const plan = make_plan(settings);
  if (!plan) return complain(plan.error()), kExitFailed;
  print(plan->text);
  if (!plan->changes) return kExitSuccess;
  std::error_code error;
  if (!settings.folder.empty() &&
      !std::filesystem::equivalent(settings.folder, plan->folder, error))
    return complain("the server reads " + plan->folder + ": change that folder, and apply it"),
           kExitFailed;
  return post(settings, "/channels/apply");
}

int channel_versions(ChannelPlanSettings const& settings) {
  auto const table = [](json::Value root) {
    constexpr auto kRow = "{:>8}  {:<24}  {}\n";
    auto out = fmt::format(kRow, "VERSION", "taken", "digest");
    for (auto const each : root["versions"].elements())
      out += fmt::format(kRow, each["version"].text(), each["taken"].text(),
                         each["digest"].text().substr(0, 12));
    return out;
  };
  return print_answer(settings.server, "/channels/versions", settings.json, table);
}

int channel_rollback(ChannelPlanSettings const& settings) {
  return post(settings, "/channels/rollback?version=" + std::to_string(settings.version));
}

}  // namespace sinew::app
