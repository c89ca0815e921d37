#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace sinew::engine {

/// The files of a folder of channels at one time: channels, scripts, lookup tables, samples.
struct ChannelVersion {
  std::uint64_t number = 0;  ///< 0: of no history
  Instant taken{};
  std::string digest;                        ///< of names and contents
  std::map<std::string, std::string> files;  ///< by their path below the folder
};

/// Reads everything below a folder, but for what begins with a dot.
/// Fails `not_found`; `invalid` where it holds more than a folder of channels would.
[[nodiscard]] Result<ChannelVersion> read_channel_files(std::string const& folder);

/// What was in force, version by version, each in a folder of its own that people can read.
class ChannelHistory {
 public:
  explicit ChannelHistory(std::string folder) : folder_(std::move(folder)) {}

  /// Keeps a version, unless it is what the newest is. Returns its number; it is on disk then.
  [[nodiscard]] Result<std::uint64_t> keep(ChannelVersion const& version, Instant now) const;
  /// Without files, newest first.
  [[nodiscard]] Result<std::vector<ChannelVersion>> list() const;
  /// Fails `not_found`.
  [[nodiscard]] Result<ChannelVersion> read(std::uint64_t number) const;

 private:
  std::string folder_;
};

/// Makes the files of a folder those of a version: writes them, and removes those of `now` that it
/// does not have. Files that are in neither are left alone.
Result<> restore_channel_files(std::string const& folder, ChannelVersion const& version,
                               ChannelVersion const& now);

}  // namespace sinew::engine
