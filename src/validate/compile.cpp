#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "validate/profile.h"

namespace sinew::validate {
namespace {

constexpr std::string_view kCore = "http://hl7.org/fhir/StructureDefinition/";

template <class Kind>
struct Named {
  std::string_view name;
  Kind kind;
};

template <class Kind, std::size_t N>
Kind kind_of(std::array<Named<Kind>, N> const& table, std::string_view name, Kind otherwise) {
  auto const row = std::ranges::find(table, name, &Named<Kind>::name);
  return row == table.end() ? otherwise : row->kind;
}

/// Source: FHIR R4 valueset-binding-strength.
constexpr auto kStrengths = std::to_array<Named<fhir::Strength>>({
    {"example", fhir::Strength::example},
    {"preferred", fhir::Strength::preferred},
    {"extensible", fhir::Strength::extensible},
    {"required", fhir::Strength::required},
});

/// Source: FHIR R4 valueset-discriminator-type. `pattern` is the same as `value` since R5.
constexpr auto kDiscriminators = std::to_array<Named<DiscriminatorKind>>({
    {"value", DiscriminatorKind::value},
    {"pattern", DiscriminatorKind::value},
    {"exists", DiscriminatorKind::exists},
    {"type", DiscriminatorKind::type},
    {"profile", DiscriminatorKind::profile},
});

/// Source: FHIR R4 valueset-resource-slicing-rules.
constexpr auto kRules = std::to_array<Named<SlicingRules>>({
    {"open", SlicingRules::open},
    {"closed", SlicingRules::closed},
    {"openAtEnd", SlicingRules::open_at_end},
});

std::vector<std::string> texts(json::Value list) {
  std::vector<std::string> out;
  for (auto const item : list.elements()) out.push_back(item.text());
  return out;
}

/// The part before the next '.' that is not within parentheses; takes it off.
std::string_view take_step(std::string_view& path) {
  int depth = 0;
  std::size_t end = 0;
  for (; end < path.size(); ++end) {
    char const c = path[end];
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == '.' && depth == 0) break;
  }
  auto const step = path.substr(0, end);
  path.remove_prefix(std::min(path.size(), end + 1));
  return step;
}

std::string_view argument_of(std::string_view step) {
  auto const open = step.find('(');
  if (open == step.npos || !step.ends_with(')')) return {};
  auto text = trim(step.substr(open + 1, step.size() - open - 2));
  if (text.size() >= 2 && (text.front() == '\'' || text.front() == '"')) {
    text = text.substr(1, text.size() - 2);
  }
  return text;
}

/// The restricted FHIRPath of discriminators. Source: FHIR R4 profiling.html#discriminator.
std::vector<PathStep> read_path(std::string_view path) {
  std::vector<PathStep> steps;
  while (!path.empty()) {
    auto const step = trim(take_step(path));
    if (step == "$this" || step.empty()) continue;
    if (step.starts_with("extension(")) {
      steps.push_back({StepKind::extension, std::string(argument_of(step))});
    } else if (step.starts_with("ofType(") || step.starts_with("as(")) {
      steps.push_back({StepKind::of_type, std::string(argument_of(step))});
    } else if (step == "resolve()") {
      steps.push_back({StepKind::resolve, {}});
    } else {
      steps.push_back({StepKind::child, std::string(step)});
    }
  }
  return steps;
}

Slicing read_slicing(json::Value value) {
  Slicing slicing;
  for (auto const item : value["discriminator"].elements()) {
    slicing.discriminators.push_back(
        {kind_of(kDiscriminators, item["type"].text(), DiscriminatorKind::value),
         read_path(item["path"].text())});
  }
  slicing.rules = kind_of(kRules, value["rules"].text(), SlicingRules::open);
  slicing.is_ordered = value["ordered"].boolean();
  return slicing;
}

std::vector<TypeRule> read_types(json::Value list) {
  std::vector<TypeRule> types;
  for (auto const item : list.elements()) {
    TypeRule rule;
    auto const code = item["code"].text();
    rule.type = fhir::find_type(code.starts_with(kCore) ? code.substr(kCore.size()) : code);
    if (rule.type == 0) return {};  // System.String of `id` and `url`: what the tables say
    rule.profiles = texts(item["profile"]);
    rule.targets = texts(item["targetProfile"]);
    types.push_back(std::move(rule));
  }
  return types;
}

/// An extension by the last part of its url, of an R4 definition, or of R5 by its own name.
std::vector<json::Value> extensions_of(json::Value element, std::string_view name) {
  std::vector<json::Value> found;
  for (auto const extension : element["extension"].elements()) {
    auto const url = extension["url"].text();
    auto const last = url.substr(url.rfind('/') + 1);
    if (last == name || last == "extension-ElementDefinition." + std::string(name)) {
      found.push_back(extension);
    }
  }
  return found;
}

json::Value part_of(json::Value extension, std::string_view url, std::string_view value) {
  for (auto const part : extension["extension"].elements()) {
    if (part["url"].text() == url) return part[value];
  }
  return {};
}

/// Bindings beside the one there is. Those for some uses only are not looked at.
/// Source: FHIR R5 elementdefinition.html#additional; its extension for R4.
void read_more_bindings(json::Value binding, Rule& rule) {
  constexpr auto kNames =
      std::to_array<std::string_view>({"binding.additional", "additional-binding"});
  for (auto const name : kNames) {
    for (auto const extension : extensions_of(binding, name)) {
      auto const purpose = part_of(extension, "purpose", "valueCode").text();
      auto const set = part_of(extension, "valueSet", "valueCanonical").text();
      bool const is_for_some =
          std::ranges::any_of(extension["extension"].elements(),
                              [](json::Value part) { return part["url"].text() == "usage"; });
      auto const strength = kind_of(kStrengths, purpose, fhir::Strength::none);
      if (is_for_some || set.empty() || strength < fhir::Strength::extensible) continue;
      rule.more_bindings.push_back({strength, set});
    }
  }
}

/// What later releases say in elements of their own, and R4 in extensions.
void overlay_extensions(json::Value element, Rule& rule) {
  for (auto const extension : extensions_of(element, "mustHaveValue")) {
    rule.needs_value = extension["valueBoolean"].boolean();
  }
  for (auto const extension : extensions_of(element, "valueAlternatives")) {
    rule.alternatives.push_back(extension["valueCanonical"].text());
  }
  NarrativeRule narrative;
  for (auto const extension : extensions_of(element, "narrative-language-control")) {
    narrative.languages.push_back(extension["valueCode"].text());
  }
  narrative.needs_source = !extensions_of(element, "narrative-source-control").empty();
  if (narrative.needs_source || !narrative.languages.empty()) rule.narrative = narrative;
}

/// Lays what an ElementDefinition says over a rule.
void overlay(json::Value element, Rule& rule, std::vector<Issue>& issues) {
  if (auto const min = element["min"]) {
    rule.min = parse_integer<std::uint32_t>(min.raw()).value_or(rule.min);
  }
  if (auto const max = element["max"]) {
    rule.max = parse_integer<std::uint32_t>(max.raw()).value_or(kUnbounded);
  }
  if (auto const length = element["maxLength"]) {
    rule.length_max = parse_integer<std::uint32_t>(length.raw()).value_or(kUnbounded);
  }
  if (auto const types = element["type"]) rule.types = read_types(types);
  if (auto const slicing = element["slicing"]) rule.slicing = read_slicing(slicing);
  if (auto const binding = element["binding"]) {
    auto const set = binding["valueSet"].text();
    auto const strength = kind_of(kStrengths, binding["strength"].text(), fhir::Strength::none);
    // QUIRK(R4): required in the profiles of R4 for the components of any vital sign, though oxygen
    // flow has another unit; later releases took it back.
    bool const is_too_strong = set.starts_with("http://hl7.org/fhir/ValueSet/ucum-vitals-common") &&
                               element["path"].text().ends_with(".component.value[x]");
    auto const held = is_too_strong ? std::min(strength, fhir::Strength::extensible) : strength;
    if (!set.empty()) rule.binding = Binding{held, set};
    read_more_bindings(binding, rule);
  }
  if (element["extension"]) overlay_extensions(element, rule);
  if (auto const reference = element["contentReference"].text(); !reference.empty()) {
    rule.content_of = reference.substr(reference.find('#') + 1);
  }
  for (auto const [name, value] : element.members()) {
    if (name.starts_with("fixed")) rule.fixed = value;
    if (name.starts_with("pattern")) rule.pattern = value;
    if (name.starts_with("minValue")) rule.min_value = value;
    if (name.starts_with("maxValue")) rule.max_value = value;
  }
  read_constraints(element, rule, issues);
}

Rule& child_of(Rule& rule, std::string_view name) {
  auto const found = std::ranges::find(rule.children, name, &Rule::name);
  if (found != rule.children.end()) return *found;
  auto& made = rule.children.emplace_back();
  made.name = name;
  return made;
}

Rule& slice_of(Rule& rule, std::string_view slice_name) {
  auto const found = std::ranges::find(rule.slices, slice_name, &Rule::slice_name);
  if (found != rule.slices.end()) return *found;
  auto& made = rule.slices.emplace_back();
  made.name = rule.name;
  made.slice_name = slice_name;
  return made;
}

/// `a/b` is slice `a/b` of slice `a`. Source: FHIR R4 profiling.html#reslicing.
Rule& place_slice(Rule& rule, std::string_view slice_name) {
  auto* at = &rule;
  for (std::size_t slash = 0; slash != slice_name.npos;) {
    slash = slice_name.find('/', slash + 1);
    at = &slice_of(*at, slice_name.substr(0, slash));
  }
  return *at;
}

/// Finds the place of every element in the tree.
class Placer {
 public:
  explicit Placer(Profile& profile) : profile_(profile) {
    places_[profile.root.name] = &profile.root;
  }

  /// The rule an element is about, or nullptr when its parent is unknown. By path and order: an
  /// element without slice name belongs to the slice that was opened last above it.
  Rule* place(json::Value element) {
    auto const path = element["path"].text();
    auto const slice_name = element["sliceName"].text();
    if (path.find('.') == path.npos) return &profile_.root;
    places_.erase(places_.upper_bound(path), places_.lower_bound(path + "/"));  // '/' is '.' + 1
    Rule* rule = place_path(path);
    if (rule != nullptr && !slice_name.empty()) {
      rule = &place_slice(*rule, slice_name);
    }
    places_[path] = rule;
    return rule;
  }

  /// By id, which names the slices on the way: `Patient.identifier:mrn.system`.
  Rule* place_by_id(std::string_view id) {
    auto* rule = &profile_.root;
    auto parts = split(id, '.');
    for (std::size_t i = 1; i < parts.size(); ++i) {
      auto const colon = parts[i].find(':');
      rule = step_into(*rule, parts[i].substr(0, colon));
      if (colon != parts[i].npos) rule = &place_slice(*rule, parts[i].substr(colon + 1));
    }
    return rule;
  }

 private:
  Rule* place_path(std::string const& path) {
    auto const dot = path.rfind('.');
    auto const parent_path = path.substr(0, dot);
    auto const found = places_.find(parent_path);
    Rule* parent = found != places_.end() ? found->second : place_missing(parent_path);
    return parent == nullptr ? nullptr : step_into(*parent, std::string_view(path).substr(dot + 1));
  }

  Rule* place_missing(std::string const& path) {
    auto* rule = &profile_.root;
    auto const parts = split(path, '.');
    for (std::size_t i = 1; i < parts.size(); ++i) rule = step_into(*rule, parts[i]);
    places_[path] = rule;
    return rule;
  }

  /// `value[x]` is called `value`; `valueQuantity` is the slice of it that has this type.
  Rule* step_into(Rule& parent, std::string_view name) {
    if (name.ends_with("[x]")) return &child_of(parent, name.substr(0, name.size() - 3));
    auto const base = choice_of(parent, name);
    if (base.empty()) return &child_of(parent, name);
    auto& choice = child_of(parent, base);
    if (!choice.slicing) choice.slicing = Slicing{{{DiscriminatorKind::type, {}}}, {}, false};
    auto& slice = slice_of(choice, name);
    if (slice.types.empty()) {
      auto const* const row = fhir::find_element(type_of(parent), name);
      slice.types.push_back({row->type, {}, {}});
    }
    return &slice;
  }

  /// The name of the choice that `valueQuantity` belongs to, or nothing.
  std::string_view choice_of(Rule const& parent, std::string_view name) const {
    auto const* const row = fhir::find_element(type_of(parent), name);
    if (row == nullptr || row->choice == 0) return {};
    auto const type = fhir::type(row->type).name.view();
    return name.size() > type.size() ? name.substr(0, name.size() - type.size()) : name;
  }

  fhir::TypeId type_of(Rule const& rule) const {
    if (&rule == &profile_.root) return profile_.type;
    return rule.types.size() == 1 ? rule.types[0].type : fhir::TypeId{0};
  }

  Profile& profile_;
  std::map<std::string, Rule*, std::less<>> places_;
};

/// True when an id can be trusted: without its slice names it is the path.
bool says_the_path(std::string_view id, std::string_view path) {
  std::string bare;
  for (auto const part : split(id, '.')) {
    if (!bare.empty()) bare += '.';
    bare += part.substr(0, part.find(':'));
  }
  return bare == path;
}

constexpr std::ptrdiff_t kPathDepthMax = 64;

bool is_too_deep(std::string_view path) {
  return std::ranges::count_if(path, [](char c) { return c == '.' || c == '/'; }) > kPathDepthMax;
}

void read_elements(json::Value list, Profile& profile) {
  Placer placer(profile);
  for (auto const element : list.elements()) {
    auto const id = element["id"].text();
    auto const path = element["path"].text();
    bool const has_place = path.starts_with(profile.root.name) && !is_too_deep(path) &&
                           !is_too_deep(id) && !is_too_deep(element["sliceName"].raw());
    auto* const rule = !has_place                              ? nullptr
                       : says_the_path(id, path) && id != path ? placer.place_by_id(id)
                                                               : placer.place(element);
    if (rule == nullptr) {
      profile.issues.push_back({Severity::warning, ErrorCode::invalid,
                                "an element without a place: " + path, profile.url});
      continue;
    }
    overlay(element, *rule, profile.issues);
  }
}

void read_contexts(json::Value root, Profile& profile) {
  profile.contexts.clear();
  profile.context_invariants.clear();
  for (auto const item : root["context"].elements()) {
    ExtensionContext context{item["type"].text(), item["expression"].text(), std::nullopt};
    if (context.type == "fhirpath") {
      auto compiled =
          fhirpath::Expression::compile(context.expression, fhirpath::definition_options());
      if (compiled) context.compiled = *compiled;
    }
    profile.contexts.push_back(std::move(context));
  }
  for (auto const text : root["contextInvariant"].elements()) {
    auto compiled = fhirpath::Expression::compile(text.text(), fhirpath::definition_options());
    if (compiled) profile.context_invariants.push_back(*compiled);
  }
}

}  // namespace

bool needs_base(json::Value structure) { return structure["snapshot"]["element"].size() == 0; }

std::string_view without_version(std::string_view canonical) {
  return canonical.substr(0, canonical.find('|'));
}

fhir::TypeId core_type(std::string_view canonical) {
  auto const url = without_version(canonical);
  return url.starts_with(kCore) ? fhir::find_type(url.substr(kCore.size())) : fhir::TypeId{0};
}

void read_constraints(json::Value element, Rule& rule, std::vector<Issue>& issues) {
  for (auto const constraint : element["constraint"].elements()) {
    auto const key = constraint["key"].text();
    auto const text = constraint["expression"].text();
    // Copies of what the types ask: the base walk asks it already.
    auto const declared_by = constraint["source"].text();
    if (text.empty() || core_type(declared_by) != 0 || fhir::find_type(declared_by) != 0) continue;
    if (key == "ele-1" || key == "ext-1" || key.starts_with("dom-")) continue;
    if (std::ranges::find(rule.constraints, key, &Constraint::key) != rule.constraints.end()) {
      continue;
    }
    auto expression = fhirpath::Expression::compile(text, fhirpath::definition_options());
    if (!expression) {
      issues.push_back({Severity::warning, ErrorCode::invalid,
                        "invariant " + key + " is not FHIRPath: " + expression.error().what,
                        element["path"].text()});
      continue;
    }
    auto const severity =
        constraint["severity"].text() == "warning" ? Severity::warning : Severity::error;
    rule.constraints.push_back({key, severity, constraint["human"].text(), *expression});
  }
}

Result<Profile> compile_profile(std::shared_ptr<json::Document const> source, Profile const* base) {
  auto const root = source->root();
  auto const type = fhir::find_type(root["type"].text());
  if (type == 0) return fail(ErrorCode::invalid, "not a profile on a type of R4");
  Profile profile;
  if (base != nullptr && base->type == type) profile = *base;
  profile.url = root["url"].text();
  profile.version = root["version"].text();
  profile.type = type;
  profile.root.name = root["type"].text();
  profile.sources.push_back(source);
  read_contexts(root, profile);
  auto const list = needs_base(root) ? root["differential"] : root["snapshot"];
  read_elements(list["element"], profile);
  for (auto const element : list["element"].elements()) {
    if (element["path"].text() == "Extension" && element["isModifier"].boolean()) {
      profile.is_modifier = true;
    }
  }
  return profile;
}

}  // namespace sinew::validate
