// From a node to its children, by the element tables; and from a node to its plain value.

#include <algorithm>
#include <array>

#include "base/text.h"
#include "fhir/resource.h"
#include "fhirpath/machine.h"
#include "fhirpath/quantity.h"

namespace sinew::fhirpath {
namespace {

enum class Shape : std::uint8_t {
  complex,
  resource,  ///< its type stands in `resourceType`
  quantity,
  text,
  boolean,
  integer,
  decimal,
  date,
  date_time,
  time,
};

bool has_own_plain_value(Shape shape) { return shape >= Shape::text; }

/// What each FHIR type is to FHIRPath. Source: FHIR R4 fhirpath.html#types.
std::vector<Shape> make_shapes() {
  struct Row {
    std::string_view type;
    Shape shape;
  };
  constexpr auto kRows = std::to_array<Row>({{"boolean", Shape::boolean},
                                             {"integer", Shape::integer},
                                             {"decimal", Shape::decimal},
                                             {"date", Shape::date},
                                             {"dateTime", Shape::date_time},
                                             {"instant", Shape::date_time},
                                             {"time", Shape::time},
                                             {"Quantity", Shape::quantity},
                                             {"Resource", Shape::resource}});
  auto const types = fhir::types();
  std::vector<Shape> shapes(types.size(), Shape::complex);
  for (std::size_t i = 1; i < types.size(); ++i) {
    auto const id = static_cast<fhir::TypeId>(i);
    if (types[i].kind == fhir::TypeKind::primitive) shapes[i] = Shape::text;
    for (auto const& row : kRows) {
      if (is_subtype(id, fhir::find_type(row.type))) shapes[i] = row.shape;
    }
  }
  return shapes;
}

Shape shape_of(fhir::TypeId type) {
  static auto const shapes = make_shapes();
  return type < shapes.size() ? shapes[type] : Shape::complex;
}

/// A row of the element table, with what navigation asks of it.
struct Step {
  fhir::Element const* element = nullptr;
  fhir::TypeId type = 0;
  Shape shape = Shape::complex;
};

/// The steps of all types: those of one type together, in the order of its elements.
struct StepTable {
  std::vector<Step> steps;
  std::vector<std::uint32_t> first;  ///< of each type

  StepTable() {
    for (std::size_t id = 0; id < fhir::types().size(); ++id) {
      auto const owner = static_cast<fhir::TypeId>(id);
      first.push_back(static_cast<std::uint32_t>(steps.size()));
      for (auto const& element : fhir::elements(owner)) {
        auto const type = type_of_child(owner, element);
        steps.push_back({&element, type, shape_of(type)});
      }
    }
  }
};

StepTable const& step_table() {
  static StepTable const table;
  return table;
}

Step const* step_of(fhir::TypeId owner, fhir::Element const* element) {
  if (element == nullptr) return nullptr;
  auto const place = element - fhir::elements(owner).data();
  return &step_table().steps[step_table().first[owner] + static_cast<std::size_t>(place)];
}

constexpr unsigned kTypeShift = 32;  // below it 1 + the number of the step, or 0 for none

/// False when nothing is remembered for the type.
bool recall(StepCache const& cache, fhir::TypeId owner, Step const*& step) {
  auto const known = cache.packed.load(std::memory_order_relaxed);
  auto const number = static_cast<std::uint32_t>(known);
  step = number == 0 ? nullptr : &step_table().steps[number - 1];
  return known >> kTypeShift == owner;
}

void remember(StepCache& cache, fhir::TypeId owner, Step const* step) {
  auto const number = step == nullptr ? 0 : step - step_table().steps.data() + 1;
  cache.packed.store(std::uint64_t{owner} << kTypeShift | static_cast<std::uint64_t>(number),
                     std::memory_order_relaxed);
}

/// Where a name leads from a type, or nullptr.
Step const* find_step(fhir::TypeId owner, Name const& name) {
  Step const* step = nullptr;
  if (recall(name.cache, owner, step)) return step;
  step = step_of(owner, fhir::find_element(owner, name.text));
  remember(name.cache, owner, step);
  return step;
}

}  // namespace

fhir::TypeId type_of_child(fhir::TypeId owner, fhir::Element const& element) {
  static auto const kId = fhir::find_type("id");
  bool const is_resource_id =
      element.name == "id" && fhir::type(owner).kind == fhir::TypeKind::resource;
  return is_resource_id ? kId : element.type;
}

std::string_view choice_name(fhir::Element const& element) {
  auto const name = element.name.view();
  auto const type = fhir::type(element.type).name.view();
  return element.choice == 0 ? name : name.substr(0, name.size() - type.size());
}

bool is_choice_name(std::string_view name) {
  static auto const names = [] {
    std::vector<std::string_view> found;
    for (std::size_t id = 1; id < fhir::types().size(); ++id) {
      for (auto const& element : fhir::elements(static_cast<fhir::TypeId>(id))) {
        if (element.choice != 0) found.push_back(choice_name(element));
      }
    }
    std::ranges::sort(found);
    found.erase(std::ranges::unique(found).begin(), found.end());
    return found;
  }();
  return std::ranges::binary_search(names, name);
}

void Machine::push_value(json::Value value, json::Value twin, Place const& place) {
  static auto const kResource = fhir::find_type("Resource");
  auto const type = place.type;
  if (!value.exists() || value.kind() == json::Kind::null) {
    if (twin.is_object()) push(Item::of_node({}, twin, type, place.element));
    return;
  }
  if (!has_room()) return;
  // Written in place, field by field.
  auto& item = items_.add();
  item.node.value = value;
  item.node.twin = twin.is_object() ? twin : json::Value();
  item.element = place.element;
  item.type = type == kResource ? fhir::resource_type(value) : type;
  item.kind = ItemKind::node;
  item.has_no_twins = place.has_no_twins;
}

void Machine::push_values(json::Value value, json::Value twin, Place const& place) {
  bool const is_list = value.is_array();
  if (!twin.exists()) {
    if (!is_list) return push_value(value, {}, place);
    for (auto const item : value.elements()) push_value(item, {}, place);
    return;
  }
  if (!is_list && !twin.is_array()) return push_value(value, twin, place);
  auto const values = value.elements();
  auto at = values.begin();
  for (auto const beside : twin.elements()) {
    bool const has_value = is_list && at != values.end();
    push_value(has_value ? *at : json::Value(), beside, place);
    if (has_value) ++at;
  }
  for (; is_list && at != values.end(); ++at) push_value(*at, {}, place);
}

void Machine::push_untyped(json::Value value, json::Value twin, bool has_no_twins) {
  auto const push_one = [&](json::Value one, json::Value beside) {
    if (!one.exists() || one.kind() == json::Kind::null) return;
    auto const type = one.is_object() ? fhir::resource_type(one) : fhir::TypeId{0};
    push_value(one, beside, {nullptr, type, has_no_twins});
  };
  if (!value.is_array()) return push_one(value, twin);
  auto const twins = twin.elements();
  auto beside = twins.begin();
  for (auto const one : value.elements()) {
    bool const has_twin = twin.is_array() && beside != twins.end();
    push_one(one, has_twin ? *beside : json::Value());
    if (has_twin) ++beside;
  }
}

/// `value`: whichever of `valueQuantity`, `valueString` ... is there; all of them, if a faulty
/// resource has several.
void Machine::push_choice(Item const& from, Name const& name) {
  Step const* step = nullptr;
  bool is_known = recall(name.choice_cache, from.type, step);
  for (auto const member : from.node.value.members()) {
    auto key = member.name;
    if (key.starts_with('_')) key.remove_prefix(1);
    if (!key.starts_with(name.text)) continue;
    if (!is_known || step->element->name != key) {
      auto const* const element = fhir::find_element(from.type, key);
      bool const is_choice = element != nullptr && element->choice != 0;
      if (!is_choice || choice_name(*element) != name.text) continue;
      step = step_of(from.type, element);
      is_known = true;
      remember(name.choice_cache, from.type, step);
    }
    if (from.has_no_twins) {
      push_values(member.value, {}, {step->element, step->type, true});
    } else {
      push_member(from, from.node.value, member);
    }
  }
}

/// Parts of values that are not nodes.
void Machine::push_part(Item const& from, std::string_view name) {
  if (from.kind == ItemKind::type_info) {
    if (name == "namespace") push(Item::of_string(from.type_name.space));
    if (name == "name") push(Item::of_string(from.type_name.name));
  } else if (from.kind == ItemKind::quantity) {
    if (name == "value") push(Item::of_decimal(from.decimal()));
    if (name == "unit" || name == "code") push(Item::of_string(from.number.unit));
  }
}

void Machine::push_children(Item const& from, Name const& name) {
  if (!from.is_node()) return push_part(from, name.text);
  // A primitive has its id and extensions, which stand beside it.
  bool const is_object = from.node.value.is_object();
  auto const object = is_object ? from.node.value : from.node.twin;
  if (!object.exists()) return;
  if (from.type == 0) {
    if (!is_object || name.text == "resourceType") return;
    auto const twin = from.has_no_twins ? json::Value() : object[name.twin];
    return push_untyped(object[name.text], twin, from.has_no_twins);
  }
  if (auto const* const step = find_step(from.type, name)) {
    if (step->element->choice != 0 && !program_->takes_json_names) return;
    bool const may_have_twin = step->shape >= Shape::text && !from.has_no_twins;
    auto const twin = may_have_twin ? object[name.twin] : json::Value();
    return push_values(object[name.text], twin, {step->element, step->type, from.has_no_twins});
  }
  if (name.is_choice && is_object) return push_choice(from, name);
}

/// The values of one member, unless it is a `_name` whose `name` brings it along.
void Machine::push_member(Item const& from, json::Value object, json::Member member) {
  auto key = member.name;
  bool const is_twin = key.starts_with('_');
  if (is_twin) key.remove_prefix(1);
  if (key == "resourceType" || (is_twin && object[key].exists())) return;
  auto const value = is_twin ? json::Value() : member.value;
  auto twin = is_twin ? member.value : json::Value();
  if (!is_twin && !from.has_no_twins) twin = object["_" + std::string(key)];
  if (from.type == 0) return push_untyped(value, twin, from.has_no_twins);
  auto const* const step = step_of(from.type, fhir::find_element(from.type, key));
  if (step == nullptr) return;
  auto const beside = step->shape >= Shape::text ? twin : json::Value();
  push_values(value, beside, {step->element, step->type, from.has_no_twins});
}

void Machine::push_all_children(Item const& from) {
  if (!from.is_node()) return;
  auto const object = from.node.value.is_object() ? from.node.value : from.node.twin;
  for (auto const member : object.members()) push_member(from, object, member);
}

std::optional<std::string_view> Machine::lexical(Item const& item) {
  auto const value = item.node.value;
  if (!value.exists() || value.is_object() || value.is_array()) return std::nullopt;
  auto const text = value.text(scratch_);
  if (text.data() == scratch_.data()) return texts_.keep(text);
  return text;
}

namespace {

Item number_item(std::string_view text, bool is_integer_type) {
  bool const is_whole = text.find_first_of(".eE") == text.npos;
  if (is_integer_type || is_whole) {
    if (auto const whole = parse_integer<std::int64_t>(text)) {
      bool const fits = *whole <= static_cast<std::int64_t>(kIntegerMax) &&
                        *whole >= -static_cast<std::int64_t>(kIntegerMax) - 1;
      return fits ? Item::of_integer(*whole) : Item::of_long(*whole);
    }
  }
  if (auto const decimal = parse_decimal(text)) return Item::of_decimal(*decimal);
  return Item::of_string(text);
}

Item moment_item(std::string_view text, MomentKind kind) {
  auto const moment = parse_moment(text, kind);
  return moment ? Item::of_moment(*moment, kind) : Item::of_string(text);
}

}  // namespace

Item Machine::plain(Item const& item) {
  if (!item.is_node()) return item;
  auto const shape = shape_of(item.type);
  if (shape == Shape::quantity) {
    auto const object = item.node.value;
    std::string scratch;
    auto const value = parse_decimal(object["value"].raw());
    if (!value || object["comparator"].exists()) return item;
    auto const has_code = object["code"].exists();
    auto const unit = object[has_code ? "code" : "unit"].text(scratch);
    auto const word = has_code ? calendar_word(unit) : std::string_view();
    if (!word.empty()) return Item::of_quantity(*value, word, true);
    return Item::of_quantity(*value, unit.empty() ? "1" : texts_.keep(unit), false);
  }
  if (item.type != 0 && !has_own_plain_value(shape)) return item;
  auto const text = lexical(item);
  if (!text) return item;
  auto const kind = item.node.value.kind();
  if (kind == json::Kind::boolean) return Item::of_boolean(item.node.value.boolean());
  if (kind == json::Kind::number) {
    // A decimal written without a point is still one.
    if (shape == Shape::decimal) {
      auto const decimal = parse_decimal(*text);
      return decimal ? Item::of_decimal(*decimal) : Item::of_string(*text);
    }
    return number_item(*text, shape == Shape::integer);
  }
  switch (shape) {
    case Shape::date:
      return moment_item(*text, MomentKind::date);
    case Shape::date_time:
      return moment_item(*text, MomentKind::date_time);
    case Shape::time:
      return moment_item(*text, MomentKind::time);
    default:
      return Item::of_string(*text);
  }
}

}  // namespace sinew::fhirpath
