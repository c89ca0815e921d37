#pragma once

#include <string_view>

namespace sinew::fhir {

/// A laboratory result of about 2 KB, as a v2 feed yields it.
inline constexpr std::string_view kSampleObservation = R"({
"resourceType":"Observation","id":"b3f1c2de-0001-5f4a-9c58-0d5a1f7be001",
"meta":{"versionId":"1","lastUpdated":"2024-02-29T15:31:02.120Z","source":"urn:feed:lab",
 "profile":["http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab"]},
"identifier":[{"system":"urn:oid:2.16.840.1.113883.19.5","value":"OBX-77812-3"}],
"status":"final",
"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category",
 "code":"laboratory","display":"Laboratory"}]}],
"code":{"coding":[{"system":"http://loinc.org","code":"718-7","display":"Hemoglobin [Mass/volume] in Blood"},
 {"system":"urn:oid:2.16.840.1.113883.19.5.1","code":"HGB","display":"Hemoglobin"}],"text":"Hemoglobin"},
"subject":{"reference":"Patient/b3f1c2de-0002-5f4a-9c58-0d5a1f7be002","display":"patient 4711"},
"encounter":{"reference":"Encounter/b3f1c2de-0003-5f4a-9c58-0d5a1f7be003"},
"effectiveDateTime":"2024-02-29T15:20:00-05:00","issued":"2024-02-29T15:30:00.000-05:00",
"performer":[{"reference":"Practitioner/b3f1c2de-0004-5f4a-9c58-0d5a1f7be004"},
 {"reference":"Organization/b3f1c2de-0005-5f4a-9c58-0d5a1f7be005"}],
"valueQuantity":{"value":13.50,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"},
"interpretation":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
 "code":"N","display":"Normal"}]}],
"note":[{"text":"specimen slightly haemolysed"}],
"specimen":{"reference":"Specimen/b3f1c2de-0006-5f4a-9c58-0d5a1f7be006"},
"referenceRange":[{"low":{"value":12.0,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"},
 "high":{"value":16.0,"unit":"g/dL","system":"http://unitsofmeasure.org","code":"g/dL"},
 "type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/referencerange-meaning","code":"normal"}]},
 "text":"12.0-16.0"}]
})";

}  // namespace sinew::fhir
