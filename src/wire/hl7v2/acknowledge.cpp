#include "wire/hl7v2/acknowledge.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/text.h"
#include "wire/hl7v2/dictionary.h"
#include "wire/hl7v2/path.h"
#include "wire/hl7v2/text.h"
#include "wire/hl7v2/write.h"

namespace sinew::hl7v2 {
namespace {

/// One condition and what it answers to each outcome.
struct AckRow {
  AckCondition condition;
  std::string_view accepted, error, rejected;
};

/// Original mode: neither MSH-15 nor MSH-16 is valued. Source: HL7 v2.5.1 §2.9.2.
constexpr AckRow kOriginal = {AckCondition::not_valued, "AA", "AE", "AR"};

/// Enhanced mode, by MSH-15. Source: HL7 v2.5.1 §2.9.3.1, table 0155.
// clang-format off
constexpr auto kAccept = std::to_array<AckRow>({
    {AckCondition::not_valued,   "",   "",   ""},
    {AckCondition::always,       "CA", "CE", "CR"},
    {AckCondition::never,        "",   "",   ""},
    {AckCondition::error_only,   "",   "CE", "CR"},
    {AckCondition::success_only, "CA", "",   ""},
});

/// Enhanced mode, by MSH-16. Source: HL7 v2.5.1 §2.9.3.2, table 0155.
constexpr auto kApplication = std::to_array<AckRow>({
    {AckCondition::not_valued,   "",   "",   ""},
    {AckCondition::always,       "AA", "AE", "AR"},
    {AckCondition::never,        "",   "",   ""},
    {AckCondition::error_only,   "",   "AE", "AR"},
    {AckCondition::success_only, "AA", "",   ""},
});
// clang-format on

constexpr bool is_indexed_by_condition(auto const& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].condition) != i) return false;
  }
  return true;
}
static_assert(is_indexed_by_condition(kAccept) && is_indexed_by_condition(kApplication));

/// What MSH-9 of an ACK looks like. Source: MSH-9 of each version's chapter 2.
enum class AckType : std::uint8_t { code, code_and_event, code_event_and_structure };

constexpr AckType ack_type(Version version) {
  if (version < Version::v2_3) return AckType::code;
  if (version < Version::v2_3_1) return AckType::code_and_event;
  return AckType::code_event_and_structure;
}

bool is_negative(std::string_view code) { return !code.empty() && code[1] != 'A'; }

std::string message_type(Message const& message, Version version) {
  auto const separator = message.delimiters().component;
  auto const event = part(message.first("MSH", 9), separator, 1);
  std::string type = "ACK";
  auto const form = ack_type(version);
  if (event.empty() || form == AckType::code) return type;
  type += separator;
  type += event;
  if (form == AckType::code_event_and_structure) {
    type += separator;
    type += "ACK";
  }
  return type;
}

/// A coded element of table 0357 in the delimiters of the answer.
std::string condition_element(std::string_view code, Delimiters const& delimiters) {
  std::string text(code);
  text += delimiters.component;
  append_escaped(text, table_display(357, code).value_or(""), delimiters);
  text += delimiters.component;
  text += "HL70357";
  return text;
}

/// Where the error is, as ERL (2.5) or as the first components of ELD.
std::string location(Error const& error, char separator, std::size_t parts_max) {
  auto const path = parse_path(error.where);
  if (!path) return {};
  std::array<std::size_t, 5> const numbers = {std::max<std::size_t>(path->occurrence, 1),
                                              path->field, path->repetition, path->component,
                                              path->subcomponent};
  std::size_t used = 0;
  for (std::size_t i = 0; i < numbers.size() && i < parts_max; ++i) {
    if (numbers[i] != 0) used = i + 1;
  }
  std::string text = path->segment;
  for (std::size_t i = 0; i < used; ++i) {
    text += separator;
    // "Field repetition: the first occurrence is counted as 1", also where there is only one.
    auto const number = i == 2 && used > 2 ? std::max<std::size_t>(numbers[i], 1) : numbers[i];
    if (number != 0) text += std::to_string(number);
  }
  return text;
}

void add_error(MessageBuilder& builder, Error const& error, std::string_view condition,
               Version version) {
  auto const& delimiters = builder.delimiters();
  builder.begin("ERR");
  if (version < Version::v2_5) {
    // "Error code and location": segment ^ sequence ^ field ^ code, the code being a CE.
    auto text = location(error, delimiters.component, 2);
    auto const given = static_cast<std::size_t>(std::ranges::count(text, delimiters.component));
    text.append(3 - std::min<std::size_t>(given, 3), delimiters.component);
    auto code = condition_element(condition, delimiters);
    std::ranges::replace(code, delimiters.component, delimiters.subcomponent);
    builder.raw(1, text + code);
    return;
  }
  builder.raw(2, location(error, delimiters.component, 5));
  builder.raw(3, condition_element(condition, delimiters));
  builder.text(4, "E");
  builder.text(8, error.what);
}

void add_header(MessageBuilder& builder, Message const& message, Acknowledgement const& what,
                Version version) {
  builder.begin("MSH");
  // "the sending and the receiving application and facility change places", whole HD fields.
  constexpr std::array<std::size_t, 4> kSwapped = {5, 6, 3, 4};
  bool plain = true;
  for (std::size_t i = 0; i < kSwapped.size(); ++i) {
    auto const value = message.first("MSH", kSwapped[i]);
    plain &= std::ranges::all_of(value, [](char c) { return static_cast<unsigned char>(c) < 128; });
    builder.raw(3 + i, value);
  }
  builder.text(7, to_dtm(what.now));
  builder.raw(9, message_type(message, version));
  builder.text(10, what.control_id);
  builder.raw(11, message.first("MSH", 11));
  builder.raw(12, message.first("MSH", 12));
  // What was read by way of UTF-8 is answered in UTF-8, unless ASCII says it all.
  if (message.is_transcoded() && !plain) {
    builder.text(18, "UNICODE UTF-8");
  } else {
    builder.raw(18, message.first("MSH", 18));
  }
}

}  // namespace

AckCondition ack_condition(std::string_view field) {
  struct Row {
    std::string_view code;
    AckCondition condition;
  };
  static constexpr auto kRows = std::to_array<Row>({
      {"", AckCondition::not_valued},
      {"\"\"", AckCondition::not_valued},
      {"AL", AckCondition::always},
      {"NE", AckCondition::never},
      {"ER", AckCondition::error_only},
      {"SU", AckCondition::success_only},
  });
  auto const text = trim(field);
  auto const row = std::ranges::find_if(
      kRows, [&](Row const& candidate) { return equals_ignoring_case(candidate.code, text); });
  return row == kRows.end() ? AckCondition::always : row->condition;
}

std::string_view ack_code(AckCondition accept, AckCondition application, AckStage stage,
                          AckOutcome outcome) {
  bool const original =
      accept == AckCondition::not_valued && application == AckCondition::not_valued;
  if (original && stage == AckStage::commit) return {};
  auto const& row = original ? kOriginal
                    : stage == AckStage::commit
                        ? kAccept[static_cast<std::size_t>(accept)]
                        : kApplication[static_cast<std::size_t>(application)];
  switch (outcome) {
    case AckOutcome::accepted:
      return row.accepted;
    case AckOutcome::error:
      return row.error;
    case AckOutcome::rejected:
      return row.rejected;
  }
  return {};
}

bool is_enhanced_mode(Message const& message) {
  return ack_condition(message.first("MSH", 15)) != AckCondition::not_valued ||
         ack_condition(message.first("MSH", 16)) != AckCondition::not_valued;
}

bool is_acknowledgement(Message const& message) {
  auto const code = part(message.first("MSH", 9), message.delimiters().component, 0);
  return equals_ignoring_case(code, "ACK") ||
         message.find_segment("MSA") != message.segment_count();
}

AckMessage write_acknowledgement(Message const& message, Acknowledgement const& what) {
  // "To avoid loops": an acknowledgement is answered by a commit acknowledgement at most.
  if (is_acknowledgement(message) &&
      (what.stage == AckStage::application || !is_enhanced_mode(message))) {
    return {};
  }
  auto const control_id = message.first("MSH", 10);
  bool const nameless = trim(control_id).empty() && what.outcome == AckOutcome::accepted;
  auto const outcome = nameless ? AckOutcome::error : what.outcome;
  auto const code = ack_code(ack_condition(message.first("MSH", 15)),
                             ack_condition(message.first("MSH", 16)), what.stage, outcome);
  if (code.empty()) return {};

  auto const version = nearest_version(message.first("MSH", 12));
  MessageBuilder builder(message.delimiters());
  add_header(builder, message, what, version);
  std::array const missing{Error{ErrorCode::invalid, "message control id is missing", "MSH-10"}};
  auto const errors = nameless ? std::span<Error const>(missing) : what.errors;
  auto const text = !what.text.empty() ? what.text
                    : errors.empty()   ? std::string_view{}
                                       : std::string_view(errors.front().what);
  builder.begin("MSA").text(1, code).raw(2, control_id).text(3, text);
  if (what.expected_sequence) builder.text(4, std::to_string(*what.expected_sequence));
  if (is_negative(code)) {
    for (auto const& error : errors) {
      auto const condition = nameless ? "101"
                             : !what.condition.empty() && &error == &errors.front()
                                 ? what.condition
                                 : error_row(error.code).hl7_0357;
      add_error(builder, error, condition, version);
    }
  }
  return {std::string(code), std::move(builder).finish()};
}

AckMessage refuse_unreadable(std::string_view control_id, Instant now, Error const& error) {
  MessageBuilder builder;
  builder.begin("MSH").text(7, to_dtm(now)).text(9, "ACK").text(10, control_id);
  builder.text(11, "P").text(12, "2.5.1");
  builder.begin("MSA").text(1, "AR").text(3, error.what);
  add_error(builder, error, error_row(error.code).hl7_0357, Version::v2_5_1);
  return {"AR", std::move(builder).finish()};
}

std::string to_dtm(Instant instant) {
  constexpr std::int64_t kDayMs = 86'400'000;
  auto days = instant.ms / kDayMs;
  auto rest = instant.ms % kDayMs;
  if (rest < 0) {
    rest += kDayMs;
    --days;
  }
  auto const date = civil_from_days(days);
  auto const seconds = static_cast<int>(rest / 1000);
  std::array<char, 64> text;
  auto const written =
      std::snprintf(text.data(), text.size(), "%04d%02d%02d%02d%02d%02d+0000", date.year,
                    date.month, date.day, seconds / 3600, seconds / 60 % 60, seconds % 60);
  return std::string(text.data(), static_cast<std::size_t>(written));
}

}  // namespace sinew::hl7v2
