#include <algorithm>
#include <cstdio>

#include "base/text.h"
#include "json/write.h"
#include "population/coverage.h"

namespace sinew::population {
namespace {

constexpr Source kAllSources[] = {Source::v2, Source::ccda, Source::native};
constexpr std::size_t kNameWidth = 46;

void write_count(json::Writer& writer, std::string_view name, std::uint64_t value) {
  writer.key(name);
  writer.integer(static_cast<std::int64_t>(value));
}

void write_element(json::Writer& writer, ElementCoverage const& row) {
  writer.begin_object();
  writer.member("class", row.element.group);
  writer.member("element", row.element.name);
  writer.key("profiles");
  writer.begin_array();
  for (auto const& profile : row.profiles) writer.string(profile);
  writer.end_array();
  write_count(writer, "patients", row.patients);
  write_count(writer, "values", row.values);
  write_count(writer, "resources", row.resources);
  writer.key("sources");
  writer.begin_object();
  for (auto const source : kAllSources) {
    write_count(writer, name_of(source), row.by_source[static_cast<std::size_t>(source)]);
  }
  writer.end_object();
  write_count(writer, "checked", row.checked);
  write_count(writer, "conforming", row.conforming);
  writer.end_object();
}

std::uint64_t read_count(json::Value value) {
  return parse_integer<std::uint64_t>(value.raw()).value_or(0);
}

ElementCoverage read_element(json::Value value) {
  ElementCoverage row;
  row.element = {value["class"].text(), value["element"].text()};
  for (auto const profile : value["profiles"].elements()) row.profiles.push_back(profile.text());
  row.patients = read_count(value["patients"]);
  row.values = read_count(value["values"]);
  row.resources = read_count(value["resources"]);
  for (auto const source : kAllSources) {
    row.by_source[static_cast<std::size_t>(source)] = read_count(value["sources"][name_of(source)]);
  }
  row.checked = read_count(value["checked"]);
  row.conforming = read_count(value["conforming"]);
  return row;
}

/// Filled up with blanks, or cut, to a width in characters.
std::string padded(std::string_view text, std::size_t width) {
  if (text.size() > width) return std::string(text.substr(0, width - 2)) + "..";
  return std::string(text) + std::string(width - text.size(), ' ');
}

std::string right(std::uint64_t number, std::size_t width) {
  auto const text = std::to_string(number);
  return std::string(text.size() < width ? width - text.size() : 0, ' ') + text;
}

}  // namespace

std::string coverage_json(Coverage const& coverage) {
  std::string text;
  json::Writer writer(text, json::Writer::Style::pretty);
  writer.begin_object();
  writer.member("standard", coverage.standard);
  writer.member("made", to_string(coverage.made));
  write_count(writer, "patients", coverage.patients);
  write_count(writer, "resources", coverage.resources);
  writer.key("elements");
  writer.begin_array();
  for (auto const& row : coverage.elements) write_element(writer, row);
  writer.end_array();
  writer.end_object();
  return text + "\n";
}

Result<Coverage> read_coverage(std::string_view json) {
  auto const document = TRY(json::Document::parse(std::string(json)));
  auto const root = document.root();
  if (!root["standard"] || !root["elements"].is_array()) {
    return fail(ErrorCode::malformed, "not a coverage report");
  }
  Coverage coverage;
  coverage.standard = root["standard"].text();
  coverage.patients = read_count(root["patients"]);
  coverage.resources = read_count(root["resources"]);
  for (auto const element : root["elements"].elements()) {
    coverage.elements.push_back(read_element(element));
  }
  return coverage;
}

std::string coverage_text(Coverage const& coverage) {
  std::string text = coverage.standard + ": " + std::to_string(coverage.patients) + " patients, " +
                     std::to_string(coverage.resources) + " resources read\n";
  text +=
      padded("", kNameWidth) + "  patients    values        v2     ccda    native  conforming\n";
  std::string group;
  std::size_t covered = 0;
  for (auto const& row : coverage.elements) {
    if (row.element.group != group) text += (group = row.element.group) + "\n";
    if (row.values > 0) ++covered;
    text += padded("  " + row.element.name, kNameWidth) + right(row.patients, 10) +
            right(row.values, 10);
    for (auto const source : kAllSources) {
      text +=
          right(row.by_source[static_cast<std::size_t>(source)], source == Source::ccda ? 9 : 10);
    }
    text += row.checked == 0 ? "           -"
                             : right(row.conforming, 6) + " of " + std::to_string(row.checked);
    text += "\n";
  }
  return text + std::to_string(covered) + " of " + std::to_string(coverage.elements.size()) +
         " elements have a value\n";
}

}  // namespace sinew::population
