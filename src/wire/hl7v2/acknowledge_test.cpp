#include "wire/hl7v2/acknowledge.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <tuple>

using namespace sinew;
using namespace sinew::hl7v2;

namespace {

constexpr Instant kNow{1'709'220'600'000};  // 2024-02-29T15:30:00Z

std::string message_of(std::string_view version, std::string_view accept = {},
                       std::string_view application = {}, std::string_view control_id = "M1") {
  std::string text = "MSH|^~\\&|LAB^1.2.3^ISO|HOSP&X^9^ISO|EHR|GP|2024||ORU^R01^ORU_R01|";
  text += std::string(control_id) + "|P^T|" + std::string(version) + "|||" + std::string(accept) +
          "|" + std::string(application) + "|USA|8859/1\rPID|1\r";
  return text;
}

AckMessage answer(std::string const& text, AckStage stage, AckOutcome outcome,
                  std::span<Error const> errors = {}) {
  auto const message = parse_message(text);
  REQUIRE(message);
  return write_acknowledgement(
      *message,
      {.stage = stage, .outcome = outcome, .control_id = "A1", .now = kNow, .errors = errors});
}

constexpr std::array kConditions = {"", "AL", "NE", "ER", "SU"};

}  // namespace

TEST_CASE("every combination of MSH-15, MSH-16, stage and outcome has the code of the standard") {
  // Rows: MSH-15; columns of three: commit accepted, error, rejected; `--` is no answer.
  // Written out by hand from HL7 v2.5.1 §2.9.2 and §2.9.3, apart from the table of the program.
  struct {
    std::string_view value, commit, application;
  } const rows[] = {
      {"", "-- -- --", "-- -- --"},   {"AL", "CA CE CR", "AA AE AR"},
      {"NE", "-- -- --", "-- -- --"}, {"ER", "-- CE CR", "-- AE AR"},
      {"SU", "CA -- --", "AA -- --"},
  };
  int cases = 0;
  for (auto const& accept : rows) {
    for (auto const& application : rows) {
      bool const original = accept.value.empty() && application.value.empty();
      for (int outcome = 0; outcome < 3; ++outcome) {
        for (auto const stage : {AckStage::commit, AckStage::application}) {
          auto const expected_row = stage == AckStage::commit
                                        ? (original ? "-- -- --" : accept.commit)
                                        : (original ? "AA AE AR" : application.application);
          auto expected = expected_row.substr(static_cast<std::size_t>(outcome) * 3, 2);
          if (expected == "--") expected = "";
          CAPTURE(accept.value);
          CAPTURE(application.value);
          CAPTURE(outcome);
          auto const sent = answer(message_of("2.5.1", accept.value, application.value), stage,
                                   static_cast<AckOutcome>(outcome));
          CHECK(sent.code == expected);
          CHECK(sent.bytes.empty() == expected.empty());
          ++cases;
        }
      }
    }
  }
  CHECK(cases == 150);
}

TEST_CASE("an acknowledgement answers in the sender's own terms") {
  auto const sent = answer(message_of("2.5.1"), AckStage::application, AckOutcome::accepted);
  CHECK(sent.bytes ==
        "MSH|^~\\&|EHR|GP|LAB^1.2.3^ISO|HOSP&X^9^ISO|20240229153000+0000||ACK^R01^ACK|A1|P^T|2.5.1"
        "||||||8859/1\rMSA|AA|M1\r");
  auto const odd = answer("MSH#*!@%#A#B#C#D#2024##ADT*A01#M%1!x#P#2.3.1\rPID#1\r",
                          AckStage::application, AckOutcome::accepted);
  CHECK(odd.bytes ==
        "MSH#*!@%#C#D#A#B#20240229153000+0000##ACK*A01*ACK#A1#P#2.3.1\rMSA#AA#M%1!x\r");
}

TEST_CASE("MSH-9 of the answer follows the version") {
  struct {
    std::string_view version, type;
  } const rows[] = {
      {"2.1", "ACK"},           {"2.2", "ACK"},           {"2.3", "ACK^R01"},
      {"2.3.1", "ACK^R01^ACK"}, {"2.5.1", "ACK^R01^ACK"}, {"2.9", "ACK^R01^ACK"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.version);
    auto const sent = answer(message_of(row.version), AckStage::application, AckOutcome::accepted);
    CHECK(parse_message(sent.bytes)->first("MSH", 9) == row.type);
  }
}

TEST_CASE("errors stand in the ERR of the version, with place and code") {
  std::array const errors{Error{ErrorCode::malformed, "bad | value ^ here", "PID[2]-3[1].4.2"},
                          Error{ErrorCode::conflict, "known already", "OBX-5"}};
  auto const sent = answer(message_of("2.5.1"), AckStage::application, AckOutcome::error, errors);
  auto const lines = parse_message(sent.bytes);
  REQUIRE(lines);
  CHECK(lines->first("MSA", 1) == "AE");
  CHECK(lines->first("MSA", 3) == "bad \\F\\ value \\S\\ here");
  CHECK(lines->segment_count() == 4);
  CHECK(lines->field(2, 2) == "PID^2^3^1^4^2");
  CHECK(lines->field(2, 3) == "207^Application error^HL70357");
  CHECK(lines->field(2, 4) == "E");
  CHECK(lines->field(2, 8) == "bad \\F\\ value \\S\\ here");
  CHECK(lines->field(3, 2) == "OBX^1^5");

  auto const old = answer(message_of("2.3.1"), AckStage::application, AckOutcome::error, errors);
  auto const old_lines = parse_message(old.bytes);
  REQUIRE(old_lines);
  CHECK(old_lines->field(2, 1) == "PID^2^3^207&Application error&HL70357");
  CHECK(old_lines->field_count(2) == 1);
}

TEST_CASE("nothing without a control id is ever acknowledged as accepted") {
  for (std::string_view const control_id : {"", " "}) {
    for (auto const* accept : kConditions) {
      for (auto const* application : kConditions) {
        for (auto const stage : {AckStage::commit, AckStage::application}) {
          auto const sent = answer(message_of("2.5.1", accept, application, control_id), stage,
                                   AckOutcome::accepted);
          CHECK(sent.code != "AA");
          CHECK(sent.code != "CA");
          if (!sent.code.empty()) CHECK(sent.bytes.find("ERR||MSH^1^10|101^") != std::string::npos);
        }
      }
    }
  }
}

TEST_CASE("an acknowledgement is not answered, but for the commit that it asks for") {
  std::string const plain = "MSH|^~\\&|A|B|C|D|2024||ACK^A01^ACK|1|P|2.5.1\rMSA|AA|7\r";
  std::string const response = "MSH|^~\\&|A|B|C|D|2024||RSP^K11^RSP_K11|1|P|2.5.1\rMSA|AA|7\r";
  std::string const enhanced = "MSH|^~\\&|A|B|C|D|2024||ACK^A01^ACK|1|P|2.5.1|||AL|AL\rMSA|AA|7\r";
  for (auto const stage : {AckStage::commit, AckStage::application}) {
    for (auto const outcome : {AckOutcome::accepted, AckOutcome::error, AckOutcome::rejected}) {
      CHECK(answer(plain, stage, outcome).bytes.empty());
      CHECK(answer(response, stage, outcome).bytes.empty());
    }
  }
  CHECK(answer(enhanced, AckStage::commit, AckOutcome::accepted).code == "CA");
  CHECK(answer(enhanced, AckStage::application, AckOutcome::accepted).bytes.empty());
}

TEST_CASE("a condition of table 0357 can be named, and an expected sequence number given") {
  auto const text = message_of("2.5.1");
  auto const message = parse_message(text);
  std::array const errors{Error{ErrorCode::not_supported, "event is not supported", "MSH-9.2"}};
  auto const sent = write_acknowledgement(*message, {.outcome = AckOutcome::rejected,
                                                     .control_id = "A1",
                                                     .now = kNow,
                                                     .errors = errors,
                                                     .condition = "201",
                                                     .expected_sequence = 42});
  CHECK(sent.bytes.find("MSA|AR|M1|event is not supported|42\r") != std::string::npos);
  CHECK(sent.bytes.find("ERR||MSH^1^9^1^2|201^Unsupported event code^HL70357|E") !=
        std::string::npos);
}

TEST_CASE("bytes without a header are refused") {
  auto const sent = refuse_unreadable("A1", kNow, {ErrorCode::malformed, "no MSH segment", "MSH"});
  CHECK(sent.code == "AR");
  auto const message = parse_message(sent.bytes);
  REQUIRE(message);
  CHECK(message->first("MSA", 1) == "AR");
  CHECK(message->first("MSA", 2).empty());
  CHECK(message->first("ERR", 2) == "MSH^1");
}
