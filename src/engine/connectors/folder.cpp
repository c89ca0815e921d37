#include "engine/connectors/folder.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/log.h"

namespace sinew::engine {
namespace {

using std::chrono::steady_clock;

/// Small files are journaled together, so that one sync of the disk serves many.
constexpr std::uint64_t kSmallFileBytesMax = 1 << 20;
constexpr std::size_t kGroupMessagesMax = 500;
constexpr std::size_t kGroupBytesMax = std::size_t{16} << 20;

/// What says something about the file and not about us: it would fail again.
bool is_fault_of_file(Error const& error) {
  return error.code == ErrorCode::malformed || error.code == ErrorCode::too_large ||
         error.code == ErrorCode::invalid;
}

class FolderPoller final : public Poller {
 public:
  FolderPoller(PollerContext const& context, FolderSettings settings,
               std::unique_ptr<Folder> folder)
      : context_(context), settings_(std::move(settings)), folder_(std::move(folder)) {
    context_.status.set_where(settings_.folder);
  }

  Result<bool> poll() override;
  void disconnect() override { folder_->disconnect(); }

 private:
  /// What is known of a file between looks.
  struct Seen {
    std::string stamp;
    steady_clock::time_point since;
    bool was_begun = false;  ///< some of its messages may be in the journal
    bool is_taken = false;   ///< all are: it is only to be put away
    bool is_here = true;
  };

  [[nodiscard]] std::vector<FolderFile> settled(std::vector<FolderFile> files);
  Result<> take_file(FolderFile const& file);
  Result<> take_large(FolderFile const& file, Seen& seen);
  Result<> take_group();
  Result<> put_away(FolderFile const& file);
  Result<> put_aside(FolderFile const& file, Error const& error, std::uint64_t taken);

  PollerContext const context_;
  FolderSettings const settings_;
  std::unique_ptr<Folder> folder_;
  std::map<std::string, Seen> seen_;
  bool is_first_ = true;  ///< what is there may have been read before a crash
  /// Files whose messages are to be journaled together.
  std::vector<FolderFile> group_files_;
  std::vector<std::string> group_;
  std::size_t group_bytes_ = 0;
  Repeat group_repeat_ = Repeat::no;
};

/// Those that are wanted and have not changed for a while, in order.
std::vector<FolderFile> FolderPoller::settled(std::vector<FolderFile> files) {
  auto const now = steady_clock::now();
  for (auto& [name, seen] : seen_) seen.is_here = false;
  std::vector<FolderFile> ready;
  for (auto& file : files) {
    bool const is_wanted = std::ranges::any_of(settings_.patterns, [&file](auto const& pattern) {
      return ::fnmatch(pattern.c_str(), file.name.c_str(), FNM_PERIOD) == 0;
    });
    if (!is_wanted) continue;
    auto& seen = seen_[file.name];
    seen.is_here = true;
    if (seen.stamp != file.stamp) {
      seen.stamp = file.stamp;
      seen.since = now;
      seen.is_taken = false;
    }
    if (is_first_) seen.was_begun = true;
    if (now - seen.since >= settings_.settle) ready.push_back(std::move(file));
  }
  std::erase_if(seen_, [](auto const& each) { return !each.second.is_here; });
  std::ranges::sort(ready, [this](FolderFile const& a, FolderFile const& b) {
    bool const by_time = settings_.order == FolderOrder::time && a.changed != b.changed;
    return by_time ? a.changed < b.changed : a.name < b.name;
  });
  return ready;
}

Result<bool> FolderPoller::poll() {
  auto files = settled(TRY(folder_->list()));
  is_first_ = false;
  group_files_.clear();
  group_.clear();
  group_bytes_ = 0;
  group_repeat_ = Repeat::no;
  for (auto const& file : files) {
    if (context_.stopping) break;
    TRY(take_file(file));
  }
  TRY(take_group());
  return false;
}

Result<> FolderPoller::take_file(FolderFile const& file) {
  auto& seen = seen_[file.name];
  if (seen.is_taken) return put_away(file);
  if (file.size > kSmallFileBytesMax) {
    TRY(take_group());
    return take_large(file, seen);
  }
  Splitter splitter(settings_.split, settings_.message_bytes_max);
  std::vector<std::string> messages;
  auto read =
      folder_->read(file, [&](std::string_view bytes) { return splitter.feed(bytes, messages); });
  if (read && !*read) return {};
  Result<> done;
  if (read) {
    done = splitter.finish(messages);
  } else {
    done = std::move(read).failure();
  }
  if (!done) {
    if (!is_fault_of_file(done.error())) return done;
    TRY(take_group());  // in order: what is put aside is put aside after what came before
    return put_aside(file, done.error(), 0);
  }
  if (seen.was_begun) group_repeat_ = Repeat::possible;
  seen.was_begun = true;
  for (auto& message : messages) {
    group_bytes_ += message.size();
    group_.push_back(std::move(message));
  }
  group_files_.push_back(file);
  if (group_.size() >= kGroupMessagesMax || group_bytes_ >= kGroupBytesMax) return take_group();
  return {};
}

/// A large file is journaled as it is read. What is wrong with it may be found when some of it has
/// been taken in: then the reason says how much.
Result<> FolderPoller::take_large(FolderFile const& file, Seen& seen) {
  auto const repeat = seen.was_begun ? Repeat::possible : Repeat::no;
  seen.was_begun = true;
  Splitter splitter(settings_.split, settings_.message_bytes_max);
  std::vector<std::string> messages;
  std::uint64_t taken = 0;
  auto const take = [&]() -> Result<> {
    auto const count = messages.size();
    TRY(context_.taker.take(std::exchange(messages, {}), repeat));
    taken += count;
    return {};
  };
  auto read = folder_->read(file, [&](std::string_view bytes) -> Result<> {
    auto fed = splitter.feed(bytes, messages);
    if (messages.size() >= kGroupMessagesMax || !fed) TRY(take());
    return fed;
  });
  if (read && !*read) return {};
  Result<> done;
  if (read) {
    done = splitter.finish(messages);
  } else {
    done = std::move(read).failure();
  }
  if (done || is_fault_of_file(done.error())) TRY(take());
  if (!done && is_fault_of_file(done.error())) return put_aside(file, done.error(), taken);
  TRY(std::move(done));
  seen.is_taken = true;
  return put_away(file);
}

Result<> FolderPoller::take_group() {
  if (group_files_.empty()) return {};
  TRY(context_.taker.take(std::exchange(group_, {}), group_repeat_));
  group_bytes_ = 0;
  group_repeat_ = Repeat::no;
  auto const files = std::exchange(group_files_, {});
  // All are taken before the first is moved: one that cannot be moved is not read again.
  for (auto const& file : files) seen_[file.name].is_taken = true;
  for (auto const& file : files) TRY(put_away(file));
  return {};
}

Result<> FolderPoller::put_away(FolderFile const& file) {
  switch (settings_.after) {
    case AfterReading::remove:
      TRY(folder_->remove(file.name));
      break;
    case AfterReading::move:
      TRY(folder_->move(file.name, settings_.done_folder));
      break;
    case AfterReading::archive: {
      auto const now = to_string(context_.source.clock.now());
      TRY(folder_->move(file.name, settings_.done_folder + '/' + now.substr(0, now.find('T'))));
      break;
    }
  }
  seen_.erase(file.name);
  return {};
}

/// A file that cannot be read does not hold up the others; why is written beside it.
Result<> FolderPoller::put_aside(FolderFile const& file, Error const& error, std::uint64_t taken) {
  auto reason = to_string(context_.source.clock.now()) + ' ' + error.what + '\n';
  if (taken > 0) reason += "the " + std::to_string(taken) + " messages before are taken in\n";
  TRY(folder_->write(settings_.error_folder, file.name + ".reason", reason));
  TRY(folder_->move(file.name, settings_.error_folder));
  seen_.erase(file.name);
  context_.status.refused();
  log(Level::warning, "file put aside",
      {{"source", context_.source.name},
       {"folder", settings_.error_folder},
       {"reason", error.what}});
  return {};
}

constexpr auto kOrders =
    std::to_array<NameRow<FolderOrder>>({{"name", FolderOrder::name}, {"time", FolderOrder::time}});
constexpr auto kSplits = std::to_array<NameRow<Split>>(
    {{"hl7", Split::hl7}, {"whole", Split::whole}, {"lines", Split::lines}});

Result<> read_after(Node const& node, FolderSettings& settings) {
  settings.done_folder = settings.folder + "/done";
  if (!node.exists()) return {};
  if (!node.is_map()) {
    constexpr auto kDeletes =
        std::to_array<NameRow<AfterReading>>({{"delete", AfterReading::remove},
                                              {"move", AfterReading::move},
                                              {"archive", AfterReading::archive}});
    settings.after = TRY(node.one_of(kDeletes, settings.after));
    return {};
  }
  TRY(node.allow({"move", "archive"}));
  if (node["move"].exists() && node["archive"].exists())
    return node.wrong("has both 'move' and 'archive'");
  bool const archives = node["archive"].exists();
  settings.after = archives ? AfterReading::archive : AfterReading::move;
  settings.done_folder = TRY(node[archives ? "archive" : "move"].needed_text(node));
  return {};
}

}  // namespace

Result<FolderSettings> read_folder_settings(Node const& node, std::set<std::string> keys) {
  keys.insert({"folder", "pattern", "order", "settle", "each", "after", "errors", "split",
               "message-bytes-max"});
  TRY(node.allow(keys));
  FolderSettings settings;
  settings.folder = TRY(node["folder"].needed_text(node));
  if (node["pattern"].exists()) settings.patterns = TRY(node["pattern"].texts());
  settings.order = TRY(node["order"].one_of(kOrders, settings.order));
  settings.settle = TRY(node["settle"].duration(settings.settle));
  settings.pause = TRY(node["each"].duration(settings.pause));
  TRY(read_after(node["after"], settings));
  settings.error_folder = TRY(node["errors"].text_or(settings.folder + "/error"));
  for (auto const& other : {settings.done_folder, settings.error_folder})
    if (other == settings.folder) return node.wrong("puts files where they come from");
  settings.split = TRY(node["split"].one_of(kSplits, settings.split));
  settings.message_bytes_max = TRY(node["message-bytes-max"].number<std::size_t>(
      settings.message_bytes_max, 1, std::size_t{1} << 31));
  return settings;
}

std::unique_ptr<Poller> folder_poller(PollerContext const& context, FolderSettings settings,
                                      std::unique_ptr<Folder> folder) {
  return std::make_unique<FolderPoller>(context, std::move(settings), std::move(folder));
}

}  // namespace sinew::engine
