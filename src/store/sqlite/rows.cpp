#include "store/sqlite/rows.h"

#include "base/hash.h"
#include "store/compress.h"
#include "store/content.h"

namespace sinew::store::sqlite {

std::string key_of(std::string_view type, std::string_view id) {
  std::string key;
  key.reserve(type.size() + 1 + id.size());
  key.append(type).append(1, '/').append(id);
  return key;
}

std::int64_t hash_of_key(std::string_view key) { return static_cast<std::int64_t>(hash64(key)); }

Result<Live> load_live(Connection& connection, Catalogue const& catalogue, std::string_view type,
                       std::string_view id) {
  Live live;
  auto const tid = catalogue.type_key(type);
  if (!tid) return live;
  auto rows = connection.query(
      "SELECT res.rid, ver, upd, body IS NOT NULL FROM lid JOIN res ON res.rid=lid.rid "
      "WHERE lid.h=? AND res.tid=? AND res.id=?",
      hash_of_key(key_of(type, id)), *tid, id);
  if (!TRY(rows.next())) return live;
  live.rid = rows.integer(0);
  live.version = static_cast<std::uint64_t>(rows.integer(1));
  live.updated = Instant{rows.integer(2)};
  live.exists = rows.integer(3) != 0;
  return live;
}

Result<SharedText> load_body(Connection& connection, Live const& live) {
  auto rows = connection.query("SELECT body FROM res WHERE rid=? AND ver=? AND body IS NOT NULL",
                               live.rid, live.version);
  if (!TRY(rows.next())) return fail(ErrorCode::conflict, "the resource was changed meanwhile");
  return std::make_shared<std::string const>(TRY(unpack(rows.text(0))));
}

Result<std::int64_t> load_number(Connection& connection, Catalogue const& catalogue,
                                 std::string_view key) {
  auto const slash = key.find('/');
  if (slash == key.npos) return 0;
  auto const live =
      TRY(load_live(connection, catalogue, key.substr(0, slash), key.substr(slash + 1)));
  return live.rid;
}

Result<Resource> load_resource(Connection& connection, Catalogue const& catalogue,
                               std::int64_t rid) {
  auto rows = connection.query(
      "SELECT tid, id, ver, upd, cause, body FROM res WHERE rid=? AND body IS NOT NULL", rid);
  if (!TRY(rows.next())) return fail(ErrorCode::not_found, "no such resource");
  Resource resource;
  resource.type = catalogue.type_name(rows.integer(0));
  resource.id = rows.text(1);
  resource.version = static_cast<std::uint64_t>(rows.integer(2));
  resource.updated = Instant{rows.integer(3)};
  resource.cause = static_cast<JournalId>(rows.integer(4));
  resource.body = with_meta(TRY(unpack(rows.text(5))), resource.type, resource.id, resource.version,
                            resource.updated);
  return resource;
}

}  // namespace sinew::store::sqlite
