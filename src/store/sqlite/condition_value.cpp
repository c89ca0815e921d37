#include <algorithm>
#include <cmath>
#include <limits>

#include "fhir/search_index.h"
#include "store/compress.h"
#include "store/index_row.h"
#include "store/search_value.h"
#include "store/sqlite/condition.h"
#include "store/sqlite/rows.h"

// Tokens, strings, references, numbers, quantities and URIs: from a criterion to posting lists, or
// to the resources found by walking a range of an index.

namespace sinew::store::sqlite {
namespace {

using fhir::IndexValue;

/// Keeps the resources with a value on the path that satisfies `wanted`, by their bodies.
template <class Wanted>
Result<> keep_by_body(SearchContext& context, Rids& rids, fhir::PathId path, Wanted const& wanted) {
  Rids kept;
  std::vector<IndexValue> values;
  for (auto const rid : rids) {
    auto rows = context.connection.query("SELECT body FROM res WHERE rid=?", rid);
    if (!TRY(rows.next())) continue;
    auto const document = TRY(json::Document::parse(TRY(unpack(rows.text(0)))));
    values.clear();
    fhir::extract_index(document.root(), values);
    if (std::ranges::any_of(
            values, [&](IndexValue const& value) { return value.path == path && wanted(value); }))
      kept.push_back(rid);
  }
  rids = std::move(kept);
  return {};
}

void append(Rids& out, Rids const& more) { out.insert(out.end(), more.begin(), more.end()); }

Result<> add_values(SearchContext& context, Condition& condition, PathKey path,
                    TokenCondition const& token) {
  auto cursor =
      token.code && token.system
          ? context.connection.query("SELECT vid FROM tval WHERE pid=? AND code=? AND sys=?", path,
                                     *token.code, *token.system)
      : token.code ? context.connection.query("SELECT vid FROM tval WHERE pid=? AND code=?", path,
                                              *token.code)
                   : context.connection.query("SELECT vid FROM tval WHERE pid=? AND +sys=?", path,
                                              *token.system);
  while (TRY(cursor.next()))
    condition.postings.push_back({PostingTable::token, cursor.integer(0), 0});
  return {};
}

Result<> add_hashed(SearchContext& context, Condition& condition, PathKey key, fhir::PathId path,
                    TokenCondition const& token) {
  if (token.code) {
    auto const hash =
        token.system ? hash_of_token(*token.system, *token.code) : hash_of_value(*token.code);
    condition.postings.push_back({PostingTable::hashed, key, hash});
    return {};
  }
  // `system|`: no list holds it, because next to no identifiers are asked for so.
  Rids candidates;
  TRY(collect(context.connection, candidates, "SELECT rid FROM idt WHERE pid=?", key));
  sort_rids(candidates);
  TRY(keep_by_body(context, candidates, path, [&](IndexValue const& value) {
    return value.type == fhir::ParameterType::token && value.system == *token.system;
  }));
  append(condition.found, candidates);
  return {};
}

Result<> add_text(SearchContext& context, Condition& condition, ParameterUse const& use,
                  std::string const& text) {
  auto const folded = fhir::fold_text(text);
  for (auto const path : use.parameter->paths) {
    auto const key = context.catalogue.path_key(use.type_key, path);
    if (is_hashed_token(path)) return bad_modifier(use);
    auto cursor = context.connection.query(
        "SELECT vid FROM tval WHERE pid=? AND instr(display, ?) > 0", key, folded);
    while (TRY(cursor.next()))
      condition.postings.push_back({PostingTable::token, cursor.integer(0), 0});
  }
  return {};
}

Result<> add_token(SearchContext& context, Condition& condition, ParameterUse const& use,
                   std::string_view value) {
  auto const token = read_token(value);
  if (!token.code && (!token.system || token.system->empty()))
    return fail(ErrorCode::invalid, "an empty token", use.criterion->parameter);
  for (auto const path : use.parameter->paths) {
    auto const key = context.catalogue.path_key(use.type_key, path);
    if (is_hashed_token(path))
      TRY(add_hashed(context, condition, key, path, token));
    else
      TRY(add_values(context, condition, key, token));
  }
  return {};
}

/// The first text after all texts that begin with `prefix`: no UTF-8 text holds the byte 0xFF.
std::string end_of_prefix(std::string_view prefix) { return std::string(prefix) + '\xff'; }

}  // namespace

Result<Condition> compile_token(SearchContext& context, ParameterUse const& use) {
  auto const& modifier = use.criterion->modifier;
  Condition condition;
  condition.negated = modifier == "not";
  if (!modifier.empty() && modifier != "not" && modifier != "text") return bad_modifier(use);
  for (auto const& value : use.criterion->values) {
    if (modifier == "text")
      TRY(add_text(context, condition, use, unescape(value)));
    else
      TRY(add_token(context, condition, use, value));
  }
  sort_rids(condition.found);
  return condition;
}

Result<Condition> compile_string(SearchContext& context, ParameterUse const& use) {
  auto const& modifier = use.criterion->modifier;
  if (!modifier.empty() && modifier != "exact" && modifier != "contains") return bad_modifier(use);
  Condition condition;
  for (auto const& value : use.criterion->values) {
    auto const text = unescape(value);
    auto const folded = fhir::fold_text(text);
    auto const prefix = indexed_part(folded);
    auto const end = end_of_prefix(prefix);
    for (auto const path : use.parameter->paths) {
      auto const key = context.catalogue.path_key(use.type_key, path);
      Rids rids;
      if (modifier == "contains")
        TRY(collect(context.connection, rids, "SELECT rid FROM str WHERE pid=? AND instr(v, ?) > 0",
                    key, prefix));
      else if (modifier == "exact")
        TRY(collect(context.connection, rids, "SELECT rid FROM str WHERE pid=? AND v=?", key,
                    prefix));
      else
        TRY(collect(context.connection, rids, "SELECT rid FROM str WHERE pid=? AND v>=? AND v<?",
                    key, prefix, end));
      sort_rids(rids);
      if (modifier == "exact")
        TRY(keep_by_body(context, rids, path,
                         [&](IndexValue const& stored) { return stored.code == text; }));
      append(condition.found, rids);
    }
  }
  sort_rids(condition.found);
  return condition;
}

// ------------------------------------------------------------------ references

namespace {

Result<> add_target(SearchContext& context, Condition& condition, ParameterUse const& use,
                    std::string_view key_text) {
  auto const target = TRY(load_number(context.connection, context.catalogue, key_text));
  if (target == 0) return {};
  for (auto const path : use.parameter->paths)
    condition.postings.push_back(
        {PostingTable::reference, context.catalogue.path_key(use.type_key, path), target});
  return {};
}

bool may_point_at(fhir::SearchParameter const& parameter, fhir::TypeId type) {
  return parameter.targets.empty() ||
         std::ranges::find(parameter.targets, type) != parameter.targets.end();
}

/// A logical id alone: of any type the parameter may point at.
Result<> add_bare_id(SearchContext& context, Condition& condition, ParameterUse const& use,
                     std::string_view id, std::string_view only_type) {
  if (!only_type.empty()) return add_target(context, condition, use, key_of(only_type, id));
  for (auto const target : use.parameter->targets)
    TRY(add_target(context, condition, use, key_of(fhir::type(target).name, id)));
  if (!use.parameter->targets.empty()) return {};
  for (auto const& type : fhir::types())
    if (type.kind == fhir::TypeKind::resource)
      TRY(add_target(context, condition, use, key_of(type.name, id)));
  return {};
}

Result<> add_reference(SearchContext& context, Condition& condition, ParameterUse const& use,
                       std::string const& value) {
  auto const& only_type = use.criterion->modifier;
  if (value.find('/') == value.npos && value.find(':') == value.npos)
    return add_bare_id(context, condition, use, value, only_type);
  if (auto const local = local_target(value); !local.empty()) {
    auto const type = local.substr(0, local.find('/'));
    if (!only_type.empty() && type != only_type) return {};
    if (!may_point_at(*use.parameter, fhir::find_type(type))) return {};
    return add_target(context, condition, use, local);
  }
  for (auto const path : use.parameter->paths)
    condition.postings.push_back({PostingTable::hashed,
                                  context.catalogue.path_key(use.type_key, path),
                                  hash_of_token(kUrlSystem, value)});
  return {};
}

}  // namespace

Result<Condition> compile_reference(SearchContext& context, ParameterUse const& use) {
  auto const& modifier = use.criterion->modifier;
  Condition condition;
  for (auto const& value : use.criterion->values) {
    if (modifier == "identifier") {
      TRY(add_token(context, condition, use, value));
      continue;
    }
    auto const type = modifier.empty() ? fhir::TypeId{0} : fhir::find_type(modifier);
    if (!modifier.empty() && (type == 0 || !may_point_at(*use.parameter, type)))
      return bad_modifier(use);
    TRY(add_reference(context, condition, use, unescape(value)));
  }
  sort_rids(condition.found);
  return condition;
}

// ------------------------------------------------------------------ numbers

namespace {

struct NumberRange {
  double first = -std::numeric_limits<double>::infinity();
  double last = std::numeric_limits<double>::infinity();
};

NumberRange number_range(NumberCondition const& condition) {
  switch (condition.prefix) {
    case Prefix::eq:
    case Prefix::ap:
      return {std::min(condition.low, condition.value), std::max(condition.high, condition.value)};
    case Prefix::ne:
      return {};
    case Prefix::gt:
    case Prefix::ge:
    case Prefix::sa:
      return {condition.value, NumberRange().last};
    case Prefix::lt:
    case Prefix::le:
    case Prefix::eb:
      return {NumberRange().first, condition.value};
  }
  return {};
}

/// The numbers of the units a quantity search accepts; nothing: all of them.
Result<std::optional<Rids>> wanted_units(SearchContext& context, PathKey key,
                                         QuantityCondition const& quantity) {
  if (!quantity.system && !quantity.code) return std::optional<Rids>();
  Rids units;
  if (quantity.system && quantity.code)
    TRY(collect(context.connection, units, "SELECT vid FROM tval WHERE pid=? AND code=? AND sys=?",
                key, *quantity.code, *quantity.system));
  else if (quantity.system)
    TRY(collect(context.connection, units, "SELECT vid FROM tval WHERE pid=? AND +sys=?", key,
                *quantity.system));
  else
    TRY(collect(context.connection, units,
                "SELECT vid FROM tval WHERE pid=? AND (+code=? OR display=?)", key, *quantity.code,
                *quantity.code));
  sort_rids(units);
  return std::optional<Rids>(std::move(units));
}

}  // namespace

Result<Condition> compile_number(SearchContext& context, ParameterUse const& use) {
  if (!use.criterion->modifier.empty()) return bad_modifier(use);
  Condition condition;
  for (auto const& value : use.criterion->values) {
    auto const number = TRY(read_number(unescape(value), use.criterion->parameter));
    auto const range = number_range(number);
    for (auto const path : use.parameter->paths) {
      auto const key = context.catalogue.path_key(use.type_key, path);
      auto rows = context.connection.query("SELECT rid, v FROM num WHERE pid=? AND v>=? AND v<=?",
                                           key, range.first, range.last);
      while (TRY(rows.next()))
        if (number.holds(rows.real(1))) condition.found.push_back(rows.integer(0));
    }
  }
  sort_rids(condition.found);
  return condition;
}

Result<Condition> compile_quantity(SearchContext& context, ParameterUse const& use) {
  if (!use.criterion->modifier.empty()) return bad_modifier(use);
  Condition condition;
  for (auto const& value : use.criterion->values) {
    auto const quantity = TRY(read_quantity(value, use.criterion->parameter));
    auto const range = number_range(quantity.number);
    for (auto const path : use.parameter->paths) {
      auto const key = context.catalogue.path_key(use.type_key, path);
      auto const units = TRY(wanted_units(context, key, quantity));
      auto rows =
          context.connection.query("SELECT rid, v, unit FROM qty WHERE pid=? AND v>=? AND v<=?",
                                   key, range.first, range.last);
      while (TRY(rows.next())) {
        if (units && !std::ranges::binary_search(*units, rows.integer(2))) continue;
        if (quantity.number.holds(rows.real(1))) condition.found.push_back(rows.integer(0));
      }
    }
  }
  sort_rids(condition.found);
  return condition;
}

// ------------------------------------------------------------------ URIs

Result<Condition> compile_uri(SearchContext& context, ParameterUse const& use) {
  auto const& modifier = use.criterion->modifier;
  if (!modifier.empty() && modifier != "below" && modifier != "above") return bad_modifier(use);
  Condition condition;
  auto const find = [&](PathKey key, std::string_view uri) {
    return collect(context.connection, condition.found, "SELECT rid FROM uri WHERE pid=? AND v=?",
                   key, uri);
  };
  for (auto const& value : use.criterion->values) {
    auto const whole = unescape(value);
    auto const uri = indexed_part(whole);
    for (auto const path : use.parameter->paths) {
      auto const key = context.catalogue.path_key(use.type_key, path);
      TRY(find(key, uri));
      // Source: FHIR R4 search.html#uri: "above" and "below" go by the parts between slashes.
      if (modifier == "above")
        for (auto slash = uri.rfind('/'); slash != uri.npos && slash > 0;
             slash = uri.rfind('/', slash - 1)) {
          TRY(find(key, uri.substr(0, slash)));
          TRY(find(key, uri.substr(0, slash + 1)));
        }
      if (modifier == "below") {
        auto const below = uri.ends_with('/') ? std::string(uri) : std::string(uri) + '/';
        auto const end = end_of_prefix(below);
        TRY(collect(context.connection, condition.found,
                    "SELECT rid FROM uri WHERE pid=? AND v>=? AND v<?", key, below, end));
      }
    }
  }
  sort_rids(condition.found);
  return condition;
}

}  // namespace sinew::store::sqlite
