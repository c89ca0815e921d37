#include "app/where.h"

#include <algorithm>

namespace sinew::app {
namespace {

std::size_t offset_of(hl7v2::Message const& message, std::string_view part) {
  return static_cast<std::size_t>(part.data() - message.bytes().data());
}

/// How many separators lie before `at` in `text`, and where the last part begins.
struct Position {
  std::size_t index, begin;
};
Position position(std::string_view text, std::size_t at, char separator) {
  Position found{0, 0};
  for (std::size_t i = 0; i < at; ++i) {
    if (text[i] == separator) found = {found.index + 1, i + 1};
  }
  return found;
}

/// The part of `text` around `at`, made the new `text`, with `at` moved along; returns its index.
std::size_t descend(std::string_view& text, std::size_t& at, char separator) {
  auto const [index, begin] = position(text, std::min(at, text.size()), separator);
  text = text.substr(begin);
  text = text.substr(0, text.find(separator));
  at -= begin;
  return index;
}

std::string segment_name(hl7v2::Message const& message, std::size_t segment) {
  auto const id = message.segment_id(segment);
  std::size_t number = 0, count = 0;
  for (std::size_t i = 0; i < message.segment_count(); ++i) {
    if (message.segment_id(i) != id) continue;
    ++count;
    if (i <= segment) ++number;
  }
  auto name = std::string(id);
  return count > 1 ? name + "[" + std::to_string(number) + "]" : name;
}

}  // namespace

std::size_t segment_at(hl7v2::Message const& message, std::uint32_t offset) {
  for (std::size_t i = 0; i < message.segment_count(); ++i) {
    auto const line = message.segment_bytes(i);
    auto const begin = offset_of(message, line);
    if (begin <= offset && offset < begin + line.size()) return i;
  }
  return message.segment_count();
}

std::string path_at(hl7v2::Message const& message, std::uint32_t offset) {
  auto const segment = segment_at(message, offset);
  if (segment == message.segment_count()) return {};
  auto path = segment_name(message, segment);
  for (std::size_t number = 1; number <= message.field_count(segment); ++number) {
    auto text = message.field(segment, number);
    if (text.empty()) continue;
    auto const begin = offset_of(message, text);
    if (offset < begin || offset >= begin + text.size()) continue;
    path += "-" + std::to_string(number);
    auto const& delimiters = message.delimiters();
    auto at = offset - begin;
    if (message.segment_id(segment) == "MSH" && number <= 2) return path;
    if (auto const i = descend(text, at, delimiters.repetition); i > 0) {
      path += "[" + std::to_string(i + 1) + "]";
    }
    auto const has_components = text.find(delimiters.component) != text.npos;
    auto const component = descend(text, at, delimiters.component);
    if (has_components) path += "." + std::to_string(component + 1);
    auto const has_subcomponents = text.find(delimiters.subcomponent) != text.npos;
    auto const subcomponent = descend(text, at, delimiters.subcomponent);
    if (has_subcomponents) path += "." + std::to_string(subcomponent + 1);
    return path;
  }
  return path;
}

}  // namespace sinew::app
