#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

#include "api/operations/care_time.h"
#include "api/operations/measurements.h"
#include "api/operations/references.h"
#include "api/operations/registrations.h"
#include "api/operations/statistics.h"
#include "api/rest/page_url.h"
#include "base/text.h"
#include "fhir/search_index.h"
#include "json/write.h"

namespace sinew::rest {
namespace {

constexpr std::string_view kUcum = "http://unitsofmeasure.org";
constexpr std::string_view kStatisticCodes =
    "http://terminology.hl7.org/CodeSystem/observation-statistics";
constexpr double kHourMs = 3'600'000;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

struct StatsQuestion {
  MeasurementQuestion about;
  std::vector<Statistic const*> statistics;
  std::optional<std::size_t> sources;  ///< how many to show; nothing: none
};

Result<std::vector<Code>> read_codes(Arguments const& arguments) {
  std::vector<Code> codes;
  auto const system = std::string(arguments.text("system"));
  for (auto const code : arguments.texts("code")) codes.push_back({system, std::string(code), {}});
  for (auto const& argument : arguments.all()) {
    if (argument.name != "coding") continue;
    if (!argument.value.is_object()) {  // as a token of a query
      auto const bar = argument.text.find('|');
      bool const has_system = bar != std::string::npos;
      codes.push_back({argument.text.substr(0, has_system ? bar : 0),
                       argument.text.substr(has_system ? bar + 1 : 0),
                       {}});
      continue;
    }
    codes.push_back({argument.value["system"].text(), argument.value["code"].text(),
                     argument.value["display"].text()});
  }
  if (codes.empty()) {
    return fail(ErrorCode::invalid, "$stats needs code and system, or coding", "code");
  }
  return codes;
}

Result<> read_time(Arguments const& arguments, Instant now, MeasurementQuestion& about) {
  if (auto const duration = arguments.text("duration"); !duration.empty()) {
    double hours = 0;
    std::from_chars(duration.data(), duration.data() + duration.size(), hours);
    constexpr double kHoursMax = 24.0 * 366 * 1000;
    if (!(hours > 0) || hours > kHoursMax) {
      return fail(ErrorCode::invalid, "not a number of hours", "duration");
    }
    about.from = now.ms - static_cast<std::int64_t>(hours * kHourMs);
    about.before = now.ms + 1;
    return {};
  }
  auto const period = arguments.value("period");
  if (!period.exists()) return {};
  auto const start = period["start"].text();
  auto const end = period["end"].text();
  auto const low = fhir::date_interval(start);
  auto const high = fhir::date_interval(end);
  if ((!start.empty() && !low) || (!end.empty() && !high)) {
    return fail(ErrorCode::invalid, "not a period", "period");
  }
  if (low) about.from = low->first;
  if (high) about.before = high->second;
  return {};
}

Result<StatsQuestion> read_question(OperationCall const& asked) {
  auto const& arguments = asked.arguments;
  StatsQuestion question;
  auto const subject = local_reference(arguments.text("subject"), asked.call.base);
  if (!subject) {
    return fail(ErrorCode::invalid, "not a reference to a resource of this server", "subject");
  }
  question.about.subject = subject->key();
  question.about.base = asked.call.base;
  question.about.codes = TRY(read_codes(arguments));
  TRY(read_time(arguments, asked.context.clock.now(), question.about));
  for (auto const list : arguments.texts("statistic")) {
    for (auto const code : split(list, ',')) {
      auto const* const statistic = find_statistic(trim(code));
      if (!statistic) return fail(ErrorCode::invalid, "unknown statistic", "statistic");
      question.statistics.push_back(statistic);
    }
  }
  if (arguments.text("include") == "true") {
    auto const limit = parse_integer<std::size_t>(arguments.text("limit"));
    question.sources = limit.value_or(asked.context.options.page_max);
  }
  return question;
}

/// Twelve digits: what doubles of a few thousand additions are good for.
std::string print(double number) {
  constexpr int kDigits = 12;
  std::array<char, 40> text{};
  auto const end = std::to_chars(text.data(), text.data() + text.size(), number,
                                 std::chars_format::general, kDigits);
  return {text.data(), end.ptr};
}

/// A unit that results of that kind are in; a UCUM code where there is one.
struct Unit {
  std::string text, code;
};
Unit unit_of(Statistic const& statistic, std::string const& unit) {
  switch (statistic.unit) {
    case ResultUnit::same:
      return {unit, unit};
    case ResultUnit::square:
      return {"(" + unit + ")2", "(" + unit + ").(" + unit + ")"};
    case ResultUnit::per_hour:
      return {unit + "/h", "(" + unit + ")/h"};
    case ResultUnit::none:
      break;
  }
  return {{}, "1"};
}

/// `value`: not finite where there is none.
void write_component(json::Writer& writer, Statistic const& statistic, std::string_view text,
                     Unit const& unit, double value) {
  writer.begin_object();
  writer.key("code");
  writer.begin_object();
  writer.key("coding");
  writer.begin_array();
  writer.begin_object();
  writer.member("system", kStatisticCodes);
  writer.member("code", statistic.code);
  writer.member("display", statistic.display);
  writer.end_object();
  writer.end_array();
  if (!text.empty()) writer.member("text", text);
  writer.end_object();
  if (std::isfinite(value)) {
    writer.key("valueQuantity");
    writer.begin_object();
    writer.key("value");
    writer.raw(print(value));
    if (!unit.text.empty()) writer.member("unit", unit.text);
    writer.member("system", kUcum);
    writer.member("code", unit.code);
    writer.end_object();
  } else {
    // Too few measurements, or all alike where they have to differ.
    writer.key("dataAbsentReason");
    writer.raw(R"({"coding":[{"system":"http://terminology.hl7.org/CodeSystem/data-absent-reason",)"
               R"("code":"not-applicable","display":"Not Applicable"}]})");
  }
  writer.end_object();
}

void write_components(json::Writer& writer, MeasurementGroup const& group,
                      std::vector<Statistic const*> const& statistics) {
  std::vector<Sample> samples;
  for (auto const& measurement : group.valid) {
    bool const has_time = measurement.time.low != INT64_MIN;
    auto const ms = has_time ? measurement.time.low - group.first_ms : 0;
    samples.push_back({measurement.value, static_cast<double>(ms) / kHourMs});
  }
  Samples const all(std::move(samples), group.total);
  writer.key("component");
  writer.begin_array();
  for (auto const* const statistic : statistics) {
    bool const is_enough = all.count() >= statistic->count_min;
    bool const is_line = statistic->code == kRegression;
    auto const value = is_enough ? statistic->compute(all) : kNone;
    write_component(writer, *statistic, is_line ? "gradient" : "", unit_of(*statistic, group.unit),
                    value);
    if (!is_line) continue;
    write_component(writer, *statistic, "intercept", {group.unit, group.unit},
                    is_enough ? intercept(all) : kNone);
  }
  writer.end_array();
}

void write_code(json::Writer& writer, Code const& code) {
  writer.key("code");
  writer.begin_object();
  writer.key("coding");
  writer.begin_array();
  writer.begin_object();
  if (!code.system.empty()) writer.member("system", code.system);
  writer.member("code", code.code);
  if (!code.display.empty()) writer.member("display", code.display);
  writer.end_object();
  writer.end_array();
  writer.end_object();
}

/// "The Observation will also contain a subject, effectivePeriod, and code reflecting the input
/// parameters. The status is fixed to final." A side that was not given is that of the data.
void write_group(json::Writer& writer, MeasurementGroup const& group,
                 StatsQuestion const& question) {
  writer.begin_object();
  writer.member("resourceType", "Observation");
  writer.member("status", "final");
  write_code(writer, group.code);
  writer.key("subject");
  writer.begin_object();
  writer.member("reference", question.about.subject);
  writer.end_object();
  auto const start = question.about.from ? question.about.from : group.earliest();
  auto const end =
      question.about.before ? std::optional(*question.about.before - 1) : group.latest();
  if (start || end) {
    writer.key("effectivePeriod");
    writer.begin_object();
    if (start) writer.member("start", to_string(Instant{*start}));
    if (end) writer.member("end", to_string(Instant{*end}));
    writer.end_object();
  }
  write_components(writer, group, question.statistics);
  writer.end_object();
}

void write_parameter(json::Writer& writer, std::string_view name, auto const& write_resource) {
  writer.begin_object();
  writer.member("name", name);
  writer.key("resource");
  write_resource();
  writer.end_object();
}

Result<Answer> answer_stats(OperationCall const& asked) {
  auto const question = TRY(read_question(asked));
  auto const found = TRY(find_measurements(asked.context.store, question.about));
  Answer answer;
  json::Writer writer(answer.body);
  writer.begin_object();
  writer.member("resourceType", "Parameters");
  writer.key("parameter");
  writer.begin_array();
  for (auto const& group : found.groups) {
    write_parameter(writer, "statistics", [&] { write_group(writer, group, question); });
  }
  auto const sources = std::min(question.sources.value_or(0), found.sources.size());
  for (std::size_t i = 0; i < sources; ++i) {
    write_parameter(writer, "source", [&] { writer.raw(found.sources[i]); });
  }
  writer.end_array();
  writer.end_object();
  return answer;
}

}  // namespace

/// Source: FHIR R4 observation-operation-stats.html.
Operation stats() {
  Operation operation;
  operation.name = "stats";
  operation.definition = "http://hl7.org/fhir/OperationDefinition/Observation-stats";
  operation.levels = {Level::type};
  operation.types = {"Observation"};
  operation.parameters = {{"subject", "uri", 1},
                          {"code", "string", 0, kAnyNumber},
                          {"system", "uri"},
                          {"coding", "Coding", 0, kAnyNumber},
                          {"duration", "decimal"},
                          {"period", "Period"},
                          {"statistic", "string", 1, kAnyNumber},
                          {"include", "boolean"},
                          {"limit", "positiveInt"}};
  operation.handler = answer_stats;
  operation.audit = 'R';
  return operation;
}

}  // namespace sinew::rest
