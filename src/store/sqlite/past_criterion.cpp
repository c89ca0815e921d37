#include <algorithm>
#include <set>

#include "fhir/search_element.h"
#include "store/index_row.h"
#include "store/sqlite/chain.h"
#include "store/sqlite/past.h"
#include "store/sqlite/special.h"
#include "store/sqlite/value_set.h"
#include "store/value_match.h"

// Criteria asked of a version that the index no longer has. They say the same as the index does.

namespace sinew::store::sqlite {
namespace {

using fhir::IndexValue;
using Values = std::vector<IndexValue>;

bool is_on(fhir::SearchParameter const& parameter, IndexValue const& value) {
  return std::ranges::find(parameter.paths, value.path) != parameter.paths.end();
}

CriterionTest any_value(fhir::SearchParameter const& parameter,
                        std::function<bool(IndexValue const&)> fits, bool negated) {
  return [&parameter, fits = std::move(fits), negated](PastResource const&, json::Value,
                                                       Values const& values) {
    return std::ranges::any_of(values, [&](IndexValue const& value) {
             return is_on(parameter, value) && fits(value);
           }) != negated;
  };
}

/// Without a modifier, or with one that looks at the value alone.
Result<CriterionTest> plain_test(SearchContext& context, ParameterUse const& use,
                                 std::string_view modifier, bool negated) {
  std::vector<ValueMatch> matches;
  for (auto const& value : use.criterion->values)
    matches.push_back(TRY(ValueMatch::make(*use.parameter, modifier, value, context.now)));
  return any_value(
      *use.parameter,
      [matches = std::move(matches)](IndexValue const& value) {
        return std::ranges::any_of(matches, [&](auto const& match) { return match.holds(value); });
      },
      negated);
}

/// `:in`, `:above` and their like: a list of codes.
Result<CriterionTest> codes_test(SearchContext& context, ParameterUse const& use) {
  auto const& modifier = use.criterion->modifier;
  auto const shown = use.criterion->parameter + ":" + modifier;
  std::set<Code> codes;
  for (auto const& value : use.criterion->values) {
    auto const token = read_token(value);
    auto const more =
        modifier == "in" || modifier == "not-in"
            ? TRY(codes_of_value_set(context, unescape(value), shown))
            : TRY(related_codes(context, {token.system.value_or(""), token.code.value_or("")},
                                modifier == "above" ? Direction::above : Direction::below, shown));
    codes.insert(more.begin(), more.end());
  }
  return any_value(
      *use.parameter,
      [codes = std::move(codes)](IndexValue const& value) {
        return codes.contains({value.system, value.code});
      },
      modifier == "not-in");
}

Result<CriterionTest> of_type_test(ParameterUse const& use) {
  std::vector<std::vector<std::string>> wanted;
  for (auto const& value : use.criterion->values) {
    auto parts = split_escaped(value, '|');
    if (parts.size() != 3) return bad_modifier(use);
    for (auto& part : parts) part = unescape(part);
    wanted.push_back(std::move(parts));
  }
  auto const& paths = use.parameter->paths;
  return CriterionTest([&paths, wanted = std::move(wanted)](PastResource const&,
                                                            json::Value resource, Values const&) {
    for (auto const path : paths)
      for (auto const& found : fhir::values_on_path(resource, path))
        for (auto const& parts : wanted)
          if (is_of_type(found.value, parts[0], parts[1], parts[2])) return true;
    return false;
  });
}

Result<CriterionTest> missing_test(ParameterUse const& use) {
  return any_value(
      *use.parameter, [](IndexValue const&) { return true; },
      use.criterion->values.front() == "true");
}

Result<CriterionTest> last_updated_test(SearchContext& context, ParameterUse const& use) {
  std::vector<DateCondition> dates;
  for (auto const& value : use.criterion->values)
    dates.push_back(TRY(read_date(value, context.now, use.criterion->parameter)));
  return CriterionTest(
      [dates = std::move(dates)](PastResource const& past, json::Value, Values const&) {
        return std::ranges::any_of(dates, [&](DateCondition const& date) {
          return date.holds(past.updated.ms, past.updated.ms + 1);
        });
      });
}

Result<CriterionTest> parameter_test(SearchContext& context, ParameterUse const& use) {
  auto const& criterion = *use.criterion;
  auto const& modifier = criterion.modifier;
  auto const code = use.parameter->code;
  if (code == "_id")
    return CriterionTest(
        [ids = criterion.values](PastResource const& past, json::Value, Values const&) {
          return std::ranges::find(ids, past.id) != ids.end();
        });
  if (code == "_lastUpdated") return last_updated_test(context, use);
  if (use.parameter->type == fhir::ParameterType::composite) {
    auto test = TRY(composite_test(context, use));
    return CriterionTest([test = std::move(test)](PastResource const&, json::Value resource,
                                                  Values const&) { return test(resource); });
  }
  if (modifier == "missing") return missing_test(use);
  bool const is_token = use.parameter->type == fhir::ParameterType::token;
  if (is_token && modifier == "not") return plain_test(context, use, {}, true);
  if (is_token && modifier == "of-type") return of_type_test(use);
  if (is_token && !modifier.empty() && modifier != "text") return codes_test(context, use);
  return plain_test(context, use, modifier, false);
}

/// One of the parameters by which the type belongs to the compartment.
Result<CriterionTest> compartment_test(SearchContext& context, std::string_view type,
                                       Criterion const& criterion) {
  std::vector<CriterionTest> tests;
  for (auto const& member : compartment_criteria(type, criterion))
    tests.push_back(TRY(parameter_test(context, TRY(find_use(context, type, member)))));
  return CriterionTest([tests = std::move(tests)](PastResource const& past, json::Value resource,
                                                  Values const& values) {
    return std::ranges::any_of(
        tests, [&](CriterionTest const& test) { return test(past, resource, values); });
  });
}

}  // namespace

Result<CriterionTest> test_of(SearchContext& context, std::string_view type,
                              Criterion const& criterion) {
  if (criterion.parameter == kCompartmentParameter)
    return compartment_test(context, type, criterion);
  if (auto special = TRY(compile_special(context, type, criterion))) {
    if (special->by_body)
      return CriterionTest([test = special->by_body](PastResource const&, json::Value resource,
                                                     Values const&) { return test(resource); });
    return CriterionTest(
        [found = special->found](PastResource const& past, json::Value, Values const&) {
          return std::ranges::binary_search(found, past.rid);
        });
  }
  if (is_chain(criterion)) return chain_test(context, type, criterion);
  return parameter_test(context, TRY(find_use(context, type, criterion)));
}

}  // namespace sinew::store::sqlite
