#include "store/index_row.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/text.h"

namespace sinew::store {
namespace {

using fhir::IndexValue;
using fhir::ParameterType;

constexpr std::uint64_t kValueSeed = 1;

/// Ends of element paths whose tokens are nearly all different.
constexpr auto kHashedPaths = std::to_array<std::string_view>({
    "dentifier",  // identifier, groupIdentifier, masterIdentifier, ...
    "telecom",
    "udi",
    "uid",
});

std::int64_t signed_hash(std::uint64_t hash) { return static_cast<std::int64_t>(hash); }

/// What the expression of a path says of its rows.
struct PathTraits {
  bool is_kept_elsewhere = false, is_hashed = false;
};

PathTraits traits_of_expression(std::string_view expression) {
  PathTraits traits;
  // The id has its own table, and lastUpdated is the store's to write.
  traits.is_kept_elsewhere =
      expression == "Resource.id" || expression == "Resource.meta.lastUpdated";
  // The end of the path proper: `Patient.telecom.where(system='phone')` ends in telecom.
  auto const proper = expression.substr(0, expression.find(".where("));
  traits.is_hashed = std::ranges::any_of(
      kHashedPaths, [&](std::string_view end) { return proper.ends_with(end); });
  return traits;
}

/// OPTIMIZATION: found once for each path and thread, not for each value.
PathTraits traits_of(fhir::PathId path) {
  struct Known {
    std::string expression;  ///< of which these are the traits: tables can change
    PathTraits traits;
  };
  thread_local std::vector<Known> known;
  auto const expression = fhir::index_paths()[path].expression;
  if (path >= known.size()) known.resize(fhir::index_paths().size());
  auto& entry = known[path];
  if (entry.expression != expression)
    entry = {std::string(expression), traits_of_expression(expression)};
  return entry.traits;
}

IndexRow row(IndexKind kind, IndexValue const& value) {
  return {.kind = kind, .path = value.path, .text = {}};
}

IndexRow hashed_row(IndexValue const& value, std::int64_t hash) {
  auto out = row(IndexKind::hashed, value);
  out.low = hash;
  return out;
}

void append_token(IndexValue const& value, std::vector<IndexRow>& out) {
  if (is_hashed_token(value.path)) {
    out.push_back(hashed_row(value, hash_of_value(value.code)));
    out.push_back(hashed_row(value, hash_of_token(value.system, value.code)));
    return;
  }
  out.push_back(row(IndexKind::token, value));
  out.back().text = join_token(value.system, value.code, fhir::fold_text(value.text));
}

void append_reference(IndexValue const& value, std::vector<IndexRow>& out) {
  auto const target = local_target(value.code);
  if (target.empty()) {
    out.push_back(hashed_row(value, hash_of_token(kUrlSystem, value.code)));
    return;
  }
  out.push_back(row(IndexKind::reference, value));
  out.back().text = target;
}

void append_number(IndexKind kind, IndexValue const& value, std::string const& text,
                   std::vector<IndexRow>& out) {
  out.push_back(row(kind, value));
  out.back().number = value.number;
  out.back().text = text;
  if (value.number == value.number_high) return;
  out.push_back(out.back());
  out.back().number = value.number_high;
}

void append_quantity(IndexValue const& value, std::vector<IndexRow>& out) {
  bool const is_range = value.number != value.number_high;
  auto const text =
      join_token(value.system, value.code, is_range ? kRangeMark + value.unit : value.unit);
  append_number(IndexKind::quantity, value, text, out);
}

void append_rows(IndexValue const& value, std::vector<IndexRow>& out) {
  if (traits_of(value.path).is_kept_elsewhere) return;
  switch (value.type) {
    case ParameterType::token:
      return append_token(value, out);
    case ParameterType::reference:
      return append_reference(value, out);
    case ParameterType::date:
      out.push_back(row(IndexKind::date, value));
      out.back().low = value.low;
      out.back().high = value.high;
      return;
    case ParameterType::string:
      out.push_back(row(IndexKind::string, value));
      out.back().text = indexed_part(value.text);
      return;
    case ParameterType::number:
      return append_number(IndexKind::number, value, {}, out);
    case ParameterType::quantity:
      return append_quantity(value, out);
    case ParameterType::uri:
      out.push_back(row(IndexKind::uri, value));
      out.back().text = indexed_part(value.code);
      return;
    case ParameterType::composite:
    case ParameterType::special:
      return;  // evaluated from other rows, or not at all
  }
}

}  // namespace

std::vector<IndexRow> rows_of(std::vector<IndexValue> const& values) {
  std::vector<IndexRow> rows;
  rows.reserve(values.size() + 4);
  for (auto const& value : values) append_rows(value, rows);
  std::ranges::sort(rows);
  auto const repeats = std::ranges::unique(rows);
  rows.erase(repeats.begin(), repeats.end());
  return rows;
}

std::vector<IndexRow> index_rows(json::Value resource) {
  thread_local std::vector<IndexValue> values;
  values.clear();
  fhir::extract_index(resource, values);
  return rows_of(values);
}

std::string join_token(std::string_view system, std::string_view code, std::string_view display) {
  std::string out;
  out.reserve(system.size() + code.size() + display.size() + 2);
  out.append(code).append(1, kPartSeparator).append(system).append(1, kPartSeparator);
  out.append(display);
  return out;
}

TokenParts split_token(std::string_view joined) {
  auto const first = joined.find(kPartSeparator);
  if (first == joined.npos) return {{}, joined, {}};
  auto const second = joined.find(kPartSeparator, first + 1);
  if (second == joined.npos) return {joined.substr(first + 1), joined.substr(0, first), {}};
  return {joined.substr(first + 1, second - first - 1), joined.substr(0, first),
          joined.substr(second + 1)};
}

bool is_hashed_token(fhir::PathId path) {
  // The identifier of a logical reference is a token on the reference's path.
  if (fhir::index_paths()[path].type == ParameterType::reference) return true;
  return traits_of(path).is_hashed;
}

std::int64_t hash_of_value(std::string_view value) {
  return signed_hash(hash64(value, kValueSeed));
}

std::int64_t hash_of_token(std::string_view system, std::string_view value) {
  return signed_hash(hash64(value, hash64(system)));
}

std::string_view local_target(std::string_view reference) {
  auto const slash = reference.find('/');
  if (slash == reference.npos || slash == 0 || !is_ascii_upper(reference[0])) return {};
  auto const type = fhir::find_type(reference.substr(0, slash));
  if (type == 0 || fhir::type(type).kind != fhir::TypeKind::resource) return {};
  auto const end = reference.find('/', slash + 1);
  if (end != reference.npos && !reference.substr(end).starts_with("/_history/")) return {};
  return reference.substr(0, end);
}

std::string_view indexed_part(std::string_view text) {
  if (text.size() <= kIndexedTextBytesMax) return text;
  auto size = kIndexedTextBytesMax;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace sinew::store
