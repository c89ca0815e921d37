// What users evaluate most: paths of search parameters, invariants, and small programs.

#include <benchmark/benchmark.h>

#include <array>

#include "fhir/sample_bench.h"
#include "fhirpath/evaluator.h"

namespace sinew::fhirpath {
namespace {

constexpr std::string_view kPatient = R"({
"resourceType":"Patient","id":"example","meta":{"versionId":"1"},
"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">Peter</div>"},
"identifier":[{"use":"usual","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}]},
 "system":"urn:oid:1.2.36.146.595.217.0.1","value":"12345","period":{"start":"2001-05-06"}}],
"active":true,
"name":[{"use":"official","family":"Chalmers","given":["Peter","James"]},{"use":"usual","given":["Jim"]},
 {"use":"maiden","family":"Windsor","given":["Peter","James"],"period":{"end":"2002"}}],
"telecom":[{"use":"home"},{"system":"phone","value":"(03) 5555 6473","use":"work","rank":1},
 {"system":"phone","value":"(03) 3410 5613","use":"mobile","rank":2}],
"gender":"male","birthDate":"1974-12-25","deceasedBoolean":false,
"address":[{"use":"home","type":"both","text":"534 Erewhon St","line":["534 Erewhon St"],"city":"PleasantVille",
 "district":"Rainbow","state":"Vic","postalCode":"3999","period":{"start":"1974-12-25"}}],
"contact":[{"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0131","code":"N"}]}],
 "name":{"family":"du Marché","given":["Bénédicte"]},"telecom":[{"system":"phone","value":"+33 (237) 998327"}],
 "gender":"female","period":{"start":"2012"}}],
"managingOrganization":{"reference":"Organization/1"}
})";

struct Case {
  char const* name;
  std::string_view resource, expression;
};
constexpr auto kCases = std::to_array<Case>({
    {"path", kPatient, "Patient.name.given"},
    {"deep_path", kPatient, "Patient.contact.relationship.coding.code"},
    {"where", kPatient, "Patient.name.where(use = 'official').given"},
    {"exists_such", kPatient, "Patient.telecom.exists(system = 'phone' and use = 'mobile')"},
    {"choice", fhir::kSampleObservation, "Observation.value.as(Quantity)"},
    {"search_union", fhir::kSampleObservation, "Observation.code | Observation.component.code"},
    {"search_resolve", fhir::kSampleObservation, "Observation.subject.where(resolve() is Patient)"},
    {"pat-1", kPatient,
     "Patient.contact.all(name.exists() or telecom.exists() or address.exists() or "
     "organization.exists())"},
    {"obs-6", fhir::kSampleObservation, "dataAbsentReason.empty() or value.empty()"},
    {"obs-7", fhir::kSampleObservation,
     "value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists())"
     ".empty()"},
    {"ele-1", kPatient, "hasValue() or (children().count() > id.count())"},
    {"dom-3", kPatient,
     "contained.where((('#'+id in (%resource.descendants().reference | "
     "%resource.descendants().as(canonical) | %resource.descendants().as(uri) | "
     "%resource.descendants().as(url))) or descendants().where(reference = '#').exists() or "
     "descendants().where(as(canonical) = '#').exists()).not()).trace('unmatched', id).empty()"},
    {"quantity", fhir::kSampleObservation, "Observation.value < 150 'g/L'"},
    {"matches", kPatient, "Patient.name.given.all(matches('^[A-Z][a-z]+$'))"},
    {"descendants", kPatient, "Patient.descendants().count()"},
});

void evaluate(benchmark::State& state, Case const& test) {
  auto const document = json::Document::parse(std::string(test.resource));
  auto const expression = Expression::compile(test.expression, definition_options());
  if (!document || !expression) return state.SkipWithError("the case does not compile");
  Environment environment;
  environment.resolves_to_types = true;
  Evaluator evaluator(environment);
  for (auto _ : state) {
    auto const result = evaluator.evaluate(*expression, document->root());
    if (!result) return state.SkipWithError("the case fails");
    benchmark::DoNotOptimize(result->data());
  }
  state.SetItemsProcessed(state.iterations());
}

void compile(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        Expression::compile("Patient.telecom.exists(system = 'phone' and use = 'mobile')"));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(compile);

[[maybe_unused]] bool const kRegistered = [] {
  for (auto const& test : kCases) {
    benchmark::RegisterBenchmark((std::string("evaluate/") + test.name).c_str(), evaluate, test);
  }
  return true;
}();

}  // namespace
}  // namespace sinew::fhirpath
