#include <algorithm>

#include "base/text.h"
#include "fhir/check.h"
#include "fhir/resource.h"
#include "validate/questionnaire.h"

namespace sinew::validate {
namespace {

/// Invariants that only speak of members with this name: not evaluated where there is none.
struct NeedRow {
  std::string_view key;
  std::string_view member;
};
constexpr auto kNeeds = std::to_array<NeedRow>({
    {"dom-2", "contained"},
    {"dom-3", "contained"},
    {"dom-4", "contained"},
    {"dom-5", "contained"},
});

bool has_subject(Constraint const& constraint, json::Value value, bool check_contained) {
  auto const* const row = std::ranges::find(kNeeds, constraint.key, &NeedRow::key);
  return row == kNeeds.end() || (check_contained && value[row->member].exists());
}

/// What FHIRPath calls an element: `value` for `valueQuantity`.
std::string_view path_name(fhir::Element const& element) {
  auto const name = element.name.view();
  if (element.choice == 0) return name;
  return name.substr(0, name.size() - fhir::type(element.type).name.size());
}

/// Follows `Patient.contact[0].name`, where the structure check found something, as far as it goes.
struct Found {
  std::string location;
  json::Value value;
};
Found follow(json::Value root, std::string_view where) {
  Found found{{}, root};
  auto type = fhir::resource_type(root);
  bool is_root = true;
  for (auto const part : split(where, '.')) {
    auto const bracket = part.find('[');
    auto const name = part.substr(0, bracket);
    if (is_root) {
      is_root = false;
      found.location = part;
      continue;
    }
    auto const* const element = type == 0 ? nullptr : fhir::find_element(type, name);
    found.location += "." + std::string(element ? path_name(*element) : name);
    auto next = found.value[name];
    if (bracket != part.npos) {
      found.location += part.substr(bracket);
      auto const digits = part.substr(bracket + 1, part.size() - bracket - 2);
      next = next.at(parse_integer<std::size_t>(digits).value_or(0));
    }
    if (!next) break;
    found.value = next;
    type = element ? element->type : fhir::TypeId{0};
    if (next["resourceType"].exists()) type = fhir::resource_type(next);
  }
  return found;
}

/// Whether a fault of a reference is read from a URL alone: what is there may be something else, or
/// the server may have addresses of its own making. Such faults are warnings.
bool is_about_elsewhere(std::string_view what, json::Value reference, bool trust_urls) {
  if (what.starts_with("neither a URL nor")) return true;
  if (trust_urls || !what.starts_with("may not refer to")) return false;
  auto const literal = reference["reference"].text();
  return !literal.empty() && !literal.starts_with('#') && !reference["type"];
}

/// The profiles of R4 that an Observation has to obey by its code. Source: FHIR R4
/// observation-vitalsigns.html, "if a vital sign is recorded with one of these codes ..."; the
/// SNOMED CT codes as HL7's validator has them.
struct VitalSignRow {
  std::string_view code;
  std::string_view profile;
};
constexpr auto kVitalSigns = std::to_array<VitalSignRow>({
    {"2708-6", "oxygensat"},
    {"276885007", "bodytemp"},
    {"29463-7", "bodyweight"},
    {"386725007", "bodytemp"},
    {"39156-5", "bmi"},
    {"8302-2", "bodyheight"},
    {"8310-5", "bodytemp"},
    {"85353-1", "vitalspanel"},
    {"85354-9", "bp"},
    {"8867-4", "heartrate"},
    {"9279-1", "resprate"},
    {"9843-4", "headcircum"},
});
static_assert(std::ranges::is_sorted(kVitalSigns, {}, &VitalSignRow::code));

std::string vital_sign_profile(json::Value resource) {
  if (resource["resourceType"].raw() != "Observation") return {};
  for (auto const coding : resource["code"]["coding"].elements()) {
    auto const code = coding["code"].raw();
    auto const* const row = std::ranges::lower_bound(kVitalSigns, code, {}, &VitalSignRow::code);
    if (row == kVitalSigns.end() || row->code != code) continue;
    auto const system = coding["system"].raw();
    bool const is_loinc = code.find('-') != code.npos;
    if (system == (is_loinc ? "http://loinc.org" : "http://snomed.info/sct")) {
      return "http://hl7.org/fhir/StructureDefinition/" + std::string(row->profile);
    }
  }
  return {};
}

}  // namespace

BundleIndex::BundleIndex(json::Value resource) {
  for (auto const entry : resource["entry"].elements()) {
    auto const inner = entry["resource"];
    if (auto const url = entry["fullUrl"].text(); !url.empty()) {
      by_url.emplace(url, inner);
      versions[url].push_back(inner["meta"]["versionId"].text());
    }
    add(inner);
  }
  for (auto const parameter : resource["parameter"].elements()) add(parameter["resource"]);
}

void BundleIndex::add(json::Value resource) {
  auto const id = resource["id"].text();
  if (!id.empty()) by_reference.emplace(resource["resourceType"].text() + "/" + id, resource);
}

Walker::Walker(json::Value root, std::string_view text, Library const& library,
               ValidatorOptions const& options)
    : root_(root), text_(text), library_(library), options_(options) {}
Walker::~Walker() = default;

std::vector<Finding> Walker::run() {
  auto const root = root_;
  if (!options_.is_structure_checked) add_structure_issues();
  auto const type = root.is_object() ? fhir::resource_type(root) : fhir::TypeId{0};
  if (type == 0) return std::move(findings_);
  Node const node{root, {}, type, nullptr, place(nullptr, fhir::type(type).name)};
  Scope const scope{root, root, nullptr, {}, node.place};
  walk_resource(node, scope, options_.profiles);
  return std::move(findings_);
}

void Walker::add_structure_issues() {
  auto const root = root_;
  bool const is_bundle = root.is_object() && root["resourceType"].text() == "Bundle";
  for (auto& issue : is_bundle ? fhir::check_bundle(root) : fhir::check_structure(root)) {
    if (is_full()) return;
    bool const is_contained = issue.where.find(".contained[") != issue.where.npos;
    if (is_contained && !options_.check_contained) continue;
    auto const found = follow(root, issue.where);
    Finding finding;
    bool const is_doubtful =
        is_about_elsewhere(issue.what, found.value, options_.trust_reference_urls);
    finding.severity = is_doubtful ? Severity::warning : issue.severity;
    bool const is_missing = issue.what.find("missing") != issue.what.npos;
    finding.code = issue.code == ErrorCode::too_large ? FindingCode::too_costly
                   : is_missing                       ? FindingCode::required
                                                      : FindingCode::structure;
    finding.text = std::move(issue.what);
    finding.location = found.location;
    set_position(finding, found.value);
    findings_.push_back(std::move(finding));
  }
}

void Walker::walk_resource(Node const& node, Scope const& scope,
                           std::vector<std::string> const& more_profiles) {
  Scope own = scope;
  auto const name = fhir::type(node.type).name.view();
  bool const is_bundle = name == "Bundle";
  if (is_bundle || (name == "Parameters" && options_.targets_must_exist)) {
    own.bundle = &bundles_.emplace_back(node.value);
  }
  walk_element(node, own);
  if (is_bundle) check_entries(node, own);
  if (name == "QuestionnaireResponse") check_answers(node, own);
  check_definition(node);
  std::vector<std::string> applied = implied_profiles(node);
  for (auto const& canonical : applied) apply_named(node, own, canonical, false);
  for (auto const& canonical : more_profiles) {
    apply_named(node, own, canonical, true);
    applied.push_back(canonical);
  }
  if (!options_.with_named_profiles) return;
  for (auto const item : node.value["meta"]["profile"].elements()) {
    auto const canonical = item.text();
    if (canonical.empty() || std::ranges::find(applied, canonical) != applied.end()) continue;
    apply_named(node, own, canonical, false);
    applied.push_back(canonical);
  }
}

void Walker::apply_named(Node const& node, Scope const& scope, std::string const& canonical,
                         bool is_asked_for) {
  auto const* const profile = library_.profile(canonical);
  if (profile == nullptr) {
    auto const severity = is_asked_for ? Severity::error : Severity::warning;
    if (!wants(severity)) return;
    return report({severity, FindingCode::not_found, "profile " + canonical + " is not known"},
                  node);
  }
  if (!fhirpath::is_subtype(node.type, profile->type)) {
    if (!wants(Severity::error)) return;
    return report({Severity::error, FindingCode::structure,
                   "profile " + canonical + " is about " +
                       std::string(fhir::type(profile->type).name.view())},
                  node);
  }
  apply(profile->root, node, scope, *profile);
  for (auto const& issue : profile->issues) {
    if (!said_.insert(issue.what + canonical).second || !wants(Severity::information)) continue;
    report({Severity::information, FindingCode::not_supported, issue.what, profile}, node);
  }
}

/// What a resource has to obey though nobody says so in it: the global profiles of the guides that
/// are known, and those of vital signs.
std::vector<std::string> Walker::implied_profiles(Node const& node) const {
  if (!options_.with_named_profiles) return {};
  auto implied = library_.global_profiles(node.type);
  if (auto const vital = vital_sign_profile(node.value); !vital.empty()) {
    if (library_.profile(vital) != nullptr) implied.emplace_back(vital);
  }
  return implied;
}

void Walker::walk_element(Node const& node, Scope const& scope) {
  if (is_full()) return;
  for (auto const* constraint : library_.constraints_of(node.type)) {
    bool const is_asked = has_subject(*constraint, node.value, options_.check_contained);
    if (is_asked) check_constraint(*constraint, node, scope, nullptr);
  }
  auto const object = node.object();
  if (!object.is_object()) return;
  // A primitive has the members of Element in its twin.
  auto const type = node.type;
  for (auto const [name, value] : object.members()) {
    auto bare = name;
    if (name.starts_with('_')) {
      bare.remove_prefix(1);
      if (object[bare].exists()) continue;  // goes with its value
    }
    auto const* const element = fhir::find_element(type, bare);
    if (element == nullptr) continue;
    if (bare.size() != name.size()) {
      walk_member(node, {}, value, *element, scope);
      continue;
    }
    bool const is_primitive = fhir::type(element->type).kind == fhir::TypeKind::primitive;
    auto const twin = is_primitive ? object["_" + std::string(name)] : json::Value();
    walk_member(node, value, twin, *element, scope);
  }
}

void Walker::walk_member(Node const& node, json::Value value, json::Value twin,
                         fhir::Element const& element, Scope const& scope) {
  bool const is_primitive = fhir::type(element.type).kind == fhir::TypeKind::primitive;
  // Nothing of R4 is left to ask of a primitive without extensions.
  bool const has_rules =
      twin || is_looked_at(element, value) || library_.constraints_of(element) != nullptr;
  if (is_primitive && !has_rules) return;
  std::vector<Node> items;
  if (!value.is_array() && !twin.is_array()) {
    items.push_back({value, twin, element.type, &element, place(node.place, path_name(element))});
  } else {
    collect(node, path_name(element), element, items);
  }
  for (auto const& item : items) walk_item(item, node, scope);
}

void Walker::walk_item(Node const& item, Node const& owner, Scope const& scope) {
  auto const& element = *item.element;
  if (auto const* own = library_.constraints_of(element)) {
    for (auto const* constraint : *own) check_constraint(*constraint, item, scope, nullptr);
  }
  if (fhir::type(element.type).kind == fhir::TypeKind::resource) {
    return walk_nested(item, owner, scope);
  }
  if (element.name == "extension" || element.name == "modifierExtension") {
    check_extension(item, owner, scope);
  }
  check_base_binding(item);
  check_data_type(item, scope);
  walk_element(item, scope);
}

void Walker::check_data_type(Node const& item, Scope const& scope) {
  static struct {
    fhir::TypeId coding = fhir::find_type("Coding"), attachment = fhir::find_type("Attachment"),
                 identifier = fhir::find_type("Identifier"),
                 reference = fhir::find_type("Reference"), narrative = fhir::find_type("Narrative");
  } const kTypes;
  if (fhir::type(item.type).kind == fhir::TypeKind::primitive) return check_primitive(item);
  if (item.type == kTypes.coding) return check_coding(item);
  if (item.type == kTypes.attachment) return check_attachment(item);
  if (item.type == kTypes.identifier) return check_identifier(item);
  if (item.type == kTypes.reference) return check_literal(item, scope);
  if (item.type == kTypes.narrative && item.value["extension"]) return check_text_links(item);
}

/// A resource in a resource: contained, of an entry, or of a parameter.
void Walker::walk_nested(Node const& node, Node const& owner, Scope const& scope) {
  auto const type = fhir::resource_type(node.value);
  bool const is_contained = node.element->name == "contained";
  if (type == 0 || (is_contained && !options_.check_contained)) return;
  Node own = node;
  own.type = type;
  Scope inner = scope;
  inner.resource = node.value;
  inner.place = node.place;
  if (!is_contained) {
    inner.root = node.value;
    inner.full_url = owner.value["fullUrl"].raw();
  }
  walk_resource(own, inner, {});
}

void Walker::check_answers(Node const& node, Scope const& scope) {
  auto const canonical = node.value["questionnaire"].text();
  if (canonical.empty()) return;
  json::Value questionnaire;
  if (canonical.starts_with('#')) {
    questionnaire = find_target(canonical, scope);
  } else if (auto const* const known = library_.find("Questionnaire", canonical)) {
    questionnaire = known->root();
  }
  if (!questionnaire) {
    if (!wants(Severity::warning)) return;
    return report({Severity::warning, FindingCode::not_found,
                   "questionnaire " + canonical + " is not known, so that no answer was checked"},
                  node);
  }
  AnswerChecker::Help help;
  help.children = [this](Node const& at, std::string_view name) { return children_of(at, name); };
  help.report = [this](Severity severity, std::string text, Node const& at) {
    if (wants(severity)) report({severity, FindingCode::structure, std::move(text)}, at);
  };
  help.membership = [this](std::string_view set, Code const& code) {
    return library_.membership(set, code);
  };
  help.compare = [this](json::Value a, json::Value b) { return compare(a, b); };
  AnswerChecker(questionnaire, node, std::move(help)).run();
}

/// Source: FHIR R4 datatypes.html#Attachment, "size: Number of bytes of content".
void Walker::check_attachment(Node const& node) {
  auto const size = node.value["size"];
  auto const data = node.value["data"];
  if (!size || !data.is_string()) return;
  std::size_t letters = 0;
  for (char const c : data.text()) letters += !is_ascii_space(c) && c != '=' ? 1 : 0;
  constexpr std::size_t kLetters = 4, kBytes = 3;  // of a group of base64
  if (size.raw() == std::to_string(letters * kBytes / kLetters)) return;
  if (!wants(Severity::error)) return;
  report({Severity::error, FindingCode::value, "size is not that of the data"}, node);
}

/// Extensible bindings of R4 itself, where a package brings the value set.
void Walker::check_base_binding(Node const& node) {
  if (node.element->strength != fhir::Strength::extensible) return;
  auto const url = fhir::value_set_url(*node.element);
  if (library_.find("ValueSet", url) == nullptr) return;
  check_binding({fhir::Strength::extensible, std::string(url)}, node, nullptr);
}

std::vector<Finding> validate(json::Document const& document, Library const& library,
                              ValidatorOptions const& options) {
  return Walker(document.root(), document.text(), library, options).run();
}

std::vector<Finding> validate(json::Value resource, std::string_view text, Library const& library,
                              ValidatorOptions const& options) {
  return Walker(resource, text, library, options).run();
}

}  // namespace sinew::validate
