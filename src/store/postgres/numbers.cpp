#include <set>

#include "store/postgres/applier.h"
#include "store/sqlite/rows.h"

// The numbers that index rows need: of the resources that references name, and of tokens. Those a
// group does not know are asked for together, and given where the database has none.

namespace sinew::store::postgres {
namespace {

constexpr std::size_t kValueBytesMax = std::size_t{16} << 20;
constexpr std::size_t kNodeBytes = 128;  // of the map and its texts, about

bool has_value(IndexRow const& row) {
  return row.kind == IndexKind::token || row.kind == IndexKind::quantity;
}

}  // namespace

Result<> Applier::flush() {
  TRY(resolve_targets());
  TRY(resolve_values());
  for (auto const& change : index_)
    for (auto const& row : change.rows) put_index_row(change, row);
  index_.clear();
  return rows_.flush(*session_);
}

// ------------------------------------------------------------------ resources

std::int64_t Applier::number_of(std::string const& reference) {
  if (auto const found = overlay_.find(reference); found != overlay_.end() && found->second.rid)
    return found->second.rid;
  auto const found = group_.find(reference);
  return found == group_.end() ? 0 : found->second.rid;
}

/// A reference has a number before its target exists.
Result<> Applier::resolve_targets() {
  std::set<std::string> wanted;
  for (auto const& change : index_)
    for (auto const& row : change.rows)
      if (row.kind == IndexKind::reference && number_of(row.text) == 0) wanted.insert(row.text);
  if (wanted.empty()) return {};
  std::vector<std::string> unknown;
  for (auto const& reference : wanted) {
    // What the group has looked for in vain needs no second look.
    if (group_.contains(reference)) continue;
    auto cached = cache_.find(reference);
    if (cached && cached->rid != 0)
      group_.emplace(reference, *std::move(cached));
    else
      unknown.push_back(reference);
  }
  TRY(load_states(std::move(unknown)));
  for (auto const& reference : wanted) {
    if (number_of(reference) != 0) continue;
    auto const slash = reference.find('/');
    Live live;
    live.rid = ++order_.resource;
    ResourceRow row{.rid = live.rid, .id = reference.substr(slash + 1), .packed = {}};
    row.type = *catalogue_.type_key(std::string_view(reference).substr(0, slash));
    rows_.insert(std::move(row), sqlite::hash_of_key(reference));
    group_.insert_or_assign(reference, live);
    cache_.put(reference, live);
  }
  return {};
}

// ------------------------------------------------------------------ tokens

std::optional<std::int64_t> Applier::known_value(PathKey path, std::string const& joined) const {
  auto const found = values_.find(ValueKey{path, joined});
  if (found == values_.end()) return std::nullopt;
  return found->second.number;
}

void Applier::remember_value(PathKey path, std::string const& joined, std::int64_t number) {
  value_bytes_ += kNodeBytes + joined.size();
  auto text = std::make_unique<std::string>(joined);
  ValueKey const key{path, *text};
  values_.emplace(key, Value{std::move(text), number});
}

Result<> Applier::resolve_values() {
  if (value_bytes_ > kValueBytesMax) {
    values_.clear();
    value_bytes_ = 0;
  }
  std::set<std::pair<PathKey, std::string>> wanted;
  for (auto const& change : index_)
    for (auto const& row : change.rows) {
      if (!has_value(row)) continue;
      auto const path = catalogue_.path_key(change.type, row.path);
      if (!known_value(path, row.text)) wanted.emplace(path, row.text);
    }
  if (wanted.empty()) return {};
  std::vector<std::pair<PathKey, std::string>> const keys(wanted.begin(), wanted.end());
  List place(WireType::integer_list), path(WireType::integer_list);
  List code(WireType::byte_list), system(WireType::byte_list), display(WireType::byte_list);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto const parts = split_token(keys[i].second);
    place.add(i), path.add(keys[i].first);
    code.add(parts.code), system.add(parts.system), display.add(parts.display);
  }
  auto const rows = TRY(session_->ask(
      "SELECT u.place, f.vid FROM unnest($1, $2, $3, $4, $5) AS u(place, pid, code, sys, display) "
      "CROSS JOIN LATERAL (SELECT t.vid FROM tval t WHERE t.pid=u.pid AND md5(t.code)=md5(u.code) "
      "AND t.code=u.code AND t.sys=u.sys AND t.display=u.display LIMIT 1) f",
      Parameters().add(place).add(path).add(code).add(system).add(display)));
  for (int i = 0; i < rows.rows(); ++i) {
    auto const& key = keys[static_cast<std::size_t>(rows.integer(i, 0))];
    remember_value(key.first, key.second, rows.integer(i, 1));
    wanted.erase(key);
  }
  for (auto const& [pid, joined] : wanted) {
    auto const number = ++order_.value;
    rows_.value(number, pid, split_token(joined));
    remember_value(pid, joined, number);
  }
  return {};
}

// ------------------------------------------------------------------ rows

void Applier::put_index_row(IndexChange const& change, IndexRow const& row) {
  auto const path = catalogue_.path_key(change.type, row.path);
  auto const rid = change.rid;
  auto const adds = change.adds;
  switch (row.kind) {
    case IndexKind::token:
      return rows_.token(*known_value(path, row.text), rid, adds);
    case IndexKind::hashed:
      return rows_.hashed(path, row.low, rid, adds);
    case IndexKind::reference:
      return rows_.reference(path, number_of(row.text), rid, adds);
    case IndexKind::date:
      return rows_.date(path, row.low, row.high, rid, adds);
    case IndexKind::string:
      return rows_.string(path, row.text, rid, adds);
    case IndexKind::quantity:
      return rows_.quantity(path, row.number, *known_value(path, row.text), rid, adds);
    case IndexKind::number:
      return rows_.number(path, row.number, rid, adds);
    case IndexKind::uri:
      return rows_.uri(path, row.text, rid, adds);
  }
}

}  // namespace sinew::store::postgres
