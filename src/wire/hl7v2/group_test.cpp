#include "wire/hl7v2/group.h"

#include <doctest/doctest.h>

#include <string>

using namespace sinew::hl7v2;

namespace {

/// `ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) …))`; `?` behind what has no place.
std::string print(GroupTree const& tree, std::uint32_t at = 0) {
  auto const& node = tree.nodes[at];
  std::string text(node.name);
  if (node.unplaced) text += '?';
  if (node.segment == GroupTree::kNone) {
    text += '(';
    for (auto child = node.first_child; child != GroupTree::kNone;
         child = tree.nodes[child].next_sibling) {
      if (text.back() != '(') text += ' ';
      text += print(tree, child);
    }
    text += ')';
  }
  return text;
}

/// Groups the segments `PID OBR OBX` of a message of that type and version.
std::string group(std::string type, std::string version, std::string_view ids) {
  std::string text = "MSH|^~\\&|A|B|C|D|2024||" + type + "|1|P|" + version + "\r";
  for (std::size_t at = 0; at < ids.size(); at += 4)
    text += std::string(ids.substr(at, 3)) + "|1\r";
  auto const message = parse_message(text);
  REQUIRE(message);
  return print(group_segments(*message));
}

}  // namespace

TEST_CASE("segments go where the structure of their message has them") {
  struct {
    std::string type, version, segments, expected;
  } const rows[] = {
      {"ORU^R01^ORU_R01", "2.5.1", "PID PV1 ORC OBR NTE OBX NTE OBX SPM",
       "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID VISIT(PV1)) ORDER_OBSERVATION(ORC OBR NTE "
       "OBSERVATION(OBX NTE) OBSERVATION(OBX) SPECIMEN(SPM))))"},
      // without ORC, several orders
      {"ORU^R01", "2.3", "PID OBR OBX OBR OBX OBX",
       "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR OBSERVATION(OBX)) "
       "ORDER_OBSERVATION(OBR OBSERVATION(OBX) OBSERVATION(OBX))))"},
      // an ORC behind its OBR, and one that begins the next order
      {"ORU^R01^ORU_R01", "2.5.1", "PID OBR ORC OBX OBX OBR ORC OBR OBX",
       "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR ORC OBSERVATION(OBX) "
       "OBSERVATION(OBX)) ORDER_OBSERVATION(OBR) ORDER_OBSERVATION(ORC OBR OBSERVATION(OBX))))"},
      {"ORU^R01^ORU_R01", "2.8", "PID OBR ORC OBX",
       "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR COMMON_ORDER(ORC) "
       "OBSERVATION(OBX))))"},
      // several patients
      {"ORU^R01^ORU_R01", "2.5.1", "PID OBR OBX PID OBR OBX",
       "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR OBSERVATION(OBX))) "
       "PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR OBSERVATION(OBX))))"},
      // the ORC of 2.8 has a group of its own
      {"ORU^R01^ORU_R01", "2.8", "PID ORC OBR OBX PRT OBX",
       "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(COMMON_ORDER(ORC) OBR "
       "OBSERVATION(OBX PRT) OBSERVATION(OBX))))"},
      {"ORM^O01", "2.3", "PID PV1 ORC OBR NTE DG1 OBX ORC OBR",
       "ORM_O01(MSH PATIENT(PID PATIENT_VISIT(PV1)) ORDER(ORC ORDER_DETAIL(CHOICE(OBR) NTE DG1 "
       "OBSERVATION(OBX))) ORDER(ORC ORDER_DETAIL(CHOICE(OBR))))"},
      {"ORM^O01", "2.5.1", "PID ORC RXO OBX NTE OBX ORC RXO OBX",
       "ORM_O01(MSH PATIENT(PID) ORDER(ORC ORDER_DETAIL(CHOICE(RXO) OBSERVATION(OBX NTE) "
       "OBSERVATION(OBX))) ORDER(ORC ORDER_DETAIL(CHOICE(RXO) OBSERVATION(OBX))))"},
      {"VXU^V04^VXU_V04", "2.5.1", "PID PD1 NK1 ORC RXA RXR OBX OBX ORC RXA",
       "VXU_V04(MSH PID PD1 NK1 ORDER(ORC RXA RXR OBSERVATION(OBX) OBSERVATION(OBX)) "
       "ORDER(ORC RXA))"},
      {"ADT^A40^ADT_A39", "2.5.1", "EVN PID MRG PID MRG",
       "ADT_A39(MSH EVN PATIENT(PID MRG) PATIENT(PID MRG))"},
      {"ADT^A08", "2.5.1", "EVN PID NK1 NK1 PV1 AL1 DG1 GT1 IN1 IN2 IN1",
       "ADT_A01(MSH EVN PID NK1 NK1 PV1 AL1 DG1 GT1 INSURANCE(IN1 IN2) INSURANCE(IN1))"},
      {"RSP^K11^RSP_K11", "2.5.1", "MSA QAK QPD PID NK1 ORC RXA OBX ORC RXA",
       "RSP_K11(MSH MSA QAK QPD RESPONSE(PID NK1 ORDER(ORC RXA OBSERVATION(OBX)) ORDER(ORC RXA)))"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.segments);
    CHECK(group(row.type, row.version, row.segments) == row.expected);
  }
}

TEST_CASE("a segment out of order is placed, and never under another order") {
  struct {
    std::string type, version, segments, expected;
  } const rows[] = {
      // next of kin after the visit
      {"ORU^R01", "2.5.1", "PID PV1 NK1 OBR OBX",
       "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID VISIT(PV1) NK1) ORDER_OBSERVATION(OBR "
       "OBSERVATION(OBX))))"},
      // the visit after the results
      {"ORU^R01", "2.5.1", "PID OBR OBX PV1",
       "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID VISIT(PV1)) ORDER_OBSERVATION(OBR "
       "OBSERVATION(OBX))))"},
      // a result after the charge
      {"ORU^R01", "2.5.1", "PID OBR OBX FT1 OBX NTE OBR OBX",
       "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR OBSERVATION(OBX) FT1 "
       "OBSERVATION(OBX NTE)) ORDER_OBSERVATION(OBR OBSERVATION(OBX))))"},
      // no OBR at all
      {"ORU^R01", "2.5.1", "PID OBX OBX",
       "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBSERVATION(OBX) "
       "OBSERVATION(OBX))))"},
      // no ORC where it is required; two OBR under one ORC
      {"OML^O21", "2.5.1", "PID OBR OBX OBR OBX",
       "OML_O21(MSH PATIENT(PID) ORDER(OBSERVATION_REQUEST(OBR OBSERVATION(OBX))) "
       "ORDER(OBSERVATION_REQUEST(OBR OBSERVATION(OBX))))"},
      {"OML^O21", "2.5.1", "PID ORC OBR OBX ORC OBR OBX",
       "OML_O21(MSH PATIENT(PID) ORDER(ORC OBSERVATION_REQUEST(OBR OBSERVATION(OBX))) "
       "ORDER(ORC OBSERVATION_REQUEST(OBR OBSERVATION(OBX))))"},
      // ORC before OBR where the structure has it after
      {"OUL^R22", "2.5.1", "PID SPM ORC OBR OBX ORC OBR OBX",
       "OUL_R22(MSH PATIENT(PID) SPECIMEN(SPM ORDER(ORC OBR RESULT(OBX)) ORDER(ORC OBR "
       "RESULT(OBX))))"},
      // 2.3.1 on the label, 2.5.1 inside
      {"ORU^R01", "2.3.1", "SFT PID OBR OBX SPM",
       "ORU_R01(MSH SFT PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR OBSERVATION(OBX) "
       "SPECIMEN(SPM))))"},
      // Z-segments stay where they are
      {"ORU^R01", "2.5.1", "PID ZPI OBR OBX ZOB",
       "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID ZPI?) ORDER_OBSERVATION(OBR OBSERVATION(OBX "
       "ZOB?))))"},
      // a note that the structure has no place for stays under its order
      {"ORU^R01", "2.5.1", "PID OBR OBX SPM NTE OBR OBX",
       "ORU_R01(MSH PATIENT_RESULT(PATIENT(PID) ORDER_OBSERVATION(OBR OBSERVATION(OBX) "
       "SPECIMEN(SPM) NTE) ORDER_OBSERVATION(OBR OBSERVATION(OBX))))"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.segments);
    CHECK(group(row.type, row.version, row.segments) == row.expected);
  }
}

TEST_CASE("a message of no known type is a list") {
  CHECK(group("ZZZ^Z01", "2.5.1", "PID OBX") == "(MSH PID OBX)");
}
