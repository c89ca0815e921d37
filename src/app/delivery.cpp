#include <fmt/format.h>

#include "app/commands.h"
#include "app/console.h"
#include "app/server_client.h"
#include "engine/delivery/channel.h"
#include "json/json.h"
#include "net/http.h"

namespace sinew::app {
namespace {

std::string state_table(json::Value root) {
  constexpr auto kRow = "{:<32} {:>8} {:>8} {:>6} {:>6} {:>10}  {}\n";
  auto out =
      fmt::format(kRow, "DESTINATION", "waiting", "sending", "held", "dead", "delivered", "");
  for (auto const state : root["destinations"].elements()) {
    auto const count = [&](char const* status) {
      auto const text = state[status].text();
      return text.empty() ? std::string("0") : text;
    };
    std::string note = state["lastFailure"].text();
    if (state["paused"].boolean()) note = "paused. " + note;
    if (!state["configured"].boolean()) note = "in no channel. " + note;
    out += fmt::format(kRow, state["destination"].text(), count("waiting"), count("sending"),
                       count("held"), count("dead"), count("delivered"), note);
  }
  return out;
}

std::string delivery_table(json::Value root) {
  constexpr auto kRow = "{:>8} {:<32} {:<10} {:>8}  {:<24} {:>8}  {}\n";
  auto out = fmt::format(kRow, "ITEM", "DESTINATION", "STATUS", "attempts", "changed", "message",
                         "reason");
  for (auto const each : root["deliveries"].elements()) {
    out += fmt::format(kRow, each["item"].text(), each["destination"].text(), each["status"].text(),
                       each["attempts"].text(), each["changed"].text(), each["message"].text(),
                       each["reason"].text());
  }
  return out;
}

/// Does something to each target. The first failure does not keep it from the others.
int decide(DeliverySettings const& settings, std::string const& what, char const* parameter) {
  int status = kExitSuccess;
  for (auto const& target : settings.targets) {
    auto const done =
        ask_server(settings.server, "POST",
                   "/deliveries/" + what + '?' + parameter + '=' + net::percent_encode(target));
    if (done) continue;
    complain(done.error());
    status = kExitFailed;
  }
  return status;
}

std::string describe(engine::Channel const& channel) {
  auto out = channel.name + "\n";
  if (channel.source) out += "  source    " + channel.source->kind + '\n';
  out += "  from      ";
  for (auto const& feed : channel.feeds) out += feed + ' ';
  out += channel.feeds.empty() ? "every feed\n" : "\n";
  if (!channel.accept.empty())
    out += fmt::format("  if        {} conditions hold\n", channel.accept.size());
  for (auto const& destination : channel.destinations) {
    out += fmt::format("  to        {} ({}", destination.name, destination.target.kind);
    if (!destination.accept.empty())
      out += fmt::format(", if {} conditions hold", destination.accept.size());
    out += ")\n";
  }
  return out;
}

}  // namespace

int channel_check(ChannelCheckSettings const& settings) {
  auto const channels = engine::read_channels(settings.folder);
  if (!channels) return complain(channels.error()), kExitFailed;
  for (auto const& channel : *channels) print(describe(channel));
  if (channels->empty()) complain("no *.yaml file in " + settings.folder);
  return kExitSuccess;
}

int delivery_state(DeliverySettings const& settings) {
  return print_answer(settings.server, "/deliveries", settings.json, state_table);
}

int delivery_list(DeliverySettings const& settings) {
  auto const target =
      fmt::format("/deliveries/list?destination={}&status={}&count={}",
                  net::percent_encode(settings.destination), settings.status, settings.count);
  return print_answer(settings.server, target, settings.json, delivery_table);
}

int delivery_resend(DeliverySettings const& settings) { return decide(settings, "resend", "item"); }
int delivery_skip(DeliverySettings const& settings) { return decide(settings, "skip", "item"); }
int delivery_pause(DeliverySettings const& settings) {
  return decide(settings, "pause", "destination");
}
int delivery_resume(DeliverySettings const& settings) {
  return decide(settings, "resume", "destination");
}

}  // namespace sinew::app
