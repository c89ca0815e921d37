#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "wire/hl7v2/message.h"

namespace sinew::hl7v2 {

/// MSH-15 and MSH-16: when the sender wants an acknowledgement. Source: HL7 table 0155.
enum class AckCondition : std::uint8_t { not_valued, always, never, error_only, success_only };

/// `AL`, `NE`, `ER`, `SU`, in any case of letters; another value counts as AL: an answer too many
/// is better than a sender that waits.
[[nodiscard]] AckCondition ack_condition(std::string_view field);

/// What is acknowledged: that the message is safe (commit), or what was made of it (application).
enum class AckStage : std::uint8_t { commit, application };

enum class AckOutcome : std::uint8_t { accepted, error, rejected };

/// MSA-1, or empty when nothing is to be sent. A row of one explicit table.
/// With both conditions not valued (original mode) only the application stage answers; in enhanced
/// mode a condition that is not valued counts as never.
/// Source: HL7 v2.5.1 §2.9.2, §2.9.3; tables 0008 and 0155.
[[nodiscard]] std::string_view ack_code(AckCondition accept, AckCondition application,
                                        AckStage stage, AckOutcome outcome);

/// True when MSH-15 or MSH-16 is valued. Source: HL7 v2.5.1 §2.9.1.
[[nodiscard]] bool is_enhanced_mode(Message const& message);

/// True for what itself answers a message: ACK, and everything with an MSA segment.
[[nodiscard]] bool is_acknowledgement(Message const& message);

/// The sequence number that the receiver expects next, for MSA-4. Source: HL7 v2.5.1 §2.10.1.
using SequenceNumber = std::int64_t;

struct Acknowledgement {
  AckStage stage = AckStage::application;
  AckOutcome outcome = AckOutcome::accepted;
  std::string_view control_id = {};    ///< MSH-10 of the answer: unique, given by the caller
  Instant now = {};                    ///< MSH-7 of the answer
  std::span<Error const> errors = {};  ///< one ERR each; their `where` in ER7 paths (PID-3.1)
  std::string_view condition = {};     ///< table 0357, instead of the row of the first ErrorCode
  std::string_view text = {};          ///< MSA-3, UTF-8; the first error's when not given
  std::optional<SequenceNumber> expected_sequence = std::nullopt;
};

/// What `write_acknowledgement` decided.
struct AckMessage {
  std::string code;   ///< MSA-1; empty: nothing is to be sent
  std::string bytes;  ///< the message; empty with the code
};

/// Answers a message in its own delimiters, character set and version: HD fields swapped whole,
/// MSH-10 echoed byte for byte in MSA-2, MSH-11, 12 and 18 echoed, errors in the ERR of the
/// version. Never positive for a message without MSH-10: that becomes an error at MSH-10. Nothing
/// in answer to an acknowledgement, but for the commit acknowledgement that its own MSH-15 asks
/// for. Source: HL7 v2.5.1 §2.9.2, §2.9.3, §2.13.1 (ACK); §2.15.5 (ERR), §2.15.8 (MSA).
[[nodiscard]] AckMessage write_acknowledgement(Message const& message, Acknowledgement const& what);

/// The answer to bytes in which there is no readable header: AR with an empty MSA-2.
[[nodiscard]] AckMessage refuse_unreadable(std::string_view control_id, Instant now,
                                           Error const& error);

/// `20240229153000+0000`. Source: HL7 v2.5.1 §2.A.22 (DTM).
[[nodiscard]] std::string to_dtm(Instant instant);

}  // namespace sinew::hl7v2
