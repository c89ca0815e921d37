#include <algorithm>
#include <array>

#include "base/text.h"
#include "fhirpath/evaluator.h"
#include "patch/elements.h"
#include "patch/part_value.h"
#include "patch/patch.h"
#include "patch/tree.h"

namespace sinew::patch {
namespace {

/// Every operation reads the resource again, so that paths see what was done before them.
constexpr std::size_t kBytesReadMax = std::size_t{2} << 30;
constexpr std::uint64_t kPathStepsMax = 2'000'000;

/// The parts of one operation.
struct Operation {
  std::string type, path, name;
  json::Value value;
  std::optional<std::size_t> index, source, destination;
};

Result<std::optional<std::size_t>> read_index(json::Value part) {
  auto const index = parse_integer<std::size_t>(part["valueInteger"].text());
  if (!index) return fail(ErrorCode::malformed, "an index is a valueInteger from 0");
  return index;
}

Result<Operation> read_operation(json::Value parameter) {
  Operation operation;
  for (auto const part : parameter["part"].elements()) {
    auto const name = part["name"].text();
    auto const text = part["value" + suffix_of(part)].text();
    if (name == "type") operation.type = text;
    if (name == "path") operation.path = text;
    if (name == "name") operation.name = text;
    if (name == "value") operation.value = part;
    if (name == "index") operation.index = TRY(read_index(part));
    if (name == "source") operation.source = TRY(read_index(part));
    if (name == "destination") operation.destination = TRY(read_index(part));
  }
  if (operation.type.empty() || operation.path.empty()) {
    return fail(ErrorCode::malformed, "an operation has a type and a path");
  }
  return operation;
}

/// One operation on the resource as it stands.
class Change {
 public:
  Change(json::Value resource, Tree& tree, fhirpath::Evaluator& evaluator)
      : resource_(resource), tree_(tree), elements_(tree), evaluator_(evaluator) {}

  Result<> apply(Operation const& operation);

 private:
  using Step = Result<> (Change::*)(Operation const& operation);
  struct StepRow {
    std::string_view name;
    Step step;
    bool needs_value;
  };
  static std::array<StepRow, 5> const kSteps;

  Result<> add(Operation const& operation);
  Result<> insert(Operation const& operation);
  Result<> remove(Operation const& operation);
  Result<> replace(Operation const& operation);
  Result<> move(Operation const& operation);

  [[nodiscard]] Result<std::vector<fhirpath::Item>> find(std::string_view path);
  [[nodiscard]] Result<fhirpath::Item> find_one(std::string_view path);
  [[nodiscard]] Result<Place> list_at(std::vector<fhirpath::Item> const& items) const;
  Result<> append(fhirpath::Item const& owner, std::string_view name, json::Value value);

  json::Value resource_;
  Tree& tree_;
  Elements elements_;
  fhirpath::Evaluator& evaluator_;
};

/// Source: FHIR R4 fhirpatch.html, table of operations.
constinit std::array<Change::StepRow, 5> const Change::kSteps = {{
    {"add", &Change::add, true},
    {"insert", &Change::insert, true},
    {"delete", &Change::remove, false},
    {"replace", &Change::replace, true},
    {"move", &Change::move, false},
}};

Failure does_not_fit(std::string what) { return fail(ErrorCode::invalid, std::move(what)); }

Result<std::vector<fhirpath::Item>> Change::find(std::string_view path) {
  auto const expression = fhirpath::Expression::compile(path);
  if (!expression) {
    return fail(ErrorCode::malformed, "the path is no FHIRPath: " + expression.error().what);
  }
  auto const items = evaluator_.evaluate(*expression, resource_);
  if (!items) return does_not_fit("the path fails: " + items.error().what);
  return std::vector<fhirpath::Item>(items->begin(), items->end());
}

/// "The FHIRPath statement must return a single element."
Result<fhirpath::Item> Change::find_one(std::string_view path) {
  auto const items = TRY(find(path));
  if (items.empty()) return does_not_fit("nothing is found at the path");
  if (items.size() > 1) return does_not_fit("the path finds more than one element");
  if (!items.front().is_node()) return does_not_fit("the path finds a value, not an element");
  return items.front();
}

/// The list that all the items are; each of them is there.
Result<Place> Change::list_at(std::vector<fhirpath::Item> const& items) const {
  std::optional<Place> list;
  for (auto const& item : items) {
    auto const place = elements_.place_of(item);
    if (!place || !place->index) return does_not_fit("the path finds no list");
    if (list && (place->owner != list->owner || place->name != list->name)) {
      return does_not_fit("the path finds more than one list");
    }
    list = place;
  }
  if (!list) return does_not_fit("nothing is found at the path");
  if (elements_.size(list->owner, list->name) != items.size()) {
    return does_not_fit("the path finds a part of a list");
  }
  list->index.reset();
  return *list;
}

Result<> Change::append(fhirpath::Item const& owner, std::string_view name, json::Value value) {
  auto const suffix = suffix_of(value);
  auto const* const element = named_element(owner.type, name, suffix);
  if (element == nullptr) return does_not_fit("the type has no element of that name");
  if (!suffix.empty() && !fits(*element, suffix)) {
    return does_not_fit("the value is not of the element's type");
  }
  auto const place = elements_.place_of(owner);
  auto object = tree_.find(owner.node.value);
  bool const is_primitive = object == kNoNode || tree_.kind(object) != json::Kind::object;
  if (is_primitive) {
    if (!place) return does_not_fit("the path finds no element of the resource");
    object = elements_.twin_object(*place);
  }
  auto const made = TRY(part_value(tree_, value, element->type));
  if (element->is_list) {
    elements_.insert(object, element->name, elements_.size(object, element->name), made.content);
    return {};
  }
  // "Add can used for non-repeating elements as long as they do not already exist"
  bool const is_taken = std::ranges::any_of(fhir::elements(owner.type), [&](auto const& other) {
    bool const is_same = other.name == element->name.view() ||
                         (element->choice != 0 && other.choice == element->choice);
    return is_same && elements_.exists(object, other.name);
  });
  if (is_taken) return does_not_fit("the element is there already and does not repeat");
  elements_.set(object, element->name, made.content);
  return {};
}

Result<> Change::add(Operation const& operation) {
  if (operation.name.empty()) return fail(ErrorCode::malformed, "add needs a name");
  return append(TRY(find_one(operation.path)), operation.name, operation.value);
}

Result<> Change::insert(Operation const& operation) {
  if (!operation.index) return fail(ErrorCode::malformed, "insert needs an index");
  auto const items = TRY(find(operation.path));
  if (items.empty() && *operation.index == 0) {
    // The first of a list that is not there yet: its owner is the path without its last name.
    auto const dot = operation.path.rfind('.');
    if (dot == std::string::npos) return does_not_fit("nothing is found at the path");
    auto const owner = TRY(find_one(std::string_view(operation.path).substr(0, dot)));
    return append(owner, std::string_view(operation.path).substr(dot + 1), operation.value);
  }
  auto const list = TRY(list_at(items));
  if (*operation.index > items.size()) return does_not_fit("the index lies outside of the list");
  auto const* const element = items.front().element;
  auto const suffix = suffix_of(operation.value);
  if (element != nullptr && !suffix.empty() && !fits(*element, suffix)) {
    return does_not_fit("the value is not of the element's type");
  }
  auto const made = TRY(part_value(tree_, operation.value, items.front().type));
  elements_.insert(list.owner, list.name, *operation.index, made.content);
  return {};
}

/// Source: "Path of the element to delete (if found). Only a single element can be deleted".
Result<> Change::remove(Operation const& operation) {
  auto const items = TRY(find(operation.path));
  if (items.empty()) return {};
  if (items.size() > 1) return does_not_fit("the path finds more than one element");
  auto const place = elements_.place_of(items.front());
  if (!place) return does_not_fit("the path finds no element that can be deleted");
  elements_.remove(*place);
  return {};
}

Result<> Change::replace(Operation const& operation) {
  auto const item = TRY(find_one(operation.path));
  auto const place = elements_.place_of(item);
  if (!place) return does_not_fit("the path finds no element that can be replaced");
  auto const made = TRY(part_value(tree_, operation.value, item.type));
  auto const* const element = item.element;
  if (element != nullptr && element->choice != 0 && !made.suffix.empty()) {
    // Another type of the choice goes by another name: valueQuantity, valueString.
    auto const old = element->name.view();
    auto const base = old.substr(0, old.size() - fhir::type(element->type).name.size());
    auto const renamed = std::string(base).append(made.suffix);
    if (renamed != old) {
      elements_.remove(*place);
      elements_.set(place->owner, renamed, made.content);
      return {};
    }
  } else if (element != nullptr && !made.suffix.empty() && !fits(*element, made.suffix)) {
    return does_not_fit("the value is not of the element's type");
  }
  elements_.replace(*place, made.content);
  return {};
}

Result<> Change::move(Operation const& operation) {
  if (!operation.source || !operation.destination) {
    return fail(ErrorCode::malformed, "move needs source and destination");
  }
  auto const items = TRY(find(operation.path));
  auto place = TRY(list_at(items));
  if (std::max(*operation.source, *operation.destination) >= items.size()) {
    return does_not_fit("the index lies outside of the list");
  }
  if (*operation.source == *operation.destination) return {};
  place.index = operation.source;
  auto const taken = elements_.remove(place);
  elements_.insert(place.owner, place.name, *operation.destination, taken);
  return {};
}

Result<> Change::apply(Operation const& operation) {
  auto const* const row = std::ranges::find(kSteps, operation.type, &StepRow::name);
  if (row == kSteps.end()) return fail(ErrorCode::malformed, "unknown type of operation");
  if (row->needs_value && !operation.value.exists()) {
    return fail(ErrorCode::malformed, operation.type + " needs a value");
  }
  TRY((this->*row->step)(operation));
  tree_.drop_emptied();
  return tree_.check_limits();
}

Result<std::string> apply_one(std::string const& text, json::Value parameter,
                              fhirpath::Evaluator& evaluator) {
  auto const operation = TRY(read_operation(parameter));
  auto const document = TRY(json::Document::parse(text));
  auto tree = TRY(Tree::of(document.root()));
  TRY(Change(document.root(), tree, evaluator).apply(operation));
  return tree.print();
}

}  // namespace

Result<std::string> apply_fhirpath_patch(json::Value resource, json::Value parameters) {
  if (parameters["resourceType"].text() != "Parameters") {
    return fail(ErrorCode::malformed, "a FHIRPath Patch is a Parameters resource");
  }
  auto const operations = parameters["parameter"];
  if (operations.size() > kOperationsMax) {
    return fail(ErrorCode::too_large, "too many operations", "Parameters.parameter");
  }
  fhirpath::Environment environment;
  environment.limits.steps_max = kPathStepsMax;
  fhirpath::Evaluator evaluator(environment);
  auto text = std::string(resource.source());
  std::size_t read = 0;
  std::size_t index = 0;
  for (auto const parameter : operations.elements()) {
    auto const where = "Parameters.parameter[" + std::to_string(index++) + "]";
    if (parameter["name"].text() != "operation") {
      return fail(ErrorCode::malformed, "a parameter of a patch is an operation", where);
    }
    read += text.size();
    if (read > kBytesReadMax) {
      return fail(ErrorCode::too_large, "too many operations for a resource of this size", where);
    }
    auto done = apply_one(text, parameter, evaluator);
    if (!done) return fail(done.error().code, done.error().what, where);
    text = *std::move(done);
  }
  return text;
}

}  // namespace sinew::patch
