#include "mirth/item.h"

#include <optional>

#include "base/text.h"

namespace sinew::mirth {
namespace {

constexpr int kReferencesMax = 16;  ///< from one to the next

bool is_xml_character(std::uint32_t code) {
  return code == 0x9 || code == 0xA || code == 0xD || (code >= 0x20 && code <= 0xD7FF) ||
         (code >= 0xE000 && code <= 0xFFFD) || (code >= 0x10000 && code <= 0x10FFFF);
}

/// The code that `&#27;` or `&#x1b;` at the beginning of `text` names, and its length.
struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;
};
std::optional<Character> read_reference(std::string_view text) {
  constexpr std::size_t kLengthMax = 12;
  if (!text.starts_with("&#")) return std::nullopt;
  auto const end = text.substr(0, kLengthMax).find(';');
  if (end == std::string_view::npos) return std::nullopt;
  bool const is_hex = text.size() > 2 && (text[2] == 'x' || text[2] == 'X');
  auto const digits = text.substr(is_hex ? 3 : 2, end - (is_hex ? 3 : 2));
  std::uint32_t code = 0;
  auto const [at, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), code, is_hex ? 16 : 10);
  if (error != std::errc{} || at != digits.data() + digits.size()) return std::nullopt;
  return Character{code, end + 1};
}

std::size_t replace_impossible(std::string& text) {
  std::size_t count = 0;
  std::string out;
  std::size_t at = 0;
  for (auto next = text.find("&#"); next != std::string::npos; next = text.find("&#", next + 2)) {
    auto const found = read_reference(std::string_view(text).substr(next));
    if (!found || is_xml_character(found->code)) continue;
    out += std::string_view(text).substr(at, next - at);
    out += "\xEF\xBF\xBD";
    at = next + found->length;
    ++count;
  }
  if (count == 0) return 0;
  out += std::string_view(text).substr(at);
  text = std::move(out);
  return count;
}

/// A step of a path: `..`, `name` or `name[2]`.
xml::Node follow(xml::Node node, std::string_view step) {
  if (step == "..") return node.parent();
  auto const bracket = step.find('[');
  std::uint32_t index = 1;
  if (bracket != std::string_view::npos) {
    auto const end = step.find(']', bracket);
    if (end == std::string_view::npos) return {};
    index = parse_integer<std::uint32_t>(step.substr(bracket + 1, end - bracket - 1)).value_or(0);
  }
  auto const name = step.substr(0, bracket);
  for (auto const child : node.elements())
    if (child.name() == name && --index == 0) return child;
  return {};
}

xml::Node resolve(xml::Node node) {
  for (int i = 0; i < kReferencesMax && node.exists(); ++i) {
    auto const reference = node.attribute("reference");
    if (!reference || reference->empty()) return node;
    for (auto const step : split(*reference, '/')) {
      if (!step.empty()) node = follow(node, step);
      if (!node.exists()) return {};
    }
  }
  return {};
}

}  // namespace

Result<Export> Export::read(std::string text, std::string name) {
  if (text.size() > kExportBytesMax)
    return fail(ErrorCode::too_large, "the export is too large", name);
  auto const replaced = replace_impossible(text);
  auto document = xml::Document::parse(std::move(text), {.bytes_max = kExportBytesMax});
  if (!document)
    return fail(document.error().code, document.error().what, name + document.error().where);
  return Export(*std::move(document), std::move(name), replaced);
}

Item::Item(xml::Node node) : node_(node.exists() ? resolve(node) : node) {}

std::string Item::kind() const {
  auto name = attribute("class");
  if (name.empty()) name = node_.name();
  return name.substr(name.rfind('.') + 1);
}

std::string Item::attribute(std::string_view name) const {
  if (!node_.exists()) return {};
  return node_.attribute(name).value_or(std::string());
}

std::vector<Item> Item::items() const {
  std::vector<Item> all;
  if (!node_.exists()) return all;
  for (auto const child : node_.elements()) all.emplace_back(child);
  return all;
}

std::string Item::trimmed(std::string_view child) const {
  auto const whole = text(child);
  return std::string(trim(whole));
}

std::int64_t Item::number(std::string_view child, std::int64_t otherwise) const {
  return parse_integer<std::int64_t>(trimmed(child)).value_or(otherwise);
}

std::vector<std::string> Item::texts(std::string_view child) const {
  std::vector<std::string> all;
  for (auto const& each : (*this)[child].items()) all.push_back(each.text());
  return all;
}

std::vector<std::pair<std::string, std::string>> Item::entries(std::string_view child) const {
  std::vector<std::pair<std::string, std::string>> all;
  for (auto const& entry : (*this)[child].items()) {
    auto const parts = entry.items();
    if (parts.size() < 2) continue;
    auto const values = parts[1].items();
    all.emplace_back(parts[0].text(), values.empty() ? parts[1].text() : values.front().text());
  }
  return all;
}

}  // namespace sinew::mirth
