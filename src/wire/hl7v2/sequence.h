#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "wire/hl7v2/acknowledge.h"

namespace sinew::hl7v2 {

/// What a receiver makes of MSH-13.
enum class SequenceVerdict : std::uint8_t {
  not_used,       ///< MSH-13 is empty: the link does not number its messages
  expected,       ///< the next number: process, store the number, then acknowledge
  start,          ///< 0: the sender asks where to begin; MSA-4 answers, nothing is processed
  resynchronize,  ///< -1: the sender begins anew with its next message
  duplicate,      ///< the number before: acknowledge again, change nothing
  mismatch,       ///< the link stops until a person has looked
  malformed,      ///< not a number
};

/// The receiver's side of the sequence number protocol of one link. The caller keeps `last()` with
/// the messages, in one transaction, so that a restart continues where the disk is.
/// Source: HL7 v2.5.1 §2.10.1.
class SequenceLink {
 public:
  explicit SequenceLink(std::optional<SequenceNumber> last_stored = std::nullopt)
      : last_(last_stored) {}

  /// Decides about a message; changes nothing but for `resynchronize`.
  [[nodiscard]] SequenceVerdict check(std::string_view msh13);
  /// The message with this number has been stored.
  void stored(SequenceNumber number) { last_ = number; }
  [[nodiscard]] std::optional<SequenceNumber> last() const { return last_; }
  /// MSA-4: the number that the receiver expects next; -1 when any will do.
  [[nodiscard]] SequenceNumber expected() const { return last_ ? *last_ + 1 : -1; }

 private:
  std::optional<SequenceNumber> last_;
};

}  // namespace sinew::hl7v2
