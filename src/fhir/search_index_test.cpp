#include "fhir/search_index.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "fhir/corpus_test.h"
#include "fhir/resource.h"
#include "fhir/search_tree.h"

namespace sinew::fhir {
namespace {

/// What a parameter finds in a resource: one line per value, sorted.
std::string found(std::string_view text, std::string_view code) {
  auto const document = json::Document::parse(std::string(text));
  REQUIRE(document);
  auto const resource = resource_type(document->root());
  auto const* parameter = find_parameter(resource, code);
  REQUIRE_MESSAGE(parameter != nullptr, code);
  std::vector<IndexValue> values;
  extract_index(document->root(), values);
  std::multiset<std::string> lines;
  for (auto const& value : values) {
    if (std::ranges::find(parameter->paths, value.path) == parameter->paths.end()) continue;
    switch (value.type) {
      case ParameterType::token:
        lines.insert(value.system + "|" + value.code +
                     (value.text.empty() ? "" : " " + value.text));
        break;
      case ParameterType::date:
        lines.insert(std::to_string(value.low) + ".." + std::to_string(value.high));
        break;
      case ParameterType::string:
        lines.insert(value.text);
        break;
      case ParameterType::reference:
        lines.insert(value.code + " " + std::string(type(value.target).name));
        break;
      case ParameterType::number:
      case ParameterType::quantity:
        lines.insert(std::to_string(value.number) + "|" + value.system + "|" + value.code + "|" +
                     value.unit);
        break;
      default:
        lines.insert(value.code);
    }
  }
  std::string out;
  for (auto const& line : lines) out += line + "\n";
  return out;
}

TEST_CASE("every parameter of R4 compiles and yields values") {
  std::set<std::string> const not_compiled(search_tables().not_compiled.begin(),
                                           search_tables().not_compiled.end());
  CHECK(
      not_compiled ==
      std::set<std::string>{
          // Samples have no value to compare with; the quantities of the same parameter are found.
          "Observation.value.as(SampledData): yields nothing",
          "Observation.component.value.as(SampledData): yields nothing",
      });
  for (std::size_t id = 1; id < types().size(); ++id) {
    auto const parameters = search_parameters(static_cast<TypeId>(id));
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      CAPTURE(parameters[i].url);
      CAPTURE(types()[id].name.view());
      bool const is_composite = parameters[i].type == ParameterType::composite;
      CHECK(parameters[i].paths.empty() == is_composite);
      CHECK(parameters[i].components.empty() == !is_composite);
      if (i > 0) CHECK(parameters[i - 1].code < parameters[i].code);
    }
  }
  auto const patient = find_type("Patient");
  for (auto code : {"_id", "_lastUpdated", "_tag", "_profile", "_security", "_source"}) {
    CHECK(find_parameter(patient, code) != nullptr);
  }
  for (auto code : {"_text", "_content", "_query", "_filter", "near", "", "zzz"}) {
    CHECK(find_parameter(patient, code) == nullptr);
  }
  CHECK(search_parameters(find_type("HumanName")).empty());
  CHECK(search_parameters(0xFFFF).empty());
}

TEST_CASE("parameters that look at the same element share its path") {
  auto const observation = find_type("Observation");
  auto const* subject = find_parameter(observation, "subject");
  auto const* patient = find_parameter(observation, "patient");
  REQUIRE(subject);
  REQUIRE(patient);
  CHECK(subject->paths == patient->paths);
  CHECK(index_paths()[subject->paths[0]].expression == "Observation.subject");
  CHECK(patient->targets == std::vector<TypeId>{find_type("Patient")});
  CHECK(subject->targets.size() == 4);
  CHECK(find_parameter(observation, "combo-code")->paths.size() == 2);

  auto const* id = find_parameter(observation, "_id");
  REQUIRE(id);
  CHECK(id->paths == find_parameter(find_type("Bundle"), "_id")->paths);
  CHECK(index_paths()[id->paths[0]].expression == "Resource.id");
  CHECK(index_paths()[id->paths[0]].resource == find_type("Resource"));
}

constexpr std::string_view kPatient = R"({"resourceType":"Patient","id":"p1",
  "meta":{"lastUpdated":"2024-02-29T12:00:00.000Z","profile":["http://p.org/x|2"],
          "tag":[{"system":"t","code":"a"}]},
  "identifier":[{"system":"urn:mrn","value":"007"},{"value":"x"}],
  "active":true,"gender":"female","birthDate":"1970-02",
  "name":[{"family":"Müller-Øst","given":["Zoë","A."],"use":"official"}],
  "telecom":[{"system":"phone","value":"+1 555"},{"system":"email","value":"z@x.org"}],
  "address":[{"line":["1 Rue É"],"city":"Łódź","use":"home"}],
  "generalPractitioner":[{"reference":"Practitioner/7/_history/3"},
    {"reference":"http://x.org/fhir/Organization/8"},{"reference":"#c"},
    {"type":"Practitioner","identifier":{"system":"npi","value":"99"}}]})";

TEST_CASE("each data type is found as its kind of parameter") {
  struct {
    char const* code;
    char const* values;
  } const rows[] = {
      {"_id", "|p1\n"},
      {"_lastUpdated", "1709208000000..1709208000001\n"},
      {"_tag", "t|a\n"},
      {"_profile", "http://p.org/x\nhttp://p.org/x|2\n"},
      {"identifier", "urn:mrn|007\n|x\n"},
      {"active", "|true\n"},
      {"gender", "http://hl7.org/fhir/administrative-gender|female\n"},
      {"birthdate", "2678400000..5097600000\n"},
      {"deceased", "|false\n"},
      {"name", "a.\nmuller-ost\nzoe\n"},
      {"family", "muller-ost\n"},
      {"phone", "|+1 555\n"},
      {"email", "|z@x.org\n"},
      {"telecom", "|+1 555\n|z@x.org\n"},
      {"address", "1 rue e\nlodz\n"},
      {"address-city", "lodz\n"},
      {"address-use", "http://hl7.org/fhir/address-use|home\n"},
      {"general-practitioner",
       "Practitioner/7 Practitioner\nhttp://x.org/fhir/Organization/8 Organization\nnpi|99\n"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.code);
    CHECK(found(kPatient, row.code) == row.values);
  }
}

TEST_CASE("observations are found by value, component and time") {
  constexpr std::string_view kObservation = R"({"resourceType":"Observation","status":"final",
    "code":{"coding":[{"system":"http://loinc.org","code":"85354-9","display":"BP"}],"text":"BP"},
    "effectivePeriod":{"start":"2024-01-01T00:00:00Z"},
    "subject":{"reference":"urn:uuid:a","type":"Patient"},
    "valueQuantity":{"value":1.5e2,"unit":"mm","system":"http://unitsofmeasure.org","code":"mm"},
    "component":[{"code":{"text":"sys"},"valueCodeableConcept":{"text":"High  É"}}]})";
  CHECK(found(kObservation, "code") == "http://loinc.org|85354-9 BP\n");
  CHECK(found(kObservation, "combo-code") == "http://loinc.org|85354-9 BP\n| sys\n");
  CHECK(found(kObservation, "status") == "http://hl7.org/fhir/observation-status|final\n");
  CHECK(found(kObservation, "date") == "1704067200000..9223372036854775807\n");
  CHECK(found(kObservation, "subject") == "urn:uuid:a Patient\n");
  CHECK(found(kObservation, "value-quantity") == "150.000000|http://unitsofmeasure.org|mm|mm\n");
  CHECK(found(kObservation, "component-value-concept") == "| High  É\n");
  CHECK(found(kObservation, "value-string") == "");
}

TEST_CASE("special forms of expressions") {
  CHECK(found(R"({"resourceType":"Patient","deceasedBoolean":false})", "deceased") == "|false\n");
  CHECK(found(R"({"resourceType":"Patient","deceasedDateTime":"2020"})", "deceased") == "|true\n");
  CHECK(found(R"({"resourceType":"Bundle","type":"document","entry":[
      {"resource":{"resourceType":"Composition","id":"c"}},
      {"resource":{"resourceType":"Patient","id":"p"}}]})",
              "composition") == "Composition/c Composition\n");
  // The URL is as the parameter publishes it, which is not the one the extension has.
  CHECK(found(R"({"resourceType":"Patient","extension":[
      {"url":"http://other","valueString":"no"},
      {"url":"http://hl7.org/fhir/StructureDefinition/patient-extensions-Patient-mothersMaidenName",
       "valueString":"Ñandú"}]})",
              "mothersMaidenName") == "nandu\n");
  CHECK(found(R"({"resourceType":"QuestionnaireResponse","status":"completed","item":[
      {"linkId":"1","answer":[{"valueReference":{"reference":"Patient/1"}}]},
      {"linkId":"2","extension":[{"url":
        "http://hl7.org/fhir/StructureDefinition/questionnaireresponse-isSubject",
        "valueBoolean":true}],"answer":[{"valueReference":{"reference":"Patient/2"}}]}]})",
              "item-subject") == "Patient/2 Patient\n");
  CHECK(found(R"({"resourceType":"RiskAssessment","status":"final","subject":{"display":"x"},
      "prediction":[{"probabilityDecimal":0.25},{"probabilityRange":{"low":{"value":1},
      "high":{"value":2}}}]})",
              "probability") == "0.250000|||\n1.000000|||\n");
  CHECK(found(R"({"resourceType":"ServiceRequest","status":"active","intent":"order",
      "subject":{"display":"x"},"occurrenceTiming":{"event":["2024-03-01","2024-01-01"]}})",
              "occurrence") == "1704067200000..1709337600000\n");
  CHECK(found(R"({"resourceType":"Invoice","status":"issued",
      "totalNet":{"value":10.50,"currency":"EUR"}})",
              "totalnet") == "10.500000|urn:iso:std:iso:4217|EUR|\n");
}

TEST_CASE("values of the wrong kind or shape are passed over") {
  CHECK(found(R"({"resourceType":"Patient","birthDate":"soon","name":"A","gender":1})",
              "birthdate") == "");
  std::vector<IndexValue> values;
  for (auto text : {"{}", "[]", "1", R"({"resourceType":"Nobody","id":"1"})",
                    R"({"resourceType":"Patient","name":[[[{"family":"A"}]],null,1,{"given":{}}]})",
                    R"({"resourceType":"Patient","identifier":[{"value":{}}],"meta":[{}]})"}) {
    auto const document = json::Document::parse(text);
    REQUIRE(document);
    extract_index(document->root(), values);
  }
}

TEST_CASE("dates stand for intervals") {
  struct {
    char const* text;
    std::int64_t low, high;
  } const rows[] = {
      {"1970", 0, 31'536'000'000},
      {"1972-02", 65'750'400'000, 68'256'000'000},  // a leap year
      {"1970-12", 28'857'600'000, 31'536'000'000},
      {"1970-01-02", 86'400'000, 172'800'000},
      {"1970-01-01T00:01", 60'000, 120'000},
      {"1970-01-01T00:00:01", 1'000, 2'000},
      {"1970-01-01T00:00:01.5Z", 1'500, 1'600},
      {"1970-01-01T00:00:01.25Z", 1'250, 1'260},
      {"1970-01-01T00:00:01.123456Z", 1'123, 1'124},
      {"1970-01-01T01:00:00+01:00", 0, 1'000},
      {"1969-12-31T23:00:00-01:00", 0, 1'000},
      {"1969", -31'536'000'000, 0},
  };
  for (auto const& row : rows) {
    CAPTURE(row.text);
    auto const interval = date_interval(row.text);
    REQUIRE(interval);
    CHECK(interval->first == row.low);
    CHECK(interval->second == row.high);
  }
  for (auto text : {"", "19700", "1970-", "1970-02-30", "1970-01-01T", "1970-01-01T00:00:00z",
                    "1970-01-01T00:00:00.", "1970-01-01Z", "x"}) {
    CAPTURE(text);
    CHECK_FALSE(date_interval(text));
  }
}

TEST_CASE("text is folded without case and accents") {
  struct {
    char const* text;
    char const* folded;
  } const rows[] = {
      {"MÜLLER", "muller"},
      {"Mu\xCC\x88ller", "muller"},  // composed, decomposed
      {"Straße", "strasse"},
      {"ŁÓDŹ", "lodz"},
      {"Ærøskøbing", "aeroskobing"},
      {"İstanbul ı", "istanbul i"},
      {"ΠΆΝΤΑ ς", "παντα σ"},
      {"Ἀθῆναι", "αθηναι"},
      {"ЁЛКА Йод", "елка иод"},
      {"Nguyễn", "nguyen"},
      {"ＡＢＣ１", "abc1"},
      {"ﬁn", "fin"},
      {"山田 太郎", "山田 太郎"},
      {"", ""},
      {"\xC3", "\xC3"},
      {"a\xFF z", "a\xFF z"},  // no UTF-8: left alone
  };
  for (auto const& row : rows) {
    CAPTURE(row.text);
    CHECK(fold_text(row.text) == row.folded);
    CHECK(fold_text(fold_text(row.text)) == fold_text(row.text));
  }
}

TEST_CASE("the official examples are found by what they say") {
  std::size_t resources = 0;
  std::size_t indexed = 0;
  std::set<PathId> used;
  for_each_in_corpus("fhir/r4-examples.tar.zst", [&](std::string_view name, std::string_view text) {
    if (!name.ends_with(".json")) return;
    auto const document = json::Document::parse(std::string(text));
    REQUIRE(document);
    std::vector<IndexValue> values;
    extract_index(document->root(), values);
    if (resource_type(document->root()) == 0) return;
    ++resources;
    indexed += values.size();
    for (auto const& value : values) {
      CHECK(value.path < index_paths().size());
      auto const owner = index_paths()[value.path].resource;
      CHECK((owner == resource_type(document->root()) || owner == find_type("Resource")));
      used.insert(value.path);
      if (value.type == ParameterType::date) CHECK(value.low < value.high);
      if (value.type == ParameterType::string) CHECK_FALSE(value.code.empty());
    }
  });
  if (resources == 0) return;
  CHECK(resources > 5000);
  CHECK(indexed > 30'000);
  CHECK(used.size() > 900);  // paths that at least one example has a value for
  MESSAGE(resources, " resources, ", indexed, " values, ", used.size(), " of ",
          index_paths().size(), " paths");
}

}  // namespace
}  // namespace sinew::fhir
