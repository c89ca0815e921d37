#include "api/operations/measurements.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "api/operations/references.h"
#include "api/rest/page_url.h"
#include "fhirpath/ucum.h"
#include "json/json.h"

namespace sinew::rest {
namespace {

namespace ucum = fhirpath::ucum;

constexpr std::size_t kChunk = 1000;
constexpr std::size_t kObservationsMax = 200'000;
constexpr std::string_view kUcum = "http://unitsofmeasure.org";

bool is_code(json::Value coding, Code const& code) {
  if (coding["code"].text() != code.code) return false;
  return code.system.empty() || coding["system"].text() == code.system;
}

/// Commas and bars of a code are none of the query.
std::string escaped(std::string_view text) {
  std::string out;
  for (char const c : text) {
    if (c == ',' || c == '|' || c == '$' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

store::Query query_of(MeasurementQuestion const& question) {
  store::Query query;
  query.type = "Observation";
  store::Criterion subject;
  subject.parameter = "subject";
  subject.values = {question.subject};
  store::Criterion code;
  code.parameter = "combo-code";
  for (auto const& wanted : question.codes) {
    auto const value = escaped(wanted.code);
    code.values.push_back(wanted.system.empty() ? value : escaped(wanted.system) + "|" + value);
  }
  query.criteria = {std::move(subject), std::move(code)};
  query.count = kChunk;
  query.want_total = false;
  return query;
}

class Measuring {
 public:
  Measuring(store::Store& store, MeasurementQuestion const& question)
      : store_(store), question_(question) {
    for (auto const& code : question.codes) group_of(code);
  }

  Result<Measurements> read() {
    auto query = query_of(question_);
    do {
      auto page = TRY(store_.search(query));
      for (auto const& match : page.matches) TRY(take(match));
      if (found_.sources.size() > kObservationsMax) {
        return fail(ErrorCode::too_large, "too many observations: ask for a shorter period");
      }
      query.cursor = std::move(page.next);
    } while (!query.cursor.empty());
    for (std::size_t i = 0; i < found_.groups.size(); ++i) convert(found_.groups[i], given_[i]);
    // A panel that has no value of its own is not a measurement that lacks one.
    std::erase_if(found_.groups, [&](MeasurementGroup const& group) {
      return panels_.contains(group.code.system + '\n' + group.code.code) && group.valid.empty();
    });
    return std::move(found_);
  }

 private:
  [[nodiscard]] static bool counts(json::Value observation) {
    return observation["status"].raw() != "entered-in-error" &&
           !observation["modifierExtension"].exists();
  }

  [[nodiscard]] bool is_in_time(std::optional<CareTime> const& time) const {
    if (!question_.from && !question_.before) return true;
    if (!time) return false;
    return time->before > question_.from.value_or(INT64_MIN) &&
           time->low < question_.before.value_or(INT64_MAX);
  }

  /// The code of those asked for that this is; the first of all that fit.
  [[nodiscard]] Code const* wanted(json::Value code) const {
    for (auto const& wanted : question_.codes) {
      for (auto const coding : code["coding"].elements()) {
        if (is_code(coding, wanted)) return &wanted;
      }
    }
    return nullptr;
  }

  Result<> take(store::Resource const& resource) {
    if (!seen_.insert(resource.id).second) return {};
    auto const document = TRY(json::Document::parse(resource.body));
    auto const observation = document.root();
    auto const time = care_time(observation);
    if (!counts(observation) || !is_in_time(time)) return {};
    found_.sources.push_back(resource.body);
    auto const* const code = wanted(observation["code"]);
    if (!code) {
      // Found by the code of a component: that component alone is asked for.
      for (auto const component : observation["component"].elements()) {
        if (auto const* const part = wanted(component["code"])) add(*part, component, time);
      }
      return {};
    }
    bool const is_panel = !observation["valueQuantity"].exists() &&
                          (observation["component"].exists() || observation["hasMember"].exists());
    if (is_panel) {
      panels_.insert(code->system + '\n' + code->code);
    } else {
      add(*code, observation, time);
    }
    add_components(observation, time);
    return take_members(observation);
  }

  void add_components(json::Value observation, std::optional<CareTime> const& time) {
    for (auto const component : observation["component"].elements()) {
      if (auto const code = code_of(component["code"])) add(*code, component, time);
    }
  }

  /// "All values grouped by code for all the individual observations that are referenced".
  Result<> take_members(json::Value observation) {
    for (auto const member : observation["hasMember"].elements()) {
      auto const text = member["reference"].text();
      auto const reference = local_reference(text, question_.base);
      if (!reference || reference->type != "Observation") continue;
      auto const resource = store_.read(reference->type, reference->id);
      if (!resource || !seen_.insert(resource->id).second) continue;
      auto const document = TRY(json::Document::parse(resource->body));
      auto const part = document.root();
      auto const time = care_time(part);
      auto const code = code_of(part["code"]);
      if (!code || !counts(part) || !is_in_time(time)) continue;
      found_.sources.push_back(resource->body);
      if (!part["component"].exists() || part["valueQuantity"].exists()) add(*code, part, time);
      add_components(part, time);
    }
    return {};
  }

  [[nodiscard]] std::optional<Code> code_of(json::Value code) const {
    if (auto const* const known = wanted(code)) return *known;
    auto const coding = code["coding"].at(0);
    if (!coding["code"].exists()) return {};
    return Code{coding["system"].text(), coding["code"].text(), coding["display"].text()};
  }

  /// A value as it was given.
  struct Given {
    std::string value, unit;
    CareTime time;
  };

  /// The index of the group of a code.
  std::size_t group_of(Code const& code) {
    auto const found = std::ranges::find_if(found_.groups, [&](MeasurementGroup const& group) {
      return group.code.system == code.system && group.code.code == code.code;
    });
    if (found != found_.groups.end()) {
      return static_cast<std::size_t>(found - found_.groups.begin());
    }
    found_.groups.push_back({code});
    given_.emplace_back();
    return given_.size() - 1;
  }

  /// "Resources having valueQuantity elements that have UCUM unit codes". `<5` is no number.
  void add(Code const& code, json::Value measured, std::optional<CareTime> const& time) {
    auto const group = group_of(code);
    ++found_.groups[group].total;
    auto const quantity = measured["valueQuantity"];
    if (!quantity["value"].is_number() || quantity["comparator"].exists()) return;
    if (quantity["system"].text() != kUcum) return;
    given_[group].push_back(
        {std::string(quantity["value"].raw()), quantity["code"].text(), time.value_or(CareTime{})});
  }

  static void convert(MeasurementGroup& group, std::vector<Given> const& given) {
    std::map<std::string_view, std::size_t> units;
    for (auto const& one : given) {
      auto const count = ++units[one.unit];
      if (group.unit.empty() || count > units[group.unit]) group.unit = one.unit;
    }
    for (auto const& one : given) {
      auto const value = in_unit(one.value, one.unit, group.unit);
      if (!value) continue;
      if (one.time.low != INT64_MIN) group.first_ms = std::min(group.first_ms, one.time.low);
      group.valid.push_back({*value, one.time});
    }
  }

  [[nodiscard]] static std::optional<double> in_unit(std::string_view text, std::string_view from,
                                                     std::string_view to) {
    auto value = fhirpath::parse_decimal(text);
    if (from != to && value) {
      auto const source = ucum::parse_unit(from);
      auto const target = ucum::parse_unit(to);
      if (!source || !target || !ucum::are_comparable(*source, *target)) return {};
      value = ucum::convert(*value, *source, *target);
    }
    if (!value) return {};
    auto const printed = fhirpath::to_string(*value);
    double number = 0;
    std::from_chars(printed.data(), printed.data() + printed.size(), number);
    return number;
  }

  store::Store& store_;
  MeasurementQuestion const& question_;
  Measurements found_;
  std::vector<std::vector<Given>> given_;  ///< beside the groups
  std::set<std::string> seen_;             ///< ids of observations
  std::set<std::string> panels_;           ///< codes asked for that are panels
};

}  // namespace

std::optional<std::int64_t> MeasurementGroup::earliest() const {
  auto const first = std::ranges::min_element(valid, {}, [](auto const& m) { return m.time.low; });
  if (first == valid.end() || first->time.low == INT64_MIN) return {};
  return first->time.low;
}

std::optional<std::int64_t> MeasurementGroup::latest() const {
  auto const last =
      std::ranges::max_element(valid, {}, [](auto const& m) { return m.time.before; });
  if (last == valid.end() || last->time.before == INT64_MAX) return {};
  return last->time.before - 1;
}

Result<Measurements> find_measurements(store::Store& store, MeasurementQuestion const& question) {
  return Measuring(store, question).read();
}

}  // namespace sinew::rest
