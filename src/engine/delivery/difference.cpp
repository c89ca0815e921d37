#include "engine/delivery/difference.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "wire/hl7v2/message.h"

namespace sinew::engine {
namespace {

using hl7v2::Message;

void add(std::vector<Difference>& found, std::string where, std::string_view before,
         std::string_view after) {
  if (before != after && found.size() < kDifferencesMax)
    found.push_back({std::move(where), std::string(before), std::string(after)});
}

/// The segments of each id, in order.
std::map<std::string, std::vector<std::size_t>> by_id(Message const& message) {
  std::map<std::string, std::vector<std::size_t>> segments;
  for (std::size_t i = 0; i < message.segment_count(); ++i)
    segments[std::string(message.segment_id(i))].push_back(i);
  return segments;
}

void compare_segments(std::vector<Difference>& found, std::string const& name,
                      Message const& before, std::size_t old_segment, Message const& after,
                      std::size_t new_segment) {
  if (before.segment_bytes(old_segment) == after.segment_bytes(new_segment)) return;
  auto const count = std::max(before.field_count(old_segment), after.field_count(new_segment));
  auto const known = found.size();
  for (std::size_t number = 1; number <= count; ++number) {
    add(found, name + '-' + std::to_string(number), before.field(old_segment, number),
        after.field(new_segment, number));
  }
  // Empty fields at the end are bytes, too.
  if (found.size() == known)
    add(found, name, before.segment_bytes(old_segment), after.segment_bytes(new_segment));
}

std::vector<Difference> compare_messages(Message const& before, Message const& after) {
  std::vector<Difference> found;
  auto const old_segments = by_id(before);
  auto const new_segments = by_id(after);
  auto all = old_segments;
  for (auto const& [id, segments] : new_segments) all.try_emplace(id);
  static std::vector<std::size_t> const kNone;
  for (auto const& [id, ignored] : all) {
    auto const old_place = old_segments.find(id);
    auto const new_place = new_segments.find(id);
    auto const& olds = old_place == old_segments.end() ? kNone : old_place->second;
    auto const& news = new_place == new_segments.end() ? kNone : new_place->second;
    auto const count = std::max(olds.size(), news.size());
    for (std::size_t i = 0; i < count; ++i) {
      auto const name = count == 1 ? id : id + '[' + std::to_string(i + 1) + ']';
      if (i < olds.size() && i < news.size()) {
        compare_segments(found, name, before, olds[i], after, news[i]);
      } else if (i < olds.size()) {
        add(found, name, before.segment_bytes(olds[i]), {});
      } else {
        add(found, name, {}, after.segment_bytes(news[i]));
      }
    }
  }
  return found;
}

std::vector<Difference> compare_lines(std::string_view before, std::string_view after) {
  std::vector<Difference> found;
  auto const olds = split(before, '\n');
  auto const news = split(after, '\n');
  for (std::size_t i = 0; i < std::max(olds.size(), news.size()); ++i) {
    add(found, "line " + std::to_string(i + 1), i < olds.size() ? olds[i] : std::string_view(),
        i < news.size() ? news[i] : std::string_view());
  }
  return found;
}

}  // namespace

std::vector<Difference> find_differences(std::string_view before, std::string_view after) {
  if (before == after) return {};
  auto const old_message = hl7v2::parse_message(before);
  auto const new_message = hl7v2::parse_message(after);
  auto found = old_message && new_message ? compare_messages(*old_message, *new_message)
                                          : compare_lines(before, after);
  // The order of segments, or their terminators.
  if (found.empty())
    found.push_back(
        {"the order of segments, or what ends them", std::string(before), std::string(after)});
  return found;
}

}  // namespace sinew::engine
