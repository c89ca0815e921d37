// Measures beside the logic they name, and reports beside their measure.

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "validate/walker.h"

namespace sinew::validate {
namespace {

int base64_value(char c) {
  if (is_ascii_upper(c)) return c - 'A';
  if (is_ascii_lower(c)) return c - 'a' + 26;
  if (is_ascii_digit(c)) return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

std::string decode_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (char const c : text) {
    int const value = base64_value(c);
    if (value < 0) continue;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return out;
}

bool is_name_character(char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_'; }

/// Whether CQL defines a name: `define "X"`, `define X`, `define function X`, with an access
/// modifier. Source: CQL 1.5, grammar of expressionDefinition.
bool defines(std::string_view cql, std::string_view name) {
  for (auto line : split(cql, '\n')) {
    line = trim(line);
    if (!line.starts_with("define")) continue;
    for (std::size_t at = line.find(name); at != line.npos; at = line.find(name, at + 1)) {
      auto const after = at + name.size() < line.size() ? line[at + name.size()] : ' ';
      bool const is_whole = !is_name_character(line[at - 1]) && !is_name_character(after);
      if (is_whole) return true;
    }
  }
  return false;
}

/// The CQL of a Library, or nothing.
std::optional<std::string> cql_of(json::Value library) {
  for (auto const content : library["content"].elements()) {
    if (content["contentType"].text() != "text/cql" || !content["data"]) continue;
    return decode_base64(content["data"].raw());
  }
  return std::nullopt;
}

bool shares_coding(json::Value a, json::Value b) {
  for (auto const left : a["coding"].elements()) {
    for (auto const right : b["coding"].elements()) {
      bool const is_same = left["code"].text() == right["code"].text() &&
                           left["system"].text() == right["system"].text();
      if (is_same) return true;
    }
  }
  return !a["text"].text().empty() && a["text"].text() == b["text"].text();
}

/// The part of a measure that a part of a report is about: by its code.
json::Value find_by_code(json::Value list, json::Value code) {
  for (auto const item : list.elements()) {
    if (shares_coding(item["code"], code)) return item;
  }
  return {};
}

/// How many subjects a population lists; nothing where the list is elsewhere.
std::optional<std::size_t> subjects_in(json::Value population, json::Value report) {
  auto const reference = population["subjectResults"]["reference"].text();
  if (reference.empty()) return std::nullopt;
  if (!reference.starts_with('#')) {
    bool const is_list = reference.find("List/") != reference.npos;
    return is_list || reference.starts_with("urn:") ? std::nullopt : std::optional<std::size_t>(1);
  }
  for (auto const contained : report["contained"].elements()) {
    if ("#" + contained["id"].text() == reference) return contained["entry"].size();
  }
  return std::nullopt;
}

}  // namespace

/// `COVID19Screening.AgesUpToNine` names a definition of the Library of that name.
/// Source: FHIR R4 Measure.group.population.criteria; CQL 1.5, qualified identifiers.
void Walker::check_measure(Node const& node) {
  std::unordered_map<std::string, std::string> logic;  // CQL by name of the library
  for (auto const canonical : node.value["library"].elements()) {
    auto const* const library = library_.find("Library", canonical.text());
    if (library == nullptr) continue;
    if (auto cql = cql_of(library->root())) {
      logic.emplace(library->root()["name"].text(), *std::move(cql));
    }
  }
  if (logic.empty()) return;
  auto const check = [&](Node const& holder) {
    for (auto const& criteria : children_of(holder, "criteria")) {
      if (!criteria.value["language"].text().starts_with("text/cql")) continue;
      auto const expression = criteria.value["expression"].text();
      auto const dot = expression.find('.');
      if (dot == expression.npos || expression.find(' ') != expression.npos) continue;
      auto const found = logic.find(expression.substr(0, dot));
      if (found == logic.end() || defines(found->second, expression.substr(dot + 1))) continue;
      refuse(FindingCode::not_found, "the library defines nothing of this name", criteria);
    }
  };
  for (auto const& group : children_of(node, "group")) {
    for (auto const& population : children_of(group, "population")) check(population);
    for (auto const& stratifier : children_of(group, "stratifier")) check(stratifier);
  }
}

/// Source: FHIR R4 MeasureReport.group.population.subjectResults, .count.
void Walker::check_populations(json::Value report, Node const& group) {
  for (auto const& population : children_of(group, "population")) {
    if (!population.value["subjectResults"]) continue;
    if (report["type"].raw() != "subject-list") {
      refuse(FindingCode::structure, "only a report of type subject-list has subjects", population);
      continue;
    }
    auto const subjects = subjects_in(population.value, report);
    auto const count = population.value["count"];
    if (subjects && count && count.raw() != std::to_string(*subjects)) {
      refuse(FindingCode::value, "count is not that of the subjects", population);
    }
  }
}

/// Groups and stratifiers of a report are those of its measure.
/// Source: FHIR R4 MeasureReport.group, .stratifier.
void Walker::check_measure_report(Node const& node) {
  auto const* const measure = library_.find("Measure", node.value["measure"].text());
  if (measure == nullptr) return;
  auto const groups = measure->root()["group"];
  for (auto const& group : children_of(node, "group")) {
    auto const code = group.value["code"];
    auto const known = groups.size() == 1 && !code ? groups.at(0) : find_by_code(groups, code);
    if (!known) {
      if (groups.size() > 0) refuse(FindingCode::structure, "the measure has no such group", group);
      continue;
    }
    check_populations(node.value, group);
    for (auto const& stratifier : children_of(group, "stratifier")) {
      auto const codes = stratifier.value["code"].elements();
      bool const is_known = std::any_of(codes.begin(), codes.end(), [&](json::Value one) {
        return find_by_code(known["stratifier"], one).exists();
      });
      if (is_known) continue;
      refuse(FindingCode::structure, "no code says which stratifier of the measure this is",
             stratifier);
    }
  }
}

}  // namespace sinew::validate
