#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "mirth/connector.h"
#include "mirth/report.h"

namespace sinew::mirth {

/// A folder of channels made of exports, not written yet.
struct Import {
  std::map<std::string, std::string, std::less<>> files;  ///< path in the folder → content
  Report report;
};

/// Converts exports of Mirth Connect 3 and 4 and its successors: channels, channel groups, code
/// template libraries, lists of them, and backups of a whole server. Channels of one import know
/// each other's names.
///
/// `exports`  name and text of each file.
/// Fails `malformed` or `too_large` when a file is no XML as the xml module takes it, `invalid`
/// when it is no export. Whatever is in an export is either converted or in the report.
[[nodiscard]] Result<Import> import_exports(
    std::vector<std::pair<std::string, std::string>> exports, Kinds const& kinds);

}  // namespace sinew::mirth
