#pragma once

#include <utility>
#include <vector>

#include "base/text.h"
#include "wire/hl7v2/path.h"

namespace sinew::hl7v2 {

/// Narrows one repetition to the component and the subcomponent of the path.
inline std::string_view narrow(std::string_view repetition, Path const& path,
                               Delimiters const& delimiters) {
  if (path.component == 0) return repetition;
  auto const component = part(repetition, delimiters.component, path.component - 1);
  if (path.subcomponent == 0) return component;
  return part(component, delimiters.subcomponent, path.subcomponent - 1);
}

/// Adds what the path means inside one segment.
template <class Source>
void find_in_segment(Source const& message, std::size_t segment, Path path, std::size_t found_max,
                     std::vector<Found>& found) {
  if (path.field == 0) {
    found.push_back({message.segment_bytes(segment), std::move(path)});
    return;
  }
  if (path.field > message.field_count(segment)) return;
  auto const field = message.field(segment, path.field);
  auto const& delimiters = message.delimiters();
  // "MSH-2 … shall not be escaped or divided": it holds the repetition separator itself.
  bool const whole = message.segment_id(segment) == "MSH" && path.field <= 2;
  if (whole || (path.repetition == 0 && path.component == 0)) {
    found.push_back({field, std::move(path)});
    return;
  }
  auto const count = part_count(field, delimiters.repetition);
  for (std::size_t i = 1; i <= count && found.size() < found_max; ++i) {
    if (path.repetition != 0 && path.repetition != i) continue;
    auto place = path;
    if (count > 1) place.repetition = i;
    auto const bytes = narrow(part(field, delimiters.repetition, i - 1), path, delimiters);
    if (bytes.data() != nullptr) found.push_back({bytes, std::move(place)});
  }
}

/// What `find_all` does, of a Message or of one that is being edited.
template <class Source>
std::vector<Found> find_in(Source const& message, Path const& path, std::size_t found_max) {
  std::vector<Found> found;
  std::size_t total = 0;
  for (std::size_t i = 0; i < message.segment_count(); ++i) {
    total += equals_ignoring_case(message.segment_id(i), path.segment);
  }
  std::size_t occurrence = 0;
  for (std::size_t i = 0; i < message.segment_count() && found.size() < found_max; ++i) {
    if (!equals_ignoring_case(message.segment_id(i), path.segment)) continue;
    ++occurrence;
    if (path.occurrence != 0 && path.occurrence != occurrence) continue;
    auto place = path;
    if (total > 1) place.occurrence = occurrence;
    find_in_segment(message, i, std::move(place), found_max, found);
  }
  return found;
}

}  // namespace sinew::hl7v2
