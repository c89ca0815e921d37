#include "script/places.h"

#include <functional>

#include "base/text.h"

namespace sinew::script {
namespace {

using hl7v2::Overlay;
using hl7v2::Path;

/// Whether a part of a repetition was sent.
bool has_part(std::string_view repetition, Path const& place, hl7v2::Delimiters const& marks) {
  if (place.component == 0) return true;
  if (place.component > hl7v2::part_count(repetition, marks.component)) return false;
  if (place.subcomponent == 0) return true;
  auto const component = hl7v2::part(repetition, marks.component, place.component - 1);
  return place.subcomponent <= hl7v2::part_count(component, marks.subcomponent);
}

/// Calls `each(occurrence, repetition)` for every place, until it returns false.
template <class Each>
void for_each_place(Overlay const& message, Path const& place, Each const& each) {
  std::size_t occurrence = 0;
  for (auto i = message.find_segment(place.segment); i < message.segment_count();
       i = message.find_segment(place.segment, i + 1)) {
    ++occurrence;
    if (place.occurrence != 0 && place.occurrence != occurrence) continue;
    if (place.field == 0) {
      if (!each(occurrence, std::size_t{0})) return;
      continue;
    }
    if (place.field > message.field_count(i)) continue;
    auto const field = message.field(i, place.field);
    std::size_t repetition = 0;
    for (auto const part : split(field, message.delimiters().repetition)) {
      ++repetition;
      if (place.repetition != 0 && place.repetition != repetition) continue;
      if (!has_part(part, place, message.delimiters())) continue;
      if (!each(occurrence, repetition)) return;
    }
  }
}

/// The index of one segment, or segment_count().
std::size_t segment_at(Overlay const& message, std::string_view id, std::size_t occurrence) {
  auto i = message.find_segment(id);
  for (; occurrence > 1 && i < message.segment_count(); --occurrence)
    i = message.find_segment(id, i + 1);
  return i;
}

/// Makes sure that there is a segment to set a field of.
Result<> make_segment(Overlay& message, Path const& place) {
  if (segment_at(message, place.segment, place.occurrence) < message.segment_count()) return {};
  if (place.occurrence > 1 &&
      segment_at(message, place.segment, place.occurrence - 1) == message.segment_count())
    return fail(ErrorCode::invalid, "there are not so many segments", to_string(place));
  return message.insert_segment(message.segment_count(), place.segment);
}

}  // namespace

std::string_view first_raw(Overlay const& message, Path const& place) {
  auto const segment = segment_at(message, place.segment, place.occurrence);
  if (segment == message.segment_count()) return {};
  if (place.field == 0) return message.segment_bytes(segment);
  auto const repetition =
      place.component != 0 && place.repetition == 0 ? std::size_t{1} : place.repetition;
  return message.value(segment, place.field, repetition, place.component, place.subcomponent);
}

std::size_t count_places(Overlay const& message, Path const& place) {
  std::size_t count = 0;
  for_each_place(message, place, [&count](std::size_t, std::size_t) { return ++count != 0; });
  return count;
}

std::optional<Path> nth_place(Overlay const& message, Path const& place, std::size_t index) {
  std::optional<Path> found;
  for_each_place(message, place, [&](std::size_t occurrence, std::size_t repetition) {
    if (index-- > 0) return true;
    found = place;
    found->occurrence = occurrence;
    found->repetition = repetition;
    return false;
  });
  return found;
}

Result<> set_place(Overlay& message, Path const& place, std::string_view text) {
  TRY(make_segment(message, place));
  TRY(message.set_text(place, text));
  return {};
}

Result<> set_raw_place(Overlay& message, Path const& place, std::string_view utf8) {
  TRY(make_segment(message, place));
  std::string raw;
  if (!message.charset().append_raw(raw, utf8, message.message().bytes()))
    return fail(ErrorCode::invalid, "a character has no place in the character set of the message",
                to_string(place));
  TRY(message.set_raw(place, raw));
  return {};
}

Result<std::size_t> insert_after(Overlay& message, std::string_view id, std::string_view after,
                                 std::size_t occurrence) {
  auto before = message.segment_count();
  if (!after.empty()) {
    auto const place = segment_at(message, after, occurrence);
    if (place == message.segment_count())
      return fail(ErrorCode::invalid, "there is no such segment to add one behind",
                  std::string(after));
    before = place + 1;
  }
  TRY(message.insert_segment(before, id));
  std::size_t count = 0;
  for (std::size_t i = 0; i <= before; ++i)
    count += equals_ignoring_case(message.segment_id(i), id);
  return count;
}

}  // namespace sinew::script
