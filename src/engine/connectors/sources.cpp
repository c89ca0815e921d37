#include "engine/connectors/sources.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "base/log.h"

namespace sinew::engine {
namespace {

/// How long until a source that could not begin (its port is in use) is tried again.
constexpr auto kStartPause = std::chrono::seconds(2);

struct Running {
  Origin origin;
  std::unique_ptr<Source> source;
  bool has_begun = false;
  bool is_paused = false;
};

class Implementation final : public Sources {
 public:
  Implementation(Surroundings around, std::vector<Channel> const& channels) : around_(around) {
    set_channels(channels);
    thread_ = std::thread([this] { run(); });
  }
  ~Implementation() override { stop(); }

  void set_channels(std::vector<Channel> const& channels) override;
  std::vector<SourceState> states() override;
  Result<> pause(std::string_view name) override;
  Result<> resume(std::string_view name) override;
  void stop() override;

 private:
  void open(std::string const& name, Running& running);
  void begin(Running& running);
  void run();

  Surroundings around_;
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::map<std::string, Running, std::less<>> running_;
  bool stopping_ = false;
  std::thread thread_;
};

void Implementation::open(std::string const& name, Running& running) {
  running.source =
      running.origin.open({name, around_.engine, around_.loop, around_.metrics, around_.clock});
  running.has_begun = false;
}

void Implementation::begin(Running& running) {
  auto const begun = running.source->start();
  running.has_begun = static_cast<bool>(begun);
  if (!begun) running.source->status().fails(begun.error());
}

void Implementation::set_channels(std::vector<Channel> const& channels) {
  std::scoped_lock const lock(mutex_);
  std::map<std::string, Running, std::less<>> former;
  former.swap(running_);
  for (auto const& channel : channels) {
    if (!channel.source) continue;
    auto const found = former.find(channel.name);
    bool const is_same =
        found != former.end() && found->second.origin.written == channel.source->written;
    if (is_same) {
      running_.insert(former.extract(found));
    } else {
      running_[channel.name].origin = *channel.source;
    }
  }
  // What is gone or changed lets go of its port before another takes it.
  for (auto& [name, each] : former)
    if (each.source) each.source->stop();
  former.clear();
  for (auto& [name, each] : running_) {
    if (each.source) continue;
    open(name, each);
    begin(each);
    log(Level::info, "source", {{"source", name}, {"kind", each.origin.kind}});
  }
}

/// Tries those again that could not begin.
void Implementation::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait_for(lock, kStartPause, [this] { return stopping_; });
    if (stopping_) break;
    for (auto& [name, each] : running_)
      if (!each.has_begun && !each.is_paused) begin(each);
  }
}

std::vector<SourceState> Implementation::states() {
  std::scoped_lock const lock(mutex_);
  std::vector<SourceState> all;
  for (auto const& [name, each] : running_) all.push_back(each.source->status().state());
  return all;
}

Result<> Implementation::pause(std::string_view name) {
  std::scoped_lock const lock(mutex_);
  auto const found = running_.find(name);
  if (found == running_.end())
    return fail(ErrorCode::not_found, "no channel with a source", std::string(name));
  found->second.is_paused = true;
  found->second.source->stop();
  found->second.source->status().set_paused(true);
  return {};
}

Result<> Implementation::resume(std::string_view name) {
  std::scoped_lock const lock(mutex_);
  auto const found = running_.find(name);
  if (found == running_.end())
    return fail(ErrorCode::not_found, "no channel with a source", std::string(name));
  if (!found->second.is_paused) return {};
  found->second.is_paused = false;
  open(found->first, found->second);
  begin(found->second);
  return {};
}

void Implementation::stop() {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  std::scoped_lock const lock(mutex_);
  for (auto& [name, each] : running_) each.source->stop();
}

}  // namespace

std::unique_ptr<Sources> Sources::start(Surroundings around, std::vector<Channel> const& channels) {
  return std::make_unique<Implementation>(around, channels);
}

}  // namespace sinew::engine
