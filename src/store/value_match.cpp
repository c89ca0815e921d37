#include "store/value_match.h"

#include <algorithm>

#include "store/index_row.h"

namespace sinew::store {
namespace {

using fhir::IndexValue;
using fhir::ParameterType;

Failure unknown_modifier(fhir::SearchParameter const& parameter, std::string_view modifier) {
  return fail(ErrorCode::invalid, "the parameter does not take this modifier",
              std::string(parameter.code) + ":" + std::string(modifier));
}

}  // namespace

Result<ValueMatch> ValueMatch::make(fhir::SearchParameter const& parameter,
                                    std::string_view modifier, std::string_view value,
                                    Instant now) {
  auto const plain = unescape(value);
  auto const text = [&](Text::How how) {
    return ValueMatch(Text{plain, fhir::fold_text(plain), how});
  };
  switch (parameter.type) {
    case ParameterType::token:
      if (modifier == "text") return text(Text::How::contains);
      if (!modifier.empty()) break;
      return ValueMatch(read_token(value));
    case ParameterType::date:
      if (!modifier.empty()) break;
      return ValueMatch(TRY(read_date(value, now, parameter.code)));
    case ParameterType::number:
      if (!modifier.empty()) break;
      return ValueMatch(TRY(read_number(plain, parameter.code)));
    case ParameterType::quantity:
      if (!modifier.empty()) break;
      return ValueMatch(TRY(read_quantity(value, parameter.code)));
    case ParameterType::string:
      if (modifier.empty()) return text(Text::How::starts);
      if (modifier == "exact") return text(Text::How::exact);
      if (modifier == "contains") return text(Text::How::contains);
      break;
    case ParameterType::uri:
      if (modifier.empty()) return text(Text::How::exact);
      if (modifier == "above") return text(Text::How::above);
      if (modifier == "below") return text(Text::How::below);
      break;
    case ParameterType::reference: {
      if (modifier == "identifier") return ValueMatch(read_token(value));
      if (modifier.empty()) return ValueMatch(Target{plain, parameter.targets});
      auto const type = fhir::find_type(modifier);
      if (type == 0) break;
      return ValueMatch(Target{plain, {type}});
    }
    case ParameterType::composite:
    case ParameterType::special:
      break;
  }
  return unknown_modifier(parameter, modifier);
}

bool ValueMatch::holds(IndexValue const& stored) const {
  if (auto const* token = std::get_if<TokenCondition>(&state_))
    return stored.type == ParameterType::token && token->holds(stored.system, stored.code);
  if (auto const* date = std::get_if<DateCondition>(&state_))
    return date->holds(stored.low, stored.high);
  if (auto const* number = std::get_if<NumberCondition>(&state_))
    return number->holds(stored.number, stored.number_high);
  if (auto const* quantity = std::get_if<QuantityCondition>(&state_)) {
    auto const number = quantity->in_unit(stored.system, stored.code, stored.unit);
    return number && number->holds(stored.number, stored.number_high);
  }
  if (auto const* text = std::get_if<Text>(&state_)) return holds_text(*text, stored);
  return holds_target(std::get<Target>(state_), stored);
}

bool ValueMatch::holds_text(Text const& text, IndexValue const& stored) {
  bool const is_token = stored.type == ParameterType::token;
  auto const folded = is_token ? fhir::fold_text(stored.text) : stored.text;
  auto const& written = stored.code;
  switch (text.how) {
    case Text::How::starts:
      return folded.starts_with(text.folded);
    case Text::How::contains:
      return folded.find(text.folded) != folded.npos;
    case Text::How::exact:
      return written == text.whole;
    case Text::How::above: {
      // Source: FHIR R4 search.html#uri: by the parts between slashes.
      auto const end = written.ends_with('/') ? written.size() - 1 : written.size();
      return written == text.whole || (text.whole.starts_with(written.substr(0, end)) &&
                                       text.whole.size() > end && text.whole[end] == '/');
    }
    case Text::How::below: {
      auto const below = text.whole.ends_with('/') ? text.whole : text.whole + '/';
      return written == text.whole || written.starts_with(below);
    }
  }
  return false;
}

bool ValueMatch::holds_target(Target const& target, IndexValue const& stored) {
  if (stored.type != ParameterType::reference) return false;
  auto const local = local_target(stored.code);
  bool const is_url =
      target.text.find('/') != target.text.npos || target.text.find(':') != target.text.npos;
  if (local.empty()) return is_url && stored.code == target.text;
  auto const slash = local.find('/');
  auto const type = fhir::find_type(local.substr(0, slash));
  if (!target.types.empty() && std::ranges::find(target.types, type) == target.types.end())
    return false;
  return is_url ? local == local_target(target.text) : local.substr(slash + 1) == target.text;
}

}  // namespace sinew::store
