#include <algorithm>
#include <array>
#include <iterator>

#include "fhir/search_index.h"
#include "store/filter.h"
#include "store/search_value.h"
#include "store/sqlite/matcher.h"
#include "store/sqlite/past.h"
#include "store/sqlite/special.h"
#include "store/value_match.h"

// `_filter`: each test becomes a criterion that the index answers, or, where no criterion says the
// same, a look at the values of what has any. Then sets are joined.

namespace sinew::store::sqlite {
namespace {

using fhir::IndexValue;
using fhir::ParameterType;
using Op = FilterOperator;
using ValueTest = std::function<bool(IndexValue const&)>;

Failure wrong_operator(FilterTest const& test) {
  return fail(ErrorCode::invalid,
              "the operator '" + std::string(name_of(test.operation)) + "' does not go with '" +
                  test.parameter + "'",
              "_filter");
}

/// A text that reads as itself where criteria are unescaped.
std::string escaped(std::string_view text) {
  std::string out;
  for (char const c : text) {
    if (c == '\\' || c == ',' || c == '|' || c == '$') out += '\\';
    out += c;
  }
  return out;
}

/// An operator that a criterion says as well.
struct CriterionRow {
  ParameterType type;
  Op operation;
  std::string_view modifier, prefix;
};
// clang-format off
constexpr auto kCriteria = std::to_array<CriterionRow>({
    {ParameterType::string,    Op::sw, "",         ""},
    {ParameterType::string,    Op::co, "contains", ""},
    {ParameterType::token,     Op::eq, "",         ""},
    {ParameterType::token,     Op::in, "in",       ""},
    {ParameterType::token,     Op::ni, "not-in",   ""},
    {ParameterType::token,     Op::ss, "below",    ""},
    {ParameterType::token,     Op::sb, "above",    ""},
    {ParameterType::reference, Op::eq, "",         ""},
    {ParameterType::reference, Op::re, "",         ""},
    {ParameterType::uri,       Op::eq, "",         ""},
    {ParameterType::composite, Op::eq, "",         ""},
    {ParameterType::date,      Op::eq, "", "eq"}, {ParameterType::number, Op::eq, "", "eq"}, {ParameterType::quantity, Op::eq, "", "eq"},
    {ParameterType::date,      Op::ne, "", "ne"}, {ParameterType::number, Op::ne, "", "ne"}, {ParameterType::quantity, Op::ne, "", "ne"},
    {ParameterType::date,      Op::gt, "", "gt"}, {ParameterType::number, Op::gt, "", "gt"}, {ParameterType::quantity, Op::gt, "", "gt"},
    {ParameterType::date,      Op::lt, "", "lt"}, {ParameterType::number, Op::lt, "", "lt"}, {ParameterType::quantity, Op::lt, "", "lt"},
    {ParameterType::date,      Op::ge, "", "ge"}, {ParameterType::number, Op::ge, "", "ge"}, {ParameterType::quantity, Op::ge, "", "ge"},
    {ParameterType::date,      Op::le, "", "le"}, {ParameterType::number, Op::le, "", "le"}, {ParameterType::quantity, Op::le, "", "le"},
    {ParameterType::date,      Op::ap, "", "ap"}, {ParameterType::number, Op::ap, "", "ap"}, {ParameterType::quantity, Op::ap, "", "ap"},
    {ParameterType::date,      Op::sa, "", "sa"}, {ParameterType::number, Op::sa, "", "sa"}, {ParameterType::quantity, Op::sa, "", "sa"},
    {ParameterType::date,      Op::eb, "", "eb"}, {ParameterType::number, Op::eb, "", "eb"}, {ParameterType::quantity, Op::eb, "", "eb"},
});
// clang-format on

Criterion criterion_of(FilterTest const& test, std::string_view modifier, std::string value) {
  Criterion criterion;
  criterion.parameter = test.parameter;
  criterion.modifier = modifier;
  criterion.values = {std::move(value)};
  return criterion;
}

// ------------------------------------------------------------------ by looking at values

ValueTest text_test(Op operation, std::string wanted) {
  return [operation, wanted = std::move(wanted)](IndexValue const& value) {
    auto const text =
        value.type == ParameterType::string ? value.text : fhir::fold_text(value.code);
    switch (operation) {
      case Op::eq:
        return text == wanted;
      case Op::ne:
        return text != wanted;
      case Op::co:
        return text.find(wanted) != text.npos;
      case Op::sw:
        return text.starts_with(wanted);
      default:
        return text.ends_with(wanted);
    }
  };
}

/// What no criterion says: a test of one value. Nothing: the operator does not go with the type.
Result<std::optional<ValueTest>> value_test(SearchContext& context, FilterTest const& test,
                                            fhir::SearchParameter const& parameter) {
  auto const type = parameter.type;
  auto const operation = test.operation;
  bool const is_text =
      type == ParameterType::string || type == ParameterType::token || type == ParameterType::uri;
  bool const is_of_text =
      operation == Op::co || operation == Op::sw || operation == Op::ew ||
      (type == ParameterType::string && (operation == Op::eq || operation == Op::ne));
  if (is_text && is_of_text)
    return std::optional(text_test(operation, fhir::fold_text(test.value)));
  bool const is_coded = type == ParameterType::token || type == ParameterType::reference ||
                        type == ParameterType::uri;
  if (is_coded && operation == Op::ne) {
    auto const match = TRY(ValueMatch::make(parameter, {}, test.value, context.now));
    return std::optional<ValueTest>(
        [match](IndexValue const& value) { return !match.holds(value); });
  }
  if (type == ParameterType::date && operation == Op::po) {
    auto const date = TRY(read_date(test.value, context.now, "_filter"));
    return std::optional<ValueTest>(
        [date](IndexValue const& value) { return value.low < date.high && value.high > date.low; });
  }
  return std::optional<ValueTest>();
}

/// Those of the candidates with a value that passes.
Result<Rids> with_value(SearchContext& context, Rids const& candidates,
                        fhir::SearchParameter const& parameter, ValueTest const& passes) {
  Rids kept;
  std::vector<IndexValue> values;
  for (auto const rid : candidates) {
    if (context.cost != nullptr) TRY(context.cost->add_body());
    auto const body = TRY(body_of(context, rid));
    if (!body) continue;
    auto const document = TRY(json::Document::parse(*body));
    values.clear();
    fhir::extract_index(document.root(), values);
    bool const has = std::ranges::any_of(values, [&](IndexValue const& value) {
      return value.type == parameter.type &&
             std::ranges::find(parameter.paths, value.path) != parameter.paths.end() &&
             passes(value);
    });
    if (has) kept.push_back(rid);
  }
  return kept;
}

// ------------------------------------------------------------------ tests

/// "pr: the set is empty or not (value is false or true)"
Result<Rids> matches_of_presence(SearchContext& context, std::string_view type,
                                 FilterTest const& test) {
  bool const wanted = test.value == "true";
  if (!wanted && test.value != "false")
    return fail(ErrorCode::invalid, "the value of 'pr' is true or false", "_filter");
  if (test.parameter == "_id" || test.parameter == "_lastUpdated")
    return wanted ? find_matches(context, type, {}) : Result<Rids>(Rids());
  return find_matches(context, type, {criterion_of(test, "missing", wanted ? "false" : "true")});
}

/// `subject.name co "pet"`: what the rest of the path says, asked at the other end.
Result<Rids> matches_of_path(SearchContext& context, std::string_view type,
                             FilterTest const& test) {
  if (!test.condition.empty()) (void)TRY(parse_filter(test.condition));
  auto criterion = criterion_of(test, {}, test.onward);
  criterion.chain = "_filter";
  return find_matches(context, type, {criterion});
}

Result<Rids> matches_of_test(SearchContext& context, std::string_view type,
                             FilterTest const& test) {
  if (!test.rest.empty()) return matches_of_path(context, type, test);
  auto const probe = criterion_of(test, {}, {});
  auto const use = find_use(context, type, probe);
  if (!use) {
    auto error = use.error();
    error.where = "_filter";
    error.what += ": " + test.parameter;
    return Failure{error};
  }
  auto const& parameter = *use->parameter;
  if (test.operation == Op::pr) return matches_of_presence(context, type, test);
  auto const row = std::ranges::find_if(kCriteria, [&](CriterionRow const& candidate) {
    return candidate.type == parameter.type && candidate.operation == test.operation;
  });
  if (row != kCriteria.end()) {
    auto value = parameter.type == ParameterType::string ? escaped(test.value)
                                                         : std::string(row->prefix) + test.value;
    return find_matches(context, type, {criterion_of(test, row->modifier, std::move(value))});
  }
  auto const passes = TRY(value_test(context, test, parameter));
  if (!passes || test.parameter == "_id" || test.parameter == "_lastUpdated")
    return wrong_operator(test);
  // The index narrows down what begins or is equal.
  bool const is_prefix = parameter.type == ParameterType::string && test.operation == Op::eq;
  auto const candidates = TRY(find_matches(context, type,
                                           {is_prefix ? criterion_of(test, {}, escaped(test.value))
                                                      : criterion_of(test, "missing", "false")}));
  return with_value(context, candidates, parameter, *passes);
}

/// The nodes stand in an order in which each finds what it is made of.
Result<Rids> matches_of_filter(SearchContext& context, std::string_view type,
                               std::vector<FilterNode> const& nodes) {
  std::vector<Rids> found(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    auto const& node = nodes[i];
    auto& out = found[i];
    auto const& left = found[node.left];
    auto const& right = found[node.right];
    switch (node.kind) {
      case FilterNode::Kind::test:
        out = TRY(matches_of_test(context, type, node.test));
        break;
      case FilterNode::Kind::both:
        std::ranges::set_intersection(left, right, std::back_inserter(out));
        break;
      case FilterNode::Kind::either:
        std::ranges::set_union(left, right, std::back_inserter(out));
        break;
      case FilterNode::Kind::negation:
        std::ranges::set_difference(TRY(find_matches(context, type, {})), left,
                                    std::back_inserter(out));
        break;
    }
  }
  return std::move(found.back());
}

}  // namespace

Result<Condition> compile_filter(SearchContext& context, std::string_view type,
                                 Criterion const& criterion) {
  auto const nodes = TRY(parse_filter(criterion.values.front()));
  Condition condition;
  condition.found = TRY(matches_of_filter(context, type, nodes));
  return condition;
}

bool filter_concerns(fhir::TypeId type, Criterion const& criterion) {
  auto const nodes = parse_filter(criterion.values.front());
  return nodes && std::ranges::all_of(*nodes, [&](FilterNode const& node) {
           return node.kind != FilterNode::Kind::test ||
                  fhir::find_parameter(type, node.test.parameter) != nullptr;
         });
}

}  // namespace sinew::store::sqlite
