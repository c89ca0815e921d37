#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew {

/// The whole file. `-` is standard input. Fails `not_found` or `unavailable` at the path.
[[nodiscard]] Result<std::string> read_file(std::string const& path);

/// Writes beside the target, syncs, and renames: a reader sees the old file or the new one.
Result<> write_file(std::string const& path, std::string_view content);

/// The regular files below `folder`, as paths relative to it with '/' between parts, sorted.
[[nodiscard]] Result<std::vector<std::string>> list_files(std::string const& folder);

}  // namespace sinew
