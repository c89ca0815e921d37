#include "app/channels_in_force.h"

#include "app/admin_answer.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/text.h"
#include "json/write.h"

namespace sinew::app {
namespace {

void write_version(json::Writer& writer, engine::ChannelVersion const& version) {
  writer.key("version"), writer.integer(static_cast<std::int64_t>(version.number));
  writer.member("taken", to_string(version.taken));
  writer.member("digest", version.digest);
}

void write_channel(json::Writer& writer, engine::Channel const& channel) {
  writer.begin_object();
  writer.member("channel", channel.name);
  if (channel.source) {
    writer.key("source");
    writer.begin_object();
    writer.member("kind", channel.source->kind);
    writer.member("digest", sha256_hex(channel.source->written));
    writer.end_object();
  }
  writer.key("destinations");
  writer.begin_array();
  for (auto const& destination : channel.destinations) {
    writer.begin_object();
    writer.member("destination", destination.name);
    writer.member("kind", destination.target.kind);
    writer.member("digest", sha256_hex(destination.written));
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
}

}  // namespace

Result<> ChannelsInForce::start(std::vector<engine::Channel> channels) {
  std::scoped_lock const lock(mutex_);
  channels_ = std::move(channels);
  version_ = TRY(engine::read_channel_files(folder_));
  version_.taken = clock_.now();
  version_.number = TRY(history_.keep(version_, version_.taken));
  return {};
}

Result<std::uint64_t> ChannelsInForce::apply() {
  std::scoped_lock const lock(mutex_);
  return apply_locked();
}

Result<std::uint64_t> ChannelsInForce::apply_locked() {
  auto version = TRY(engine::read_channel_files(folder_));
  auto channels = TRY(engine::read_channels(folder_));
  version.taken = clock_.now();
  version.number = TRY(history_.keep(version, version.taken));
  TRY(put_(channels));
  channels_ = std::move(channels);
  version_ = std::move(version);
  log(Level::info, "channels in force",
      {{"folder", folder_}, {"version", version_.number}, {"channels", channels_.size()}});
  return version_.number;
}

Result<std::uint64_t> ChannelsInForce::roll_back(std::uint64_t number) {
  std::scoped_lock const lock(mutex_);
  auto const wanted = TRY(history_.read(number));
  auto const now = TRY(engine::read_channel_files(folder_));
  TRY(engine::restore_channel_files(folder_, wanted, now));
  auto applied = apply_locked();
  if (!applied) TRY(engine::restore_channel_files(folder_, now, wanted));
  return applied;
}

Result<rest::Answer> ChannelsInForce::show() {
  std::scoped_lock const lock(mutex_);
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("folder", folder_);
  write_version(writer, version_);
  writer.key("channels");
  writer.begin_array();
  for (auto const& channel : channels_) write_channel(writer, channel);
  writer.end_array();
  writer.end_object();
  return json_answer(std::move(out));
}

Result<rest::Answer> ChannelsInForce::list() {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("versions");
  writer.begin_array();
  for (auto const& version : TRY(history_.list())) {
    writer.begin_object();
    write_version(writer, version);
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return json_answer(std::move(out));
}

/// With its files, those left out that are no text.
Result<rest::Answer> ChannelsInForce::show_version(std::uint64_t number) {
  auto const version = TRY(history_.read(number));
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  write_version(writer, version);
  writer.key("files");
  writer.begin_object();
  for (auto const& [name, content] : version.files)
    if (is_utf8(name) && is_utf8(content)) writer.member(name, content);
  writer.end_object();
  writer.end_object();
  return json_answer(std::move(out));
}

void ChannelsInForce::add_routes(rest::Service& service) {
  auto const add = [&](char const* method, char const* path, char audit, rest::Handler handler) {
    rest::Route route;
    route.method = method;
    route.pattern = path;
    route.interaction = "channels";
    route.audit = audit;
    route.handler = std::move(handler);
    service.add_route(std::move(route));
  };
  auto const applied = [](Result<std::uint64_t> number) -> Result<rest::Answer> {
    return json_answer("{\"version\":" + std::to_string(TRY(std::move(number))) + "}");
  };
  add("GET", "/channels", 'R', [this](rest::Call const&) { return show(); });
  add("GET", "/channels/versions", 'R', [this](rest::Call const&) { return list(); });
  add("GET", "/channels/versions/{id}", 'R',
      [this](rest::Call const& call) -> Result<rest::Answer> {
        auto const number = parse_integer<std::uint64_t>(call.id);
        if (!number) return fail(ErrorCode::not_found, "no such version of the channels");
        return show_version(*number);
      });
  add("POST", "/channels/apply", 'E',
      [this, applied](rest::Call const&) { return applied(apply()); });
  add("POST", "/channels/rollback", 'E',
      [this, applied](rest::Call const& call) -> Result<rest::Answer> {
        auto const number = TRY(number_of(call, "version", 0));
        if (number == 0) return fail(ErrorCode::invalid, "which one?", "version");
        return applied(roll_back(number));
      });
}

}  // namespace sinew::app
