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

bool is_named(fhir::Element const& element, std::string_view type,
              std::vector<std::string> const& wanted_names) {
  std::string_view const name = element.name;
  return std::ranges::any_of(wanted_names, [&](std::string_view wanted) {
    if (wanted.starts_with(type) && wanted.substr(type.size()).starts_with('.')) {
      wanted.remove_prefix(type.size() + 1);
    }
    // `value` names every form of the choice: valueQuantity, valueString.
    return wanted == name || (element.choice != 0 && !wanted.empty() && name.starts_with(wanted));
  });
}

/// Whether a top-level element stays. Required ones always do.
bool is_kept(fhir::TypeId type, std::string_view name, Presentation const& presentation) {
  if (name == "resourceType" || name == "id" || name == "meta") return true;
  if (name.starts_with('_')) name.remove_prefix(1);
  auto const* const element = fhir::find_element(type, name);
  if (!element || element->min > 0) return true;
  if (!presentation.elements.empty()) {
    return is_named(*element, fhir::type(type).name, presentation.elements);
  }
  switch (presentation.summary) {
    case Summary::summary:
      return element->is_summary;
    case Summary::text:
      return name == "text";
    case Summary::data:
      return name != "text";
    default:
      return true;
  }
}

/// Below the top level, `_summary=true` leaves out what the type's own definition does not mark.
/// Modifiers stay: a summary must not say more than the whole.
bool is_summary_part(fhir::TypeId type, std::string_view name) {
  if (name == "resourceType" || name == "id") return true;
  if (name.starts_with('_')) name.remove_prefix(1);
  auto const* const element = fhir::find_element(type, name);
  return !element || element->min > 0 || element->is_summary || element->is_modifier;
}

/// Writes a value without what a summary leaves out, by a stack of its own: depth is the sender's.
class SummaryWriter {
 public:
  explicit SummaryWriter(json::Writer& writer) : writer_(writer) {}

  void write(json::Value value, fhir::TypeId type) {
    push(value, type);
    while (!open_.empty()) {
      auto& open = open_.back();
      if (open.next == open.members.size()) {
        open.is_object ? writer_.end_object() : writer_.end_array();
        open_.pop_back();
        continue;
      }
      auto const member = open.members[open.next++];
      if (open.is_object) writer_.key(member.name);
      push(member.value, member.type);
    }
  }

 private:
  struct Part {
    std::string_view name;
    json::Value value;
    fhir::TypeId type;
  };
  struct Open {
    bool is_object = false;
    std::vector<Part> members;
    std::size_t next = 0;
  };

  void push(json::Value value, fhir::TypeId type) {
    // Resources inside (Bundle.entry, contained) have their own type.
    if (value["resourceType"].exists()) type = fhir::resource_type(value);
    bool const is_known = type != 0 && fhir::type(type).kind != fhir::TypeKind::primitive;
    if (!is_known || !(value.is_object() || value.is_array())) return writer_.value(value);
    Open open;
    open.is_object = value.is_object();
    if (open.is_object) {
      for (auto const [name, inner] : value.members()) {
        if (!is_summary_part(type, name)) continue;
        auto const* const element = fhir::find_element(type, name);
        open.members.push_back({name, inner, element ? element->type : fhir::TypeId{0}});
      }
    } else {
      for (auto const inner : value.elements()) open.members.push_back({{}, inner, type});
    }
    open.is_object ? writer_.begin_object() : writer_.begin_array();
    open_.push_back(std::move(open));
  }

  json::Writer& writer_;
  std::vector<Open> open_;
};

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
  bool const is_deep = presentation.summary == Summary::summary && presentation.elements.empty();
  for (auto const [name, value] : resource.members()) {
    if (!is_kept(type, name, presentation)) {
      edit.remove(name);
    } else if (auto const* const element = fhir::find_element(type, name); element && is_deep) {
      std::string part;
      json::Writer writer(part);
      SummaryWriter(writer).write(value, element->type);
      edit.set(name, std::move(part));
    }
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
