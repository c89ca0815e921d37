#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew {

/// A file of `data/`: its path relative to `data/` and its bytes.
struct DataFile {
  std::string path;
  std::string_view content;
};

/// The file of `data/` that was built into the program, or `not_found`.
/// The view lives as long as the process.
[[nodiscard]] Result<std::string_view> embedded_data(std::string_view path);

/// Every built-in file whose path begins with `prefix`, sorted by path.
[[nodiscard]] std::vector<DataFile> embedded_data_below(std::string_view prefix);

}  // namespace sinew
