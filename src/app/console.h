#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew::app {

/// Writes to standard output, whole. A reader that went away ends the process quietly.
void print(std::string_view text);
/// Writes a line to standard error.
void complain(std::string_view text);
/// `sinew: where: what`.
void complain(Error const& error);

[[nodiscard]] bool is_terminal_output();

/// Counts of long work on one line of standard error, at most ten times a second, and only where a
/// person is looking: nothing is written when standard error is not a terminal.
class Progress {
 public:
  Progress(std::string label, std::uint64_t total);
  ~Progress();
  void advance(std::uint64_t by = 1);

 private:
  void draw();
  std::string label_;
  std::uint64_t total_, done_ = 0;
  std::int64_t drawn_ms_ = 0;
  bool enabled_;
};

/// A file that a command was asked to read.
struct Input {
  std::string name;  ///< as the person gave it; `-` for standard input
  std::string bytes;
};

/// The files named, folders replaced by the files in them (hidden ones left out), `-` standing for
/// standard input; no name at all means standard input. Fails at the first name that is not there.
[[nodiscard]] Result<std::vector<std::string>> expand_inputs(std::vector<std::string> const& names);

/// `host:port` in two. Fails `malformed`.
struct Address {
  std::string host;
  std::uint16_t port = 0;
};
[[nodiscard]] Result<Address> parse_address(std::string_view text);

}  // namespace sinew::app
