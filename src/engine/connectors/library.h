#pragma once

#include <span>
#include <string_view>

#include "base/result.h"

namespace sinew::engine {

/// A function of a shared library, and where its address goes.
struct LibraryFunction {
  char const* name;
  void** address;
};

/// Loads a library that only some channels use: a program without such a channel neither loads it
/// nor pays for it. Never unloaded.
/// `soname`   as the package installs it; `package` is what the error tells people to install.
/// Fails `unavailable` when it is not there, or lacks a function.
Result<> load_library(std::string_view soname, std::string_view package,
                      std::span<LibraryFunction const> functions);

}  // namespace sinew::engine

/// For a table of functions `struct { FUNCTIONS(SINEW_LIBRARY_MEMBER) }` of a library's header, and
/// the rows that `load_library` fills it by.
#define SINEW_LIBRARY_MEMBER(name) decltype(&::name) name = nullptr;
#define SINEW_LIBRARY_ROW(name) {#name, reinterpret_cast<void**>(&functions.name)},
