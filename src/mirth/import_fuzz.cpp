#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "mirth/import.h"

/// Any bytes are imported or refused; no file is outside of the folder.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew::mirth;
  std::vector<std::pair<std::string, std::string>> exports;
  exports.emplace_back("x.xml", std::string(reinterpret_cast<char const*>(data), size));
  auto const import = import_exports(std::move(exports), {{"mllp", "file"}, {"mllp", "sql"}});
  if (!import) return 0;
  for (auto const& [name, content] : import->files) {
    SINEW_CHECK(!name.starts_with('/'));
    SINEW_CHECK(name.find("..") == std::string::npos);
  }
  SINEW_CHECK(!to_json(import->report).empty());
  return 0;
}
