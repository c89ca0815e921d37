// Any bytes as a package, as gzip and as tar: no crash, no hang, and nothing beyond the limits.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "validate/package.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew::validate;
  std::string_view const input(reinterpret_cast<char const*>(data), size);
  constexpr ArchiveLimits kLimits{1 << 20, 100};
  (void)read_package(input, kLimits);
  std::size_t files = 0;
  (void)for_each_file(input, kLimits, [&](ArchiveFile const& file) {
    bool const leaves = file.name.starts_with('/') || file.name.starts_with("../") ||
                        file.name.find("/../") != file.name.npos || file.name.ends_with("/..");
    if (leaves || ++files > kLimits.files_max) std::abort();
  });
  return 0;
}
