#pragma once

#include <cstdint>
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

  [[nodiscard]] std::string_view bytes() const { return bytes_; }
  [[nodiscard]] Delimiters const& delimiters() const { return delimiters_; }
  [[nodiscard]] std::vector<Issue> const& issues() const { return issues_; }

  [[nodiscard]] std::size_t segment_count() const { return segments_.size(); }
  /// `PID`; three bytes of the message, as sent.
  [[nodiscard]] std::string_view segment_id(std::size_t segment) const;
  /// The whole line without its terminator.
  [[nodiscard]] std::string_view segment_bytes(std::size_t segment) const;
  /// The number of the last field sent in the segment.
  [[nodiscard]] std::size_t field_count(std::size_t segment) const;
  /// The field with all its repetitions, as sent; empty when absent. `number` is 1-based.
  [[nodiscard]] std::string_view field(std::size_t segment, std::size_t number) const;

  /// The first segment with that id, or `segment_count()`.
  [[nodiscard]] std::size_t find_segment(std::string_view id) const;
  /// Shorthand: field of the first segment with that id; empty when there is none.
  [[nodiscard]] std::string_view first(std::string_view id, std::size_t field_number) const;

 private:
  friend class Parser;
  struct SegmentIndex {
    std::uint32_t offset, length;  ///< in bytes()
    std::uint32_t first_field;     ///< into field_starts_; entry i is the start of field i+1
    std::uint32_t field_count;
  };
  std::string_view bytes_;
  Delimiters delimiters_;
  std::vector<SegmentIndex> segments_;
  std::vector<std::uint32_t> field_starts_;
  std::vector<Issue> issues_;
};

struct ParseOptions {
  std::size_t message_bytes_max = std::size_t{64} << 20;
};

/// Indexes one message. `bytes` must outlive the Message.
/// Tolerates, with an Issue each: CR LF, bare LF, a missing last terminator, blank lines, a byte
/// order mark, white space or text before MSH, line feeds inside a field (a line begins a segment
/// only when it starts with `[A-Z][A-Z0-9]{2}` and the field separator, or is exactly an id).
/// Fails    `malformed` when there is no MSH at all, `too_large` beyond the limit.
[[nodiscard]] Result<Message> parse_message(std::string_view bytes, ParseOptions options = {});

/// Part `index` (0-based) of `text` between separators; empty beyond the last. A view into `text`.
/// Field into repetitions, repetition into components, component into subcomponents.
[[nodiscard]] std::string_view part(std::string_view text, char separator, std::size_t index);
[[nodiscard]] std::size_t part_count(std::string_view text, char separator);

}  // namespace sinew::hl7v2
