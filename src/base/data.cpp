#include "base/data.h"

#include <algorithm>
#include <cstdint>
#include <span>

// The table that cmake/embed.cmake writes, sorted by name.
struct EmbeddedFile {
  char const* name;
  std::uint64_t name_bytes;
  char const* content;
  std::uint64_t content_bytes;
};
extern "C" EmbeddedFile const sinew_embedded_files[];
extern "C" std::uint64_t const sinew_embedded_count;

namespace sinew {
namespace {

std::string_view name(EmbeddedFile const& file) { return {file.name, file.name_bytes}; }

std::span<EmbeddedFile const> files() { return {sinew_embedded_files, sinew_embedded_count}; }

}  // namespace

Result<std::string_view> embedded_data(std::string_view path) {
  auto const found = std::ranges::lower_bound(files(), path, {}, name);
  if (found == files().end() || name(*found) != path) {
    return fail(ErrorCode::not_found, "no such file was built into the program",
                "data/" + std::string(path));
  }
  return std::string_view(found->content, found->content_bytes);
}

std::vector<DataFile> embedded_data_below(std::string_view prefix) {
  std::vector<DataFile> below;
  for (auto const& file : files()) {
    if (name(file).starts_with(prefix)) {
      below.push_back({std::string(name(file)), {file.content, file.content_bytes}});
    }
  }
  return below;
}

}  // namespace sinew
