#include <algorithm>
#include <array>

#include "fhir/search_element.h"
#include "fhir/search_index.h"
#include "store/index_row.h"
#include "store/search_value.h"
#include "store/sqlite/by_body.h"
#include "store/sqlite/condition.h"
#include "store/sqlite/rows.h"
#include "store/sqlite/value_set.h"

// Tokens, strings, references and URIs: from a criterion to posting lists, or
// to the resources found by walking a range of an index.

namespace sinew::store::sqlite {
namespace {

using fhir::IndexValue;

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
  TRY(keep_by_value(context, candidates, {path}, [&](IndexValue const& value) {
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

Result<> add_codes(SearchContext& context, Condition& condition, ParameterUse const& use,
                   std::vector<Code> const& codes) {
  for (auto const& code : codes)
    for (auto const path : use.parameter->paths) {
      auto const key = context.catalogue.path_key(use.type_key, path);
      TokenCondition const token{code.system, code.code};
      if (is_hashed_token(path))
        TRY(add_hashed(context, condition, key, path, token));
      else
        TRY(add_values(context, condition, key, token));
    }
  return {};
}

std::string shown_parameter(ParameterUse const& use) {
  return use.criterion->parameter + ":" + use.criterion->modifier;
}

Result<> add_value_set(SearchContext& context, Condition& condition, ParameterUse const& use,
                       std::string_view value) {
  auto const codes = TRY(codes_of_value_set(context, unescape(value), shown_parameter(use)));
  return add_codes(context, condition, use, codes);
}

Result<> add_related(SearchContext& context, Condition& condition, ParameterUse const& use,
                     std::string_view value) {
  auto const token = read_token(value);
  if (!token.system || token.system->empty() || !token.code)
    return fail(ErrorCode::invalid, "the value has to be system|code", shown_parameter(use));
  auto const direction = use.criterion->modifier == "above" ? Direction::above : Direction::below;
  auto const codes =
      TRY(related_codes(context, {*token.system, *token.code}, direction, shown_parameter(use)));
  return add_codes(context, condition, use, codes);
}

/// `system|code|value`: the type of an identifier, and its value.
/// Source: FHIR R4 search.html#modifiers, ":of-type".
Result<> add_of_type(SearchContext& context, Condition& condition, ParameterUse const& use,
                     std::string_view value) {
  auto const parts = split_escaped(value, '|');
  if (parts.size() != 3 || parts[0].empty() || parts[1].empty() || parts[2].empty())
    return fail(ErrorCode::invalid, "the value has to be system|code|value", shown_parameter(use));
  static fhir::TypeId const kIdentifier = fhir::find_type("Identifier");
  auto const number = unescape(parts[2]);
  for (auto const path : use.parameter->paths) {
    if (!is_hashed_token(path)) return bad_modifier(use);
    Rids rids;
    TRY(collect(context.connection, rids, "SELECT rid FROM idt WHERE pid=? AND h=?",
                context.catalogue.path_key(use.type_key, path), hash_of_value(number)));
    sort_rids(rids);
    TRY(keep_by_body(context, rids, [&](json::Value resource) {
      return std::ranges::any_of(
          fhir::values_on_path(resource, path), [&](fhir::PathValue const& found) {
            return found.type == kIdentifier &&
                   is_of_type(found.value, unescape(parts[0]), unescape(parts[1]), number);
          });
    }));
    append(condition.found, rids);
  }
  return {};
}

Result<> add_folded_text(SearchContext& context, Condition& condition, ParameterUse const& use,
                         std::string_view value) {
  return add_text(context, condition, use, unescape(value));
}

struct TokenModifier {
  std::string_view name;
  bool negates;
  Result<> (*add)(SearchContext&, Condition&, ParameterUse const&, std::string_view value);
};
/// Source: FHIR R4 search.html#modifiers.
constexpr auto kTokenModifiers = std::to_array<TokenModifier>({
    {"", false, add_token},
    {"not", true, add_token},
    {"text", false, add_folded_text},
    {"in", false, add_value_set},
    {"not-in", true, add_value_set},
    {"above", false, add_related},
    {"below", false, add_related},
    {"of-type", false, add_of_type},
});

/// The first text after all texts that begin with `prefix`: no UTF-8 text holds the byte 0xFF.
std::string end_of_prefix(std::string_view prefix) { return std::string(prefix) + '\xff'; }

}  // namespace

bool is_of_type(json::Value identifier, std::string const& system, std::string const& code,
                std::string const& value) {
  if (identifier["value"].text() != value) return false;
  auto const codings = identifier["type"]["coding"].elements();
  return std::any_of(codings.begin(), codings.end(), [&](json::Value coding) {
    return coding["system"].text() == system && coding["code"].text() == code;
  });
}

Result<Condition> compile_token(SearchContext& context, ParameterUse const& use) {
  auto const& modifier = use.criterion->modifier;
  auto const row = std::ranges::find(kTokenModifiers, modifier, &TokenModifier::name);
  if (row == kTokenModifiers.end()) return bad_modifier(use);
  Condition condition;
  condition.negated = row->negates;
  for (auto const& value : use.criterion->values) TRY(row->add(context, condition, use, value));
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
        TRY(keep_by_value(context, rids, {path},
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
