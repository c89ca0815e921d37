#include "app/console.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "base/time.h"

namespace sinew::app {
namespace {

constexpr std::int64_t kDrawEveryMs = 100;

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    auto const n = ::write(descriptor, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

bool is_hidden(std::string_view path) {
  return path.starts_with('.') || path.find("/.") != path.npos;
}

}  // namespace

void print(std::string_view text) {
  if (!write_all(STDOUT_FILENO, text)) std::_Exit(errno == EPIPE ? 0 : 1);
}

void complain(std::string_view text) { write_all(STDERR_FILENO, std::string(text) + "\n"); }

void complain(Error const& error) { complain("sinew: " + to_string(error)); }

bool is_terminal_output() { return ::isatty(STDOUT_FILENO) == 1; }

Progress::Progress(std::string label, std::uint64_t total)
    : label_(std::move(label)), total_(total), enabled_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (enabled_ && drawn_ms_ != 0) write_all(STDERR_FILENO, "\r\x1b[K");
}

void Progress::advance(std::uint64_t by) {
  done_ += by;
  if (!enabled_) return;
  auto const now = system_clock().now().ms;
  if (now - drawn_ms_ < kDrawEveryMs) return;
  drawn_ms_ = now;
  draw();
}

void Progress::draw() {
  auto line = "\r\x1b[K" + label_ + " " + std::to_string(done_);
  if (total_ > 0) {
    line += " of " + std::to_string(total_) + " (" + std::to_string(done_ * 100 / total_) + "%)";
  }
  write_all(STDERR_FILENO, line);
}

Result<std::vector<std::string>> expand_inputs(std::vector<std::string> const& names) {
  if (names.empty()) return std::vector<std::string>{"-"};
  std::vector<std::string> files;
  for (auto const& name : names) {
    std::error_code error;
    if (!std::filesystem::is_directory(name, error)) {
      files.push_back(name);
      continue;
    }
    for (auto const& file : TRY(list_files(name))) {
      if (!is_hidden(file)) files.push_back((std::filesystem::path(name) / file).string());
    }
  }
  return files;
}

Result<Address> parse_address(std::string_view text) {
  auto const colon = text.rfind(':');
  auto const port = colon == std::string_view::npos
                        ? std::nullopt
                        : parse_integer<std::uint16_t>(text.substr(colon + 1));
  if (!port || colon == 0) {
    return fail(ErrorCode::malformed, "an address reads host:port, such as localhost:2575",
                std::string(text));
  }
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return Address{std::string(host), *port};
}

}  // namespace sinew::app
