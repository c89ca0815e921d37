#include "contract/drift.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "contract/contract_test.h"
#include "json/json.h"

using namespace sinew;
using namespace sinew::contract;

namespace {

bool has(std::vector<Drift> const& drifts, std::string_view key) {
  return std::ranges::any_of(drifts, [&](Drift const& drift) { return drift.key() == key; });
}

Severity severity_of(std::vector<Drift> const& drifts, std::string_view key) {
  auto const found = std::ranges::find(drifts, key, &Drift::key);
  REQUIRE(found != drifts.end());
  return found->severity;
}

}  // namespace

TEST_CASE("a feed that stays as it is does not drift") {
  CHECK(keys(compare(learned(100), learned(40))).empty());
  CHECK(keys(compare(learned(100), learned(1))).empty());
  CHECK(keys(compare(Profile{}, Profile{})).empty());
}

TEST_CASE("each kind of drift is told, with the place and the first message") {
  auto const contract = learned(200);
  struct {
    LabMessage message;
    std::string key;
  } const rows[] = {
      {{.after_pid = "ZPI|1|x\r"}, "new-segment ORU^R01 PATIENT_RESULT.PATIENT.ZPI"},
      {{.after_pid = "NTE|1||x\r"}, "new-segment ORU^R01 PATIENT_RESULT.PATIENT.NTE"},
      {{.pid_more = "||2106-3^White^CDCREC"}, "new-field ORU^R01 PATIENT_RESULT.PATIENT.PID-10"},
      {{.status = "X"}, "new-code ORU^R01 PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION.OBX-11 X"},
      {{.unit = "mg/dL"},
       "new-code ORU^R01 PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION.OBX-6.1 mg/dL"},
      {{.version = "2.3"}, "new-version 2.3"},
      {{.value = "haemolysed, see comment"},
       "new-form ORU^R01 PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION.OBX-5 text"},
      {{.value = "123456789"},
       "longer-value ORU^R01 PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION.OBX-5"},
      {{.after_pid = "PV1|1|I\rPV1|2|I\r"}, "new-segment ORU^R01 PATIENT_RESULT.PATIENT.VISIT.PV1"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.key);
    auto const drifts = compare(contract, learned(1, row.message));
    CHECK(has(drifts, row.key));
    CHECK(severity_of(drifts, row.key) == Severity::warning);
    for (auto const& drift : drifts) {
      bool const is_of_message = drift.key().starts_with("new-segment") ||
                                 drift.key().starts_with("new-code") ||
                                 drift.key().starts_with("new-field");
      if (is_of_message) CHECK(drift.first == 1);
      CHECK_FALSE(to_string(drift).empty());
    }
  }
}

TEST_CASE("absence is told once it is no chance") {
  auto const contract = learned(200, {.after_pid = "PD1||||1234^DOE\r"});
  auto const key = "segment-vanished ORU^R01 PATIENT_RESULT.PATIENT.PD1";
  CHECK_FALSE(has(compare(contract, learned(1)), key));
  CHECK(has(compare(contract, learned(10)), key));
  // One in three had it: ten without one are possible, forty are not.
  Learner learner("lab");
  for (int i = 0; i < 300; ++i) {
    learner.learn(er7({.number = i, .patient = i, .after_pid = i % 3 == 0 ? "PD1|x\r" : ""}), {});
  }
  CHECK_FALSE(has(compare(learner.profile(), learned(10)), key));
  CHECK(has(compare(learner.profile(), learned(40)), key));
  // A contract of two messages proves nothing.
  CHECK_FALSE(has(compare(learned(2, {.after_pid = "PD1|x\r"}), learned(4)), key));
}

TEST_CASE("a field and a message type that no longer come are told") {
  auto const contract = learned(200, {.pid_more = "||2106-3^White^CDCREC"});
  auto const drifts = compare(contract, learned(50));
  CHECK(has(drifts, "field-vanished ORU^R01 PATIENT_RESULT.PATIENT.PID-10"));
  Learner other("lab");
  for (int i = 0; i < 50; ++i)
    other.learn("MSH|^~\\&|LAB|HOSP|||20260302||ADT^A01|1|P|2.5.1\r", {});
  auto const types = compare(contract, other.profile());
  CHECK(has(types, "message-type-vanished ORU^R01"));
  CHECK(has(types, "new-message-type ADT^A01"));
}

TEST_CASE("a code is news where the codes were few, and only worth knowing where they never end") {
  Learner learner("lab");
  for (int i = 0; i < 100; ++i) {
    learner.learn(er7({.number = i, .patient = i, .unit = "u" + std::to_string(i)}), {});
  }
  auto const key = "new-code ORU^R01 PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION.OBX-6.1 new";
  auto const drifts = compare(learner.profile(), learned(1, {.unit = "new"}));
  CHECK(severity_of(drifts, key) == Severity::information);
  CHECK(severity_of(compare(learned(100), learned(1, {.unit = "new"})), key) == Severity::warning);
}

TEST_CASE("a list that grows is no drift, a single thing that comes twice is") {
  auto const lists = learned(50, {.after_pid = "NTE|1||a\rNTE|2||b\rNTE|3||c\r"});
  auto const longer = learned(1, {.after_pid = "NTE|1||a\rNTE|2||b\rNTE|3||c\rNTE|4||d\r"});
  CHECK(keys(compare(lists, longer)).empty());
  auto const single = learned(50, {.after_pid = "NTE|1||a\r"});
  CHECK(has(compare(single, longer), "more-segments ORU^R01 PATIENT_RESULT.PATIENT.NTE"));
}

TEST_CASE("drifts as JSON are JSON") {
  auto const drifts =
      compare(learned(50), learned(1, {.version = "2.\"3", .after_pid = "ZPI|1\r"}));
  auto const document = json::Document::parse(drifts_json(drifts));
  REQUIRE(document);
  CHECK(document->root().size() == drifts.size());
}
