#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/commands.h"
#include "app/console.h"
#include "base/result.h"
#include "mapping/program.h"

namespace sinew::app {

/// A listening feed: its address, and how its messages are read.
struct FeedListener {
  Address address;
  MapSettings map;
};

/// The feeds that the settings name: the main one (`--mllp`, `--map`, ...) and one per `--listen`,
/// whose tables are laid over those of the main one. Fails `malformed` at the option and key that
/// is wrong.
[[nodiscard]] Result<std::vector<FeedListener>> read_feeds(ServeSettings const& settings);

}  // namespace sinew::app
