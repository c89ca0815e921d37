#include <algorithm>
#include <array>

#include "base/severity.h"
#include "base/text.h"
#include "json/write.h"
#include "validate/walker.h"

namespace sinew::validate {
namespace {

struct CodeRow {
  FindingCode code;
  std::string_view name;
};
/// Source: FHIR R4 valueset-issue-type.
constexpr auto kCodes = std::to_array<CodeRow>({
    {FindingCode::structure, "structure"},
    {FindingCode::required, "required"},
    {FindingCode::value, "value"},
    {FindingCode::invariant, "invariant"},
    {FindingCode::code_invalid, "code-invalid"},
    {FindingCode::extension, "extension"},
    {FindingCode::not_found, "not-found"},
    {FindingCode::not_supported, "not-supported"},
    {FindingCode::too_costly, "too-costly"},
    {FindingCode::informational, "informational"},
});

constexpr std::string_view kExtensions = "http://hl7.org/fhir/StructureDefinition/";

void write_number(json::Writer& writer, std::string_view url, std::size_t number) {
  writer.begin_object();
  writer.member("url", std::string(kExtensions) + std::string(url));
  writer.key("valueInteger");
  writer.integer(static_cast<std::int64_t>(number));
  writer.end_object();
}

void write_finding(json::Writer& writer, Finding const& finding) {
  writer.begin_object();
  if (finding.line != 0) {
    writer.key("extension");
    writer.begin_array();
    write_number(writer, "operationoutcome-issue-line", finding.line);
    write_number(writer, "operationoutcome-issue-col", finding.column);
    writer.end_array();
  }
  writer.member("severity", name_of(finding.severity));
  writer.member("code", name_of(finding.code));
  writer.key("details");
  writer.begin_object();
  writer.member("text", finding.text);
  writer.end_object();
  if (!finding.profile.empty()) {
    writer.member("diagnostics", finding.profile + (finding.key.empty() ? "" : "#" + finding.key));
  } else if (!finding.key.empty()) {
    writer.member("diagnostics", finding.key);
  }
  if (!finding.location.empty()) {
    writer.key("expression");
    writer.begin_array();
    writer.string(finding.location);
    writer.end_array();
  }
  writer.end_object();
}

}  // namespace

std::string_view name_of(FindingCode code) {
  return std::ranges::find(kCodes, code, &CodeRow::code)->name;
}

std::string to_location(Place const* place) {
  std::vector<Place const*> steps;
  for (; place != nullptr; place = place->parent) steps.push_back(place);
  std::string out;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    if (!out.empty()) out += '.';
    out += (*step)->name;
    if ((*step)->index >= 0) out += "[" + std::to_string((*step)->index) + "]";
  }
  return out;
}

bool has_error(std::vector<Finding> const& findings) {
  return std::ranges::any_of(
      findings, [](Finding const& finding) { return finding.severity == Severity::error; });
}

std::string outcome_json(std::vector<Finding> const& findings) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("resourceType", "OperationOutcome");
  writer.key("issue");
  writer.begin_array();
  for (auto const& finding : findings) write_finding(writer, finding);
  if (findings.empty()) {
    Finding nothing;
    nothing.severity = Severity::information;
    nothing.code = FindingCode::informational;
    nothing.text = "nothing found to object to";
    write_finding(writer, nothing);
  }
  writer.end_array();
  writer.end_object();
  return out;
}

Place const* Walker::place(Place const* parent, std::string_view name, std::int32_t index) {
  return &places_.emplace_back(Place{parent, name, index});
}

bool Walker::wants(Severity severity) {
  if (quiet_ == 0) return !is_full();
  if (severity == Severity::error) ++quiet_errors_;
  return false;
}

/// OPTIMIZATION: from marks along the text, made when first asked. A thousand findings in a large
/// text would read it a thousand times.
TextPosition Walker::position_at(std::size_t offset) {
  constexpr std::size_t kStride = 4096;
  auto const after = [this](TextPosition from, std::size_t begin, std::size_t count) {
    auto const step = position_of(text_.substr(begin, count), count);
    from.column = step.line == 1 ? from.column + step.column - 1 : step.column;
    from.line += step.line - 1;
    return from;
  };
  while (marks_.size() <= offset / kStride) {
    auto const begin = (marks_.size() - 1) * kStride;
    marks_.push_back(after(marks_.back(), begin, kStride));
  }
  auto const begin = offset / kStride * kStride;
  return after(marks_[offset / kStride], begin, offset - begin);
}

void Walker::set_position(Finding& finding, json::Value value) {
  if (!options_.has_positions || !value.exists()) return;
  auto const text = text_;
  auto const source = value.source();
  if (source.data() < text.data() || source.data() > text.data() + text.size()) return;
  auto const offset = static_cast<std::size_t>(source.data() - text.data());
  auto const position = position_at(offset);
  finding.line = position.line;
  finding.column = position.column;
}

void Walker::refuse(FindingCode code, std::string text, Node const& node, Profile const* profile) {
  if (wants(Severity::error)) report({Severity::error, code, std::move(text), profile}, node);
}

void Walker::report(Fault fault, Node const& node) {
  Finding finding;
  finding.severity = fault.severity;
  finding.code = fault.code;
  finding.text = std::move(fault.text);
  finding.location = to_location(node.place);
  finding.key = fault.key;
  if (fault.profile != nullptr) {
    finding.profile = fault.profile->url;
    if (!fault.profile->version.empty()) finding.profile += "|" + fault.profile->version;
  }
  set_position(finding, node.shown());
  findings_.push_back(std::move(finding));
}

}  // namespace sinew::validate
