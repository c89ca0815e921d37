#include "engine/connectors/library.h"

#include <dlfcn.h>

#include <string>

namespace sinew::engine {

Result<> load_library(std::string_view soname, std::string_view package,
                      std::span<LibraryFunction const> functions) {
  auto const name = std::string(soname);
  void* const library = ::dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return fail(ErrorCode::unavailable,
                name + " is needed and not here: install the package " + std::string(package));
  }
  for (auto const& function : functions) {
    *function.address = ::dlsym(library, function.name);
    if (*function.address == nullptr)
      return fail(ErrorCode::unavailable, name + " has no " + function.name);
  }
  return {};
}

}  // namespace sinew::engine
