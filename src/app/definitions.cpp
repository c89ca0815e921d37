#include "app/definitions.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/data.h"
#include "base/hash.h"
#include "base/table.h"
#include "json/edit.h"
#include "json/write.h"

namespace sinew::app {
namespace {

constexpr std::size_t kIdBytesMax = 64;    ///< Source: FHIR R4 datatypes.html#id
constexpr std::size_t kChangesOfOne = 50;  ///< of one transaction, so that nobody waits long
constexpr std::size_t kPageCount = 200;
constexpr std::string_view kTypes[] = {
    "CapabilityStatement", "CodeSystem",          "ConceptMap",
    "ImplementationGuide", "OperationDefinition", "Questionnaire",
    "SearchParameter",     "StructureDefinition", "ValueSet"};

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kIdBytesMax && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
  });
}

/// `us-core-patient-6.1.0`; a digest where that is too long or no id.
std::string id_of(validate::Definition const& definition, validate::Package const& package) {
  auto id = definition.root()["id"].text() + "-" + package.version;
  if (is_id(id) && !definition.root()["id"].text().empty()) return id;
  return sha256_hex(definition.url + "|" + package.name + "#" + package.version)
      .substr(0, kIdBytesMax);
}

/// `meta` with the tag of the package added.
std::string meta_of(json::Value root, std::string const& package) {
  auto const meta = root["meta"];
  std::string tags;
  json::Writer writer(tags);
  writer.begin_array();
  for (auto const tag : meta["tag"].elements()) writer.value(tag);
  writer.begin_object();
  writer.member("system", kPackageTag);
  writer.member("code", package);
  writer.end_object();
  writer.end_array();
  json::ObjectEdit edit(meta);
  edit.set("tag", tags);
  return edit.text();
}

store::Change change_for(validate::Definition const& definition, validate::Package const& package) {
  auto const root = definition.root();
  store::Change change;
  change.type = definition.type;
  change.id = id_of(definition, package);
  std::string id;
  json::append_string(id, change.id);
  json::ObjectEdit edit(root);
  edit.set_after("resourceType", "id", id);
  edit.set_after("id", "meta", meta_of(root, package.name + "#" + package.version));
  change.body = edit.text();
  return change;
}

/// As the store is to take it: what somebody installs is in force, and guides publish parameters
/// that they want used as drafts (CARIN's).
std::string parameter_of(validate::Definition const& definition) {
  json::ObjectEdit edit(definition.root());
  if (definition.root()["status"].text() == "draft") edit.set("status", R"("active")");
  return edit.text();
}

Result<> apply(store::Store& store, std::vector<store::Change>& changes) {
  if (changes.empty()) return {};
  store::Transaction transaction;
  transaction.changes = std::move(changes);
  changes.clear();
  TRY(store.apply_and_wait(std::move(transaction)));
  return {};
}

/// The packages that definitions of the store say they are from.
Result<> remove_others(store::Store& store, std::set<std::string> const& present) {
  store::Query query;
  query.types.assign(std::begin(kTypes), std::end(kTypes));
  query.criteria = {{"_tag", "", {std::string(kPackageTag) + "|"}, ""}};
  query.count = kPageCount;
  query.want_total = false;
  std::vector<store::Change> changes;
  do {
    auto const page = TRY(store.search(query));
    for (auto const& match : page.matches) {
      if (present.contains(match.type + "/" + match.id)) continue;
      store::Change change;
      change.verb = store::Verb::remove;
      change.type = match.type;
      change.id = match.id;
      changes.push_back(std::move(change));
    }
    query.cursor = page.next;
  } while (!query.cursor.empty());
  return apply(store, changes);
}

}  // namespace

Result<std::vector<std::string>> store_definitions(store::Store& store,
                                                   std::span<validate::Package const> packages) {
  std::set<std::string> present;
  std::vector<store::Change> changes;
  std::vector<std::string> parameters;
  for (auto const& package : packages) {
    for (auto const& definition : package.definitions) {
      if (std::ranges::find(kTypes, definition.type) == std::end(kTypes)) continue;
      auto change = change_for(definition, package);
      if (!present.insert(change.type + "/" + change.id).second) continue;
      if (change.type == "SearchParameter") parameters.push_back(parameter_of(definition));
      changes.push_back(std::move(change));
      if (changes.size() == kChangesOfOne) TRY(apply(store, changes));
    }
  }
  TRY(apply(store, changes));
  TRY(remove_others(store, present));
  auto const own = us_core_search_parameters();
  parameters.insert(parameters.end(), own.begin(), own.end());
  auto refused = store.add_search_parameters(parameters);
  if (!refused && refused.error().code == ErrorCode::not_supported) {
    return std::vector<std::string>{"this store takes in no search parameters of packages"};
  }
  return refused;
}

std::vector<std::string> us_core_search_parameters() {
  constexpr std::string_view kTable = "us-core/search_parameters.tsv";
  auto const text = embedded_data(kTable);
  SINEW_CHECK(bool(text));
  auto const table = Table::parse(*text, kTable);
  SINEW_CHECK(bool(table));
  std::vector<std::string> resources;
  for (auto const& row : table->rows()) {
    json::Writer writer(resources.emplace_back());
    writer.begin_object();
    writer.member("resourceType", "SearchParameter");
    writer.member("url", table->cell(row, "url"));
    writer.member("status", "active");
    writer.member("code", table->cell(row, "code"));
    writer.key("base");
    writer.begin_array();
    writer.string(table->cell(row, "base"));
    writer.end_array();
    writer.member("type", table->cell(row, "type"));
    writer.member("expression", table->cell(row, "expression"));
    writer.end_object();
  }
  return resources;
}

}  // namespace sinew::app
