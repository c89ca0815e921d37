// The element tables equal the official definitions of FHIR R4 (4.0.1), read from the package
// itself.

#include <doctest/doctest.h>

#include <map>
#include <set>

#include "base/file.h"
#include "base/table.h"
#include "base/text.h"
#include "fhir/corpus_test.h"
#include "fhir/definitions.h"
#include "json/json.h"

namespace sinew::fhir {
namespace {

constexpr std::string_view kStructures = "http://hl7.org/fhir/StructureDefinition/";

std::string without_prefix(std::string text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

std::string without_version(std::string const& url) { return url.substr(0, url.find('|')); }

/// Every definition of the package, by file name.
std::map<std::string, json::Document> const& package() {
  static auto const kPackage = [] {
    std::map<std::string, json::Document> documents;
    for_each_in_corpus("packages/hl7.fhir.r4.core-4.0.1-definitions.tar.zst",
                       [&](std::string_view name, std::string_view text) {
                         auto const file = name.substr(name.rfind('/') + 1);
                         bool const is_wanted = file.starts_with("StructureDefinition-") ||
                                                file.starts_with("ValueSet-") ||
                                                file.starts_with("CodeSystem-") ||
                                                file.starts_with("SearchParameter-");
                         if (!is_wanted) return;
                         auto document = json::Document::parse(std::string(text));
                         REQUIRE_MESSAGE(document, name);
                         documents.emplace(file, std::move(*document));
                       });
    return documents;
  }();
  return kPackage;
}

std::vector<json::Value> resources(std::string_view type_name) {
  std::vector<json::Value> found;
  for (auto const& [name, document] : package()) {
    if (document.root()["resourceType"].raw() == type_name) found.push_back(document.root());
  }
  return found;
}

/// The definitions of types: what is not a profile on another.
std::vector<json::Value> type_definitions() {
  std::vector<json::Value> found;
  for (auto structure : resources("StructureDefinition")) {
    bool const is_type =
        structure["kind"].raw() != "logical" && structure["derivation"].raw() != "constraint";
    if (is_type) found.push_back(structure);
  }
  return found;
}

/// The FHIR type of a `type` of an element definition.
std::string official_type(json::Value kind) {
  for (auto extension : kind["extension"].elements()) {
    if (extension["url"].raw().ends_with("structuredefinition-fhir-type")) {
      return extension["valueUrl"].text();
    }
  }
  auto const code = kind["code"].text();
  return code == "http://hl7.org/fhirpath/System.String" ? "string" : code;
}

/// One line for an element of a JSON object as the definition gives it, or as the tables do.
struct Line {
  std::string type;
  int min = 0;
  bool is_list = false;
  std::string strength;
  std::string value_set;
  std::set<std::string> targets;
  bool is_summary = false;
  bool is_modifier = false;
  bool operator==(Line const&) const = default;
};

std::string describe(Line const& line) {
  std::string out = line.type + " " + std::to_string(line.min) + (line.is_list ? "..* " : "..1 ") +
                    line.strength + " " + line.value_set;
  for (auto const& target : line.targets) out += " " + target;
  return out + (line.is_summary ? " S" : "") + (line.is_modifier ? " M" : "");
}

using Lines = std::vector<std::pair<std::string, Line>>;  ///< by path, in order

/// The type of an element that is not a choice: a backbone is named by its path.
std::string single_type(json::Value element, std::set<std::string> const& parents) {
  auto const path = element["path"].text();
  if (auto const content = element["contentReference"]) return content.text().substr(1);
  if (parents.contains(path)) return path;
  return official_type(element["type"].at(0));
}

void add_official(json::Value element, std::set<std::string> const& parents, Lines& lines) {
  auto const path = element["path"].text();
  if (element["max"].raw() == "0") return;
  Line line;
  line.min = parse_integer<int>(element["min"].raw()).value_or(-1);
  line.is_list = element["max"].raw() != "1";
  line.strength = element["binding"]["strength"].text();
  line.value_set = without_version(element["binding"]["valueSet"].text());
  line.is_summary = element["isSummary"].boolean();
  line.is_modifier = element["isModifier"].boolean();
  auto const add = [&](std::string const& name, std::string const& type_name, json::Value kind) {
    line.type = type_name;
    line.targets.clear();
    for (auto target : kind["targetProfile"].elements()) {
      line.targets.insert(without_prefix(target.text(), kStructures));
    }
    if (line.targets == std::set<std::string>{"Resource"}) line.targets.clear();
    lines.emplace_back(name, line);
  };
  if (!path.ends_with("[x]")) {
    add(path, single_type(element, parents), element["type"].at(0));
    return;
  }
  auto const stem = path.substr(0, path.size() - 3);
  for (auto kind : element["type"].elements()) {
    auto type_name = official_type(kind);
    auto capitalised = type_name;
    capitalised[0] = to_ascii_upper(capitalised[0]);
    add(stem + capitalised, type_name, kind);
  }
}

/// The elements of a type and its backbones, object by object.
std::map<std::string, Lines> official_lines(json::Value structure) {
  auto const name = structure["name"].text();
  bool const is_primitive = structure["kind"].raw() == "primitive-type";
  std::set<std::string> parents;
  for (auto element : structure["snapshot"]["element"].elements()) {
    auto const path = element["path"].text();
    if (path != name) parents.insert(path.substr(0, path.rfind('.')));
  }
  std::map<std::string, Lines> by_owner;
  for (auto element : structure["snapshot"]["element"].elements()) {
    auto const path = element["path"].text();
    if (path == name || (is_primitive && path == name + ".value")) continue;
    add_official(element, parents, by_owner[path.substr(0, path.rfind('.'))]);
  }
  return by_owner;
}

Lines our_lines(TypeId id) {
  constexpr std::string_view kStrengths[] = {"", "example", "preferred", "extensible", "required"};
  Lines lines;
  for (auto const& element : elements(id)) {
    Line line;
    line.type = type(element.type).name.view();
    line.min = element.min;
    line.is_list = element.is_list;
    line.strength = kStrengths[static_cast<std::size_t>(element.strength)];
    line.value_set = value_set_url(element);
    for (auto target : reference_targets(element)) {
      line.targets.insert(std::string(type(target).name));
    }
    line.is_summary = element.is_summary;
    line.is_modifier = element.is_modifier;
    lines.emplace_back(std::string(type(id).name) + "." + std::string(element.name), line);
  }
  return lines;
}

void compare(std::string const& owner, Lines const& official, Lines const& ours) {
  CAPTURE(owner);
  REQUIRE(official.size() == ours.size());
  for (std::size_t i = 0; i < ours.size(); ++i) {
    CAPTURE(official[i].first);
    CHECK(official[i].first == ours[i].first);
    CHECK(describe(official[i].second) == describe(ours[i].second));
  }
}

TEST_CASE("types, elements, cardinality, bindings and targets equal the official release") {
  if (package().empty()) return;
  std::set<std::string> official_names;
  std::size_t elements_compared = 0;
  for (auto structure : type_definitions()) {
    for (auto const& [owner, lines] : official_lines(structure)) {
      auto const id = find_type(owner);
      REQUIRE_MESSAGE(id != 0, owner);
      official_names.insert(owner);
      compare(owner, lines, our_lines(id));
      elements_compared += lines.size();
    }
    auto const name = structure["name"].text();
    auto const& ours = type(find_type(name));
    CHECK(std::string(type(ours.base).name) ==
          without_prefix(structure["baseDefinition"].text(), kStructures));
    CHECK(ours.is_abstract == structure["abstract"].boolean());
    official_names.insert(name);
  }
  for (auto const& ours : types()) {
    if (!ours.name.empty())
      CHECK_MESSAGE(official_names.contains(std::string(ours.name)), ours.name.view());
  }
  CHECK(official_names.size() == types().size() - 1);
  CHECK(elements_compared > 8000);
}

/// All texts of the tables' rows, by the first column.
std::map<std::string, std::vector<std::string>> read_rows(std::string const& file) {
  auto const text = read_file(std::string(SINEW_SOURCE_DIR) + "/data/fhir/r4/" + file);
  REQUIRE(text);
  auto const table = Table::parse(*text, file);
  REQUIRE(table);
  std::map<std::string, std::vector<std::string>> rows;
  for (auto const& row : table->rows()) {
    auto& cells = rows[std::string(row.cells[0])];
    for (auto const& column : table->columns()) {
      cells.emplace_back(table->cell(row, column));
    }
  }
  return rows;
}

std::string joined(json::Value list) {
  std::string out;
  for (auto item : list.elements()) out += (out.empty() ? "" : " ") + item.text();
  return out;
}

/// As a cell holds it: white space as single spaces.
std::string as_cell(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (!is_ascii_space(c)) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  return std::string(trim(out));
}

TEST_CASE("search parameters equal the official release") {
  if (package().empty()) return;
  auto const rows = read_rows("search_parameters.tsv");
  auto const official = resources("SearchParameter");
  CHECK(official.size() == rows.size());
  for (auto parameter : official) {
    auto const url = parameter["url"].text();
    CAPTURE(url);
    REQUIRE(rows.contains(url));
    std::string components;
    for (auto component : parameter["component"].elements()) {
      components += (components.empty() ? "" : ";") + component["definition"].text() + " = " +
                    component["expression"].text();
    }
    auto const& cells = rows.at(url);
    CHECK(cells[1] == parameter["code"].text());
    CHECK(cells[2] == joined(parameter["base"]));
    CHECK(cells[3] == parameter["type"].text());
    CHECK(cells[4] == joined(parameter["target"]));
    CHECK(cells[5] == as_cell(parameter["expression"].text()));
    CHECK(cells[6] == as_cell(components));
  }
}

using Codes = std::set<std::string>;  ///< `system|code`

/// The codes a value set includes; nothing when one of its systems is not in the package.
Codes official_codes(json::Value value_set, std::map<std::string, json::Value> const& by_url,
                     bool& is_open) {
  Codes codes;
  std::vector<json::Value> sets = {value_set};
  while (!sets.empty()) {
    auto const set = sets.back();
    sets.pop_back();
    for (auto include : set["compose"]["include"].elements()) {
      auto const system = include["system"].text();
      for (auto other : include["valueSet"].elements()) {
        sets.push_back(by_url.at(without_version(other.text())));
      }
      std::vector<json::Value> concepts;
      for (auto item : include["concept"].elements()) concepts.push_back(item);
      if (concepts.empty() && !system.empty()) {
        auto const found = by_url.find(system);
        if (found != by_url.end()) {
          for (auto item : found->second["concept"].elements()) concepts.push_back(item);
        }
        is_open = is_open || concepts.empty();
      }
      while (!concepts.empty()) {
        auto const item = concepts.back();
        concepts.pop_back();
        codes.insert(system + "|" + item["code"].text());
        for (auto child : item["concept"].elements()) concepts.push_back(child);
      }
    }
  }
  return codes;
}

TEST_CASE("required value sets hold the codes of the official release") {
  if (package().empty()) return;
  std::map<std::string, json::Value> by_url;
  for (auto kind : {"ValueSet", "CodeSystem"}) {
    for (auto resource : resources(kind)) by_url[resource["url"].text()] = resource;
  }
  std::map<std::string, Codes> ours;
  auto const text = read_file(std::string(SINEW_SOURCE_DIR) + "/data/fhir/r4/value_sets.tsv");
  REQUIRE(text);
  auto const table = Table::parse(*text, "value_sets.tsv");
  REQUIRE(table);
  for (auto const& row : table->rows()) {
    auto& codes = ours[std::string(table->cell(row, "value_set"))];
    for (auto code : split(table->cell(row, "codes"), ' ')) {
      if (!code.empty())
        codes.insert(std::string(table->cell(row, "system")) + "|" + std::string(code));
    }
  }
  std::size_t open = 0;
  for (auto const& [url, codes] : ours) {
    CAPTURE(url);
    if (url == "http://hl7.org/fhir/ValueSet/currencies") {
      // The release names ISO 4217 and no codes; those are ours.
      CHECK(codes.contains("urn:iso:std:iso:4217|EUR"));
      continue;
    }
    bool is_open = !by_url.contains(url);
    auto const official = is_open ? Codes() : official_codes(by_url.at(url), by_url, is_open);
    CHECK(codes == (is_open ? Codes() : official));
    open += is_open;
  }
  CHECK(ours.size() > 200);
  CHECK(open == 3);  // MIME types, UCUM units, and one answer list of LOINC
  for (std::size_t id = 1; id < types().size(); ++id) {
    for (auto const& element : elements(static_cast<TypeId>(id))) {
      if (element.strength != Strength::required) continue;
      auto const url = std::string(value_set_url(element));
      CAPTURE(url);
      REQUIRE(ours.contains(url));
      for (auto const& entry : ours[url]) {
        CHECK(is_code_allowed(element, entry.substr(entry.rfind('|') + 1)));
      }
    }
  }
}

}  // namespace
}  // namespace sinew::fhir
