#include <algorithm>

#include "fhir/search_element.h"
#include "store/sqlite/by_body.h"
#include "store/sqlite/condition.h"
#include "store/sqlite/matcher.h"
#include "store/value_match.h"

// Composite parameters: the index finds resources that have a fitting value for each component; the
// body tells whether the values are of one element.

namespace sinew::store::sqlite {
namespace {

/// One alternative: a value for each component.
struct Alternative {
  std::vector<Criterion> criteria;
  std::vector<ValueMatch> matches;
};

Result<Alternative> read_alternative(SearchContext& context, ParameterUse const& use,
                                     fhir::CompositeReader const& reader, std::string_view value) {
  auto const parts = split_escaped(value, '$');
  auto const& parameters = reader.parameters();
  if (parts.size() != parameters.size())
    return fail(ErrorCode::invalid,
                "a value of this parameter has " + std::to_string(parameters.size()) +
                    " parts, with $ between them",
                use.criterion->parameter);
  Alternative alternative;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    Criterion criterion;
    criterion.parameter = parameters[i]->code;
    criterion.values = {parts[i]};
    alternative.criteria.push_back(std::move(criterion));
    alternative.matches.push_back(TRY(ValueMatch::make(*parameters[i], {}, parts[i], context.now)));
  }
  return alternative;
}

bool has_match(std::vector<fhir::IndexValue> const& values, ValueMatch const& match) {
  return std::ranges::any_of(values, [&](auto const& value) { return match.holds(value); });
}

bool is_match(fhir::CompositeElement const& element, Alternative const& alternative) {
  for (std::size_t i = 0; i < element.size(); ++i)
    if (!has_match(element[i], alternative.matches[i])) return false;
  return true;
}

}  // namespace

/// Source: FHIR R4 search.html#composite.
Result<Condition> compile_composite(SearchContext& context, ParameterUse const& use) {
  if (!use.criterion->modifier.empty()) return bad_modifier(use);
  auto const reader = TRY(fhir::CompositeReader::make(fhir::find_type(use.type), *use.parameter));
  Condition condition;
  for (auto const& value : use.criterion->values) {
    auto const alternative = TRY(read_alternative(context, use, reader, value));
    auto rids = TRY(find_matches_now(context, use.type, alternative.criteria));
    if (!reader.is_whole_resource())
      TRY(keep_by_body(context, rids, [&](json::Value resource) {
        return std::ranges::any_of(reader.read(resource), [&](auto const& element) {
          return is_match(element, alternative);
        });
      }));
    condition.found.insert(condition.found.end(), rids.begin(), rids.end());
  }
  sort_rids(condition.found);
  return condition;
}

Result<std::function<bool(json::Value)>> composite_test(SearchContext& context,
                                                        ParameterUse const& use) {
  auto reader = TRY(fhir::CompositeReader::make(fhir::find_type(use.type), *use.parameter));
  std::vector<Alternative> alternatives;
  for (auto const& value : use.criterion->values)
    alternatives.push_back(TRY(read_alternative(context, use, reader, value)));
  return std::function<bool(json::Value)>(
      [reader = std::move(reader), alternatives = std::move(alternatives)](json::Value resource) {
        auto const elements = reader.read(resource);
        return std::ranges::any_of(alternatives, [&](Alternative const& alternative) {
          return std::ranges::any_of(
              elements, [&](auto const& element) { return is_match(element, alternative); });
        });
      });
}

}  // namespace sinew::store::sqlite
