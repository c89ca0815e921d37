#include "engine/connectors/file_name.h"

#include <array>

#include "engine/connectors/settings.h"

namespace sinew::engine {
namespace {

std::string fill(std::string pattern, Outgoing const& message,
                 std::string (*safe)(std::string_view)) {
  auto const date = to_string(message.received);
  std::array<std::pair<std::string_view, std::string>, 4> const values = {{
      {"{control_id}", safe(message.control_id)},
      {"{type}", safe(message.type)},
      {"{item}", std::to_string(message.item)},
      {"{date}", date.substr(0, date.find('T'))},
  }};
  std::string out;
  for (std::size_t at = 0; at < pattern.size();) {
    auto const rest = std::string_view(pattern).substr(at);
    bool is_place = false;
    for (auto const& [place, value] : values) {
      if (!rest.starts_with(place)) continue;
      out += value;
      at += place.size();
      is_place = true;
      break;
    }
    if (!is_place) out += pattern[at++];
  }
  return out;
}

std::string on_one_line(std::string_view value) {
  std::string out(value);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return out;
}

}  // namespace

Result<std::string> read_file_name(Node const& node) {
  auto name = TRY(node.text_or("{date}-{item}.hl7"));
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..")
    return node.wrong("is a name, without '/'");
  return name;
}

std::string file_name(std::string pattern, Outgoing const& message) {
  return fill(std::move(pattern), message, in_name);
}

std::string fill_places(std::string pattern, Outgoing const& message) {
  return fill(std::move(pattern), message, on_one_line);
}

}  // namespace sinew::engine
