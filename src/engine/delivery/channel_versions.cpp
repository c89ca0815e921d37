#include "engine/delivery/channel_versions.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/file.h"
#include "base/hash.h"
#include "base/text.h"

namespace sinew::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFilesMax = 10'000;
constexpr std::size_t kBytesMax = std::size_t{64} << 20;
/// In the folder of a version, beside its files: when it was taken, and its digest.
constexpr std::string_view kMark = ".version";
constexpr std::size_t kNumberDigits = 6;

std::string name_of(std::uint64_t number) {
  auto text = std::to_string(number);
  return std::string(text.size() < kNumberDigits ? kNumberDigits - text.size() : 0, '0') + text;
}

bool is_hidden(std::string_view path) {
  auto const parts = split(path, '/');
  return std::ranges::any_of(parts, [](std::string_view part) { return part.starts_with('.'); });
}

std::string digest_of(std::map<std::string, std::string> const& files) {
  std::string all;
  for (auto const& [name, content] : files) all += name + '\0' + sha256_hex(content) + '\0';
  return sha256_hex(all);
}

Failure file_failure(std::error_code const& error, std::string const& path) {
  return fail(ErrorCode::unavailable, error.message(), path);
}

Result<> make_folder_of(std::string const& path) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (error) return file_failure(error, path);
  return {};
}

Result<> write_files(std::string const& folder, std::map<std::string, std::string> const& files) {
  for (auto const& [name, content] : files) {
    auto const path = folder + '/' + name;
    TRY(make_folder_of(path));
    TRY(write_file(path, content));
  }
  return {};
}

/// The mark: "2026-11-21T10:00:00.000Z <digest>".
Result<ChannelVersion> read_mark(std::string const& folder, std::uint64_t number) {
  auto const text = TRY(read_file(folder + '/' + std::string(kMark)));
  auto const parts = split(trim(text), ' ');
  if (parts.size() != 2)
    return fail(ErrorCode::malformed, "is no mark of a version of channels", folder);
  ChannelVersion version;
  version.number = number;
  version.taken = TRY(parse_instant(parts[0]));
  version.digest = parts[1];
  return version;
}

}  // namespace

Result<ChannelVersion> read_channel_files(std::string const& folder) {
  ChannelVersion version;
  std::size_t bytes = 0;
  for (auto const& name : TRY(list_files(folder))) {
    if (is_hidden(name)) continue;
    auto content = TRY(read_file(folder + '/' + name));
    bytes += content.size();
    if (version.files.size() == kFilesMax || bytes > kBytesMax)
      return fail(ErrorCode::invalid,
                  "holds more than 10,000 files or 64 MB: no folder of channels", folder);
    version.files.emplace(name, std::move(content));
  }
  version.digest = digest_of(version.files);
  return version;
}

Result<std::uint64_t> ChannelHistory::keep(ChannelVersion const& version, Instant now) const {
  auto const kept = TRY(list());
  if (!kept.empty() && kept.front().digest == version.digest) return kept.front().number;
  auto const number = kept.empty() ? std::uint64_t{1} : kept.front().number + 1;
  // Whole or not at all: a folder without its last name is not listed.
  auto const path = folder_ + '/' + name_of(number);
  auto const unfinished = path + ".new";
  std::error_code error;
  fs::remove_all(unfinished, error);
  TRY(make_folder_of(unfinished + "/x"));
  TRY(write_files(unfinished, version.files));
  TRY(write_file(unfinished + '/' + std::string(kMark), to_string(now) + ' ' + version.digest));
  fs::rename(unfinished, path, error);
  if (error) return file_failure(error, path);
  return number;
}

Result<std::vector<ChannelVersion>> ChannelHistory::list() const {
  std::vector<ChannelVersion> versions;
  std::error_code error;
  for (fs::directory_iterator each(folder_, error), end; !error && each != end;
       each.increment(error)) {
    auto const number = parse_integer<std::uint64_t>(each->path().filename().string());
    if (number) versions.push_back(TRY(read_mark(each->path().string(), *number)));
  }
  std::ranges::sort(versions, std::greater<>(), &ChannelVersion::number);
  return versions;
}

Result<ChannelVersion> ChannelHistory::read(std::uint64_t number) const {
  auto const path = folder_ + '/' + name_of(number);
  std::error_code error;
  if (!fs::is_directory(path, error))
    return fail(ErrorCode::not_found, "no such version of the channels", std::to_string(number));
  auto const mark = TRY(read_mark(path, number));
  auto version = TRY(read_channel_files(path));
  version.number = number;
  version.taken = mark.taken;
  return version;
}

Result<> restore_channel_files(std::string const& folder, ChannelVersion const& version,
                               ChannelVersion const& now) {
  TRY(write_files(folder, version.files));
  for (auto const& [name, content] : now.files) {
    if (version.files.contains(name)) continue;
    std::error_code error;
    fs::remove(folder + '/' + name, error);
    if (error) return file_failure(error, folder + '/' + name);
  }
  return {};
}

}  // namespace sinew::engine
