#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <iterator>

#include "base/text.h"

namespace sinew {
namespace {

/// A field longer than this is cut: a log line must stay readable and cheap.
constexpr std::size_t kLogTextBytesMax = 4096;

constexpr std::array<std::string_view, 5> kLevelNames = {"debug", "info", "warning", "error",
                                                         "off"};

std::atomic<Level> log_level_min = Level::info;

void append_quoted(std::string& out, std::string_view text) {
  constexpr char kReplacement[] = "\xEF\xBF\xBD";  // U+FFFD
  text = text.substr(0, kLogTextBytesMax);
  bool const valid = is_utf8(text);
  out += '"';
  for (char const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else if (byte >= 0x80 && !valid) {
      out += kReplacement;
    } else {
      out += c;
    }
  }
  out += '"';
}

struct AppendValue {
  std::string& out;
  void operator()(std::string_view text) const { append_quoted(out, text); }
  void operator()(bool truth) const { out += truth ? "true" : "false"; }
  void operator()(double number) const {
    // JSON has no word for infinity or not-a-number.
    if (std::isfinite(number)) {
      fmt::format_to(std::back_inserter(out), "{}", number);
    } else {
      out += "null";
    }
  }
  void operator()(std::int64_t number) const { out += std::to_string(number); }
  void operator()(std::uint64_t number) const { out += std::to_string(number); }
};

}  // namespace

std::string_view to_string(Level level) { return kLevelNames[static_cast<std::size_t>(level)]; }

std::optional<Level> parse_level(std::string_view name) {
  for (std::size_t i = 0; i < kLevelNames.size(); ++i) {
    if (kLevelNames[i] == name) return static_cast<Level>(i);
  }
  return std::nullopt;
}

void set_log_level(Level level) { log_level_min.store(level, std::memory_order_relaxed); }

bool is_logged(Level level) { return level >= log_level_min.load(std::memory_order_relaxed); }

std::string log_line(Instant time, Level level, std::string_view event,
                     std::initializer_list<LogField> fields) {
  std::string line = R"({"time":")" + to_string(time) + R"(","level":")";
  line += to_string(level);
  line += R"(","event":)";
  append_quoted(line, event);
  for (auto const& field : fields) {
    line += ',';
    append_quoted(line, field.key);
    line += ':';
    std::visit(AppendValue{line}, field.value.value());
  }
  line += "}\n";
  return line;
}

void log(Level level, std::string_view event, std::initializer_list<LogField> fields) {
  if (!is_logged(level)) return;
  auto const line = log_line(system_clock().now(), level, event, fields);
  std::string_view rest = line;
  // One write per line keeps lines of several threads apart; the loop is for a full pipe.
  while (!rest.empty()) {
    auto const written = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody is left to tell
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace sinew
