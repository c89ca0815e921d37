#include "store/postgres/preparing.h"

#include <algorithm>

#include "store/compress.h"
#include "store/sqlite/rows.h"

namespace sinew::store::postgres {

std::vector<PreparedChange> Preparing::prepare_all(std::span<Change const> changes) {
  std::vector<PreparedChange> items;
  std::vector<std::string> unknown;
  items.reserve(changes.size());
  for (auto const& change : changes) {
    auto& item = items.emplace_back();
    item.key = sqlite::key_of(change.type, change.id);
    if (change.verb == Verb::put || change.verb == Verb::merge) item.digest = digest_of(change);
    if (!check_identity(change.type, change.id)) continue;
    if (auto cached = cache_.find_expected(item.key))
      states_.insert_or_assign(item.key, *std::move(cached));
    else
      unknown.push_back(item.key);
  }
  load(unknown);
  for (std::size_t i = 0; i < changes.size(); ++i) prepare_one(changes[i], items[i]);
  return items;
}

/// What cannot be read here is read by the writer, which says why not.
void Preparing::load(std::vector<std::string> const& keys) {
  if (keys.empty()) return;
  List place(WireType::integer_list), hash(WireType::integer_list), type(WireType::integer_list);
  List id(WireType::byte_list);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::string_view const key = keys[i];
    auto const slash = key.find('/');
    auto const tid = catalogue_.type_key(key.substr(0, slash));
    if (!tid) continue;
    place.add(i), hash.add(sqlite::hash_of_key(key)), type.add(*tid);
    id.add(key.substr(slash + 1));
  }
  auto const epoch = cache_.epoch();
  auto lease = pool_.lease();
  if (!lease) return;
  auto const rows = lease->session().ask(
      "SELECT u.place, f.rid, f.ver, f.upd, f.body "
      "FROM unnest($1, $2, $3, $4) AS u(place, h, tid, id) CROSS JOIN LATERAL "
      "(SELECT r.rid, r.ver, r.upd, r.body FROM res r WHERE r.rid = ANY("
      "ARRAY(SELECT l.rid FROM lid l WHERE l.h=u.h)) AND r.tid=u.tid AND r.id=u.id LIMIT 1) f",
      Parameters().add(place).add(hash).add(type).add(id));
  if (!rows) return;
  for (auto const& key : keys) states_.try_emplace(key);
  for (int i = 0; i < rows->rows(); ++i) {
    Live live;
    live.rid = rows->integer(i, 1);
    live.version = static_cast<std::uint64_t>(rows->integer(i, 2));
    live.updated = Instant{rows->integer(i, 3)};
    live.exists = !rows->is_null(i, 4);
    if (live.exists) {
      auto body = unpack(rows->bytes(i, 4));
      if (body) live.body = std::make_shared<std::string const>(*std::move(body));
    }
    auto const& key = keys[static_cast<std::size_t>(rows->integer(i, 0))];
    cache_.add_read(key, live, epoch);
    states_.insert_or_assign(key, std::move(live));
  }
}

void Preparing::prepare_one(Change const& change, PreparedChange& item) {
  auto const found = states_.find(item.key);
  if (found == states_.end()) return;
  auto const live = found->second;
  // What fails here fails again in the writer's thread, which answers; unless the resource changed
  // meanwhile and it succeeds.
  auto prepared = prepare(change, item.digest, live, [&] { return body_of(item.key, live); });
  if (!prepared) return;
  if (prepared->text) {
    // Messages about one patient follow each other closely: each is prepared on what the one
    // before it is to make of the resource.
    Live after{.version = live.version + 1,
               .exists = true,
               .is_expected = true,
               .content = prepared->content,
               .body = prepared->text};
    if (item.digest.is_set()) after.add_no_op(item.digest);
    cache_.expect(item.key, after);
    states_.insert_or_assign(item.key, std::move(after));
  }
  item.prepared = std::move(*prepared);
}

Result<SharedText> Preparing::body_of(std::string const& key, Live const& live) {
  if (live.body) return live.body;
  auto const epoch = cache_.epoch();
  auto lease = TRY(pool_.lease());
  auto const row =
      TRY(lease.session().ask("SELECT body FROM res WHERE rid=$1 AND ver=$2 AND body IS NOT NULL",
                              Parameters().add(live.rid).add(live.version)));
  if (row.rows() != 1) return fail(ErrorCode::conflict, "the resource was changed meanwhile");
  auto with_body = live;
  with_body.body = std::make_shared<std::string const>(TRY(unpack(row.bytes(0, 0))));
  auto body = with_body.body;
  cache_.add_read(key, std::move(with_body), epoch);
  return body;
}

}  // namespace sinew::store::postgres
