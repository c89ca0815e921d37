#include "api/operations/care_time.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "fhir/search_index.h"

namespace sinew::rest {
namespace {

/// The types of the search parameter `clinical-date`, and those others whose record is of something
/// that happened at a time. Sorted by type.
/// Source: FHIR R4 searchparameter-registry.html "clinical-date"; the resources' pages.
// clang-format off
constexpr auto kRows = std::to_array<CareTimeRow>({
    {"AdverseEvent",             "date detected recordedDate"},
    {"AllergyIntolerance",       "recordedDate lastOccurrence onsetDateTime onsetPeriod"},
    {"Appointment",              "start created"},
    {"CarePlan",                 "period created"},
    {"CareTeam",                 "period"},
    {"ChargeItem",               "occurrenceDateTime occurrencePeriod enteredDate"},
    {"Claim",                    "billablePeriod created"},
    {"ClinicalImpression",       "effectiveDateTime effectivePeriod date"},
    {"Communication",            "sent received"},
    {"Composition",              "date"},
    {"Condition",                "recordedDate onsetDateTime onsetPeriod"},
    {"Consent",                  "dateTime"},
    {"DetectedIssue",            "identifiedDateTime identifiedPeriod"},
    {"DeviceRequest",            "occurrenceDateTime occurrencePeriod authoredOn"},
    {"DiagnosticReport",         "effectiveDateTime effectivePeriod issued"},
    {"DocumentReference",        "date"},
    {"Encounter",                "period"},
    {"EpisodeOfCare",            "period"},
    {"ExplanationOfBenefit",     "billablePeriod created"},
    {"FamilyMemberHistory",      "date"},
    {"Flag",                     "period"},
    {"Goal",                     "startDate statusDate"},
    {"ImagingStudy",             "started"},
    {"Immunization",             "occurrenceDateTime recorded"},
    {"ImmunizationEvaluation",   "date"},
    {"ImmunizationRecommendation", "date"},
    {"List",                     "date"},
    {"Media",                    "createdDateTime createdPeriod issued"},
    {"MedicationAdministration", "effectiveDateTime effectivePeriod"},
    {"MedicationDispense",       "whenHandedOver whenPrepared"},
    {"MedicationRequest",        "authoredOn"},
    {"MedicationStatement",      "effectiveDateTime effectivePeriod dateAsserted"},
    {"NutritionOrder",           "dateTime"},
    {"Observation",              "effectiveDateTime effectivePeriod effectiveInstant issued"},
    {"Procedure",                "performedDateTime performedPeriod"},
    {"Provenance",               "occurredDateTime occurredPeriod recorded"},
    {"QuestionnaireResponse",    "authored"},
    {"RiskAssessment",           "occurrenceDateTime occurrencePeriod"},
    {"ServiceRequest",           "occurrenceDateTime occurrencePeriod authoredOn"},
    {"Specimen",                 "receivedTime"},
    {"SupplyDelivery",           "occurrenceDateTime occurrencePeriod"},
    {"SupplyRequest",            "occurrenceDateTime occurrencePeriod authoredOn"},
    {"Task",                     "executionPeriod authoredOn"},
    {"VisionPrescription",       "dateWritten created"},
});
// clang-format on
static_assert(std::ranges::is_sorted(kRows, {}, &CareTimeRow::type));

std::optional<CareTime> time_of(json::Value value) {
  if (!value.exists()) return {};
  CareTime time;
  if (value.is_object()) {
    if (auto const start = fhir::date_interval(value["start"].text())) time.low = start->first;
    if (auto const end = fhir::date_interval(value["end"].text())) time.before = end->second;
    return time;
  }
  auto const interval = fhir::date_interval(value.text());
  if (!interval) return {};
  return CareTime{interval->first, interval->second};
}

}  // namespace

std::span<CareTimeRow const> care_time_table() { return kRows; }

std::optional<CareTime> care_time(json::Value resource) {
  auto const type = resource["resourceType"].text();
  auto const* const row = std::ranges::lower_bound(kRows, type, {}, &CareTimeRow::type);
  if (row == kRows.end() || row->type != type) return {};
  for (auto const element : split(row->elements, ' ')) {
    if (auto const time = time_of(resource[element])) return time;
  }
  return {};
}

}  // namespace sinew::rest
