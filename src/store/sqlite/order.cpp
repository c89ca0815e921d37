#include "store/sqlite/order.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

#include "store/index_row.h"
#include "store/sqlite/past.h"

namespace sinew::store::sqlite {
namespace {

using fhir::ParameterType;

/// Up to this many resources are sorted by values taken from their bodies; for more the index is
/// walked once, which costs 200 times less for each row and passes every row of the path.
constexpr std::size_t kSortByBodyMax = 400;

/// What a resource is sorted by. One of the three is used, by the parameter's type.
struct SortValue {
  bool exists = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string text;

  [[nodiscard]] auto rank() const { return std::tie(integer, real, text); }
  /// Of several values of a resource the one that comes first counts.
  void offer(SortValue other, bool descending, bool is_text) {
    if (is_text && other.text.empty()) return;  // a concept with no more than a text has no code
    if (exists && (descending ? other.rank() <= rank() : other.rank() >= rank())) return;
    *this = std::move(other);
    exists = true;
  }
};

using ValueMap = std::unordered_map<std::int64_t, std::vector<SortValue>>;

struct KeyUse {
  ParameterUse use;
  bool descending = false;
  std::size_t index = 0;  ///< place among the keys
};

bool is_ordered(ParameterType type) {
  return type != ParameterType::composite && type != ParameterType::special;
}

bool is_text(ParameterType type) {
  return type == ParameterType::string || type == ParameterType::token ||
         type == ParameterType::uri || type == ParameterType::reference;
}

/// The same value that the index has, so that both ways give the same order.
SortValue sort_value(fhir::IndexValue const& value) {
  SortValue out;
  switch (value.type) {
    case ParameterType::date:
      out.integer = value.low;
      break;
    case ParameterType::number:
    case ParameterType::quantity:
      out.real = value.number;
      break;
    case ParameterType::string:
      out.text = indexed_part(value.text);
      break;
    case ParameterType::uri:
      out.text = indexed_part(value.code);
      break;
    default:
      out.text = value.code;
  }
  return out;
}

/// A range is sorted by the limit that comes first, as both are in the index.
std::vector<SortValue> sort_values(fhir::IndexValue const& value) {
  std::vector<SortValue> out = {sort_value(value)};
  bool const is_number =
      value.type == ParameterType::number || value.type == ParameterType::quantity;
  if (!is_number || value.number == value.number_high) return out;
  out.push_back(out.front());
  out.back().real = value.number_high;
  return out;
}

Result<> values_from_body(SearchContext& context, std::vector<KeyUse> const& keys, std::int64_t rid,
                          ValueMap& values) {
  auto const body = TRY(body_of(context, rid));
  if (!body) return {};
  auto const document = TRY(json::Document::parse(*body));
  std::vector<fhir::IndexValue> found;
  fhir::extract_index(document.root(), found);
  for (auto const& key : keys)
    for (auto const& value : found)
      if (value.type == key.use.parameter->type &&
          std::ranges::find(key.use.parameter->paths, value.path) != key.use.parameter->paths.end())
        for (auto& offered : sort_values(value))
          values[rid][key.index].offer(std::move(offered), key.descending, is_text(value.type));
  return {};
}

/// True when the index can be walked in place of the bodies.
bool can_walk(SearchContext const& context, ParameterUse const& use) {
  if (!is_indexed(context, use.type_key, *use.parameter)) return false;
  if (use.parameter->type == ParameterType::reference) return false;
  if (use.parameter->type != ParameterType::token) return true;
  return std::ranges::none_of(use.parameter->paths, is_hashed_token);
}

Result<> walk(SearchContext& context, KeyUse const& key, fhir::PathId path, ValueMap& values) {
  auto const pid = context.catalogue.path_key(key.use.type_key, path);
  auto const type = key.use.parameter->type;
  auto& connection = context.connection;
  auto rows =
      type == ParameterType::date
          ? connection.query("SELECT rid, lo FROM dt WHERE pid IN (?, ?)", pid * 2, pid * 2 + 1)
      : type == ParameterType::string ? connection.query("SELECT rid, v FROM str WHERE pid=?", pid)
      : type == ParameterType::uri    ? connection.query("SELECT rid, v FROM uri WHERE pid=?", pid)
      : type == ParameterType::number ? connection.query("SELECT rid, v FROM num WHERE pid=?", pid)
      : type == ParameterType::quantity
          ? connection.query("SELECT rid, v FROM qty WHERE pid=?", pid)
          : connection.query(
                "SELECT tok.rid, tval.code FROM tval JOIN tok ON tok.vid=tval.vid WHERE tval.pid=?",
                pid);
  while (TRY(rows.next())) {
    auto const found = values.find(rows.integer(0));
    if (found == values.end()) continue;
    SortValue value;
    if (type == ParameterType::date)
      value.integer = rows.integer(1);
    else if (type == ParameterType::number || type == ParameterType::quantity)
      value.real = rows.real(1);
    else
      value.text = rows.text(1);
    found->second[key.index].offer(std::move(value), key.descending, is_text(type));
  }
  return {};
}

/// When the version was made that the context looks at.
Result<std::int64_t> updated_of(SearchContext& context, std::int64_t rid) {
  if (context.then != nullptr) {
    auto const version = TRY(context.then->version_of(context, rid));
    if (version)
      return context.connection.integer(0, "SELECT upd FROM hist WHERE rid=? AND ver=?", rid,
                                        *version);
  }
  return context.connection.integer(0, "SELECT upd FROM res WHERE rid=?", rid);
}

Result<> own_columns(SearchContext& context, KeyUse const& key, ValueMap& values) {
  bool const by_id = key.use.parameter->code == "_id";
  for (auto& [rid, row] : values) {
    SortValue value;
    if (by_id) {
      auto rows = context.connection.query("SELECT id FROM res WHERE rid=?", rid);
      if (!TRY(rows.next())) continue;
      value.text = rows.text(0);
    } else {
      value.integer = TRY(updated_of(context, rid));
    }
    row[key.index].offer(std::move(value), key.descending, by_id);
  }
  return {};
}

Result<std::vector<KeyUse>> uses_of(SearchContext& context, std::string_view type,
                                    std::vector<SortKey> const& keys) {
  std::vector<KeyUse> uses;
  for (auto const& key : keys) {
    Criterion criterion;
    criterion.parameter = key.parameter;
    bool const is_own = key.parameter == "_id" || key.parameter == "_lastUpdated";
    if (type.empty() && !is_own)
      return fail(ErrorCode::invalid, "several types are sorted by _id and _lastUpdated alone",
                  "_sort=" + key.parameter);
    auto use = TRY(find_use(context, type.empty() ? "Patient" : type, criterion));
    if (!is_ordered(use.parameter->type))
      return fail(ErrorCode::invalid, "the parameter has no order", "_sort=" + key.parameter);
    use.criterion = nullptr;
    uses.push_back({use, key.descending, uses.size()});
  }
  return uses;
}

/// What has changed since the moment looked at is sorted by its body of then: the index has what is
/// now.
Result<> fill_changed(SearchContext& context, std::vector<KeyUse> const& keys, ValueMap& values) {
  if (context.then == nullptr) return {};
  for (auto& [rid, row] : values) {
    if (!TRY(context.then->version_of(context, rid))) continue;
    for (auto const& key : keys) row[key.index] = {};
    TRY(values_from_body(context, keys, rid, values));
  }
  return {};
}

Result<> fill(SearchContext& context, std::vector<KeyUse> const& uses, ValueMap& values) {
  std::vector<KeyUse> by_body;
  std::vector<KeyUse> by_index;
  for (auto const& key : uses) {
    std::string_view const code = key.use.parameter->code;
    if (code == "_id" || code == "_lastUpdated") {
      TRY(own_columns(context, key, values));
    } else if (values.size() <= kSortByBodyMax || !can_walk(context, key.use)) {
      by_body.push_back(key);
    } else {
      by_index.push_back(key);
      for (auto const path : key.use.parameter->paths) TRY(walk(context, key, path, values));
    }
  }
  if (!by_body.empty())
    for (auto const& [rid, row] : values) TRY(values_from_body(context, by_body, rid, values));
  return by_index.empty() ? Result<>() : fill_changed(context, by_index, values);
}

}  // namespace

Result<Rids> in_order(SearchContext& context, std::string_view type, Rids matches,
                      std::vector<SortKey> const& keys, std::int64_t after) {
  if (keys.empty()) {
    if (after != 0) matches.erase(std::ranges::lower_bound(matches, after), matches.end());
    std::ranges::reverse(matches);
    return matches;
  }
  auto const uses = TRY(uses_of(context, type, keys));
  ValueMap values;
  values.reserve(matches.size() + 1);
  for (auto const rid : matches) values.emplace(rid, std::vector<SortValue>(uses.size()));
  if (after != 0) values.emplace(after, std::vector<SortValue>(uses.size()));
  TRY(fill(context, uses, values));

  auto const precedes = [&](std::int64_t a, std::int64_t b) {
    auto const& left = values.at(a);
    auto const& right = values.at(b);
    for (std::size_t i = 0; i < uses.size(); ++i) {
      if (left[i].exists != right[i].exists) return left[i].exists;
      if (left[i].rank() == right[i].rank()) continue;
      return uses[i].descending ? left[i].rank() > right[i].rank()
                                : left[i].rank() < right[i].rank();
    }
    return a > b;
  };
  if (after != 0) std::erase_if(matches, [&](auto rid) { return !precedes(after, rid); });
  std::ranges::sort(matches, precedes);
  return matches;
}

}  // namespace sinew::store::sqlite
