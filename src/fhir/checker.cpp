#include "fhir/checker.h"

#include <algorithm>

#include "base/check.h"

namespace sinew::fhir {
namespace {

/// How JSON carries a primitive.
enum class Carrier : std::uint8_t { string, number, boolean };

/// What the checker asks of a type at every object, computed once.
struct TypeFacts {
  Places required;
  Carrier carrier = Carrier::string;
};

std::vector<TypeFacts> compute_facts() {
  std::vector<TypeFacts> facts(types().size());
  for (std::size_t id = 1; id < facts.size(); ++id) {
    for (auto const& element : elements(static_cast<TypeId>(id))) {
      SINEW_CHECK(element.order < kPlacesMax && element.choice < kChoicesMax);
      if (element.min > 0) facts[id].required.set(element.order);
    }
  }
  for (auto name : {"integer", "unsignedInt", "positiveInt", "decimal"}) {
    facts[find_type(name)].carrier = Carrier::number;
  }
  facts[find_type("boolean")].carrier = Carrier::boolean;
  return facts;
}

TypeFacts const& facts_of(TypeId id) {
  static std::vector<TypeFacts> const kFacts = compute_facts();
  return kFacts[id];
}

bool is_primitive(TypeId id) { return type(id).kind == TypeKind::primitive; }

bool carries(json::Value value, Carrier carrier) {
  switch (carrier) {
    case Carrier::string:
      return value.is_string();
    case Carrier::number:
      return value.is_number();
    case Carrier::boolean:
      return value.kind() == json::Kind::boolean;
  }
  return false;
}

constexpr std::string_view kCarrierNames[] = {"a JSON string", "a JSON number", "a JSON boolean"};

}  // namespace

Checker::Checker() { stack_.reserve(16); }

void Checker::check(json::Value resource, BundleUrls const* bundle) {
  bundle_ = bundle;
  if (!resource.is_object()) return add(ErrorCode::invalid, "a resource is a JSON object");
  auto const id = resource_type(resource);
  if (id == 0) return add(ErrorCode::invalid, "unknown resource type", "resourceType");
  push(resource, id, nullptr, -1);
  run();
}

void Checker::run() {
  while (!stack_.empty() && issues_.size() < kIssuesMax) {
    auto& frame = stack_.back();
    if (frame.list != nullptr) {
      if (frame.item != frame.item_end) {
        check_next_item();
        continue;
      }
      frame.list = nullptr;
    }
    if (frame.at == frame.end) {
      finish(frame);
      stack_.pop_back();
      continue;
    }
    auto const member = *frame.at;
    ++frame.at;
    check_member(member);
  }
}

void Checker::push(json::Value object, TypeId type_id, Element const* element, std::int32_t index) {
  if (stack_.size() == kCheckDepthMax) {
    return add(ErrorCode::too_large, "nested too deeply",
               element ? element->name.view() : std::string_view(), index);
  }
  if (object.size() == 0) {
    return add(ErrorCode::invalid, "an object must not be empty",
               element ? element->name.view() : std::string_view(), index);
  }
  Frame frame;
  frame.object = object;
  frame.type = type_id;
  frame.element = element;
  frame.index = index;
  frame.at = object.members().begin();
  frame.end = object.members().end();
  bool const is_resource = type(type_id).kind == TypeKind::resource;
  frame.is_contained = !stack_.empty() && stack_.back().is_contained;
  if (is_resource && !frame.is_contained) {
    frame.is_contained = element != nullptr && element->name == "contained";
    if (!frame.is_contained) read_contained(object);
  }
  stack_.push_back(frame);
}

/// Resources that are not contained lie in each other only inside Bundle and Parameters, which
/// contain none themselves: one map is enough.
void Checker::read_contained(json::Value resource) {
  contained_.clear();
  for (auto contained : resource["contained"].elements()) {
    if (!resource_id(contained).empty()) {
      contained_.emplace(resource_id(contained), resource_type(contained));
    }
  }
}

void Checker::finish(Frame const& frame) {
  auto const& required = facts_of(frame.type).required;
  bool complete = true;
  for (std::size_t i = 0; i < required.bits.size(); ++i) {
    complete = complete && (required.bits[i] & ~frame.seen.bits[i]) == 0;
  }
  if (!complete) {
    std::uint16_t choice = 0;
    for (auto const& element : elements(frame.type)) {
      if (element.min == 0 || frame.seen.has(element.order)) continue;
      if (element.choice != 0 && element.choice == choice) continue;  // said once for the group
      choice = element.choice;
      add(ErrorCode::invalid,
          choice ? "one of the types of a required choice is missing" : "required element missing",
          element.name);
    }
  }
  if (frame.type == checked_types().extension) check_extension(frame);
  // ele-1: "All FHIR elements must have a @value or children", an id is neither.
  if (frame.object.size() == 1 && frame.type != checked_types().element &&
      type(frame.type).kind != TypeKind::resource && frame.object["id"]) {
    add(ErrorCode::invalid, "an element needs more than an id");
  }
}

void Checker::check_member(json::Member member) {
  auto const& frame = stack_.back();
  auto const* element = find_element(frame.type, member.name);
  if (element == nullptr) {
    if (member.name.starts_with('_')) return check_sibling(member);
    if (member.name == "resourceType" && type(frame.type).kind == TypeKind::resource) return;
    return add(ErrorCode::invalid, "unknown element", member.name);
  }
  if (!note_presence(*element)) return;
  if (element->is_list) {
    json::Value twin;
    if (is_primitive(element->type)) twin = frame.object["_" + std::string(member.name)];
    return check_list(member.value, twin, *element);
  }
  if (member.value.is_array()) {
    return add(ErrorCode::invalid, "must not be an array", member.name);
  }
  if (member.value.kind() == json::Kind::null) {
    return add(ErrorCode::invalid, "must not be null", member.name);
  }
  check_item(member.value, *element, -1);
}

bool Checker::note_presence(Element const& element) {
  auto& frame = stack_.back();
  frame.seen.set(element.order);
  if (element.choice == 0) return true;
  auto& chosen = frame.chosen[element.choice];
  if (chosen != nullptr && chosen != &element) {
    add(ErrorCode::invalid, "only one type of a choice may be present", element.name);
    return false;
  }
  chosen = &element;
  return true;
}

void Checker::check_list(json::Value list, json::Value twin, Element const& element) {
  if (!list.is_array()) return add(ErrorCode::invalid, "must be an array", element.name);
  if (list.size() == 0) {
    return add(ErrorCode::invalid, "an array must not be empty", element.name);
  }
  // "JSON null values are used to fill out both arrays so that the id and/or extension are aligned
  // with the matching value in the first array." Source: FHIR R4 json.html#primitive.
  if (twin.is_array() && twin.size() != list.size()) {
    add(ErrorCode::invalid, "values and their extensions must be arrays of one length",
        element.name);
  }
  auto& frame = stack_.back();
  frame.list = &element;
  frame.is_sibling_list = false;
  frame.item = list.elements().begin();
  frame.item_end = list.elements().end();
  frame.twin = twin.elements().begin();
  frame.twin_end = twin.elements().end();
  frame.item_index = 0;
}

void Checker::check_next_item() {
  auto& frame = stack_.back();
  auto const item = *frame.item;
  ++frame.item;
  json::Value twin;
  if (frame.twin != frame.twin_end) {
    twin = *frame.twin;
    ++frame.twin;
  }
  auto const& element = *frame.list;
  auto const index = frame.item_index++;
  if (item.kind() == json::Kind::null && is_primitive(element.type)) {
    // Two nulls are said once, by the list of the values.
    bool const is_padding = frame.is_sibling_list ? twin.exists() : twin.is_object();
    if (!is_padding) {
      add(ErrorCode::invalid, "null with nothing in its place", element.name, index);
    }
  } else if (frame.is_sibling_list) {
    check_sibling_item(item, element, index);
  } else {
    check_item(item, element, index);
  }
}

void Checker::check_item(json::Value item, Element const& element, std::int32_t index) {
  if (is_primitive(element.type)) return check_primitive(item, element, index);
  if (!item.is_object()) return add(ErrorCode::invalid, "must be an object", element.name, index);
  if (element.type == checked_types().resource) return check_resource(item, element, index);
  if (element.type == checked_types().reference) check_reference(item, element, index);
  if (element.value_set != 0) check_coded(item, element, index);
  push(item, element.type, &element, index);
}

void Checker::check_primitive(json::Value item, Element const& element, std::int32_t index) {
  auto const carrier = facts_of(element.type).carrier;
  if (!carries(item, carrier)) {
    return add(ErrorCode::invalid,
               "must be " + std::string(kCarrierNames[static_cast<std::size_t>(carrier)]),
               element.name, index);
  }
  auto const text = item.text(scratch_);
  // Source: FHIR R4 resource.html#id: the id of a resource is an `id`, though its row says string.
  bool const is_resource_id =
      element.name == "id" && type(stack_.back().type).kind == TypeKind::resource;
  auto const form = is_resource_id ? checked_types().id : element.type;
  if (!is_valid_primitive(form, text)) {
    return add(ErrorCode::invalid, "not a legal " + std::string(type(form).name), element.name,
               index);
  }
  if (element.value_set != 0 && !is_code_allowed(element, text)) {
    add(ErrorCode::invalid, "code not in " + std::string(value_set_url(element)), element.name,
        index);
  }
}

/// `_birthDate` beside, or instead of, `birthDate`.
void Checker::check_sibling(json::Member member) {
  auto const& frame = stack_.back();
  auto const* element = find_element(frame.type, member.name.substr(1));
  if (element == nullptr || !is_primitive(element->type)) {
    return add(ErrorCode::invalid, "unknown element", member.name);
  }
  if (!note_presence(*element)) return;
  if (!element->is_list) return check_sibling_item(member.value, *element, -1);
  check_list(member.value, frame.object[element->name], *element);
  stack_.back().is_sibling_list = true;
}

void Checker::check_sibling_item(json::Value item, Element const& element, std::int32_t index) {
  if (!item.is_object()) return add(ErrorCode::invalid, "must be an object", element.name, index);
  push(item, checked_types().element, &element, index);
}

void Checker::check_resource(json::Value item, Element const& element, std::int32_t index) {
  auto const id = resource_type(item);
  if (id == 0) {
    return add(ErrorCode::invalid, "unknown resource type", element.name, index);
  }
  if (element.name == "contained") {
    // dom-2: "If the resource is contained in another resource, it SHALL NOT contain nested
    // Resources"; without an id nothing could refer to it.
    if (stack_.back().is_contained) {
      add(ErrorCode::invalid, "a contained resource must not contain another", element.name, index);
    }
    if (resource_id(item).empty()) {
      add(ErrorCode::invalid, "a contained resource needs an id", element.name, index);
    }
  }
  push(item, id, &element, index);
}

std::string Checker::where(std::string_view name, std::int32_t index) const {
  std::string path;
  auto const step = [&path](std::string_view part, std::int32_t place) {
    if (!path.empty()) path += '.';
    path += part;
    if (place >= 0) path.append("[").append(std::to_string(place)).append("]");
  };
  for (auto const& frame : stack_) {
    auto const part = frame.element ? frame.element->name : type(frame.type).name;
    step(part, frame.index);
  }
  if (!name.empty()) step(name, index);
  return path;
}

void Checker::add(ErrorCode code, std::string what, std::string_view name, std::int32_t index) {
  issues_.push_back({Severity::error, code, std::move(what), where(name, index)});
}

void Checker::add_root_issue(std::string what, std::string place) {
  issues_.push_back({Severity::error, ErrorCode::invalid, std::move(what), std::move(place)});
}

}  // namespace sinew::fhir
