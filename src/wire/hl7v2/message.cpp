#include "wire/hl7v2/message.h"

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "wire/hl7v2/structure.h"

namespace sinew::hl7v2 {

std::size_t Message::find_segment(std::string_view id, std::size_t from) const {
  if (id.size() != kSegmentIdBytes) return segment_count();
  for (auto i = from; i < segments_.size(); ++i) {
    if (std::memcmp(bytes_.data() + segments_[i].offset, id.data(), kSegmentIdBytes) == 0) return i;
  }
  if (!has_lower_case_ids_) return segment_count();
  for (auto i = from; i < segments_.size(); ++i) {
    if (equals_ignoring_case(segment_id(i), id)) return i;
  }
  return segment_count();
}

std::string_view Message::first(std::string_view id, std::size_t field_number) const {
  auto const segment = find_segment(id);
  return segment == segment_count() ? std::string_view{} : field(segment, field_number);
}

std::string_view part(std::string_view text, char separator, std::size_t index) {
  char const* at = text.data();
  char const* const end = at + text.size();
  for (;; --index) {
    auto const* next = at == end ? nullptr
                                 : static_cast<char const*>(std::memchr(
                                       at, separator, static_cast<std::size_t>(end - at)));
    if (index == 0) return {at, static_cast<std::size_t>((next ? next : end) - at)};
    if (!next) return {};
    at = next + 1;
  }
}

std::size_t part_count(std::string_view text, char separator) {
  return static_cast<std::size_t>(std::ranges::count(text, separator)) + 1;
}

namespace {

/// A character that can separate: graphic ASCII, and neither a letter nor a digit. (A byte above
/// 127 is part of a longer character in most character sets.)
bool is_delimiter(char c) {
  return c > 0x20 && c < 0x7F && !is_ascii_alpha(c) && !is_ascii_digit(c);
}

}  // namespace

Result<Delimiters> read_delimiters(std::string_view head) {
  auto const id = head.substr(0, Message::kSegmentIdBytes);
  if (id.size() < Message::kSegmentIdBytes || !is_header_id(pack_id(id))) {
    return fail(ErrorCode::malformed, "no header segment", "MSH");
  }
  if (head.size() < 4 || !is_delimiter(head[3])) {
    return fail(ErrorCode::malformed, "no usable field separator", to_upper(id) + "-1");
  }
  Delimiters found;
  found.field = head[3];
  constexpr std::size_t kEncodingBytesMax = 16;  // five are defined; the rest is looked over
  auto encoding = head.substr(4, kEncodingBytesMax);
  auto const ends = [&](char c) { return c == found.field || c == '\r' || c == '\n'; };
  auto const end = std::ranges::find_if(encoding, ends);
  encoding = encoding.substr(0, static_cast<std::size_t>(end - encoding.begin()));
  // Letters and digits here mean that MSH-2 was left out and the next field slid into its place.
  if (!std::ranges::all_of(encoding, is_delimiter)) {
    return fail(ErrorCode::malformed, "the encoding characters are not delimiters",
                to_upper(id) + "-2");
  }
  char* const order[] = {&found.component, &found.repetition, &found.escape, &found.subcomponent,
                         &found.truncation};
  // QUIRK(messages pasted from program text): the escape character is doubled, `^~\\\\&`.
  std::string plain(encoding);
  if (plain.size() > 3 && plain[2] == plain[3]) plain.erase(3, 1);
  auto const given = std::min(plain.size(), std::size(order));
  for (std::size_t i = 0; i < given; ++i) *order[i] = plain[i];
  return found;
}

}  // namespace sinew::hl7v2
