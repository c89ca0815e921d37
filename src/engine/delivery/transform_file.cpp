#include <array>

#include "engine/delivery/channel_read.h"
#include "engine/delivery/lookup.h"
#include "engine/delivery/transform.h"

namespace sinew::engine {
namespace {

struct StepRow {
  std::string_view key;
  ReadStep read;
};
/// Every step there is, by the key that names it.
constexpr auto kStepRows = std::to_array<StepRow>({
    {"add", read_add},
    {"clear", read_clear},
    {"copy", read_copy},
    {"date", read_date},
    {"drop-z-segments", read_drop_z},
    {"lower", read_lower},
    {"map", read_map},
    {"nullify", read_null},
    {"only-if", read_only_if},
    {"pad", read_pad},
    {"remove", read_remove},
    {"replace", read_replace},
    {"script", read_script},
    {"set", read_set},
    {"trim", read_trim},
    {"upper", read_upper},
    {"version", read_version},
});

constexpr auto kFormats = std::to_array<NameRow<FormatKind>>({{"hl7v2", FormatKind::hl7v2},
                                                              {"json", FormatKind::json},
                                                              {"xml", FormatKind::xml},
                                                              {"fhir", FormatKind::fhir}});

Result<std::shared_ptr<Step const>> read_step(Node const& node, ChannelFolder const& folder) {
  std::set<std::string> keys = {"when"};
  StepRow const* found = nullptr;
  for (auto const& row : kStepRows) {
    keys.emplace(row.key);
    if (!node[std::string(row.key)].exists()) continue;
    if (found != nullptr) return node.wrong("has two steps: a step has one key, and 'when'");
    found = &row;
  }
  TRY(node.allow(keys));
  if (found == nullptr) return node.wrong("needs a step");
  auto const below = node[std::string(found->key)];
  auto step = TRY(found->read(below, folder));
  step->when = TRY(read_conditions(node["when"], folder));
  step->written_at = below.place();
  return std::shared_ptr<Step const>(std::move(step));
}

/// `csv: {columns: [{name: mrn, value: "{PID-3.1}"}], each: OBX, header: true, separator: ";"}`
Result<Format> read_csv(Node const& node) {
  TRY(node.allow({"columns", "each", "header", "separator"}));
  Format format;
  format.kind = FormatKind::csv;
  format.each = TRY(node["each"].text_or({}));
  if (!format.each.empty() && !hl7v2::parse_path(format.each))
    return node["each"].wrong("is no segment");
  constexpr auto kTruths = std::to_array<NameRow<bool>>({{"true", true}, {"false", false}});
  format.has_header = TRY(node["header"].one_of(kTruths, true));
  auto const separator = TRY(node["separator"].text_or(","));
  if (separator.size() != 1) return node["separator"].wrong("is one character");
  format.comma = separator.front();
  auto const columns = node["columns"];
  if (!columns.is_list()) return node.wrong("needs a list of 'columns'");
  for (auto const& column : columns.elements()) {
    TRY(column.allow({"name", "value"}));
    auto const value = TRY(column["value"].text_or({}));
    auto made = Template::parse(value);
    if (!made) return column["value"].wrong(made.error().what);
    format.columns.push_back({TRY(column["name"].text_or(value)), *std::move(made)});
  }
  return format;
}

Result<Format> read_format(Node const& node) {
  Format format;
  if (!node.is_map()) {
    format.kind = TRY(node.one_of(kFormats, FormatKind::hl7v2));
    return format;
  }
  TRY(node.allow({"csv"}));
  return read_csv(node["csv"]);
}

}  // namespace

Result<hl7v2::Path> read_place(Node const& node) {
  if (!node.exists()) return node.wrong("has to name a place such as PID-3.1");
  auto path = hl7v2::parse_path(TRY(node.text()));
  if (!path) return node.wrong("is no path such as PID-3.1 or OBX[2]");
  return *std::move(path);
}

Result<hl7v2::Path> read_field(Node const& node) {
  auto path = TRY(read_place(node));
  if (path.field == 0) return node.wrong("has to name a field, not a whole segment");
  if (path.segment == "MSH" && path.field <= 2)
    return node.wrong("is where the delimiters stand, which cannot be edited");
  return path;
}

Result<Steps> read_steps(Node const& node, ChannelFolder const& folder) {
  Steps steps;
  if (!node.exists()) return steps;
  if (!node.is_list()) return node.wrong("has to be a list of steps");
  for (auto const& element : node.elements()) {
    if (steps.size() >= kStepsMax) return node.wrong("has too many steps");
    steps.push_back(TRY(read_step(element, folder)));
  }
  return steps;
}

Result<std::shared_ptr<Transform const>> read_transform(Node const& node, Steps const& of_channel,
                                                        ChannelFolder const& folder,
                                                        std::string const& destination) {
  auto steps = of_channel;
  for (auto& step : TRY(read_steps(node["transform"], folder))) steps.push_back(std::move(step));
  auto format = TRY(read_format(node["format"]));
  auto const charset = TRY(node["charset"].text_or({}));
  if (!charset.empty() && format.kind != FormatKind::hl7v2)
    return node["charset"].wrong("is for HL7 v2; the other formats are in UTF-8");
  bool const does_nothing = steps.empty() && format.kind == FormatKind::hl7v2 && charset.empty();
  if (does_nothing) return std::shared_ptr<Transform const>();
  return std::make_shared<Transform const>(std::move(steps), std::move(format), charset,
                                           folder.tables, destination);
}

}  // namespace sinew::engine
