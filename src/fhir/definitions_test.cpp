#include "fhir/definitions.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace sinew::fhir {
namespace {

Element const& element(std::string_view owner, std::string_view name) {
  auto const* found = find_element(find_type(owner), name);
  REQUIRE_MESSAGE(found != nullptr, owner, ".", name);
  return *found;
}

std::string_view type_name(TypeId id) { return type(id).name; }

TEST_CASE("every type is found by its name, and every element in its type") {
  CHECK(types().size() > 600);
  for (std::size_t id = 1; id < types().size(); ++id) {
    CAPTURE(types()[id].name.view());
    CHECK(find_type(types()[id].name) == id);
    for (auto const& each : elements(static_cast<TypeId>(id))) {
      CAPTURE(each.name.view());
      CHECK(find_element(static_cast<TypeId>(id), each.name) == &each);
    }
  }
  for (auto name : {"", "Patien", "Patient.", "Patient.name", "patient", "SubscriptionStatus"}) {
    CHECK(find_type(name) == 0);
  }
  for (auto name : {"", "value", "value[x]", "valueAddress", "resourceType", "Name"}) {
    CHECK(find_element(find_type("Observation"), name) == nullptr);
  }
  CHECK(find_element(0, "id") == nullptr);
  CHECK(find_element(0xFFFF, "id") == nullptr);
}

TEST_CASE("elements carry what the definition says") {
  auto const& status = element("Observation", "status");
  CHECK(status.min == 1);
  CHECK_FALSE(status.is_list);
  CHECK(status.is_summary);
  CHECK(status.is_modifier);
  CHECK(status.strength == Strength::required);
  CHECK(type_name(status.type) == "code");
  CHECK(value_set_url(status) == "http://hl7.org/fhir/ValueSet/observation-status");
  CHECK(is_code_allowed(status, "final"));
  CHECK_FALSE(is_code_allowed(status, "finished"));
  CHECK(is_coding_allowed(status, "http://hl7.org/fhir/observation-status", "final"));
  CHECK_FALSE(is_coding_allowed(status, "http://hl7.org/fhir/encounter-status", "final"));

  CHECK(element("Patient", "name").is_list);
  CHECK(type_name(element("Patient", "contact").type) == "Patient.contact");
  CHECK(type(find_type("Patient.contact")).kind == TypeKind::backbone);
  CHECK(type_name(type(find_type("Patient")).base) == "DomainResource");
  CHECK(type_name(type(find_type("Bundle")).base) == "Resource");
  CHECK(type_name(element("Bundle.entry", "link").type) == "Bundle.link");
  CHECK(type_name(element("Bundle.entry", "resource").type) == "Resource");
  CHECK(element("Extension", "url").min == 1);
  CHECK(find_element(find_type("Bundle"), "extension") == nullptr);
  CHECK(find_element(find_type("Patient.contact"), "modifierExtension") != nullptr);
}

TEST_CASE("a choice is a row per type, in one place of the definition") {
  auto const& quantity = element("Observation", "valueQuantity");
  auto const& text = element("Observation", "valueString");
  auto const& effective = element("Observation", "effectiveDateTime");
  CHECK(quantity.choice != 0);
  CHECK(quantity.choice == text.choice);
  CHECK(quantity.order == text.order);
  CHECK(quantity.choice != effective.choice);
  CHECK(type_name(quantity.type) == "Quantity");
  CHECK(type_name(text.type) == "string");
  CHECK(element("MedicationRequest", "medicationReference").min == 1);
}

TEST_CASE("elements stand in the order of the definition, inherited ones first") {
  std::string names;
  for (auto const& each : elements(find_type("Patient"))) names += std::string(each.name) + " ";
  CHECK(names ==
        "id meta implicitRules language text contained extension modifierExtension identifier "
        "active name telecom gender birthDate deceasedBoolean deceasedDateTime address "
        "maritalStatus multipleBirthBoolean multipleBirthInteger photo contact communication "
        "generalPractitioner managingOrganization link ");
}

TEST_CASE("references know their targets") {
  std::set<std::string_view> targets;
  for (auto id : reference_targets(element("Observation", "subject"))) {
    targets.insert(type_name(id));
  }
  CHECK(targets == std::set<std::string_view>{"Patient", "Group", "Device", "Location"});
  CHECK(reference_targets(element("Patient", "name")).empty());
  CHECK(reference_targets(element("Provenance", "target")).empty());
}

TEST_CASE("a value set that cannot be enumerated allows every legal code") {
  auto const& mime = element("Attachment", "contentType");
  CHECK(is_code_allowed(mime, "text/plain; charset=utf-8"));
  CHECK_FALSE(is_code_allowed(mime, " text/plain"));
  CHECK_FALSE(is_code_allowed(mime, ""));
}

TEST_CASE("primitives have the lexical forms of the data types") {
  struct {
    char const* type;
    char const* text;
    bool valid;
  } const rows[] = {
      {"boolean", "true", true},
      {"boolean", "TRUE", false},
      {"integer", "0", true},
      {"integer", "-2147483648", true},
      {"integer", "2147483648", false},
      {"integer", "-0", false},
      {"integer", "007", false},
      {"integer", "1.0", false},
      {"unsignedInt", "0", true},
      {"unsignedInt", "-1", false},
      {"positiveInt", "0", false},
      {"positiveInt", "+7", true},
      {"decimal", "113.50", true},
      {"decimal", "-0.1e-5", true},
      {"decimal", "01.5", false},
      {"decimal", ".5", false},
      {"decimal", "1.", false},
      {"decimal", "1e", false},
      {"decimal", "NaN", false},
      {"string", "", false},
      {"string", "a\tb\r\n", true},
      {"string", "a\x01", false},
      {"uri", "urn:oid:1.2", true},
      {"uri", "http://a b", false},
      {"uri", "", false},
      {"code", "a b", true},
      {"code", "a  b", false},
      {"code", " a", false},
      {"code", "a ", false},
      {"id", "a-1.B", true},
      {"id", "a_1", false},
      {"id", "", false},
      {"id", "0123456789012345678901234567890123456789012345678901234567890123", true},
      {"id", "01234567890123456789012345678901234567890123456789012345678901234", false},
      {"oid", "urn:oid:1.2.840", true},
      {"oid", "urn:oid:1.02", false},
      {"oid", "urn:oid:3.1", false},
      {"oid", "1.2.3", false},
      {"uuid", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", true},
      {"uuid", "urn:uuid:C757873D-ec9a-4326-a141-556f43239520", false},
      {"date", "2024", true},
      {"date", "2024-02", true},
      {"date", "2024-02-29", true},
      {"date", "2023-02-29", false},
      {"date", "2024-13", false},
      {"date", "0000", false},
      {"date", "2024-1-1", false},
      {"date", "2024-01-01T00:00:00Z", false},
      {"dateTime", "2024-01-01T00:00:00Z", true},
      {"dateTime", "2024-01-01T00:00:00.123456-14:00", true},
      {"dateTime", "2024-01-01T00:00:00", false},
      {"dateTime", "2024-01-01T00:00Z", false},
      {"dateTime", "2024-01-01T24:00:00Z", false},
      {"dateTime", "2016-12-31T23:59:60Z", true},
      {"dateTime", "2024-01-01T00:00:00+14:30", false},
      {"dateTime", "2024-01-01 00:00:00Z", false},
      {"instant", "2024-01-01", false},
      {"instant", "2024-01-01T00:00:00.000+01:00", true},
      {"time", "13:05:07", true},
      {"time", "13:05:07.5", true},
      {"time", "13:05", false},
      {"time", "13:05:07Z", false},
      {"base64Binary", "YQ==", true},
      {"base64Binary", "YWJj\nYWJj", true},
      {"base64Binary", "YQ=", false},
      {"base64Binary", "Y=Q=", false},
      {"base64Binary", "", false},
      {"xhtml", "<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>", true},
      {"xhtml", "plain", false},
      {"Patient", "true", false},
  };
  for (auto const& row : rows) {
    CAPTURE(row.type);
    CAPTURE(row.text);
    CHECK(is_valid_primitive(find_type(row.type), row.text) == row.valid);
  }
}

TEST_CASE("every primitive type has a form") {
  for (std::size_t id = 1; id < types().size(); ++id) {
    if (types()[id].kind != TypeKind::primitive) continue;
    CAPTURE(types()[id].name.view());
    bool const any = is_valid_primitive(static_cast<TypeId>(id), "1") ||
                     is_valid_primitive(static_cast<TypeId>(id), "true") ||
                     is_valid_primitive(static_cast<TypeId>(id), "2024") ||
                     is_valid_primitive(static_cast<TypeId>(id), "2024-01-01T00:00:00Z") ||
                     is_valid_primitive(static_cast<TypeId>(id), "00:00:00") ||
                     is_valid_primitive(static_cast<TypeId>(id), "YQ==") ||
                     is_valid_primitive(static_cast<TypeId>(id), "urn:oid:1.2") ||
                     is_valid_primitive(static_cast<TypeId>(id),
                                        "urn:uuid:c757873d-ec9a-4326-a141-556f43239520") ||
                     is_valid_primitive(static_cast<TypeId>(id), "<div/>");
    CHECK(any);
  }
}

}  // namespace
}  // namespace sinew::fhir
