#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/profile.h"

namespace sinew::contract {

/// How what a feed sends differs from its contract.
enum class DriftKind : std::uint8_t {
  new_sender,
  new_version,
  new_charset,
  new_delimiters,
  new_message_type,
  message_type_vanished,
  new_segment,
  segment_vanished,
  more_segments,  ///< more often than ever
  new_field,      ///< or component, or subcomponent
  field_vanished,
  more_repetitions,
  longer_value,
  new_form,  ///< text where numbers were, a date without its time
  new_code,
  new_fault,
  volume_drop,
  volume_surge,
  count
};

/// `new-segment`.
[[nodiscard]] std::string_view to_string(DriftKind kind);

struct Drift {
  DriftKind kind{};
  /// warning: a receiver may have to change; information: worth knowing.
  Severity severity = Severity::warning;
  std::string type = {};          ///< "ORU^R01"; empty for the feed as a whole
  std::string path = {};          ///< "PATIENT_RESULT.PATIENT.ZPI", "ZPI-3.1"
  std::string name = {};          ///< of the dictionary
  std::string was = {}, is = {};  ///< of both sides, in words; `is` may hold a code
  std::uint64_t count = 0;        ///< messages, segments or values that show it
  std::uint64_t first = 0;        ///< the message that showed it first, from 1; 0: not one message
  std::string source = {};        ///< that message's file, where somebody knows it
  /// The same for the same drift, today and tomorrow: `new-segment ORU^R01 ...ZPI`.
  [[nodiscard]] std::string key() const;
};

/// Drifts of one comparison, the grave ones first; those beyond kDriftsMax are left out.
inline constexpr std::size_t kDriftsMax = 1000;

/// What `observed` has that `contract` has not, and what it should have had by now: absence is only
/// told when so many messages without it are unlikely (less than one in a thousand).
[[nodiscard]] std::vector<Drift> compare(Profile const& contract, Profile const& observed);

/// `warning: ORU^R01 PID-8: new code: "X" (3 values; first in message 17)`.
[[nodiscard]] std::string to_string(Drift const& drift);

/// Drifts as a JSON array.
[[nodiscard]] std::string drifts_json(std::vector<Drift> const& drifts);

}  // namespace sinew::contract
