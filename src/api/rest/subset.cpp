#include "api/rest/subset.h"

#include <algorithm>

#include "fhir/definitions.h"
#include "fhir/resource.h"
#include "json/edit.h"
#include "json/write.h"

namespace sinew::rest {
namespace {

constexpr std::string_view kSubsetted =
    R"({"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"})";

bool is_asked(fhir::Element const& element, std::string_view type,
              Presentation const& presentation) {
  std::string_view const name = element.name;
  if (!presentation.elements.empty()) {
    return std::ranges::any_of(presentation.elements, [&](std::string_view wanted) {
      if (wanted.starts_with(type) && wanted.substr(type.size()).starts_with('.')) {
        wanted.remove_prefix(type.size() + 1);
      }
      // `value` names every form of the choice: valueQuantity, valueString.
      return wanted == name || (element.choice != 0 && !wanted.empty() && name.starts_with(wanted));
    });
  }
  switch (presentation.summary) {
    case Summary::summary:
      return element.is_summary;
    case Summary::text:
      return name == "text";
    case Summary::data:
      return name != "text";
    default:
      return true;
  }
}

bool is_kept(fhir::TypeId type, std::string_view name, Presentation const& presentation) {
  if (name == "resourceType" || name == "id" || name == "meta") return true;
  if (name.starts_with('_')) name.remove_prefix(1);
  auto const* const element = fhir::find_element(type, name);
  if (!element) return true;
  return element->min > 0 || is_asked(*element, fhir::type(type).name, presentation);
}

/// The meta of a resource with one more tag.
std::string tagged(json::Value meta) {
  std::string tags = "[";
  for (auto const tag : meta["tag"].elements()) tags += json::print(tag) + ',';
  tags.append(kSubsetted).append("]");
  json::ObjectEdit edit(meta);
  edit.set("tag", std::move(tags));
  return edit.text();
}

std::string subset_of_one(json::Value resource, Presentation const& presentation) {
  auto const type = fhir::resource_type(resource);
  if (type == 0 || fhir::type(type).name == "OperationOutcome") return json::print(resource);
  json::ObjectEdit edit(resource);
  for (auto const [name, value] : resource.members()) {
    if (!is_kept(type, name, presentation)) edit.remove(name);
  }
  edit.set_after("id", "meta", tagged(resource["meta"]));
  return edit.text();
}

std::string subset_of_entry(json::Value entry, Presentation const& presentation) {
  if (!entry["resource"].exists()) return json::print(entry);
  json::ObjectEdit edit(entry);
  edit.set("resource", subset_of_one(entry["resource"], presentation));
  return edit.text();
}

}  // namespace

bool is_subset(Presentation const& presentation) {
  return !presentation.elements.empty() ||
         (presentation.summary != Summary::none && presentation.summary != Summary::count);
}

std::string subset(json::Value resource, Presentation const& presentation) {
  if (resource["resourceType"].raw() != "Bundle") return subset_of_one(resource, presentation);
  std::string entries = "[";
  for (auto const entry : resource["entry"].elements()) {
    if (entries.size() > 1) entries += ',';
    entries += subset_of_entry(entry, presentation);
  }
  if (entries.size() == 1) return json::print(resource);
  json::ObjectEdit edit(resource);
  edit.set("entry", entries + ']');
  return edit.text();
}

}  // namespace sinew::rest
