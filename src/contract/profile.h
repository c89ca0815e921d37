#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "contract/form.h"
#include "contract/sketch.h"

namespace sinew::contract {

// How much of a feed is kept, whatever it sends. What exceeds a limit is counted and not looked at.
inline constexpr std::size_t kMessageTypesMax = 128;
inline constexpr std::size_t kNodesMax = 512;         ///< segments and groups of a message type
inline constexpr std::size_t kFieldsMax = 250;        ///< of a segment
inline constexpr std::size_t kPartsMax = 40;          ///< components, and subcomponents
inline constexpr std::size_t kElementsMax = 50'000;   ///< fields, components, subcomponents in all
inline constexpr std::size_t kCodesMax = 256;         ///< distinct values of one place
inline constexpr std::size_t kCodeBytesMax = 40;      ///< what is longer is no code
inline constexpr std::size_t kCountsMax = 64;         ///< senders, versions, character sets, ...
inline constexpr std::size_t kCountedBytesMax = 120;  ///< of a sender, a version, ...
inline constexpr std::size_t kHoursOfWeek = 168;      ///< 0 is Monday, 0 to 1 o'clock

/// A value is written into a contract when the standard's table holds it, or when messages of so
/// many different patients had it: what one person alone has stays out.
inline constexpr std::uint8_t kPatientsMin = 3;

/// How often each of a few texts came.
struct Counts {
  std::vector<std::pair<std::string, std::uint64_t>> rows;  ///< in the order first seen
  std::uint64_t others = 0;                                 ///< beyond the limits

  void add(std::string_view text, std::uint64_t count = 1);
  [[nodiscard]] std::uint64_t of(std::string_view text) const;
  [[nodiscard]] std::uint64_t total() const;
};

/// Smallest, largest and mean.
struct Range {
  std::uint64_t count = 0, sum = 0;
  std::uint32_t min = 0, max = 0;

  void add(std::uint64_t value) { add_all(value, 1); }
  void add_all(std::uint64_t value, std::uint64_t times);
  [[nodiscard]] double mean() const {
    return count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count);
  }
};

struct Code {
  std::string text;
  std::uint64_t count = 0;
  std::uint64_t first = 0;  ///< the message that had it first, from 1; 0: read from a file
  std::array<std::uint64_t, kPatientsMin> patients{};  ///< digests of whose messages had it
  std::uint8_t patient_count = 0;
  bool is_public = false;  ///< of the standard's table, or of no person (a header's)
  [[nodiscard]] bool may_be_written() const { return is_public || patient_count >= kPatientsMin; }
};

/// The codes of one place.
struct CodeSet {
  std::vector<Code> codes;
  std::vector<std::uint64_t> digests;  ///< of `codes`, for the look-up
  std::uint64_t count = 0;             ///< values in all
  std::uint64_t others = 0;            ///< values that are no code, or beyond the limit
  DistinctSketch distinct;
  std::uint64_t distinct_before = 0;  ///< as the file said that it was read from

  [[nodiscard]] std::uint64_t distinct_estimate() const {
    return std::max(distinct.estimate(), distinct_before);
  }
  [[nodiscard]] Code const* find(std::string_view text) const;
  /// So many different values that they name things (or people) rather than kinds of things.
  [[nodiscard]] bool names_things() const;
  /// Enough values, and hardly any that came once only: a new one is news. The share of values
  /// that came once estimates how likely the next one is new (Good and Turing).
  [[nodiscard]] bool is_closed() const;
};

/// What is known of a field, a component or a subcomponent.
struct Element {
  std::string_view type;    ///< of the dictionary; empty where it has none
  std::uint16_t table = 0;  ///< of the dictionary
  bool is_composite = false, is_coded = false;
  bool is_of_person = true;   ///< false in segments that say nothing of a patient
  std::uint64_t count = 0;    ///< values; for a field, segments that have it
  std::uint64_t nulls = 0;    ///< `""` among them
  std::uint64_t first = 0;    ///< the message that had it first
  std::uint64_t longest = 0;  ///< the message that had the longest value
  Range repeats;              ///< of a field
  Range length;               ///< bytes as sent, of one repetition
  std::array<std::uint64_t, kFormCount> forms{};
  std::unique_ptr<CodeSet> codes;
  std::vector<Element> parts;  ///< components of a field; part i is number i + 1
};

/// A segment or a group at one place of a message.
struct Node {
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
  std::string name;
  bool is_group = false;
  std::uint32_t parent = kNone;
  std::vector<std::uint32_t> children;  ///< in the order they come in
  std::uint64_t messages = 0;           ///< that have it
  std::uint64_t within = 0;             ///< instances of the parent that have it
  std::uint64_t total = 0;              ///< instances
  std::uint64_t closed = 0;             ///< instances of a group that are over
  std::uint32_t min = 0, max = 0;       ///< per instance of the parent
  std::uint64_t unplaced = 0;           ///< where the standard has no place for it
  std::uint64_t first = 0;
  std::uint64_t last = 0;       ///< the message that had it last, for counting
  std::vector<Element> fields;  ///< field i is number i + 1
};

/// What is known of the messages of one type.
struct MessageProfile {
  std::string type;       ///< "ORU^R01"
  std::string structure;  ///< "ORU_R01"; empty when unknown
  std::string version;    ///< of the first one, for names
  std::uint64_t first = 0;
  Range bytes;
  std::vector<Node> nodes;  ///< 0 is the message

  [[nodiscard]] std::uint64_t count() const { return bytes.count; }
};

/// Messages per hour of the week.
struct Volumes {
  struct Hour {
    std::uint32_t hours = 0;  ///< how many such hours were watched
    std::uint64_t messages = 0;
    std::uint32_t min = 0, max = 0;  ///< messages of one such hour
    std::uint32_t gap_s = 0;         ///< longest silence that touched such an hour
  };
  std::array<Hour, kHoursOfWeek> hours{};
};

/// What a feed really sends, as seen. Holds no patient data when it is written down.
struct Profile {
  std::string feed;
  std::uint64_t messages = 0;
  std::uint64_t unreadable = 0;  ///< no messages at all
  Instant from{}, to{};          ///< of the messages; zero when none told
  Counts senders, versions, charsets, delimiters, escapes, faults;
  Volumes volumes;
  std::vector<MessageProfile> types;
  std::uint64_t elements = 0;  ///< against kElementsMax
  std::uint64_t left_out = 0;  ///< places beyond the limits, counted each time

  [[nodiscard]] MessageProfile const* find(std::string_view type) const;
};

/// `PATIENT_RESULT.PATIENT.PID`; empty for the message itself.
[[nodiscard]] std::string path_of(MessageProfile const& message, std::uint32_t node);

/// Hour of the week, 0 to 167, of a time (UTC).
[[nodiscard]] std::size_t hour_of_week(Instant at);

}  // namespace sinew::contract
