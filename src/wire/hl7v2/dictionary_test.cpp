#include "wire/hl7v2/dictionary.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "wire/hl7v2/dictionary_rows.h"

using namespace sinew;
using namespace sinew::hl7v2;

namespace {

constexpr auto kFirst = Version::v2_1;
constexpr auto kLast = Version::v2_9;

/// The children of a node, in the notation of data/hl7v2/structures.tsv.
std::string print(StructureNode const& node) {
  std::string text;
  for (auto const& child : node.children) {
    if (!text.empty()) text += ' ';
    auto inner = std::string(child.name);
    if (child.is_group) {
      inner += (child.is_choice ? "<" : "(") + print(child) + (child.is_choice ? ">" : ")");
    }
    if (child.repeats) inner = "{" + inner + "}";
    text += child.required ? inner : "[" + inner + "]";
  }
  return text;
}

}  // namespace

TEST_CASE("MSH-12 names a version, whatever stands around it") {
  struct {
    std::string_view text;
    Version version;
  } const rows[] = {
      {"2.5.1", Version::v2_5_1},  {"2.5.1^USA", Version::v2_5_1}, {"2.3 ", Version::v2_3},
      {" 2.3.1", Version::v2_3_1}, {"2.8.2", Version::v2_8_2},     {"2.9", Version::v2_9},
      {"2.9.1", Version::v2_9},    {"2.5.2", Version::v2_5_1},     {"2.3 PID", Version::v2_3},
      {"2.0", Version::v2_1},      {"", Version::v2_5_1},          {"P", Version::v2_5_1},
      {"5.0.0", Version::v2_5_1},  {"2..5", Version::v2_5_1},      {"2.7.1.1.1", Version::v2_5_1},
  };
  for (auto const& row : rows) {
    CAPTURE(row.text);
    CHECK(nearest_version(row.text) == row.version);
  }
}

TEST_CASE("fields and components are what the standard says of them") {
  auto const* pid3 = find_field(Version::v2_5_1, "PID", 3);
  REQUIRE(pid3);
  CHECK(pid3->name == "Patient Identifier List");
  CHECK(pid3->type == "CX");
  CHECK(pid3->usage == 'R');
  CHECK(pid3->repeat_max == 0);
  CHECK(pid3->length_max == 250);
  CHECK(find_field(Version::v2_5_1, "PID", 8)->table == 1);
  CHECK(find_field(Version::v2_5_1, "OBX", 5)->type == "varies");
  CHECK(find_field(Version::v2_3, "PID", 3)->type == "CX");
  CHECK(find_field(Version::v2_1, "PID", 5)->type == "PN");
  // Adopted early: 2.3 has no OBX-23, the version that has it first tells what it is.
  CHECK(find_field(Version::v2_3, "OBX", 23)->name == "Performing Organization Name");
  CHECK(find_field(Version::v2_9, "MSH", 26)->type == "CWE");
  CHECK(find_field(Version::v2_5_1, "PID", 99) == nullptr);
  CHECK(find_field(Version::v2_5_1, "QQQ", 1) == nullptr);
  CHECK(find_segment(Version::v2_3_1, "SPM") != nullptr);
  CHECK(find_segment(Version::v2_5_1, "ZZZ") == nullptr);
  CHECK(segment_name(Version::v2_5_1, "PID") == "Patient Identification");
  CHECK(segment_name(Version::v2_5_1, "ZZZ").empty());

  auto const* cx = find_type(Version::v2_5_1, "CX");
  REQUIRE(cx);
  REQUIRE(cx->size() == 10);
  CHECK((*cx)[3].name == "Assigning Authority");
  CHECK((*cx)[3].type == "HD");
  CHECK(find_type(Version::v2_8, "CX")->size() == 12);
  CHECK(find_type(Version::v2_5_1, "ST") == nullptr);
  CHECK(table_display(1, "F") == "Female");
  CHECK(table_display(357, "101") == "Required field missing");
  CHECK_FALSE(table_display(1, "f"));
  CHECK_FALSE(table_display(0, ""));
  CHECK(table_name(1) == "Administrative Sex");
}

TEST_CASE("structures have the groups of the standard, under one name in every version") {
  CHECK(print(*find_structure(Version::v2_5_1, "ORU_R01")) ==
        "MSH [{SFT}] {PATIENT_RESULT([PATIENT(PID [PD1] [{NTE}] [{NK1}] [VISIT(PV1 [PV2])])] "
        "{ORDER_OBSERVATION([ORC] OBR [{NTE}] [{TIMING_QTY(TQ1 [{TQ2}])}] [CTD] "
        "[{OBSERVATION(OBX [{NTE}])}] [{FT1}] [{CTI}] [{SPECIMEN(SPM [{OBX}])}])})} [DSC]");
  CHECK(print(*find_structure(Version::v2_3, "ADT_A39")) ==
        "MSH EVN {PATIENT(PID [PD1] MRG [PV1])}");
  // Gone from 2.7 on: the newest version that has it answers.
  CHECK(find_structure(Version::v2_8, "ORM_O01") == find_structure(Version::v2_6, "ORM_O01"));
  CHECK(find_structure(Version::v2_5_1, "XXX_X01") == nullptr);

  // Each is there in every version from the one that brought it, and every group in its path.
  struct {
    std::string_view structure;
    Version since;
    std::string_view path;
  } const rows[] = {
      {"ORU_R01", Version::v2_1, "PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION.OBX"},
      {"ORU_R01", Version::v2_1, "PATIENT_RESULT.PATIENT.VISIT.PV1"},
      {"ORU_R01", Version::v2_5, "PATIENT_RESULT.ORDER_OBSERVATION.SPECIMEN.SPM"},
      {"ORM_O01", Version::v2_2, "ORDER.ORDER_DETAIL.CHOICE.OBR"},
      {"ORM_O01", Version::v2_3, "PATIENT.PATIENT_VISIT.PV1"},
      {"OML_O21", Version::v2_4, "ORDER.OBSERVATION_REQUEST.OBSERVATION.OBX"},
      {"OMG_O19", Version::v2_4, "ORDER.OBR"},
      {"OUL_R22", Version::v2_5, "SPECIMEN.ORDER.RESULT.OBX"},
      {"OUL_R23", Version::v2_5, "SPECIMEN.CONTAINER.ORDER.RESULT.OBX"},
      {"OUL_R24", Version::v2_5, "ORDER.RESULT.OBX"},
      {"RDE_O11", Version::v2_4, "ORDER.ORDER_DETAIL.RXO"},
      {"RDE_O11", Version::v2_4, "ORDER.RXE"},
      {"RDE_O25", Version::v2_4, "ORDER.RXE"},
      {"RDS_O13", Version::v2_4, "ORDER.RXD"},
      {"RAS_O17", Version::v2_4, "ORDER.ADMINISTRATION.RXA"},
      {"VXU_V04", Version::v2_3, "ORDER.OBSERVATION.OBX"},
      {"VXU_V04", Version::v2_3, "PATIENT.PV1"},
      {"MDM_T01", Version::v2_3, "TXA"},
      {"MDM_T02", Version::v2_3, "OBSERVATION.OBX"},
      {"SIU_S12", Version::v2_3, "RESOURCES.SERVICE.AIS"},
      {"SIU_S12", Version::v2_3, "PATIENT.PID"},
      {"DFT_P03", Version::v2_3, "FINANCIAL.FT1"},
      {"BAR_P01", Version::v2_3, "VISIT.INSURANCE.IN1"},
      {"PPR_PC1", Version::v2_3, "PROBLEM.PRB"},
      {"REF_I12", Version::v2_3, "PROVIDER_CONTACT.PRD"},
      {"MFN_M02", Version::v2_3, "MF_STAFF.STF"},
      {"MFN_M05", Version::v2_3, "MF_LOCATION.LOC"},
      {"QBP_Q11", Version::v2_4, "QPD"},
      {"RSP_K11", Version::v2_4, "RESPONSE.ORDER.RXA"},
      {"ACK", Version::v2_1, "MSA"},
      {"ADT_A01", Version::v2_3, "INSURANCE.IN1"},
      {"ADT_A05", Version::v2_4, "INSURANCE.IN1"},
      {"ADT_A06", Version::v2_3, "INSURANCE.IN1"},
      {"ADT_A09", Version::v2_3, "PV1"},
      {"ADT_A21", Version::v2_4, "PV1"},
      {"ADT_A24", Version::v2_2, "PID"},
      {"ADT_A30", Version::v2_2, "MRG"},
      {"ADT_A38", Version::v2_3, "PV1"},
      {"ADT_A43", Version::v2_3, "PATIENT.MRG"},
      {"ADT_A45", Version::v2_3, "MERGE_INFO.MRG"},
      {"ADT_A50", Version::v2_3, "MRG"},
      {"ADT_A54", Version::v2_4, "ROL"},
      {"ADT_A60", Version::v2_4, "PID"},
      {"ADT_A61", Version::v2_4, "PV1"},
  };
  for (auto const& row : rows) {
    for (auto version = row.since; version <= kLast;
         version = static_cast<Version>(static_cast<int>(version) + 1)) {
      CAPTURE(row.structure);
      CAPTURE(row.path);
      CAPTURE(static_cast<int>(version));
      auto const* node = find_structure(version, row.structure);
      REQUIRE(node);
      auto rest = row.path;
      while (!rest.empty() && node) {
        auto const name = rest.substr(0, rest.find('.'));
        rest.remove_prefix(std::min(rest.size(), name.size() + 1));
        StructureNode const* next = nullptr;
        for (auto const& child : node->children) {
          if (child.name == name) next = &child;
        }
        node = next;
      }
      CHECK(node != nullptr);
    }
  }
}

TEST_CASE("an event leads to its structure") {
  struct {
    std::string_view type, event, structure;
  } const rows[] = {
      {"ADT", "A01", "ADT_A01"},
      {"ADT", "A04", "ADT_A01"},
      {"ADT", "A08", "ADT_A01"},
      {"ADT", "A11", "ADT_A09"},
      {"ADT", "A12", "ADT_A12"},
      {"ADT", "A13", "ADT_A01"},
      {"ADT", "A28", "ADT_A05"},
      {"ADT", "A31", "ADT_A05"},
      {"ADT", "A40", "ADT_A39"},
      {"ADT", "A47", "ADT_A30"},
      {"ORU", "R01", "ORU_R01"},
      {"ORM", "O01", "ORM_O01"},
      {"MDM", "T11", "MDM_T01"},
      {"MDM", "T10", "MDM_T02"},
      {"SIU", "S26", "SIU_S12"},
      {"VXU", "V04", "VXU_V04"},
      {"RSP", "K11", "RSP_K11"},
      {"QBP", "Q11", "QBP_Q11"},
      {"RDE", "O11", "RDE_O11"},
      {"ACK", "A01", "ACK"},
      {"ACK", "", "ACK"},
      {"ZZZ", "Z01", ""},
      {"", "", ""},
  };
  for (auto const& row : rows) {
    CAPTURE(row.type);
    CAPTURE(row.event);
    CHECK(structure_of_event(Version::v2_5_1, row.type, row.event) == row.structure);
  }
}

TEST_CASE("every structure of every version parses, and names only segments that are known") {
  auto const table = load_table("structures.tsv");
  CHECK(table.rows().size() > 900);
  std::size_t nodes = 0;
  for (auto const& row : table.rows()) {
    CAPTURE(row.cells[0]);
    REQUIRE(parse_versions(row.cells[1]) != 0);
    auto const root = parse_structure(row.cells[0], row.cells[2]);
    std::vector<StructureNode const*> stack{&root};
    while (!stack.empty()) {
      auto const* node = stack.back();
      stack.pop_back();
      ++nodes;
      bool const has_children = !node->children.empty();
      if (node != &root) CHECK(node->is_group == has_children);
      for (auto const& child : node->children) stack.push_back(&child);
    }
  }
  CHECK(nodes > 15'000);
  for (auto const* name : {"fields.tsv", "types.tsv"}) {
    auto const rows = load_table(name);
    for (auto const& row : rows.rows()) {
      CAPTURE(rows.where(row));
      REQUIRE(parse_versions(row.cells[2]) != 0);
      REQUIRE_FALSE(row.cells[3].empty());
    }
  }
}

TEST_CASE("no field of a version is defined twice") {
  for (auto version = kFirst; version <= kLast;
       version = static_cast<Version>(static_cast<int>(version) + 1)) {
    for (auto const* id : {"MSH", "PID", "PV1", "OBR", "OBX", "ORC", "RXA", "PRT", "SPM"}) {
      auto const* fields = find_segment(version, id);
      REQUIRE(fields);
      std::set<int> numbers;
      for (auto const& field : *fields) CHECK(numbers.insert(field.number).second);
    }
  }
}

TEST_CASE("threads can ask at the same time") {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      for (int version = 0; version < 14; ++version) {
        auto const wanted = static_cast<Version>((version + i) % 14);
        (void)find_structure(wanted, "OMG_O19");
        (void)find_segment(wanted, "PV2");
        (void)find_type(wanted, "XPN");
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(find_structure(Version::v2_5_1, "OMG_O19") != nullptr);
}
