#include <algorithm>

#include "base/text.h"
#include "mapping/compiler.h"
#include "mapping/convert.h"
#include "mapping/names.h"

namespace sinew::mapping {
namespace {

std::string quoted(std::string_view text) { return "`" + std::string(text) + "`"; }

bool is_type(fhir::TypeId type, std::string_view name) { return fhir::type(type).name == name; }

}  // namespace

bool Compiler::make_rule(Rule& rule, fhir::TypeId target, std::string_view as,
                         TypedSource const* source, TableContext const& context,
                         TableRow const& row) {
  rule.primitive = primitive_of(target);
  if (rule.primitive == Primitive::none && fhir::type(target).kind == fhir::TypeKind::primitive) {
    error(row, "no v2 value can be written as " + quoted(fhir::type(target).name.view()));
    return false;
  }
  if (as.empty()) return make_default_rule(rule, target, source, row);
  if (as.starts_with("map(") && as.ends_with(")")) {
    return make_map_rule(rule, target, trim(as.substr(4, as.size() - 5)), source, row);
  }
  if (as.starts_with("new ") || as.starts_with("ref ") || as.starts_with("refs ")) {
    if (as.starts_with("new ") && source == nullptr) {
      error(row, "`new` needs a source");
      return false;
    }
    return make_reference_rule(rule, target, as, row);
  }
  if (is_table_name(as)) {
    if (source == nullptr) {
      error(row, "a type table needs a source");
      return false;
    }
    return make_table_rule(rule, target, as, row);
  }
  return make_expression_rule(rule, target, as, source, context, row);
}

bool Compiler::make_expression_rule(Rule& rule, fhir::TypeId target, std::string_view as,
                                    TypedSource const* source, TableContext const& context,
                                    TableRow const& row) {
  rule.action = Action::expression;
  rule.expression = compile_value(as, context, source, row);
  if (rule.expression == kNone) return false;
  if (rule.primitive == Primitive::none) {
    error(row, "an expression gives a text, and " + std::string(fhir::type(target).name.view()) +
                   " is none: name a type table, or an element below it");
    return false;
  }
  auto const& node = program_.nodes[rule.expression];
  if (node.op != Op::literal) return true;
  rule.is_constant = source == nullptr;
  std::string json;
  if (append_primitive(json, rule.primitive, node.text, std::nullopt) == Converted::written) {
    rule.json = keep(std::move(json));
  }
  if (!fhir::is_valid_primitive(target, node.text)) {
    error(row, quoted(node.text) + " is no " + std::string(fhir::type(target).name.view()));
    return false;
  }
  if (rule.element != nullptr && rule.element->strength == fhir::Strength::required &&
      !fhir::is_code_allowed(*rule.element, node.text)) {
    error(row, quoted(node.text) + " is not in " + std::string(fhir::value_set_url(*rule.element)));
    return false;
  }
  return true;
}

Index Compiler::find_default_object(std::string_view v2_type, fhir::TypeId target) {
  std::string const suffix = "." + std::string(fhir::type(target).name.view());
  for (auto const name : {v2_type, newer_type(v2_type)}) {
    if (name.empty()) continue;
    if (auto const found = types_.find(std::string(name) + suffix); found != types_.end()) {
      return object_of_table(*found->second);
    }
  }
  return kNone;
}

Index Compiler::choice_for(fhir::TypeId target) {
  if (auto const found = choices_.find(target); found != choices_.end()) return found->second;
  Choice choice;
  for (auto const& [name, table] : types_) {
    auto const parts = table_name(name);
    if (!parts.variant.empty() || fhir::find_type(parts.type) != target) continue;
    auto const object = object_of_table(*table);
    if (object != kNone) choice.objects.emplace_back(parts.source, object);
  }
  std::ranges::sort(choice.objects);
  auto const index = static_cast<Index>(program_.choices.size());
  program_.choices.push_back(std::move(choice));
  choices_.emplace(target, index);
  return index;
}

bool Compiler::make_default_rule(Rule& rule, fhir::TypeId target, TypedSource const* source,
                                 TableRow const& row) {
  auto const type_name = fhir::type(target).name.view();
  if (source == nullptr) {
    error(row, "the row has neither a source nor a value");
    return false;
  }
  if (is_type(target, "Reference")) {
    error(row, "a Reference needs `new`, `ref` or `refs`");
    return false;
  }
  if (source->source.reading == Reading::varies) {
    rule.action = Action::text;
    if (rule.primitive != Primitive::none) return true;
    rule.action = Action::varies;
    rule.argument = choice_for(target);
    return true;
  }
  rule.argument = find_default_object(source->v2_type, target);
  if (rule.argument != kNone) {
    rule.action = Action::object;
    return true;
  }
  rule.action = Action::text;
  if (rule.primitive != Primitive::none) return true;
  error(row,
        "there is no table type/" + std::string(source->v2_type) + "." + std::string(type_name));
  return false;
}

bool Compiler::make_table_rule(Rule& rule, fhir::TypeId target, std::string_view name,
                               TableRow const& row) {
  auto const found = types_.find(std::string(name));
  if (found == types_.end()) {
    error(row, "there is no table type/" + std::string(name));
    return false;
  }
  auto const made = fhir::find_type(table_name(name).type);
  bool const both_primitive = rule.primitive != Primitive::none && made != 0 &&
                              fhir::type(made).kind == fhir::TypeKind::primitive;
  if (made != target && !both_primitive) {
    error(row, quoted(name) + " does not make a " + std::string(fhir::type(target).name.view()));
    return false;
  }
  rule.action = Action::object;
  rule.argument = object_of_table(*found->second);
  return rule.argument != kNone;
}

void Compiler::check_map_codes(CodeMap const& map, fhir::Element const& element,
                               TableRow const& row) {
  if (element.strength != fhir::Strength::required) return;
  auto const check = [&](CodeRow const& code) {
    if (code.to.empty()) return;
    bool const allowed = code.system.empty()
                             ? fhir::is_code_allowed(element, code.to)
                             : fhir::is_coding_allowed(element, code.system, code.to);
    if (allowed) return;
    error(row, quoted(code.to) + " of code/" + std::string(map.name) + " is not in " +
                   std::string(fhir::value_set_url(element)));
  };
  for (auto const& [from, code] : map.exact) check(code);
  if (map.fallback != nullptr) check(*map.fallback);
}

bool Compiler::make_map_rule(Rule& rule, fhir::TypeId target, std::string_view name,
                             TypedSource const* source, TableRow const& row) {
  auto const map = code_map(name);
  if (map == kNone) {
    error(row, "there is no table code/" + std::string(name));
    return false;
  }
  if (source == nullptr) {
    error(row, "`map` needs a source");
    return false;
  }
  auto const& codes = program_.code_maps[map];
  if (rule.primitive != Primitive::none) {
    rule.action = Action::code;
    rule.argument = map;
    auto const check = [&](CodeRow const& code) {
      if (code.to.empty() || fhir::is_valid_primitive(target, code.to)) return;
      error(row, quoted(code.to) + " of code/" + std::string(name) + " is no " +
                     std::string(fhir::type(target).name.view()));
    };
    for (auto const& [from, code] : codes.exact) check(code);
    if (rule.element != nullptr) check_map_codes(codes, *rule.element, row);
    return true;
  }
  bool const is_coding = is_type(target, "Coding");
  if (!is_coding && !is_type(target, "CodeableConcept")) {
    error(row, "a code map gives a code, Coding or CodeableConcept");
    return false;
  }
  if (rule.element != nullptr) check_map_codes(codes, *rule.element, row);
  EffectiveTable const* base = nullptr;
  auto const suffix = "." + std::string(fhir::type(target).name.view());
  for (auto const v2_type : {source->v2_type, newer_type(source->v2_type)}) {
    auto const found = types_.find(std::string(v2_type) + suffix);
    if (base == nullptr && found != types_.end()) base = found->second;
  }
  if (is_coding) {
    rule.action = Action::coding;
    rule.argument = map;
    rule.expression = base == nullptr ? kNone : object_of_table(*base);
    return true;
  }
  rule.action = Action::object;
  rule.argument = object_with_map(base, map, target, row);
  return rule.argument != kNone;
}

bool Compiler::check_reference_target(fhir::Element const& element, fhir::TypeId target,
                                      TableRow const& row) {
  auto const targets = fhir::reference_targets(element);
  if (targets.empty() || std::ranges::find(targets, target) != targets.end()) return true;
  // "Resource" among the targets: any.
  if (std::ranges::any_of(targets, [](auto t) { return fhir::type(t).is_abstract; })) return true;
  error(row, quoted(element.name.view()) + " does not refer to a " +
                 std::string(fhir::type(target).name.view()));
  return false;
}

bool Compiler::make_reference_rule(Rule& rule, fhir::TypeId target, std::string_view as,
                                   TableRow const& row) {
  if (!is_type(target, "Reference")) {
    error(row, quoted(as) + " makes a Reference, and the element is none");
    return false;
  }
  auto const name = trim(as.substr(as.find(' ') + 1));
  if (as.starts_with("new ")) {
    auto const found = types_.find(std::string(name));
    if (found == types_.end()) {
      error(row, "there is no table type/" + std::string(name));
      return false;
    }
    auto const made = fhir::find_type(table_name(name).type);
    if (made == 0 || fhir::type(made).kind != fhir::TypeKind::resource) {
      error(row, quoted(name) + " makes no resource");
      return false;
    }
    rule.action = Action::make;
    rule.argument = make_of_table(*found->second);
    return check_reference_target(*rule.element, made, row);
  }
  auto const known = names_.find(name);
  if (known == names_.end()) {
    error(row, "no message table makes a resource " + quoted(name));
    return false;
  }
  rule.action = as.starts_with("refs ") ? Action::refer_all : Action::refer;
  rule.argument = known->second;
  auto const made = fhir::find_type(type_of_name(name));
  return made == 0 || check_reference_target(*rule.element, made, row);
}

}  // namespace sinew::mapping
