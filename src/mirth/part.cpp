#include "mirth/part.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "mirth/yaml.h"

namespace sinew::mirth {
namespace {

/// A piece of a template: text, or what stands in `${..}`.
struct Piece {
  std::string_view text;
  bool is_variable = false;
};

std::vector<Piece> pieces_of(std::string_view text) {
  std::vector<Piece> all;
  while (!text.empty()) {
    auto const begin = text.find("${");
    auto const end = begin == std::string_view::npos ? begin : text.find('}', begin);
    if (end == std::string_view::npos) {
      all.push_back({text, false});
      break;
    }
    if (begin > 0) all.push_back({text.substr(0, begin), false});
    all.push_back({text.substr(begin + 2, end - begin - 2), true});
    text.remove_prefix(end + 1);
  }
  return all;
}

/// `x` of `env.get('x')`.
std::string_view argument_of(std::string_view call, std::string_view function) {
  if (!call.starts_with(function)) return {};
  auto const inner = call.substr(function.size());
  if (inner.size() < 4 || (inner.front() != '\'' && inner.front() != '"')) return {};
  auto const end = inner.find(inner.front(), 1);
  return end == std::string_view::npos ? std::string_view() : inner.substr(1, end - 1);
}

/// The variable that fills a piece, whatever the message.
std::string variable_of(Part const& part, std::string_view what, std::string_view inner) {
  if (auto const name = argument_of(inner, "env.get("); !name.empty())
    return part.variable(name, "the variable of the environment of the same name");
  auto name = inner;
  if (auto const key = argument_of(inner, "configurationMap.get("); !key.empty()) name = key;
  if (part.shared().configuration.contains(name))
    return part.variable(name, "'" + std::string(name) + "' of the configuration map");
  part.by_hand(std::string(what),
               "'" + std::string(inner) +
                   "' is filled by a script or a map in Mirth; here it is one value for all");
  return part.variable(name, std::string(what) + " of channel " + part.channel());
}

struct PlaceRow {
  std::string_view mirth;
  std::string_view ours;
  std::string_view why;  ///< how it differs; empty where it does not
};
// clang-format off
constexpr auto kPlaces = std::to_array<PlaceRow>({
    {"COUNT",             "{item}", "a number that grows, never starting again"},
    {"DATE",              "{date}", ""},
    {"SYSTIME",           "{item}", "a number that grows, for the time in milliseconds"},
    {"UUID",              "{item}", "a number that is never given twice, for a UUID"},
    {"date",              "{date}", ""},
    {"message.messageId", "{item}", ""},
    {"originalFilename",  "{item}", "the name of the file that came in is not kept"},
});
// clang-format on

}  // namespace

std::string Part::variable(std::string_view name, std::string_view stands_for) const {
  auto const known = variable_name_of(name);
  shared_->report.variables.try_emplace(known, stands_for);
  return "${" + known + "}";
}

std::string setting(Part const& part, std::string_view what, std::string_view text) {
  std::string out;
  for (auto const& piece : pieces_of(trim(text)))
    out += piece.is_variable ? variable_of(part, what, piece.text) : std::string(piece.text);
  // What is left of a `${` without an end would be a mistake in the file.
  for (auto at = out.find("${"); at != std::string::npos; at = out.find("${", at + 2))
    if (out.find('}', at) == std::string::npos) out.erase(at, 2);
  return out;
}

std::string port_setting(Part const& part, std::string_view text) {
  auto port = setting(part, "port", text);
  bool const is_number = !port.empty() && std::ranges::all_of(port, is_ascii_digit);
  if (is_number || port.find("${") != std::string::npos) return port;
  part.by_hand("port", "'" + port + "' is no port");
  return part.variable(part.channel() + " port", "port of " + part.name());
}

std::string file_pattern(Part const& part, std::string_view text) {
  std::string out;
  for (auto const& piece : pieces_of(trim(text))) {
    if (!piece.is_variable) {
      out += piece.text;
      continue;
    }
    auto const method = piece.text.find(".get(");
    auto const name =
        piece.text.starts_with("date.get") ? piece.text.substr(0, method) : piece.text;
    auto const* const row = std::ranges::find(kPlaces, name, &PlaceRow::mirth);
    if (row == kPlaces.end()) {
      part.by_hand("file name", "'" + std::string(piece.text) +
                                    "' is filled from a map in Mirth; here {item} stands for it");
      out += "{item}";
      continue;
    }
    if (!row->why.empty()) part.differs("file name", std::string(row->why));
    out += row->ours;
  }
  std::ranges::replace(out, '/', '-');
  if (out.empty()) return "{date}-{item}.hl7";
  // A name that is the same for all messages would keep only the last.
  if (out.find('{') == std::string::npos) {
    part.differs("file name", "a file a message: {item} is put before the name");
    out.insert(0, "{item}-");
  }
  return out;
}

bool sends_message(std::string_view text) {
  text = trim(text);
  return text.empty() || text == "${message.encodedData}" || text == "${message.rawData}" ||
         text == "${message.transformedData}";
}

}  // namespace sinew::mirth
