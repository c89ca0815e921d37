#include "api/graphql/check.h"

#include <algorithm>
#include <array>
#include <map>

namespace sinew::graphql {
namespace {

enum class Place : std::uint8_t { field = 1, fragment = 2, both = 3 };

/// Source: GraphQL, October 2021, section 3.13; FHIR R4 graphql.html#flattening.
struct DirectiveRow {
  std::string_view name;
  Place place;
  std::string_view argument;  ///< that it must have; empty: none
  std::string_view other;     ///< another name of that argument
};
constexpr auto kDirectives = std::to_array<DirectiveRow>({
    {"include", Place::both, "if", "if"},
    {"skip", Place::both, "if", "if"},
    {"first", Place::field, "", ""},
    {"flatten", Place::field, "", ""},
    {"singleton", Place::field, "", ""},
    {"slice", Place::field, "path", "fhirpath"},
});

/// The arguments of fields that are no elements and no searches.
struct ArgumentRow {
  FieldKind kind;
  std::string_view name;
};
constexpr auto kArguments = std::to_array<ArgumentRow>({
    {FieldKind::target, "optional"},
    {FieldKind::target, "type"},
    {FieldKind::read, "id"},
    {FieldKind::read, "_id"},
    {FieldKind::schema_type, "name"},
});

/// Of repeating elements. Source: FHIR R4 graphql.html#list.
constexpr auto kListArguments = std::to_array<std::string_view>({"_count", "_offset", "fhirpath"});

bool is_primitive_member(fhir::TypeId type, std::string_view name) {
  auto const* const element = fhir::find_element(type, name);
  return element && fhir::type(element->type).kind == fhir::TypeKind::primitive;
}

bool takes_argument(Field const& field, std::string_view name) {
  switch (field.kind) {
    case FieldKind::element:
    case FieldKind::twin:
      if (field.is_leaf) return false;
      return std::ranges::find(kListArguments, name) != kListArguments.end() ||
             (field.type.kind == TypeKind::element && is_primitive_member(field.type.id, name));
    case FieldKind::connection:
      if (is_cursor_argument(name)) return !field.is_reverse;
      [[fallthrough]];
    case FieldKind::list:
      if (name == "fhirpath") return true;
      if (name == "_reference") return field.is_reverse;
      return find_search_argument(field.type.id, name).has_value();
    default:
      return std::ranges::find_if(kArguments, [&](ArgumentRow const& row) {
               return row.kind == field.kind && row.name == name;
             }) != kArguments.end();
  }
}

bool has_argument(Selection const& selection, std::string_view name) {
  return std::ranges::find(selection.arguments, name, &Argument::name) != selection.arguments.end();
}

Result<> check_directive(Directive const& directive, Place place) {
  auto const* const row = std::ranges::find(kDirectives, directive.name, &DirectiveRow::name);
  if (row == kDirectives.end()) {
    return fail_at(directive.at, "no such directive: '@" + directive.name + "'");
  }
  if ((static_cast<int>(row->place) & static_cast<int>(place)) == 0) {
    return fail_at(directive.at, "'@" + directive.name + "' does not stand at a fragment");
  }
  auto const& arguments = directive.arguments;
  bool const is_good = row->argument.empty()
                           ? arguments.empty()
                           : arguments.size() == 1 && (arguments[0].name == row->argument ||
                                                       arguments[0].name == row->other);
  if (is_good) return {};
  auto const wanted =
      row->argument.empty() ? "no argument" : "the argument '" + std::string(row->argument) + "'";
  return fail_at(directive.at, "'@" + directive.name + "' takes " + wanted);
}

/// Collects errors while it walks.
class Check {
 public:
  Check(Document const& document, OperationDefinition const& operation)
      : document_(document), operation_(operation) {}

  std::vector<Error> run(Type const& root) {
    note(find_cycle());
    for (auto const& directive : operation_.directives) {
      note(check_directive(directive, Place::fragment));
    }
    walk(operation_.first, root);
    for (auto const& fragment : document_.fragments) {
      auto const type = find_type(fragment.type_condition);
      if (type) {
        walk(fragment.first, *type);
      } else {
        note(fail_at(fragment.at, "no such type: '" + fragment.type_condition + "'"));
      }
    }
    return std::move(errors_);
  }

 private:
  struct Visit {
    Index selection;
    Type owner;
  };

  void note(Result<> const& checked) {
    if (!checked && errors_.size() < kErrorsMax) errors_.push_back(checked.error());
  }
  void walk(Index first, Type const& root);
  void visit(Selection const& selection, Type const& owner);
  void visit_field(Selection const& selection, Type const& owner);
  Result<> check_variables(std::vector<Argument> const& arguments);
  Result<> find_cycle() const;
  [[nodiscard]] std::vector<std::size_t> spreads_of(Index first) const;

  Document const& document_;
  OperationDefinition const& operation_;
  std::vector<Visit> open_;
  std::vector<Error> errors_;
};

void Check::walk(Index first, Type const& root) {
  open_.push_back({first, root});
  while (!open_.empty() && errors_.size() < kErrorsMax) {
    auto& top = open_.back();
    if (top.selection == kNone) {
      open_.pop_back();
      continue;
    }
    auto const& selection = document_.selections[top.selection];
    auto const owner = top.owner;
    top.selection = selection.next;
    visit(selection, owner);
  }
}

void Check::visit(Selection const& selection, Type const& owner) {
  bool const is_field = selection.kind == SelectionKind::field;
  for (auto const& directive : selection.directives) {
    note(check_directive(directive, is_field ? Place::field : Place::fragment));
    note(check_variables(directive.arguments));
  }
  switch (selection.kind) {
    case SelectionKind::field:
      return visit_field(selection, owner);
    case SelectionKind::spread:
      if (!document_.fragment(selection.name)) {
        note(fail_at(selection.at, "no such fragment: '" + selection.name + "'"));
      }
      return;
    case SelectionKind::inline_fragment: {
      auto const& condition = selection.type_condition;
      auto const type = condition.empty() ? std::optional(owner) : find_type(condition);
      if (!type) return note(fail_at(selection.at, "no such type: '" + condition + "'"));
      open_.push_back({selection.first, *type});
    }
  }
}

void Check::visit_field(Selection const& selection, Type const& owner) {
  note(check_variables(selection.arguments));
  auto const field = find_field(owner, selection.name);
  if (!field) return note(no_such_field(selection, owner));
  note(check_field(document_, selection, owner, *field));
  // What a resource of any type has below itself depends on its type.
  bool const is_any = owner.kind == TypeKind::resource;
  if (selection.has_set) open_.push_back({selection.first, is_any ? Type{} : field->type});
}

Result<> Check::check_variables(std::vector<Argument> const& arguments) {
  std::vector<Index> open;
  for (auto const& argument : arguments) open.push_back(argument.value);
  while (!open.empty()) {
    auto const& value = document_.values[open.back()];
    open.pop_back();
    for (auto item = value.first; item != kNone; item = document_.values[item].next) {
      open.push_back(item);
    }
    if (value.kind != ValueKind::variable) continue;
    auto const& declared = operation_.variables;
    if (std::ranges::find(declared, value.text, &VariableDefinition::name) == declared.end()) {
      return fail_at(value.at, "the variable '" + value.text + "' is not declared");
    }
  }
  return {};
}

/// The fragments that are spread somewhere below, by their places in the document.
std::vector<std::size_t> Check::spreads_of(Index first) const {
  std::vector<std::size_t> found;
  std::vector<Index> open = {first};
  while (!open.empty()) {
    if (open.back() == kNone) {
      open.pop_back();
      continue;
    }
    auto const& selection = document_.selections[open.back()];
    open.back() = selection.next;
    if (selection.kind == SelectionKind::spread) {
      if (auto const* const fragment = document_.fragment(selection.name)) {
        found.push_back(static_cast<std::size_t>(fragment - document_.fragments.data()));
      }
    } else if (selection.first != kNone) {
      open.push_back(selection.first);
    }
  }
  return found;
}

/// Takes away fragments that nothing is left in to spread, until none is.
Result<> Check::find_cycle() const {
  auto const count = document_.fragments.size();
  std::vector<std::vector<std::size_t>> spread_in(count);
  std::vector<std::size_t> waits_for(count);
  std::vector<std::size_t> ready;
  for (std::size_t i = 0; i < count; ++i) {
    auto const spreads = spreads_of(document_.fragments[i].first);
    waits_for[i] = spreads.size();
    for (auto const other : spreads) spread_in[other].push_back(i);
    if (spreads.empty()) ready.push_back(i);
  }
  for (std::size_t i = 0; i < ready.size(); ++i) {
    for (auto const user : spread_in[ready[i]]) {
      if (--waits_for[user] == 0) ready.push_back(user);
    }
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (waits_for[i] == 0) continue;
    return fail_at(document_.fragments[i].at, "the fragment contains itself");
  }
  return {};
}

}  // namespace

std::vector<Error> check(Document const& document, OperationDefinition const& operation,
                         Type const& root) {
  return Check(document, operation).run(root);
}

bool is_cursor_argument(std::string_view name) { return name == "_cursor" || name == "cursor"; }

Failure no_such_field(Selection const& selection, Type const& owner) {
  return fail_at(selection.at, type_name(owner) + " has no field '" + selection.name + "'");
}

Result<> check_field(Document const&, Selection const& selection, Type const& owner,
                     Field const& field) {
  if (owner.kind == TypeKind::open || owner.kind == TypeKind::json) return {};
  // A resource of any type: what the field is turns out with the type.
  if (owner.kind == TypeKind::resource && field.kind == FieldKind::member) return {};
  if (field.is_leaf && selection.has_set) {
    return fail_at(selection.at, "'" + selection.name + "' has nothing to select from");
  }
  if (!field.is_leaf && !selection.has_set) {
    return fail_at(selection.at, "'" + selection.name + "' needs a selection: { ... }");
  }
  for (auto const& argument : selection.arguments) {
    if (takes_argument(field, argument.name)) continue;
    return fail_at(argument.at, "'" + selection.name + "' has no argument '" + argument.name + "'");
  }
  bool const needs_id = field.kind == FieldKind::read;
  if (needs_id && !has_argument(selection, "id") && !has_argument(selection, "_id")) {
    return fail_at(selection.at, "'" + selection.name + "' needs the argument 'id'");
  }
  if (field.is_reverse && !has_argument(selection, "_reference")) {
    return fail_at(selection.at, "'" + selection.name + "' needs the argument '_reference' here");
  }
  return {};
}

}  // namespace sinew::graphql
