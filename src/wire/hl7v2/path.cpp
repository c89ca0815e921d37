#include "wire/hl7v2/path.h"

#include <array>
#include <optional>

#include "base/text.h"
#include "wire/hl7v2/path_find.h"

namespace sinew::hl7v2 {
namespace {

/// Reads a path from left to right.
class PathReader {
 public:
  explicit PathReader(std::string_view text) : rest_(text) {}

  std::optional<std::string> id() {
    auto const text = rest_.substr(0, Message::kSegmentIdBytes);
    if (text.size() < Message::kSegmentIdBytes || !is_ascii_alpha(text[0])) return std::nullopt;
    for (char const c : text) {
      if (!is_ascii_alpha(c) && !is_ascii_digit(c)) return std::nullopt;
    }
    rest_.remove_prefix(text.size());
    return to_upper(text);
  }
  bool skip(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// A number from one up, or nothing.
  std::optional<std::size_t> number() {
    std::size_t digits = 0;
    while (digits < rest_.size() && is_ascii_digit(rest_[digits])) ++digits;
    auto const value = parse_integer<std::uint32_t>(rest_.substr(0, digits));
    rest_.remove_prefix(digits);
    if (!value || *value == 0) return std::nullopt;
    return *value;
  }
  /// `[2]` if it is there. False when it is there and wrong.
  bool index(std::size_t& into) {
    if (!skip('[')) return true;
    auto const value = number();
    if (!value || !skip(']')) return false;
    into = *value;
    return true;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::optional<Path> read_path(std::string_view text) {
  PathReader reader(text);
  Path path;
  auto id = reader.id();
  if (!id || !reader.index(path.occurrence)) return std::nullopt;
  path.segment = *std::move(id);
  if (reader.at_end()) return path;
  if (!reader.skip('-') && !reader.skip('.')) return std::nullopt;
  auto const field = reader.number();
  if (!field || !reader.index(path.repetition)) return std::nullopt;
  path.field = *field;
  for (auto* part : {&path.component, &path.subcomponent}) {
    if (!reader.skip('.')) break;
    auto const value = reader.number();
    if (!value) return std::nullopt;
    *part = *value;
  }
  if (!reader.at_end()) return std::nullopt;
  return path;
}

}  // namespace

Result<Path> parse_path(std::string_view text) {
  auto path = read_path(trim(text));
  if (!path) {
    return fail(ErrorCode::malformed, "not a path such as PID-3[2].1", std::string(text));
  }
  return *std::move(path);
}

std::string to_string(Path const& path) {
  auto text = path.segment;
  auto index = [&](std::size_t number) {
    if (number != 0) text += "[" + std::to_string(number) + "]";
  };
  index(path.occurrence);
  if (path.field == 0) return text;
  text += "-" + std::to_string(path.field);
  index(path.repetition);
  if (path.component != 0) text += "." + std::to_string(path.component);
  if (path.subcomponent != 0) text += "." + std::to_string(path.subcomponent);
  return text;
}

std::vector<Found> find_all(Message const& message, Path const& path, std::size_t found_max) {
  return find_in(message, path, found_max);
}

std::string_view find_first(Message const& message, Path const& path) {
  auto const found = find_all(message, path, 1);
  return found.empty() ? std::string_view{} : found.front().bytes;
}

}  // namespace sinew::hl7v2
