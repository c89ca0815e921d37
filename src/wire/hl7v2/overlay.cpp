#include "wire/hl7v2/overlay.h"

#include <algorithm>

#include "base/text.h"
#include "wire/hl7v2/path_find.h"
#include "wire/hl7v2/structure.h"

namespace sinew::hl7v2 {
namespace {

constexpr std::size_t kCharacterSetField = 18;
constexpr std::string_view kTerminators = "\r\n";

/// Where part `index` (0-based) of `text` stands; separators are added until it is there.
struct Span {
  std::size_t begin, length;
};
Span reach_part(std::string& text, std::size_t begin, std::size_t length, char separator,
                std::size_t index) {
  for (; index > 0; --index) {
    auto const at = std::string_view(text).substr(begin, length).find(separator);
    if (at == std::string_view::npos) {
      text.insert(begin + length, index, separator);
      return {begin + length + index, 0};
    }
    begin += at + 1;
    length -= at + 1;
  }
  auto const end = std::string_view(text).substr(begin, length).find(separator);
  return {begin, std::min(end, length)};
}

/// The field with one part of one repetition replaced.
std::string with_part(std::string_view field, Path const& path, std::size_t repetition,
                      std::string_view raw, Delimiters const& delimiters) {
  std::string text(field);
  auto at = reach_part(text, 0, text.size(), delimiters.repetition, repetition - 1);
  if (path.component != 0)
    at = reach_part(text, at.begin, at.length, delimiters.component, path.component - 1);
  if (path.subcomponent != 0)
    at = reach_part(text, at.begin, at.length, delimiters.subcomponent, path.subcomponent - 1);
  text.replace(at.begin, at.length, raw);
  return text;
}

/// The field without one of its repetitions.
std::string without_repetition(std::string_view field, std::size_t repetition, char separator) {
  std::string out;
  std::size_t number = 0;
  bool is_first = true;
  for (auto const each : split(field, separator)) {
    if (++number == repetition) continue;
    if (!is_first) out += separator;
    out += each;
    is_first = false;
  }
  return out;
}

bool is_segment_id(std::string_view id) {
  return id.size() == Message::kSegmentIdBytes && is_ascii_upper(id[0]) &&
         std::ranges::all_of(id, [](char c) { return is_ascii_upper(c) || is_ascii_digit(c); });
}

}  // namespace

Overlay::Overlay(Message const& message) : message_(&message) {
  lines_.resize(message.segment_count());
  for (std::uint32_t i = 0; i < lines_.size(); ++i) lines_[i].source = i;
}

Charset const& Overlay::charset() const {
  if (!charset_) charset_ = Charset::of(*message_);
  return *charset_;
}

std::string_view Overlay::segment_id(std::size_t segment) const {
  auto const& line = lines_[segment];
  return line.source == kNew ? std::string_view(line.id) : message_->segment_id(line.source);
}

std::string_view Overlay::segment_bytes(std::size_t segment) const {
  auto const& line = lines_[segment];
  bool const is_whole = line.source != kNew && line.edits.empty();
  return is_whole ? message_->segment_bytes(line.source) : segment_id(segment);
}

std::size_t Overlay::source_field_count(Line const& line) const {
  if (line.source != kNew) return message_->field_count(line.source);
  return 0;
}

std::size_t Overlay::field_count(std::size_t segment) const {
  auto const& line = lines_[segment];
  auto const count = source_field_count(line);
  return line.edits.empty() ? count : std::max<std::size_t>(count, line.edits.back().number);
}

std::string_view Overlay::original_field(Line const& line, std::size_t number) const {
  if (line.source == kNew || number > message_->field_count(line.source)) return {};
  return message_->field(line.source, number);
}

std::string_view Overlay::field(std::size_t segment, std::size_t number) const {
  auto const& line = lines_[segment];
  for (auto const& edit : line.edits)
    if (edit.number == number) return edit.bytes;
  return original_field(line, number);
}

std::size_t Overlay::find_segment(std::string_view id, std::size_t from) const {
  for (auto i = from; i < lines_.size(); ++i)
    if (equals_ignoring_case(segment_id(i), id)) return i;
  return lines_.size();
}

std::vector<Found> Overlay::find_all(Path const& path, std::size_t found_max) const {
  return find_in(*this, path, found_max);
}

std::string_view Overlay::value(std::size_t segment, std::size_t number, std::size_t repetition,
                                std::size_t component, std::size_t subcomponent) const {
  auto text = field(segment, number);
  if (is_locked(segment, number)) return text;
  auto const& marks = delimiters();
  if (repetition != 0) text = part(text, marks.repetition, repetition - 1);
  if (component != 0) text = part(text, marks.component, component - 1);
  if (subcomponent != 0) text = part(text, marks.subcomponent, subcomponent - 1);
  return text;
}

std::string Overlay::text(std::string_view raw) const {
  std::string scratch;
  auto const decoded = text_of(raw, delimiters(), charset(), scratch);
  return decoded.data() == scratch.data() ? scratch : std::string(decoded);
}

/// MSH-1 and MSH-2 say what the others are made of.
bool Overlay::is_locked(std::size_t segment, std::size_t number) const {
  return number <= 2 && is_header_id(pack_id(segment_id(segment)));
}

Result<> Overlay::check_raw(Path const& path, std::string_view raw) const {
  if (raw.size() > kEditedValueBytesMax)
    return fail(ErrorCode::too_large, "the value is too long", to_string(path));
  if (std::max({path.field, path.repetition, path.component, path.subcomponent}) > kEditedNumberMax)
    return fail(ErrorCode::invalid, "the number is too high", to_string(path));
  auto const& marks = delimiters();
  std::string forbidden = {'\r', '\x0B', '\x1C', marks.field};
  if (path.repetition != 0 || path.component != 0) forbidden += marks.repetition;
  if (path.component != 0) forbidden += marks.component;
  if (path.subcomponent != 0) forbidden += marks.subcomponent;
  if (raw.find_first_of(forbidden) != std::string_view::npos)
    return fail(ErrorCode::invalid, "the value has a delimiter that the place cannot hold",
                to_string(path));
  // A line feed begins a segment when what looks like one follows it.
  if (raw.find('\n') != std::string_view::npos)
    return fail(ErrorCode::invalid, "the value has a bare line feed", to_string(path));
  return {};
}

Result<std::string> Overlay::raw_of(std::string_view text) const {
  if (text.size() > kEditedValueBytesMax)
    return fail(ErrorCode::too_large, "the value is too long");
  if (!is_utf8(text)) return fail(ErrorCode::invalid, "the value is no text");
  std::string escaped;
  bool is_first = true;
  // Decoding makes a line feed of `\.br\`, so that is what a line feed becomes again.
  for (auto const line : split(text, '\n')) {
    if (!is_first) (((escaped += delimiters().escape) += ".br") += delimiters().escape);
    append_escaped(escaped, line, delimiters());
    is_first = false;
  }
  std::string raw;
  if (!charset().append_raw(raw, escaped, message_->bytes())) {
    return fail(ErrorCode::invalid,
                "a character has no place in the character set of the message" +
                    (charset().name().empty() ? std::string()
                                              : " (" + std::string(charset().name()) + ')'));
  }
  return raw;
}

void Overlay::replace_field(std::size_t segment, std::size_t number, std::string bytes) {
  auto& line = lines_[segment];
  auto const place = std::ranges::lower_bound(line.edits, number, {}, &FieldEdit::number);
  bool const is_there = place != line.edits.end() && place->number == number;
  if (!is_there && bytes == original_field(line, number)) return;
  is_edited_ = true;
  if (is_there) {
    place->bytes = std::move(bytes);
  } else {
    line.edits.insert(place, {static_cast<std::uint32_t>(number), std::move(bytes)});
  }
}

std::vector<std::size_t> Overlay::segments_of(Path const& path) const {
  std::vector<std::size_t> found;
  std::size_t occurrence = 0;
  for (auto i = find_segment(path.segment); i < lines_.size();
       i = find_segment(path.segment, i + 1)) {
    ++occurrence;
    if (path.occurrence == 0 || path.occurrence == occurrence) found.push_back(i);
  }
  return found;
}

Result<> Overlay::set_raw(std::size_t segment, Path const& path, std::string_view raw) {
  if (path.field == 0)
    return fail(ErrorCode::invalid, "a segment has fields to set, no value of its own",
                to_string(path));
  if (is_locked(segment, path.field))
    return fail(ErrorCode::invalid, "the delimiters of a message cannot be edited",
                to_string(path));
  TRY(check_raw(path, raw));
  if (path.repetition == 0 && path.component == 0) {
    replace_field(segment, path.field, std::string(raw));
    return {};
  }
  auto const marks = delimiters();
  std::string value(field(segment, path.field));
  auto const count = part_count(value, marks.repetition);
  auto const first = path.repetition == 0 ? 1 : path.repetition;
  auto const last = path.repetition == 0 ? count : path.repetition;
  for (auto repetition = first; repetition <= last; ++repetition)
    value = with_part(value, path, repetition, raw, marks);
  replace_field(segment, path.field, std::move(value));
  return {};
}

Result<std::size_t> Overlay::set_raw(Path const& path, std::string_view raw) {
  auto const segments = segments_of(path);
  for (auto const segment : segments) TRY(set_raw(segment, path, raw));
  return segments.size();
}

Result<std::size_t> Overlay::set_text(Path const& path, std::string_view text) {
  auto const raw = raw_of(text);
  if (!raw) return fail(raw.error().code, raw.error().what, to_string(path));
  return set_raw(path, *raw);
}

Result<std::size_t> Overlay::remove(Path const& path) {
  auto segments = segments_of(path);
  std::ranges::reverse(segments);  // so that the indexes before stay
  for (auto const segment : segments) {
    if (path.field == 0) {
      TRY(remove_segment(segment));
    } else if (path.repetition != 0 && path.component == 0) {
      if (is_locked(segment, path.field))
        return fail(ErrorCode::invalid, "the delimiters of a message cannot be edited",
                    to_string(path));
      auto const value = field(segment, path.field);
      replace_field(segment, path.field,
                    without_repetition(value, path.repetition, delimiters().repetition));
    } else if (path.field <= field_count(segment)) {
      TRY(set_raw(segment, path, {}));
    }
  }
  return segments.size();
}

Result<> Overlay::remove_segment(std::size_t segment) {
  if (is_header_id(pack_id(segment_id(segment))))
    return fail(ErrorCode::invalid, "the header of a message cannot be removed",
                std::string(segment_id(segment)));
  lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(segment));
  is_edited_ = true;
  return {};
}

Result<> Overlay::insert_segment(std::size_t before, std::string_view id) {
  if (!is_segment_id(id) || is_header_id(pack_id(id)))
    return fail(ErrorCode::invalid, "no id of a segment that can be added", std::string(id));
  if (before == 0 || before > lines_.size())
    return fail(ErrorCode::invalid, "no place for a segment", std::string(id));
  if (lines_.size() >= kEditedSegmentsMax)
    return fail(ErrorCode::too_large, "too many segments", std::string(id));
  Line line;
  line.id = id;
  lines_.insert(lines_.begin() + static_cast<std::ptrdiff_t>(before), std::move(line));
  is_edited_ = true;
  return {};
}

/// The bytes between a segment and the next one: its terminator and what a sender added to it.
std::string_view Overlay::after(std::uint32_t source) const {
  auto const bytes = message_->bytes();
  auto const segment = message_->segment_bytes(source);
  auto const begin = static_cast<std::size_t>(segment.data() - bytes.data()) + segment.size();
  auto const next = source + 1;
  auto const end =
      next < message_->segment_count()
          ? static_cast<std::size_t>(message_->segment_bytes(next).data() - bytes.data())
          : bytes.size();
  return bytes.substr(begin, end - begin);
}

void Overlay::append_line(std::string& out, Line const& line) const {
  if (line.source != kNew && line.edits.empty()) {
    out += message_->segment_bytes(line.source);
    return;
  }
  auto const separator = delimiters().field;
  std::size_t number = 0;
  if (line.source == kNew) {
    out += line.id;
  } else {
    // Up to the first edited field the line leaves as it stands.
    auto const whole = message_->segment_bytes(line.source);
    auto const count = message_->field_count(line.source);
    auto const first = line.edits.front().number;
    number = std::min<std::size_t>(first - 1, count);
    bool const is_inside = first <= count;
    auto const kept =
        is_inside
            ? static_cast<std::size_t>(message_->field(line.source, first).data() - whole.data()) -
                  1
            : whole.size();
    out += whole.substr(0, kept);
  }
  auto edit = line.edits.begin();
  auto const last = std::max<std::size_t>(source_field_count(line),
                                          line.edits.empty() ? 0 : line.edits.back().number);
  while (number < last) {
    out += separator;
    ++number;
    if (edit != line.edits.end() && edit->number == number) {
      out += edit->bytes;
      ++edit;
    } else {
      out += original_field(line, number);
    }
  }
}

std::string Overlay::write() const {
  auto const bytes = message_->bytes();
  if (!is_edited_) return std::string(bytes);
  std::string out;
  out.reserve(bytes.size() + 256);
  if (message_->segment_count() == 0) return out;
  out +=
      bytes.substr(0, static_cast<std::size_t>(message_->segment_bytes(0).data() - bytes.data()));
  // A new segment ends as the first one does.
  auto terminator = after(0);
  terminator = terminator.substr(0, terminator.find_first_not_of(kTerminators));
  if (terminator.empty()) terminator = "\r";
  auto header = lines_.front();
  if (message_->is_transcoded()) {
    auto const place =
        std::ranges::lower_bound(header.edits, kCharacterSetField, {}, &FieldEdit::number);
    bool const is_there = place != header.edits.end() && place->number == kCharacterSetField;
    if (!is_there) header.edits.insert(place, {kCharacterSetField, "UNICODE UTF-8"});
  }
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    auto const& line = lines_[i];
    append_line(out, i == 0 ? header : line);
    auto const ending = line.source == kNew ? terminator : after(line.source);
    out += ending;
    bool const has_next = i + 1 < lines_.size();
    if (has_next && ending.find_first_of(kTerminators) == std::string_view::npos) out += terminator;
  }
  return out;
}

}  // namespace sinew::hl7v2
