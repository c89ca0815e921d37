#include "validate/library.h"

#include <algorithm>

#include "base/check.h"
#include "base/data.h"
#include "base/table.h"
#include "base/text.h"

namespace sinew::validate {
namespace {

constexpr int kBaseDepthMax = 32;    ///< profiles on profiles
constexpr int kImportDepthMax = 16;  ///< value sets in value sets
constexpr int kImportsMax = 10'000;  ///< of one question

std::string key_of(std::string_view type, std::string_view url) {
  return std::string(type) + " " + std::string(url);
}

/// Invariants whose expression says something else than their words, which later releases correct.
/// que-12: "If there are more than one enableWhen" is `> 2` in R4. Source: FHIR R5
/// questionnaire.html.
struct CorrectedRow {
  std::string_view key;
  std::string_view expression;
};
constexpr auto kCorrected = std::to_array<CorrectedRow>({
    {"que-12", "enableWhen.count() > 1 implies enableBehavior.exists()"},
});

/// `6.1.0` before `6.0.9`, numbers as numbers; a release before its pre-releases.
bool is_newer(std::string_view a, std::string_view b) {
  auto const x = split(a, '.');
  auto const y = split(b, '.');
  for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
    auto const left = parse_integer<std::uint64_t>(x[i]);
    auto const right = parse_integer<std::uint64_t>(y[i]);
    if (left && right && *left != *right) return *left > *right;
    if (left.has_value() != right.has_value()) return left.has_value();
    if (!left && x[i] != y[i]) return x[i] > y[i];
  }
  return x.size() > y.size();
}

/// The elements with a required binding, by their value set: how the tables of R4 are asked.
std::unordered_map<std::string_view, fhir::Element const*> read_table_sets() {
  std::unordered_map<std::string_view, fhir::Element const*> sets;
  for (std::size_t id = 1; id < fhir::types().size(); ++id) {
    for (auto const& row : fhir::elements(static_cast<fhir::TypeId>(id))) {
      if (row.value_set != 0) sets.emplace(fhir::value_set_url(row), &row);
    }
  }
  return sets;
}

Membership in_tables(std::string_view url, Code const& code) {
  static auto const kSets = read_table_sets();
  auto const found = kSets.find(url);
  if (found == kSets.end()) return Membership::unknown;
  bool const is_in = code.is_coding
                         ? fhir::is_coding_allowed(*found->second, code.system, code.code)
                         : fhir::is_code_allowed(*found->second, code.code);
  return is_in ? Membership::yes : Membership::no;
}

Membership in_own_codes(Include const& include, Code const& code) {
  bool const is_system = include.system == code.system || !code.is_coding;
  if (!is_system) return Membership::no;
  bool const is_listed = include.codes.contains(include.is_case_sensitive ? std::string(code.code)
                                                                          : to_lower(code.code));
  if (is_listed) return Membership::yes;
  return include.is_open ? Membership::unknown : Membership::no;
}

}  // namespace

struct Library::BaseConstraints {
  std::list<Constraint> all;
  std::vector<std::vector<Constraint const*>> by_type;
  std::unordered_map<fhir::Element const*, std::vector<Constraint const*>> by_element;

  BaseConstraints() : by_type(fhir::types().size()) {
    auto const text = embedded_data("fhir/r4/constraints.tsv");
    SINEW_CHECK(bool(text));
    auto const table = Table::parse(*text, "constraints.tsv");
    SINEW_CHECK(bool(table));
    for (auto const& row : table->rows()) read_row(*table, row);
    inherit();
  }

  void read_row(Table const& table, Table::Row const& row) {
    auto const key = table.cell(row, "key");
    auto const* const right = std::ranges::find(kCorrected, key, &CorrectedRow::key);
    auto const text = right == kCorrected.end() ? table.cell(row, "expression") : right->expression;
    auto expression = fhirpath::Expression::compile(text, fhirpath::definition_options());
    if (!expression) return;  // definitions_test.cpp of fhirpath names those there are
    auto const severity =
        table.cell(row, "severity") == "warning" ? Severity::warning : Severity::error;
    auto const& made =
        all.emplace_back(Constraint{std::string(table.cell(row, "key")), severity,
                                    std::string(table.cell(row, "human")), *expression});
    auto const path = table.cell(row, "path");
    if (auto const type = fhir::find_type(path); type != 0) {
      by_type[type].push_back(&made);
      return;
    }
    auto const dot = path.rfind('.');
    auto const parent = fhir::find_type(path.substr(0, dot));
    if (parent == 0 || dot == path.npos) return;
    if (auto const* const element = fhir::find_element(parent, path.substr(dot + 1))) {
      by_element[element].push_back(&made);
    }
  }

  /// A type obeys what its bases ask, too.
  void inherit() {
    auto const own = by_type;
    for (std::size_t id = 1; id < by_type.size(); ++id) {
      for (auto base = fhir::types()[id].base; base != 0; base = fhir::type(base).base) {
        by_type[id].insert(by_type[id].end(), own[base].begin(), own[base].end());
      }
    }
  }
};

Library::Library() : base_(std::make_unique<BaseConstraints>()) {}
Library::~Library() = default;

std::vector<std::string> Library::global_profiles(fhir::TypeId type) const {
  auto const found = globals_.find(type);
  return found == globals_.end() ? std::vector<std::string>() : found->second;
}

void Library::add(Definition definition) {
  for (auto const global : definition.document->root()["global"].elements()) {
    if (definition.type != "ImplementationGuide") break;
    auto& profiles = globals_[fhir::find_type(global["type"].text())];
    auto const canonical = global["profile"].text();
    if (std::ranges::find(profiles, canonical) == profiles.end()) profiles.push_back(canonical);
  }
  auto& list = definitions_[key_of(definition.type, definition.url)];
  auto const same = std::ranges::find(list, definition.version, &Definition::version);
  if (same != list.end()) {
    *same = std::move(definition);
    return;
  }
  auto const place = std::ranges::find_if(
      list, [&](Definition const& other) { return is_newer(definition.version, other.version); });
  list.insert(place, std::move(definition));
}

void Library::add(Package package) {
  for (auto& definition : package.definitions) add(std::move(definition));
}

Definition const* Library::find(std::string_view type, std::string_view canonical) const {
  auto const found = definitions_.find(key_of(type, without_version(canonical)));
  if (found == definitions_.end()) return nullptr;
  auto const bar = canonical.find('|');
  if (bar == canonical.npos) return &found->second.front();
  auto const version = canonical.substr(bar + 1);
  auto const exact = std::ranges::find(found->second, version, &Definition::version);
  if (exact != found->second.end()) return &*exact;
  // `|6.1` is the newest 6.1.x.
  auto const part = std::string(version) + ".";
  auto const newest = std::ranges::find_if(
      found->second, [&](Definition const& one) { return one.version.starts_with(part); });
  return newest == found->second.end() ? nullptr : &*newest;
}

Profile const* Library::profile(std::string_view canonical) const {
  return compile(core_type(canonical) != 0 ? without_version(canonical) : canonical, 0);
}

Profile const* Library::compile(std::string_view canonical, int depth) const {
  std::lock_guard const lock(mutex_);
  if (auto const known = profiles_.find(canonical); known != profiles_.end()) {
    return known->second.get();
  }
  // Names come from senders: nothing is kept of those that nobody defines.
  std::unique_ptr<Profile> made;
  auto const core = core_type(canonical);
  auto const* const definition = find("StructureDefinition", canonical);
  if (core == 0 && definition == nullptr) return nullptr;
  if (core != 0) {
    made = std::make_unique<Profile>();
    made->url = canonical;
    made->type = core;
    made->root.name = fhir::type(core).name;
  } else if (depth < kBaseDepthMax) {
    // Known as nothing while it is compiled: a definition that is its own base ends here.
    profiles_[std::string(canonical)] = nullptr;
    auto const root = definition->root();
    auto const* const base =
        needs_base(root) ? compile(root["baseDefinition"].text(), depth + 1) : nullptr;
    if (auto compiled = compile_profile(definition->document, base)) {
      made = std::make_unique<Profile>(*std::move(compiled));
      if (needs_base(root) && base == nullptr) {
        made->issues.push_back({Severity::warning, ErrorCode::not_found,
                                "its base is not known, so that nothing of it was checked: " +
                                    root["baseDefinition"].text(),
                                made->url});
      }
      prune(*made);
    }
  }
  return (profiles_[std::string(canonical)] = std::move(made)).get();
}

ValueSet const* Library::value_set(std::string_view canonical) const {
  std::lock_guard const lock(mutex_);
  auto const known = value_sets_.find(canonical);
  if (known != value_sets_.end()) return known->second.get();
  std::unique_ptr<ValueSet> made;
  if (auto const* const definition = find("ValueSet", canonical)) {
    made =
        std::make_unique<ValueSet>(read_value_set(definition->root(), [this](std::string_view url) {
          auto const* const code_system = find("CodeSystem", url);
          return code_system == nullptr ? json::Value() : code_system->root();
        }));
  }
  if (made == nullptr) return nullptr;  // as with profiles
  return (value_sets_[std::string(canonical)] = std::move(made)).get();
}

CodeList const* Library::code_list(std::string_view system) const {
  std::lock_guard const lock(mutex_);
  auto const known = code_lists_.find(system);
  if (known != code_lists_.end()) return known->second.get();
  std::unique_ptr<CodeList> made;
  if (auto const* const definition = find("CodeSystem", system)) {
    made = std::make_unique<CodeList>(read_code_system(definition->root()));
  }
  // Systems that nobody defines are as many as a sender likes: nothing is kept of them.
  if (made == nullptr) return nullptr;
  return (code_lists_[std::string(system)] = std::move(made)).get();
}

namespace {

using InSet = std::function<Membership(std::string const&)>;

/// A code is in an include when it is in its system's part and in each of its value sets.
Membership in_include(Include const& include, Code const& code, InSet const& in_set) {
  auto result = include.system.empty() ? Membership::yes : in_own_codes(include, code);
  for (auto const& url : include.value_sets) {
    if (result == Membership::no) break;
    auto const other = in_set(url);
    if (other != Membership::yes) result = other;
  }
  return result;
}

Membership in_any(std::vector<Include> const& includes, Code const& code, InSet const& in_set) {
  auto result = Membership::no;
  for (auto const& include : includes) {
    auto const one = in_include(include, code, in_set);
    if (one == Membership::yes) return one;
    if (one == Membership::unknown) result = one;
  }
  return result;
}

}  // namespace

Membership Library::membership(std::string_view url, Code const& code) const {
  int imports = 0;
  // As deep as value sets import each other, which has a limit.
  std::function<Membership(std::string_view, int)> const in = [&](std::string_view name,
                                                                  int depth) {
    if (depth > kImportDepthMax || ++imports > kImportsMax) return Membership::unknown;
    auto const* set = value_set(name);
    if (set == nullptr) return in_tables(without_version(name), code);
    auto const in_set = [&](std::string const& other) { return in(other, depth + 1); };
    auto const result = in_any(set->includes, code, in_set);
    if (result == Membership::no && set->is_open) return Membership::unknown;
    if (result == Membership::no || set->excludes.empty()) return result;
    auto const excluded = in_any(set->excludes, code, in_set);
    if (excluded == Membership::yes) return Membership::no;
    return excluded == Membership::unknown ? excluded : result;
  };
  return in(url, 0);
}

std::vector<Constraint const*> const& Library::constraints_of(fhir::TypeId type) const {
  return base_->by_type[type];
}

std::vector<Constraint const*> const* Library::constraints_of(fhir::Element const& element) const {
  auto const found = base_->by_element.find(&element);
  return found == base_->by_element.end() ? nullptr : &found->second;
}

}  // namespace sinew::validate
