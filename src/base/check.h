#pragma once

namespace sinew {

/// Prints the broken assumption and stops the process.
[[noreturn]] void check_failed(char const* expression, char const* file, int line);

}  // namespace sinew

/// For our own mistakes only; never on anything a peer can send.
#define SINEW_CHECK(...) \
  ((__VA_ARGS__) ? void() : ::sinew::check_failed(#__VA_ARGS__, __FILE__, __LINE__))
