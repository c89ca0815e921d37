#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/hl7v2/message.h"
#include "wire/hl7v2/path.h"
#include "wire/hl7v2/text.h"

namespace sinew::hl7v2 {

inline constexpr std::size_t kEditedSegmentsMax = 100'000;
inline constexpr std::size_t kEditedNumberMax = 10'000;  ///< of a field, repetition, component
inline constexpr std::size_t kEditedValueBytesMax = std::size_t{16} << 20;

/// Edits over a message that stays as it is: what nobody touched is written as it came in, byte for
/// byte, terminators and empty trailing parts included. A message without edits is the same bytes.
///
/// Reading sees the edits. Views point into the message or into an edit, and an edit ends those
/// that point into its segment. Indexes of segments shift when one is inserted or removed.
/// A message that is_transcoded() is edited, and written, in its UTF-8 form; MSH-18 says so then.
///
/// In the paths of edits what is not numbered means every one that is there: `OBX-11` is the field
/// of every OBX, `PID-3.4` the component of every repetition. Nothing is done to a segment that is
/// not there; a field or part that is not there is made. MSH-1 and MSH-2 cannot be edited.
class Overlay {
 public:
  /// `message`, and the bytes that it is over, must outlive the overlay.
  explicit Overlay(Message const& message);

  [[nodiscard]] Message const& message() const { return *message_; }
  [[nodiscard]] Delimiters const& delimiters() const { return message_->delimiters(); }
  [[nodiscard]] Charset const& charset() const;
  [[nodiscard]] bool is_edited() const { return is_edited_; }

  [[nodiscard]] std::size_t segment_count() const { return lines_.size(); }
  [[nodiscard]] std::string_view segment_id(std::size_t segment) const;
  /// The whole line where it is not edited, else the id alone.
  [[nodiscard]] std::string_view segment_bytes(std::size_t segment) const;
  [[nodiscard]] std::size_t field_count(std::size_t segment) const;
  /// As `Message::field`.
  [[nodiscard]] std::string_view field(std::size_t segment, std::size_t number) const;
  /// The first segment with that id at or after `from`, or segment_count().
  [[nodiscard]] std::size_t find_segment(std::string_view id, std::size_t from = 0) const;
  /// As the function of that name.
  [[nodiscard]] std::vector<Found> find_all(Path const& path, std::size_t found_max = 10'000) const;
  /// A part of one field. `repetition`, `component` and `subcomponent` count from one; 0: whole.
  [[nodiscard]] std::string_view value(std::size_t segment, std::size_t field,
                                       std::size_t repetition, std::size_t component,
                                       std::size_t subcomponent) const;
  /// The decoded text of raw bytes of this message.
  [[nodiscard]] std::string text(std::string_view raw) const;

  /// Sets places to a text (UTF-8), escaped with the message's delimiters and in its character set.
  /// Returns the number of places. Fails `invalid` when a character has no place in the character
  /// set, or at MSH-1 and MSH-2; then nothing was changed.
  Result<std::size_t> set_text(Path const& path, std::string_view text);
  /// The same with bytes that are ER7 already. Fails `invalid` when they hold a delimiter that
  /// would change what is beside the place.
  Result<std::size_t> set_raw(Path const& path, std::string_view raw);
  /// The same of one segment by its index; `path.segment` and its occurrence are looked over.
  Result<> set_raw(std::size_t segment, Path const& path, std::string_view raw);
  /// `text` as it stands in this message: escaped, in its character set.
  [[nodiscard]] Result<std::string> raw_of(std::string_view text) const;

  /// Removes segments, or repetitions of a field (all of them: the field becomes empty), or empties
  /// parts. Returns the number of places. MSH cannot be removed.
  Result<std::size_t> remove(Path const& path);
  Result<> remove_segment(std::size_t segment);
  /// Puts a new segment before the one of that index; segment_count() puts it at the end. Not
  /// before MSH. Fails `invalid` at an id that is none.
  Result<> insert_segment(std::size_t before, std::string_view id);

  /// The message with its edits.
  [[nodiscard]] std::string write() const;

 private:
  static constexpr std::uint32_t kNew = 0xFFFFFFFF;
  struct FieldEdit {
    std::uint32_t number;
    std::string bytes;
  };
  struct Line {
    std::uint32_t source = kNew;   ///< segment of the message
    std::string id;                ///< of a new one
    std::vector<FieldEdit> edits;  ///< by number
  };
  [[nodiscard]] std::size_t source_field_count(Line const& line) const;
  [[nodiscard]] std::string_view original_field(Line const& line, std::size_t number) const;
  [[nodiscard]] bool is_locked(std::size_t segment, std::size_t field) const;
  [[nodiscard]] Result<> check_raw(Path const& path, std::string_view raw) const;
  [[nodiscard]] std::vector<std::size_t> segments_of(Path const& path) const;
  void replace_field(std::size_t segment, std::size_t number, std::string bytes);
  void append_line(std::string& out, Line const& line) const;
  [[nodiscard]] std::string_view after(std::uint32_t source) const;

  Message const* message_;
  std::vector<Line> lines_;
  mutable std::optional<Charset> charset_;
  bool is_edited_ = false;
};

}  // namespace sinew::hl7v2
