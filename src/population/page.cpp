#include "population/coverage.h"

namespace sinew::population {
namespace {

constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --line: #8886; --quiet: #5f5f5f; --bar: #2a7de1; }
@media (prefers-color-scheme: dark) { :root { --quiet: #b0b0b0; --bar: #6aa9f0; } }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 0; }
p { margin: .5rem 0 1.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .5rem; }
th, td { padding: .25rem .75rem; border-bottom: 1px solid var(--line); text-align: right; font-weight: 400; }
thead th { font-weight: 600; white-space: nowrap; vertical-align: bottom; }
th[scope=row], th[scope=rowgroup], thead th:first-child { text-align: left; }
th[scope=rowgroup] { font-weight: 600; padding-top: 1.25rem; }
th[scope=row] { padding-left: 1.5rem; }
.none { color: var(--quiet); }
.bar { display: inline-block; width: 6rem; height: .6rem; border: 1px solid var(--line); vertical-align: middle; margin-left: .5rem; }
.bar span { display: block; height: 100%; background: var(--bar); }
small { color: var(--quiet); }
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (char const c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string head(std::string_view title, std::string_view more) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n" +
         std::string(more) + "<title>" + escaped(title) + "</title>\n<style>" +
         std::string(kStyle) + "</style>\n</head>\n<body>\n<main>\n";
}

/// In tenths of a percent, so that one of many is not shown as none.
std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  auto const tenths = part * 1000 / whole;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "%";
}

/// With commas between thousands.
std::string number(std::uint64_t value) {
  auto const digits = std::to_string(value);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string cell(std::uint64_t value) {
  return value == 0 ? "<td class=\"none\">0</td>" : "<td>" + number(value) + "</td>";
}

/// The bar repeats what the text says: it is hidden from those who listen.
std::string patients_cell(std::uint64_t with_value, std::uint64_t all) {
  auto const share = percent(with_value, all == 0 ? 1 : all);
  return (with_value == 0 ? "<td class=\"none\">" : "<td>") + number(with_value) + " <small>" +
         share + "</small> <span class=\"bar\" aria-hidden=\"true\"><span style=\"width:" + share +
         "\"></span></span></td>";
}

std::string conformance_cell(ElementCoverage const& row) {
  if (row.resources == 0) return "<td class=\"none\">none</td>";
  if (row.checked == 0) return "<td class=\"none\">not checked</td>";
  return "<td>" + number(row.conforming) + " of " + number(row.checked) + " <small>" +
         percent(row.conforming, row.checked) + "</small></td>";
}

std::string table_row(ElementCoverage const& row, std::uint64_t patients) {
  std::string text = "<tr><th scope=\"row\">" + escaped(row.element.name) + "</th>" +
                     patients_cell(row.patients, patients) + cell(row.values);
  for (auto const count : row.by_source) text += cell(count);
  return text + conformance_cell(row) + "</tr>\n";
}

}  // namespace

std::string coverage_page(Coverage const& coverage) {
  std::size_t covered = 0;
  for (auto const& row : coverage.elements) covered += row.values > 0 ? 1 : 0;
  auto text = head(coverage.standard + " coverage", "");
  text += "<h1>" + escaped(coverage.standard) + " coverage</h1>\n<p>" + std::to_string(covered) +
          " of " + std::to_string(coverage.elements.size()) + " data elements have a value. " +
          number(coverage.patients) + " patients; " + number(coverage.resources) +
          " resources read. As of <time>" + to_string(coverage.made) +
          "</time>. <a href=\"?refresh=true\">Make it again</a> &middot; "
          "<a href=\"?_format=json\">JSON</a></p>\n";
  text +=
      "<div class=\"scroll\" role=\"region\" aria-label=\"Coverage by element\" tabindex=\"0\">\n"
      "<table>\n<caption>Values by what the current version of their resource came from; "
      "conforming: resources without an error against their US Core profile.</caption>\n"
      "<thead><tr><th scope=\"col\">Element</th><th scope=\"col\">Patients with a value</th>"
      "<th scope=\"col\">Values</th><th scope=\"col\">from HL7 v2</th>"
      "<th scope=\"col\">from C-CDA</th><th scope=\"col\">native FHIR</th>"
      "<th scope=\"col\">Resources conforming</th></tr></thead>\n";
  std::string group;
  for (auto const& row : coverage.elements) {
    if (row.element.group != group) {
      if (!group.empty()) text += "</tbody>\n";
      group = row.element.group;
      text +=
          "<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"7\">" + escaped(group) + "</th></tr>\n";
    }
    text += table_row(row, coverage.patients);
  }
  if (!group.empty()) text += "</tbody>\n";
  return text + "</table>\n</div>\n</main>\n</body>\n</html>\n";
}

std::string coverage_waiting_page(std::uint64_t done, std::uint64_t total) {
  return head("Coverage is being measured", "<meta http-equiv=\"refresh\" content=\"2\">\n") +
         "<h1>Coverage is being measured</h1>\n<p role=\"status\">" + number(done) + " of " +
         number(total) + " resources read (" + percent(done, total) +
         "). This page asks again by itself.</p>\n</main>\n</body>\n</html>\n";
}

}  // namespace sinew::population
