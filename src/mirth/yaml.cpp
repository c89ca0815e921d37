#include "mirth/yaml.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "json/write.h"

namespace sinew::mirth {
namespace {

constexpr std::size_t kNameBytesMax = 80;
constexpr auto kWords = std::to_array<std::string_view>(
    {"false", "n", "no", "null", "off", "on", "true", "y", "yes", "~"});

template <class Do>
void each_line(std::string_view text, Do&& what) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  for (auto line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    what(line);
  }
}

}  // namespace

std::string scalar(std::string_view text) {
  auto const is_plain = [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '.' || c == '/' || c == '-';
  };
  bool const is_word = std::ranges::find(kWords, to_lower(text)) != kWords.end();
  if (!text.empty() && text.front() != '-' && std::ranges::all_of(text, is_plain) && !is_word)
    return std::string(text);
  std::string out;
  json::append_string(out, text);
  return out;
}

std::string flow(std::vector<std::string> const& texts) {
  std::string out = "[";
  for (auto const& each : texts) out += (out.size() > 1 ? ", " : "") + scalar(each);
  return out + "]";
}

std::string flow(Settings const& settings) {
  std::string out = "{";
  for (auto const& [key, value] : settings)
    out += (out.size() > 1 ? ", " : "") + key + ": " + value;
  return out + "}";
}

void Yaml::line(int depth, std::string_view text) {
  text_.append(static_cast<std::size_t>(depth) * 2, ' ');
  text_ += text;
  text_ += '\n';
}
void Yaml::pair(int depth, std::string_view key, std::string_view value) {
  line(depth, std::string(key) + ": " + std::string(value));
}
void Yaml::comment(int depth, std::string_view text) {
  each_line(text, [this, depth](std::string_view each) { line(depth, "# " + std::string(each)); });
}
void Yaml::block(int depth, std::string_view text) {
  if (text.empty()) return;
  each_line(text, [this, depth](std::string_view each) { line(depth, each); });
}

std::string file_name_of(std::string_view name) {
  std::string out;
  for (char const c : name.substr(0, kNameBytesMax)) {
    bool const fits = is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '.' || c == '-';
    if (fits) {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (out.ends_with('-') || out.ends_with('.')) out.pop_back();
  while (out.starts_with('.') || out.starts_with('-')) out.erase(0, 1);
  return out.empty() ? "unnamed" : out;
}

std::string variable_name_of(std::string_view name) {
  std::string out;
  for (char const c : name.substr(0, kNameBytesMax))
    out += is_ascii_alpha(c) || is_ascii_digit(c) ? to_ascii_upper(c) : '_';
  if (out.empty() || is_ascii_digit(out.front())) out.insert(0, "V_");
  return out;
}

}  // namespace sinew::mirth
