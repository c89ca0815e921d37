#include "fhir/check.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "fhir/definitions.h"

namespace sinew::fhir {
namespace {

json::Document parse(std::string_view text) {
  auto document = json::Document::parse(std::string(text));
  REQUIRE_MESSAGE(document, (document ? std::string() : to_string(document.error())), text);
  return std::move(*document);
}

/// `where: what` of every issue, one a line.
std::string faults(std::string_view text) {
  auto const document = parse(text);
  auto const root = document.root();
  auto const is_bundle = root["resourceType"].raw() == "Bundle";
  std::string out;
  for (auto const& issue : is_bundle ? check_bundle(root) : check_structure(root)) {
    out += issue.where + ": " + issue.what + "\n";
  }
  return out;
}

TEST_CASE("a good resource has no faults") {
  CHECK(faults(R"({"resourceType":"Patient","id":"a-1","active":true,"birthDate":"1970-01",
    "_birthDate":{"extension":[{"url":"http://x.org/t","valueTime":"10:00:00"}]},
    "name":[{"use":"official","family":"Å","given":["A",null,"B"],
             "_given":[null,{"extension":[{"url":"http://x.org/q","valueCode":"IN"}]},null]}],
    "contained":[{"resourceType":"Organization","id":"o","name":"O"}],
    "managingOrganization":{"reference":"#o"},
    "generalPractitioner":[{"reference":"Practitioner/7"},{"display":"Dr"}]})") == "");
  CHECK(faults(R"({"resourceType":"Observation","_status":{"extension":[
    {"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]},
    "code":{"text":"x"},"valueQuantity":{"value":113.50,"unit":"mg"}})") == "");
}

TEST_CASE("every kind of fault is found, at its place") {
  struct {
    char const* why;
    char const* resource;
    char const* fault;
  } const rows[] = {
      {"unknown element", R"({"resourceType":"Patient","nam":1})", "Patient.nam: unknown element"},
      {"unknown type", R"({"resourceType":"Pat"})", "resourceType: unknown resource type"},
      {"abstract type", R"({"resourceType":"DomainResource"})",
       "resourceType: unknown resource type"},
      {"data type as resource", R"({"resourceType":"HumanName"})",
       "resourceType: unknown resource type"},
      {"no array", R"({"resourceType":"Patient","name":{"family":"A"}})",
       "Patient.name: must be an array"},
      {"array", R"({"resourceType":"Patient","gender":["male"]})",
       "Patient.gender: must not be an array"},
      {"empty array", R"({"resourceType":"Patient","name":[]})",
       "Patient.name: an array must not be empty"},
      {"empty object", R"({"resourceType":"Patient","name":[{}]})",
       "Patient.name[0]: an object must not be empty"},
      {"id only", R"({"resourceType":"Patient","name":[{"id":"1"}]})",
       "Patient.name[0]: an element needs more than an id"},
      {"null", R"({"resourceType":"Patient","gender":null})", "Patient.gender: must not be null"},
      {"null in a list of objects", R"({"resourceType":"Patient","name":[null]})",
       "Patient.name[0]: must be an object"},
      {"null without extension", R"({"resourceType":"Patient","name":[{"given":["A",null]}]})",
       "Patient.name[0].given[1]: null with nothing in its place"},
      {"nulls on both sides",
       R"({"resourceType":"Patient","name":[{"given":["A",null],"_given":[{"id":"1"},null]}]})",
       "Patient.name[0].given[1]: null with nothing in its place"},
      {"scalar for object", R"({"resourceType":"Patient","name":["A"]})",
       "Patient.name[0]: must be an object"},
      {"number for string", R"({"resourceType":"Patient","gender":1})",
       "Patient.gender: must be a JSON string"},
      {"string for number", R"({"resourceType":"Patient","multipleBirthInteger":"1"})",
       "Patient.multipleBirthInteger: must be a JSON number"},
      {"string for boolean", R"({"resourceType":"Patient","active":"true"})",
       "Patient.active: must be a JSON boolean"},
      {"date", R"({"resourceType":"Patient","birthDate":"1970-1-1"})",
       "Patient.birthDate: not a legal date"},
      {"empty string", R"({"resourceType":"Patient","name":[{"family":""}]})",
       "Patient.name[0].family: not a legal string"},
      {"resource id", R"({"resourceType":"Patient","id":"a_b"})", "Patient.id: not a legal id"},
      {"two of a choice",
       R"({"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020"})",
       "Patient.deceasedDateTime: only one type of a choice may be present"},
      {"two of a choice, one by its extension",
       R"({"resourceType":"Patient","deceasedBoolean":true,"_deceasedDateTime":{"id":"a"}})",
       "Patient.deceasedDateTime: only one type of a choice may be present"},
      {"a choice without type", R"({"resourceType":"Patient","deceased":true})",
       "Patient.deceased: unknown element"},
      {"required", R"({"resourceType":"Observation","status":"final"})",
       "Observation.code: required element missing"},
      {"required choice",
       R"({"resourceType":"MedicationStatement","status":"active","subject":{"display":"x"}})",
       "MedicationStatement.medicationCodeableConcept: one of the types of a required choice is "
       "missing"},
      {"required below", R"({"resourceType":"Patient","link":[{"type":"seealso"}]})",
       "Patient.link[0].other: required element missing"},
      {"binding", R"({"resourceType":"Patient","gender":"m"})",
       "Patient.gender: code not in http://hl7.org/fhir/ValueSet/administrative-gender"},
      {"target", R"({"resourceType":"Patient","generalPractitioner":[{"reference":"Patient/1"}]})",
       "Patient.generalPractitioner[0]: may not refer to a Patient"},
      {"target of an absolute URL",
       R"({"resourceType":"Patient","managingOrganization":{"reference":"http://x.org/Group/1"}})",
       "Patient.managingOrganization: may not refer to a Group"},
      {"target by type",
       R"({"resourceType":"Patient","managingOrganization":{"type":"Group","display":"G"}})",
       "Patient.managingOrganization: may not refer to a Group"},
      {"reference syntax",
       R"({"resourceType":"Patient","managingOrganization":{"reference":"Org/1"}})",
       "Patient.managingOrganization: neither a URL nor the type and id of a resource"},
      {"not contained", R"({"resourceType":"Patient","managingOrganization":{"reference":"#o"}})",
       "Patient.managingOrganization: no contained resource has this id"},
      {"wrong contained",
       R"({"resourceType":"Patient","contained":[{"resourceType":"Group","id":"o",
           "type":"person","actual":true}],"managingOrganization":{"reference":"#o"}})",
       "Patient.managingOrganization: may not refer to a Group"},
      {"contained without id",
       R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","name":"O"}]})",
       "Patient.contained[0]: a contained resource needs an id"},
      {"contained in contained",
       R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o",
           "contained":[{"resourceType":"Organization","id":"p","name":"P"}]}]})",
       "Patient.contained[0].contained[0]: a contained resource must not contain another"},
      {"fault inside contained",
       R"({"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o",
           "active":1}]})",
       "Patient.contained[0].active: must be a JSON boolean"},
      {"extension without value", R"({"resourceType":"Patient","extension":[{"url":"http://a"}]})",
       "Patient.extension[0]: an extension has either a value or extensions"},
      {"extension without url", R"({"resourceType":"Patient","extension":[{"valueCode":"a"}]})",
       "Patient.extension[0].url: required element missing"},
      {"sibling of a complex element", R"({"resourceType":"Patient","_name":[{"id":"1"}]})",
       "Patient._name: unknown element"},
      {"sibling with a value", R"({"resourceType":"Patient","_gender":{"value":"male"}})",
       "Patient.gender.value: unknown element"},
      {"sibling is no object", R"({"resourceType":"Patient","_gender":"male"})",
       "Patient.gender: must be an object"},
      {"resourceType inside a data type",
       R"({"resourceType":"Patient","name":[{"resourceType":"HumanName","family":"A"}]})",
       "Patient.name[0].resourceType: unknown element"},
      {"urn without entry",
       R"({"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:a",
           "resource":{"resourceType":"Patient","managingOrganization":
           {"reference":"urn:uuid:b"}}}]})",
       "Bundle.entry[0].resource.managingOrganization: no entry has this fullUrl"},
      {"transaction without request",
       R"({"resourceType":"Bundle","type":"transaction","entry":[{
           "resource":{"resourceType":"Patient","active":true}}]})",
       "Bundle.entry[0]: request is missing in an entry of this type of Bundle"},
      {"collection with request",
       R"({"resourceType":"Bundle","type":"collection","entry":[{
           "resource":{"resourceType":"Patient","active":true},
           "request":{"method":"POST","url":"Patient"}}]})",
       "Bundle.entry[0]: request has no place in an entry of this type of Bundle"},
      {"fullUrl twice",
       R"({"resourceType":"Bundle","type":"collection","entry":[
           {"fullUrl":"urn:uuid:a","resource":{"resourceType":"Patient","active":true}},
           {"fullUrl":"urn:uuid:a","resource":{"resourceType":"Patient","active":true}}]})",
       "Bundle.entry[1].fullUrl: another entry has this fullUrl"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.why);
    CHECK(faults(row.resource) == std::string(row.fault) + "\n");
  }
}

TEST_CASE("two extensions beside the values of a list are told apart") {
  CHECK(faults(R"({"resourceType":"Patient","name":[{"given":["A","B"],"_given":[
      {"extension":[{"url":"http://x.org","valueCode":"a"}]},
      {"extension":[{"url":"http://x.org"}]}]}]})") ==
        "Patient.name[0].given[1].extension[0]: an extension has either a value or extensions\n");
}

TEST_CASE("resources that refer to each other inside a Bundle are right") {
  CHECK(faults(R"({"resourceType":"Bundle","type":"transaction","entry":[
      {"fullUrl":"urn:uuid:a","resource":{"resourceType":"Organization","name":"O"},
       "request":{"method":"POST","url":"Organization"}},
      {"fullUrl":"urn:uuid:b","resource":{"resourceType":"Patient",
       "managingOrganization":{"reference":"urn:uuid:a"}},
       "request":{"method":"POST","url":"Patient"}}]})") == "");
}

TEST_CASE("hostile depth and size end in an issue, not in a crash") {
  for (std::size_t const depth : {40, 1000}) {
    std::string deep = R"({"resourceType":"Patient","extension":[)";
    for (std::size_t i = 0; i < depth; ++i) deep += R"({"url":"http://x.org","extension":[)";
    deep += R"({"url":"http://x.org","valueCode":"a"})";
    for (std::size_t i = 0; i < depth; ++i) deep += "]}";
    deep += "]}";
    json::Limits limits;
    limits.depth_max = 4000;
    auto const document = json::Document::parse(deep, limits);
    REQUIRE(document);
    auto const issues = check_structure(document->root());
    CHECK(issues.size() == (depth == 40 ? 0 : 1));
    for (auto const& issue : issues) CHECK(issue.code == ErrorCode::too_large);
  }

  std::string nulls = R"({"resourceType":"Patient","name":[{"given":[null)";
  for (int i = 0; i < 100'000; ++i) nulls += ",null";
  nulls += "]}]}";
  auto const many = json::Document::parse(nulls);
  REQUIRE(many);
  CHECK(check_structure(many->root()).size() == 1000);
}

}  // namespace
}  // namespace sinew::fhir
