#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "base/time.h"

namespace sinew {

enum class Level : std::uint8_t { debug, info, warning, error, off };

/// `debug`, `info`, `warning`, `error`, `off`.
[[nodiscard]] std::string_view to_string(Level level);
[[nodiscard]] std::optional<Level> parse_level(std::string_view name);

/// What a log field can hold. Text is not copied: it must live until `log` returns.
/// Phi<T> is not among them, and nothing that holds patient data may be.
class LogValue {
 public:
  LogValue(std::string_view text) : value_(text) {}
  LogValue(std::string const& text) : value_(std::string_view(text)) {}
  LogValue(char const* text) : value_(std::string_view(text)) {}
  LogValue(std::same_as<bool> auto truth) : value_(truth) {}
  LogValue(std::floating_point auto number) : value_(static_cast<double>(number)) {}
  template <std::integral Integer>
    requires(!std::same_as<Integer, bool>)
  LogValue(Integer number)
      : value_(
            static_cast<std::conditional_t<std::is_signed_v<Integer>, std::int64_t, std::uint64_t>>(
                number)) {}

  [[nodiscard]] auto const& value() const { return value_; }

 private:
  std::variant<std::string_view, bool, double, std::int64_t, std::uint64_t> value_;
};

struct LogField {
  std::string_view key;
  LogValue value;
};

/// One line of JSON on standard error: time, level, event, then the fields in the order given.
/// `event`  a fixed phrase in lower case ("mllp listening"), the same for every occurrence.
/// Lines of several threads never mix.
void log(Level level, std::string_view event, std::initializer_list<LogField> fields = {});

/// Lines below this level are dropped. `info` at the start.
void set_log_level(Level level);
[[nodiscard]] bool is_logged(Level level);

/// The line that `log` writes, with its line feed. Text that is not UTF-8 has its bad bytes
/// replaced; control characters are escaped, so that one event is always one line.
[[nodiscard]] std::string log_line(Instant time, Level level, std::string_view event,
                                   std::initializer_list<LogField> fields);

}  // namespace sinew
