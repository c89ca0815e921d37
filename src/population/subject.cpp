#include "population/subject.h"

#include <algorithm>

namespace sinew::population {
namespace {

constexpr std::size_t kDocumentsMax = 2'000;
/// The elements that name the patient, in the types that USCDI looks at.
/// Source: FHIR R4 compartmentdefinition-patient.html.
constexpr std::string_view kSubjects[] = {"subject", "patient", "beneficiary"};
constexpr std::string_view kPatient = "Patient/";

/// `Patient/1` of `http://host/fhir/Patient/1/_history/2`; empty where there is none.
std::string_view local_part(std::string_view reference) {
  auto const history = reference.find("/_history/");
  if (history != reference.npos) reference = reference.substr(0, history);
  auto const last = reference.rfind('/');
  if (last == reference.npos || last == 0) return {};
  auto const before = reference.rfind('/', last - 1);
  return before == reference.npos ? reference : reference.substr(before + 1);
}

std::string id_in(std::string_view reference) {
  auto const local = local_part(reference);
  return local.starts_with(kPatient) ? std::string(local.substr(kPatient.size())) : std::string();
}

std::string subject_of(json::Value resource) {
  if (resource["resourceType"].text() == "Patient") return resource["id"].text();
  for (auto const name : kSubjects) {
    auto const id = id_in(resource[name]["reference"].text());
    if (!id.empty()) return id;
  }
  return {};
}

}  // namespace

std::optional<json::Value> Resolver::resolve(std::string_view reference) {
  auto const local = local_part(reference);
  auto const slash = local.find('/');
  if (slash == local.npos) return std::nullopt;
  auto found = documents_.find(local);
  if (found == documents_.end()) {
    std::unique_ptr<json::Document> document;
    if (auto const stored = store_.read(local.substr(0, slash), local.substr(slash + 1))) {
      if (auto parsed = json::Document::parse(stored->body)) {
        document = std::make_unique<json::Document>(*std::move(parsed));
      }
    }
    found = documents_.emplace(std::string(local), std::move(document)).first;
  }
  if (found->second == nullptr) return std::nullopt;
  return found->second->root();
}

void Resolver::trim() {
  if (documents_.size() > kDocumentsMax) documents_.clear();
}

std::string patient_of(json::Value resource, Resolver& resolver) {
  if (resource["resourceType"].text() != "Provenance") return subject_of(resource);
  for (auto const target : resource["target"].elements()) {
    auto const reference = target["reference"].text();
    if (auto id = id_in(reference); !id.empty()) return id;
    if (auto const found = resolver.resolve(reference)) {
      if (auto id = subject_of(*found); !id.empty()) return id;
    }
  }
  return {};
}

}  // namespace sinew::population
