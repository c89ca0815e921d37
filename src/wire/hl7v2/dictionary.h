#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sinew::hl7v2 {

/// HL7 v2 versions with definitions, oldest first: 2.1 2.2 2.3 2.3.1 2.4 2.5 2.5.1 2.6 2.7 2.7.1
/// 2.8 2.8.1 2.8.2 2.9. `nearest_version` maps what MSH-12 says ("2.5.1^USA", "2.3 ", "") to one.
enum class Version : std::uint8_t {
  v2_1,
  v2_2,
  v2_3,
  v2_3_1,
  v2_4,
  v2_5,
  v2_5_1,
  v2_6,
  v2_7,
  v2_7_1,
  v2_8,
  v2_8_1,
  v2_8_2,
  v2_9
};
[[nodiscard]] Version nearest_version(std::string_view msh12);

struct FieldDefinition {
  std::string_view name;     ///< "Patient Identifier List"
  std::string_view type;     ///< "CX"; "varies" for OBX-5
  std::uint16_t number;      ///< 1-based
  char usage;                ///< R, O, C, B (backward), X (withdrawn)
  std::uint16_t repeat_max;  ///< 0 = unbounded
  std::uint32_t length_max;  ///< 0 = not given
  std::uint16_t table;       ///< HL7 table number, 0 = none
};

struct ComponentDefinition {
  std::string_view name;
  std::string_view type;
  std::uint16_t number;
  char usage;
  std::uint32_t length_max;
  std::uint16_t table;
};

/// One node of a message structure: a segment or a group of nodes.
struct StructureNode {
  std::string_view name;  ///< segment id or group name ("PATIENT_RESULT")
  bool is_group;
  bool required;
  bool repeats;
  bool is_choice;  ///< exactly one of the children
  std::vector<StructureNode> children;
};

/// Lookups over data/hl7v2. The views live as long as the process. Unknown names give nothing.
[[nodiscard]] std::vector<FieldDefinition> const* find_segment(Version version,
                                                               std::string_view id);
[[nodiscard]] std::string_view segment_name(Version version, std::string_view id);
[[nodiscard]] std::vector<ComponentDefinition> const* find_type(Version version,
                                                                std::string_view type);
[[nodiscard]] FieldDefinition const* find_field(Version version, std::string_view segment,
                                                std::size_t number);
/// The structure by its id (`ADT_A01`). Falls back to the newest version that has it.
[[nodiscard]] StructureNode const* find_structure(Version version, std::string_view structure);
/// The structure id of an event: ("ADT", "A04") -> "ADT_A01". Source: HL7 table 0354.
[[nodiscard]] std::string_view structure_of_event(Version version, std::string_view type,
                                                  std::string_view event);
/// The display of a code in an HL7 table (both user- and HL7-defined), or nothing.
[[nodiscard]] std::optional<std::string_view> table_display(std::uint16_t table,
                                                            std::string_view code);
[[nodiscard]] std::string_view table_name(std::uint16_t table);

}  // namespace sinew::hl7v2
