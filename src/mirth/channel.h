#pragma once

#include <set>
#include <string>
#include <vector>

#include "mirth/connector.h"
#include "mirth/item.h"
#include "mirth/logic.h"
#include "mirth/part.h"

namespace sinew::mirth {

/// A code template library as a file of functions.
struct Library {
  std::string file;                    ///< path in the folder
  std::set<std::string> channels;      ///< ids of those that use it
  std::set<std::string> not_channels;  ///< ids of those that do not
  bool is_for_new = false;             ///< those that neither set names use it
  bool needs_e4x = false;
  std::set<std::string> functions;  ///< the names it defines
};

/// Writes a channel's file, its scripts and its lines of the report.
void convert_channel(Item const& channel, std::string const& name, Kinds const& kinds,
                     std::vector<Library> const& libraries, Shared& shared);

/// How other channels reach this one.
[[nodiscard]] Road road_to(Item const& channel, std::string const& name);

/// The file that holds the functions of e4x.js.
inline constexpr std::string_view kE4xFile = "scripts/e4x.js";

}  // namespace sinew::mirth
