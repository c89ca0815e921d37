#pragma once

#include <string>
#include <string_view>

#include "wire/hl7v2/message.h"

namespace sinew::hl7v2 {

/// The message in normal form: every segment ends in CR, ids in upper case, the delimiters are
/// `|^~\&` (with `#` where the message declares truncation), empty parts at the end of fields and
/// segments left out, text before the header and blank lines gone. The characters stay in the
/// character set of the message; a message that was transcoded comes out in UTF-8 and MSH-18 says
/// so. A message in normal form comes out byte for byte as it went in.
///
/// To pass a message on unchanged, pass on the bytes it was parsed from.
/// Source: HL7 v2.5.1 §2.5.4, §2.6 (encoding rules).
[[nodiscard]] std::string normalized(Message const& message);

/// Puts a message together, front to back: begin() a segment, then its fields in order.
class MessageBuilder {
 public:
  explicit MessageBuilder(Delimiters delimiters = {}) : delimiters_(delimiters) {}

  /// Begins a segment and ends the one before. MSH, FHS and BHS get their first two fields.
  MessageBuilder& begin(std::string_view id);
  /// Field `number` from UTF-8 text, delimiters escaped. Numbers rise within a segment; what lies
  /// between stays empty. An empty text writes nothing.
  MessageBuilder& text(std::size_t number, std::string_view value);
  /// Field `number` from bytes that are already ER7 in the delimiters of this builder.
  MessageBuilder& raw(std::size_t number, std::string_view value);
  /// A segment as it stands, without its terminator.
  MessageBuilder& segment(std::string_view bytes);

  [[nodiscard]] Delimiters const& delimiters() const { return delimiters_; }
  /// Ends the last segment. Every segment ends in CR.
  [[nodiscard]] std::string finish() &&;

 private:
  void reach(std::size_t number);
  void end_segment();
  Delimiters delimiters_;
  std::string out_;
  std::size_t field_ = 0;  ///< the number of the field being written
  bool open_ = false;
};

/// The encoding characters as MSH-2 declares them.
[[nodiscard]] std::string encoding_characters(Delimiters const& delimiters);

}  // namespace sinew::hl7v2
