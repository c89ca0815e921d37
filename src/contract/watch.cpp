#include "contract/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "contract/profile_file.h"
#include "contract/specification.h"

namespace sinew::contract {
namespace {

constexpr std::string_view kEnding = ".contract.json";
constexpr std::int64_t kHourMs = 3'600'000;

/// Nothing in a feed's name leads out of the folder.
std::string file_of(std::string const& folder, std::string_view feed) {
  std::string name;
  for (char const c : feed) {
    bool const is_plain = is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_';
    name += is_plain || (c == '.' && !name.empty()) ? c : '_';
  }
  return folder + "/" + name + std::string(kEnding);
}

Result<std::vector<Profile>> read_folder(std::string const& folder) {
  std::vector<Profile> profiles;
  if (folder.empty() || !std::filesystem::is_directory(folder)) return profiles;
  for (auto const& file : TRY(list_files(folder))) {
    if (!file.ends_with(kEnding)) continue;
    auto profile = read_contract(TRY(read_file(folder + "/" + file)));
    if (!profile) {
      return fail(profile.error().code, profile.error().what,
                  folder + "/" + file + ": " + profile.error().where);
    }
    if (profile->feed.empty()) profile->feed = file.substr(0, file.size() - kEnding.size());
    profiles.push_back(*std::move(profile));
  }
  return profiles;
}

}  // namespace

Watch::Watch(Options options, Metrics& metrics, Clock& clock)
    : options_(std::move(options)), metrics_(metrics), clock_(clock) {}

Result<std::unique_ptr<Watch>> Watch::start(Options options, Metrics& metrics, Clock& clock) {
  std::unique_ptr<Watch> watch(new Watch(std::move(options), metrics, clock));
  std::error_code error;
  std::filesystem::create_directories(watch->options_.learned_folder, error);
  if (error) return fail(ErrorCode::unavailable, error.message(), watch->options_.learned_folder);
  watch->load_learned();
  TRY(watch->read_contracts());
  watch->thread_ = std::thread([raw = watch.get()] { raw->run(); });
  return watch;
}

Watch::~Watch() { stop(); }

/// What was learned is a convenience: when it cannot be read, learning begins anew.
void Watch::load_learned() {
  auto profiles = read_folder(options_.learned_folder);
  if (!profiles) {
    return log(Level::error, "what was learned of feeds not read; begun anew",
               {{"reason", to_string(profiles.error())}});
  }
  for (auto& profile : *profiles) {
    auto const feed = find(profile.feed);
    if (feed) feed->learned = Learner(std::move(profile));
  }
}

Result<> Watch::read_contracts() {
  auto profiles = TRY(read_folder(options_.contract_folder));
  std::set<std::string, std::less<>> accepted;
  for (auto& profile : profiles) {
    auto const feed = find(profile.feed);
    if (!feed) continue;
    accepted.insert(profile.feed);
    std::scoped_lock const lock(feed->mutex);
    feed->accepted = std::make_shared<Profile const>(std::move(profile));
    feed->is_uncompared = true;
  }
  std::scoped_lock const lock(mutex_);
  for (auto const& [name, feed] : feeds_) {
    if (accepted.contains(name)) continue;
    feed->accepted = nullptr;
    feed->now.clear();
    feed->before.clear();
  }
  return {};
}

std::shared_ptr<Watch::Feed> Watch::find(std::string_view name) {
  std::scoped_lock const lock(mutex_);
  if (auto const found = feeds_.find(name); found != feeds_.end()) return found->second;
  if (feeds_.size() >= kFeedsMax) return nullptr;
  auto feed = std::make_shared<Feed>();
  feed->learned = Learner(std::string(name));
  feed->window = Learner(std::string(name));
  feed->window_began = clock_.now();
  feed->gauge = &metrics_.gauge("sinew_contract_drifts",
                                "Ways in which a feed differs from its accepted contract",
                                {{"feed", std::string(name)}});
  feeds_.emplace(name, feed);
  return feed;
}

Result<std::shared_ptr<Watch::Feed>> Watch::find_known(std::string_view name) {
  std::scoped_lock const lock(mutex_);
  auto const found = feeds_.find(name);
  if (found == feeds_.end())
    return fail(ErrorCode::not_found, "nothing is known of such a feed", std::string(name));
  return found->second;
}

void Watch::received(std::string_view name, hl7v2::Message const& message,
                     hl7v2::GroupTree const& groups, Instant at) {
  auto const feed = find(name);
  if (!feed) return;
  std::scoped_lock const lock(feed->mutex);
  close_hour(*feed, at);
  ++feed->hour_messages;
  feed->is_unsaved = feed->is_uncompared = true;
  if (++feed->in_window > kLookedAtMax && feed->in_window % kOneIn != 0) {
    feed->learned.count_only(at);
    feed->window.count_only(at);
    return;
  }
  feed->learned.learn(message, groups, at);
  if (feed->accepted) feed->window.learn(message, groups, at);
}

/// With the feed's lock held. The hour that is over is compared with what such hours had.
void Watch::close_hour(Feed& feed, Instant now) {
  constexpr std::uint32_t kHoursEnough = 3;
  constexpr std::uint64_t kMessagesEnough = 20;
  constexpr std::uint64_t kTimes = 3;
  auto const hour = now.ms / kHourMs;
  if (hour == feed.hour) return;
  // Of the hour in which the process began only a part was seen.
  bool const was_whole = feed.window_began.ms <= feed.hour * kHourMs && hour == feed.hour + 1;
  auto const over = Instant{feed.hour * kHourMs};
  auto const messages = std::exchange(feed.hour_messages, 0);
  feed.hour = hour;
  feed.volume.reset();
  if (!was_whole || !feed.accepted) return;
  auto const& usual = feed.accepted->volumes.hours[hour_of_week(over)];
  if (usual.hours < kHoursEnough || usual.messages < kMessagesEnough * usual.hours) return;
  bool const is_surge = messages > kTimes * usual.max;
  if (!is_surge && messages * kTimes >= usual.min) return;
  feed.volume = Drift{.kind = is_surge ? DriftKind::volume_surge : DriftKind::volume_drop,
                      .was = fmt::format("{} to {}", usual.min, usual.max),
                      .is = std::to_string(messages),
                      .count = messages};
}

void Watch::run() {
  auto saved = clock_.now();
  std::unique_lock lock(stop_mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, options_.every);
    if (stopping_) break;
    lock.unlock();
    auto const now = clock_.now();
    std::vector<std::pair<std::string, std::shared_ptr<Feed>>> feeds;
    {
      std::scoped_lock const feeds_lock(mutex_);
      feeds.assign(feeds_.begin(), feeds_.end());
    }
    for (auto const& [name, feed] : feeds) look(*feed, name, now);
    if (now.ms - saved.ms >= options_.saved_every.count()) {
      save(false);
      saved = now;
    }
    lock.lock();
  }
}

void Watch::look(Feed& feed, std::string const& name, Instant now) {
  std::scoped_lock const lock(feed.mutex);
  close_hour(feed, now);
  if (!feed.accepted) return feed.gauge->set(0);
  bool const is_over = now.ms - feed.window_began.ms >= options_.window.count();
  if (!feed.is_uncompared && !is_over && !feed.volume) return;
  feed.is_uncompared = false;
  auto fresh = compare(*feed.accepted, feed.window.profile());
  if (feed.volume) fresh.push_back(*feed.volume);
  std::set<std::string> keys;
  for (auto const& drift : fresh) keys.insert(drift.key());
  auto all = fresh;
  for (auto const& drift : feed.before) {
    if (keys.insert(drift.key()).second) all.push_back(drift);
  }
  std::set<std::string> known;
  for (auto const& drift : feed.now) known.insert(drift.key());
  for (auto const& drift : all) {
    if (drift.severity < Severity::warning || known.contains(drift.key())) continue;
    // The place and the kind; a code may be anything.
    log(Level::warning, "feed differs from its contract",
        {{"feed", name},
         {"drift", to_string(drift.kind)},
         {"type", drift.type},
         {"path", drift.path}});
  }
  // A window that is over without it ends it.
  feed.now = is_over ? fresh : std::move(all);
  feed.gauge->set(static_cast<std::int64_t>(feed.now.size()));
  if (!is_over) return;
  feed.before = std::move(fresh);
  feed.window = Learner(name);
  feed.window_began = now;
  feed.in_window = 0;
}

void Watch::save(bool all) {
  std::vector<std::pair<std::string, std::shared_ptr<Feed>>> feeds;
  {
    std::scoped_lock const lock(mutex_);
    feeds.assign(feeds_.begin(), feeds_.end());
  }
  for (auto const& [name, feed] : feeds) {
    std::string text;
    {
      std::scoped_lock const lock(feed->mutex);
      if (!feed->is_unsaved && !all) continue;
      if (feed->learned.profile().messages == 0) continue;
      feed->is_unsaved = false;
      text = print_contract(feed->learned.profile());
    }
    if (auto const done = write_file(file_of(options_.learned_folder, name), text); !done)
      log(Level::error, "what was learned of a feed not saved",
          {{"feed", name}, {"reason", to_string(done.error())}});
  }
}

std::vector<Watch::State> Watch::states() {
  std::vector<std::pair<std::string, std::shared_ptr<Feed>>> feeds;
  {
    std::scoped_lock const lock(mutex_);
    feeds.assign(feeds_.begin(), feeds_.end());
  }
  std::vector<State> states;
  for (auto const& [name, feed] : feeds) {
    std::scoped_lock const lock(feed->mutex);
    states.push_back(
        {name, feed->accepted != nullptr, feed->learned.profile().messages, feed->now});
  }
  return states;
}

Result<std::string> Watch::contract_json(std::string_view name, bool learned) {
  auto const feed = TRY(find_known(name));
  std::scoped_lock const lock(feed->mutex);
  bool const is_learned = learned || !feed->accepted;
  return print_contract(is_learned ? feed->learned.profile() : *feed->accepted);
}

Result<std::string> Watch::specification_page(std::string_view name, bool html) {
  auto const feed = TRY(find_known(name));
  std::scoped_lock const lock(feed->mutex);
  return specification(feed->accepted ? *feed->accepted : feed->learned.profile(),
                       html ? Page::Format::html : Page::Format::markdown);
}

Result<std::vector<Drift>> Watch::drifts(std::string_view name) {
  auto const feed = TRY(find_known(name));
  std::scoped_lock const lock(feed->mutex);
  return feed->now;
}

Result<> Watch::accept(std::string_view name) {
  if (options_.contract_folder.empty())
    return fail(ErrorCode::not_supported, "there is no folder of contracts");
  auto const feed = TRY(find_known(name));
  std::string text;
  {
    std::scoped_lock const lock(feed->mutex);
    if (feed->learned.profile().messages == 0)
      return fail(ErrorCode::precondition, "nothing was learned yet", std::string(name));
    text = print_contract(feed->learned.profile());
  }
  std::error_code error;
  std::filesystem::create_directories(options_.contract_folder, error);
  TRY(write_file(file_of(options_.contract_folder, name), text));
  // As anybody else would read it: what was kept back is not known.
  auto accepted = std::make_shared<Profile const>(TRY(read_contract(std::move(text))));
  std::scoped_lock const lock(feed->mutex);
  feed->accepted = std::move(accepted);
  feed->window = Learner(std::string(name));
  feed->window_began = clock_.now();
  feed->in_window = 0;
  feed->before.clear();
  feed->now.clear();
  feed->gauge->set(0);
  return {};
}

std::optional<double> Watch::usual_silence_s(std::string_view name, Instant now) {
  auto const found = find_known(name);
  if (!found) return std::nullopt;
  auto& feed = **found;
  std::scoped_lock const lock(feed.mutex);
  auto const hour = hour_of_week(now);
  auto gap = feed.learned.profile().volumes.hours[hour];
  // The accepted contract knows more until this hour of the week has come by here.
  if (gap.hours == 0 && feed.accepted) gap = feed.accepted->volumes.hours[hour];
  if (gap.hours == 0) return std::nullopt;
  return std::max(1.0, 2.0 * gap.gap_s);
}

void Watch::stop() {
  {
    std::scoped_lock const lock(stop_mutex_);
    if (stopping_) return;
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  save(true);
}

}  // namespace sinew::contract
