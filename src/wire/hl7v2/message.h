#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew::hl7v2 {

/// The characters that give an ER7 message its structure, as the message itself declares them.
struct Delimiters {
  char field = '|';
  char component = '^';
  char repetition = '~';
  char escape = '\\';
  char subcomponent = '&';
  char truncation = '\0';  ///< 2.7 and later; '\0' when the message declares none
  bool operator==(Delimiters const&) const = default;
};

/// Reads the delimiters from the start of a message (MSH, FHS or BHS).
/// Returns  the delimiters; encoding characters the sender left out keep their default.
/// Fails    `malformed` at "MSH-1" or "MSH-2" when the bytes begin with no usable header segment.
/// Source: HL7 v2.5.1 §2.5.4, MSH-1, MSH-2; v2.7 §2.5.5.2 (truncation).
[[nodiscard]] Result<Delimiters> read_delimiters(std::string_view head);

/// A parsed message: an index over bytes that the caller keeps alive and unchanged. Every view
/// that it gives points into those bytes, so `view.data() - bytes().data()` is its offset.
///
/// Parsing never fails on content. What was wrong with it is in `issues()`.
/// Fields are numbered as the standard numbers them: MSH-1 is the separator, MSH-2 the encoding
/// characters. Absent and empty fields both give an empty view.
class Message {
 public:
  Message() = default;

  /// The bytes that the index is over. They are the caller's, unless `is_transcoded()`.
  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  /// True when the sender's character set hides delimiters inside characters (ISO 2022, GB 18030,
  /// BIG-5, UTF-16 and 32) and was left for UTF-8 first: `bytes()` is then a copy that the Message
  /// owns, and the caller's bytes are still what has to be kept and passed on.
  [[nodiscard]] bool is_transcoded() const { return transcoded_ != nullptr; }
  [[nodiscard]] Delimiters const& delimiters() const { return delimiters_; }
  [[nodiscard]] std::vector<Issue> const& issues() const { return issues_; }

  [[nodiscard]] std::size_t segment_count() const { return segments_.size(); }
  /// `PID`; three bytes of the message, as sent.
  [[nodiscard]] std::string_view segment_id(std::size_t segment) const {
    return bytes_.substr(segments_[segment].offset, kSegmentIdBytes);
  }
  /// The whole line without its terminator.
  [[nodiscard]] std::string_view segment_bytes(std::size_t segment) const {
    auto const& index = segments_[segment];
    return bytes_.substr(index.offset, index.length);
  }
  /// The number of the last field sent in the segment.
  [[nodiscard]] std::size_t field_count(std::size_t segment) const {
    return segments_[segment].separators + segments_[segment].is_header;
  }
  /// The field with all its repetitions, as sent; empty when absent. `number` is 1-based.
  [[nodiscard]] std::string_view field(std::size_t segment, std::size_t number) const {
    auto const& index = segments_[segment];
    // MSH-1 is the separator itself, so the entries of a header segment begin with field 2.
    auto const entry = number - 1 - index.is_header;
    if (entry >= index.separators) return header_separator(index, number);
    auto const* start = field_starts_.data() + index.first_field + entry;
    auto const end = entry + 1 == index.separators ? index.offset + index.length : start[1] - 1;
    return {bytes_.data() + *start, end - *start};
  }

  /// The first segment with that id, or `segment_count()`. Ids compare without case.
  [[nodiscard]] std::size_t find_segment(std::string_view id) const { return find_segment(id, 0); }
  /// The same, beginning at segment `from`.
  [[nodiscard]] std::size_t find_segment(std::string_view id, std::size_t from) const;
  /// Shorthand: field of the first segment with that id; empty when there is none.
  [[nodiscard]] std::string_view first(std::string_view id, std::size_t field_number) const;

  static constexpr std::size_t kSegmentIdBytes = 3;

 private:
  friend class Parser;
  struct SegmentIndex {
    std::uint32_t offset, length;  ///< in bytes()
    std::uint32_t first_field;     ///< into field_starts_; entry i is what follows separator i
    std::uint32_t separators : 31;
    std::uint32_t is_header : 1;  ///< MSH, FHS, BHS: their first field is the separator
  };
  [[nodiscard]] std::string_view header_separator(SegmentIndex const& index,
                                                  std::size_t number) const {
    if (number != 1 || !index.is_header || index.length <= kSegmentIdBytes) return {};
    return bytes_.substr(index.offset + kSegmentIdBytes, 1);
  }

  std::string_view bytes_;
  Delimiters delimiters_;
  std::vector<SegmentIndex> segments_;
  std::vector<std::uint32_t> field_starts_;
  std::vector<Issue> issues_;
  std::shared_ptr<std::string const> transcoded_;
  bool has_lower_case_ids_ = false;
};

struct ParseOptions {
  std::size_t message_bytes_max = std::size_t{64} << 20;
  /// What the sender really uses, when MSH-18 says otherwise (a table 0211 name).
  std::string_view charset_override = {};
};

/// Indexes one message. `bytes` must outlive the Message.
/// Tolerates, with an Issue each: CR LF, bare LF, a missing last terminator, blank lines, a byte
/// order mark, white space or text before MSH, line feeds inside a field (a line begins a segment
/// only when it starts with `[A-Z][A-Z0-9]{2}` and the field separator, or is exactly an id),
/// lower-case ids in lines that a CR ended, indented segments, left-over MLLP framing bytes.
/// Fails    `malformed` when there is no MSH at all, `too_large` beyond the limit.
[[nodiscard]] Result<Message> parse_message(std::string_view bytes, ParseOptions options = {});

/// The same into a Message that was used before: its memory is used again.
Result<> parse_message_into(Message& message, std::string_view bytes, ParseOptions options = {});

/// Part `index` (0-based) of `text` between separators; empty beyond the last. A view into `text`.
/// Field into repetitions, repetition into components, component into subcomponents.
[[nodiscard]] std::string_view part(std::string_view text, char separator, std::size_t index);
/// The number of parts: separators and one more, so 1 for an empty text.
[[nodiscard]] std::size_t part_count(std::string_view text, char separator);

}  // namespace sinew::hl7v2
