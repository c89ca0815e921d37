#include "store/postgres/write_set.h"

#include <algorithm>

#include "store/sqlite/index_batch.h"

namespace sinew::store::postgres {
namespace {

/// What a row costs in memory beside its bytes, about.
constexpr std::size_t kRowBytes = 64;

}  // namespace

// ------------------------------------------------------------------ resources

void WriteSet::insert(ResourceRow row, std::int64_t key_hash) {
  bytes_ += row.packed.size() + kRowBytes;
  auto const rid = row.rid;
  resources_.insert_or_assign(rid, Current{std::move(row), true, false, key_hash});
}

void WriteSet::update(ResourceRow row, bool had_version) {
  bytes_ += row.packed.size() + kRowBytes;
  auto const rid = row.rid;
  auto const found = resources_.find(rid);
  if (found == resources_.end()) {
    resources_.emplace(rid, Current{std::move(row), false, had_version, 0});
    return;
  }
  auto& current = found->second;
  if (had_version) add_history(current.row);
  if (row.born == 0) row.born = current.row.born;
  current.row = std::move(row);
}

/// A version that came and went within the group.
void WriteSet::add_history(ResourceRow const& row) {
  hist_rid_.add(row.rid);
  hist_version_.add(row.version);
  hist_updated_.add(row.updated);
  hist_cause_.add(row.cause);
  if (row.exists)
    hist_body_.add(row.packed);
  else
    hist_body_.add_null();
}

void WriteSet::log(std::int64_t version_number, ResourceRow const& row) {
  log_number_.add(version_number);
  log_type_.add(row.type);
  log_rid_.add(row.rid);
  log_version_.add(row.version);
  log_updated_.add(row.updated);
}

void WriteSet::set_live(TypeKey type, std::int64_t rid, bool lives) {
  live_.push_back({{type, rid}, lives, ++sequence_});
  tallies_[type] += lives ? 1 : -1;
}

// ------------------------------------------------------------------ index

void WriteSet::token(std::int64_t value, std::int64_t rid, bool adds) {
  tokens_.push_back({{value, rid}, adds, ++sequence_});
}
void WriteSet::hashed(PathKey path, std::int64_t hash, std::int64_t rid, bool adds) {
  hashed_.push_back({{path, hash, rid}, adds, ++sequence_});
}
void WriteSet::reference(PathKey path, std::int64_t target, std::int64_t rid, bool adds) {
  references_.push_back({{path, target, rid}, adds, ++sequence_});
}
void WriteSet::date(PathKey path, std::int64_t low, std::int64_t high, std::int64_t rid,
                    bool adds) {
  auto const key = path * 2 + (sqlite::is_long_period(low, high) ? 1 : 0);
  dates_.push_back({{key, low, high, rid}, adds, ++sequence_});
}
void WriteSet::string(PathKey path, std::string const& text, std::int64_t rid, bool adds) {
  strings_.push_back({{path, text, rid}, adds, ++sequence_});
}
void WriteSet::uri(PathKey path, std::string const& text, std::int64_t rid, bool adds) {
  uris_.push_back({{path, text, rid}, adds, ++sequence_});
}
void WriteSet::quantity(PathKey path, double number, std::int64_t unit, std::int64_t rid,
                        bool adds) {
  quantities_.push_back({{path, number, unit, rid}, adds, ++sequence_});
}
void WriteSet::number(PathKey path, double number, std::int64_t rid, bool adds) {
  numbers_.push_back({{path, number, rid}, adds, ++sequence_});
}

void WriteSet::value(std::int64_t number, PathKey path, TokenParts const& parts) {
  value_number_.add(number);
  value_path_.add(path);
  value_code_.add(parts.code);
  value_system_.add(parts.system);
  value_display_.add(parts.display);
}

// ------------------------------------------------------------------ journal

void WriteSet::journal(JournalRow const& row) {
  bytes_ += row.packed.size() + kRowBytes;
  journal_id_.add(row.id);
  journal_received_.add(row.received.ms);
  journal_feed_.add(std::string_view(row.entry.feed));
  journal_lane_.add(row.entry.lane);
  journal_control_.add(std::string_view(row.entry.control_id));
  journal_type_.add(std::string_view(row.entry.type));
  journal_sender_.add(std::string_view(row.entry.sender));
  journal_bytes_.add(std::string_view(row.packed));
  journal_hash_.add(row.duplicate_hash);
}

void WriteSet::state(JournalId id, JournalStatus status, std::string_view reason,
                     std::int64_t program, std::int64_t updated) {
  state_id_.add(id);
  state_status_.add(static_cast<std::int64_t>(status));
  state_reason_.add(reason);
  state_program_.add(program);
  state_updated_.add(updated);
  // An entry that comes with what it causes is never listed as pending.
  if (pending_.erase(id) == 0) done_id_.add(id);
}

void WriteSet::outbox(std::uint64_t id, JournalId cause, std::int64_t made,
                      std::string_view payload) {
  bytes_ += payload.size() + kRowBytes;
  outbox_id_.add(id);
  outbox_cause_.add(cause);
  outbox_made_.add(made);
  outbox_payload_.add(payload);
}

void WriteSet::program(std::int64_t number, std::string_view digest) {
  program_number_.add(number);
  program_digest_.add(digest);
}

// ------------------------------------------------------------------ to the database

Result<> WriteSet::flush_resources(Session& session) {
  List rid(WireType::integer_list), type(WireType::integer_list), id(WireType::byte_list);
  List version(WireType::integer_list), updated(WireType::integer_list);
  List born(WireType::integer_list), cause(WireType::integer_list), body(WireType::byte_list);
  List hash(WireType::integer_list);
  for (auto const& [number, current] : resources_) {
    if (!current.is_new) continue;
    auto const& row = current.row;
    rid.add(row.rid), type.add(row.type), id.add(std::string_view(row.id));
    version.add(row.version), updated.add(row.updated), born.add(row.born), cause.add(row.cause);
    hash.add(current.key_hash);
    if (row.exists)
      body.add(std::string_view(row.packed));
    else
      body.add_null();
  }
  if (rid.empty()) return {};
  TRY(session.send(
      "INSERT INTO res(rid, tid, id, ver, upd, born, cause, body) "
      "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)",
      Parameters().add(rid).add(type).add(id).add(version).add(updated).add(born).add(cause).add(
          body)));
  return session.send("INSERT INTO lid(h, rid) SELECT * FROM unnest($1, $2)",
                      Parameters().add(hash).add(rid));
}

Result<> WriteSet::flush_updates(Session& session) {
  List kept(WireType::integer_list), rid(WireType::integer_list), version(WireType::integer_list);
  List updated(WireType::integer_list), born(WireType::integer_list);
  List cause(WireType::integer_list), body(WireType::byte_list);
  for (auto const& [number, current] : resources_) {
    if (current.is_new) continue;
    auto const& row = current.row;
    if (current.keeps_stored) kept.add(row.rid);
    rid.add(row.rid), version.add(row.version), updated.add(row.updated);
    born.add(row.born), cause.add(row.cause);
    if (row.exists)
      body.add(std::string_view(row.packed));
    else
      body.add_null();
  }
  if (!kept.empty())
    TRY(
        session.send("INSERT INTO hist(rid, ver, upd, cause, body) "
                     "SELECT rid, ver, upd, cause, body FROM res WHERE rid = ANY($1)",
                     Parameters().add(kept)));
  if (!hist_rid_.empty())
    TRY(
        session.send("INSERT INTO hist(rid, ver, upd, cause, body) "
                     "SELECT * FROM unnest($1, $2, $3, $4, $5)",
                     Parameters()
                         .add(hist_rid_)
                         .add(hist_version_)
                         .add(hist_updated_)
                         .add(hist_cause_)
                         .add(hist_body_)));
  if (rid.empty()) return {};
  return session.send(
      "UPDATE res SET ver=u.ver, upd=u.upd, cause=u.cause, body=u.body, "
      "born=CASE WHEN u.born=0 THEN res.born ELSE u.born END "
      "FROM unnest($1, $2, $3, $4, $5, $6) AS u(rid, ver, upd, born, cause, body) "
      "WHERE res.rid=u.rid",
      Parameters().add(rid).add(version).add(updated).add(born).add(cause).add(body));
}

namespace {

WireType list_of(std::int64_t const*) { return WireType::integer_list; }
WireType list_of(double const*) { return WireType::real_list; }
WireType list_of(std::string const*) { return WireType::byte_list; }

/// The columns of some rows.
template <class Key>
class Columns {
 public:
  void add(Key const& key) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (lists_[I].add(plain(std::get<I>(key))), ...);
    }(std::make_index_sequence<kWidth>());
  }
  [[nodiscard]] bool empty() const { return lists_.front().empty(); }
  [[nodiscard]] Parameters parameters() const {
    Parameters out;
    for (auto const& list : lists_) out.add(list);
    return out;
  }

 private:
  static constexpr std::size_t kWidth = std::tuple_size_v<Key>;
  static std::int64_t plain(std::int64_t value) { return value; }
  static double plain(double value) { return value; }
  static std::string_view plain(std::string const& value) { return value; }
  static std::vector<List> make() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return std::vector<List>{
          List(list_of(static_cast<std::tuple_element_t<I, Key> const*>(nullptr)))...};
    }(std::make_index_sequence<kWidth>());
  }
  std::vector<List> lists_ = make();
};

/// What the changes of one table come to: a row that was added and dropped in the group, or dropped
/// and added, is as it was before.
template <class Rows>
Result<> flush_table(Session& session, Rows& rows, std::string_view insert,
                     std::string_view remove) {
  using Key = decltype(rows.front().key);
  std::ranges::sort(rows, std::less<>());
  Columns<Key> added, dropped;
  for (std::size_t first = 0, last = 0; first < rows.size(); first = last + 1) {
    last = first;
    while (last + 1 < rows.size() && rows[last + 1].key == rows[first].key) ++last;
    if (rows[first].adds != rows[last].adds) continue;
    (rows[first].adds ? added : dropped).add(rows[first].key);
  }
  rows.clear();
  if (!dropped.empty()) TRY(session.send(remove, dropped.parameters()));
  if (!added.empty()) TRY(session.send(insert, added.parameters()));
  return {};
}

}  // namespace

Result<> WriteSet::flush_index(Session& session) {
  // clang-format off
  TRY(flush_table(session, live_,
      "INSERT INTO live(tid, rid) SELECT * FROM unnest($1, $2) ON CONFLICT DO NOTHING",
      "DELETE FROM live t USING unnest($1, $2) AS u(a, b) WHERE t.tid=u.a AND t.rid=u.b"));
  TRY(flush_table(session, tokens_,
      "INSERT INTO tok(vid, rid) SELECT * FROM unnest($1, $2) ON CONFLICT DO NOTHING",
      "DELETE FROM tok t USING unnest($1, $2) AS u(a, b) WHERE t.vid=u.a AND t.rid=u.b"));
  TRY(flush_table(session, hashed_,
      "INSERT INTO idt(pid, h, rid) SELECT * FROM unnest($1, $2, $3) ON CONFLICT DO NOTHING",
      "DELETE FROM idt t USING unnest($1, $2, $3) AS u(a, b, c) WHERE t.pid=u.a AND t.h=u.b AND t.rid=u.c"));
  TRY(flush_table(session, references_,
      "INSERT INTO ref(pid, tgt, rid) SELECT * FROM unnest($1, $2, $3) ON CONFLICT DO NOTHING",
      "DELETE FROM ref t USING unnest($1, $2, $3) AS u(a, b, c) WHERE t.pid=u.a AND t.tgt=u.b AND t.rid=u.c"));
  TRY(flush_table(session, dates_,
      "INSERT INTO dt(pid, lo, hi, rid) SELECT * FROM unnest($1, $2, $3, $4) ON CONFLICT DO NOTHING",
      "DELETE FROM dt t USING unnest($1, $2, $3, $4) AS u(a, b, c, d) WHERE t.pid=u.a AND t.lo=u.b AND t.hi=u.c AND t.rid=u.d"));
  TRY(flush_table(session, strings_,
      "INSERT INTO str(pid, v, rid) SELECT * FROM unnest($1, $2, $3) ON CONFLICT DO NOTHING",
      "DELETE FROM str t USING unnest($1, $2, $3) AS u(a, b, c) WHERE t.pid=u.a AND t.v=u.b AND t.rid=u.c"));
  TRY(flush_table(session, quantities_,
      "INSERT INTO qty(pid, v, unit, rid) SELECT * FROM unnest($1, $2, $3, $4) ON CONFLICT DO NOTHING",
      "DELETE FROM qty t USING unnest($1, $2, $3, $4) AS u(a, b, c, d) WHERE t.pid=u.a AND t.v=u.b AND t.unit=u.c AND t.rid=u.d"));
  TRY(flush_table(session, numbers_,
      "INSERT INTO num(pid, v, rid) SELECT * FROM unnest($1, $2, $3) ON CONFLICT DO NOTHING",
      "DELETE FROM num t USING unnest($1, $2, $3) AS u(a, b, c) WHERE t.pid=u.a AND t.v=u.b AND t.rid=u.c"));
  TRY(flush_table(session, uris_,
      "INSERT INTO uri(pid, v, rid) SELECT * FROM unnest($1, $2, $3) ON CONFLICT DO NOTHING",
      "DELETE FROM uri t USING unnest($1, $2, $3) AS u(a, b, c) WHERE t.pid=u.a AND t.v=u.b AND t.rid=u.c"));
  // clang-format on
  if (value_number_.empty()) return {};
  return session.send(
      "INSERT INTO tval(vid, pid, code, sys, display) SELECT * FROM unnest($1, $2, $3, $4, $5)",
      Parameters()
          .add(value_number_)
          .add(value_path_)
          .add(value_code_)
          .add(value_system_)
          .add(value_display_));
}

Result<> WriteSet::flush_journal(Session& session) {
  if (!journal_id_.empty()) {
    TRY(session.send(
        "INSERT INTO journal(id, received, feed, lane, control_id, type, sender, bytes) "
        "SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)",
        Parameters()
            .add(journal_id_)
            .add(journal_received_)
            .add(journal_feed_)
            .add(journal_lane_)
            .add(journal_control_)
            .add(journal_type_)
            .add(journal_sender_)
            .add(journal_bytes_)));
    TRY(session.send("INSERT INTO dup(h, id) SELECT * FROM unnest($1, $2)",
                     Parameters().add(journal_hash_).add(journal_id_)));
  }
  if (!pending_.empty()) {
    List id(WireType::integer_list), owner(WireType::integer_list);
    for (auto const& [entry, process] : pending_) id.add(entry), owner.add(process);
    TRY(session.send("INSERT INTO pending(id, owner) SELECT * FROM unnest($1, $2)",
                     Parameters().add(id).add(owner)));
  }
  if (!done_id_.empty())
    TRY(session.send("DELETE FROM pending WHERE id = ANY($1)", Parameters().add(done_id_)));
  if (!program_number_.empty())
    TRY(session.send("INSERT INTO program(gid, digest) SELECT * FROM unnest($1, $2)",
                     Parameters().add(program_number_).add(program_digest_)));
  if (!state_id_.empty())
    TRY(
        session.send("INSERT INTO jstate(id, status, reason, program, upd) "
                     "SELECT * FROM unnest($1, $2, $3, $4, $5)",
                     Parameters()
                         .add(state_id_)
                         .add(state_status_)
                         .add(state_reason_)
                         .add(state_program_)
                         .add(state_updated_)));
  if (outbox_id_.empty()) return {};
  return session.send(
      "INSERT INTO outbox(id, cause, made, payload) "
      "SELECT * FROM unnest($1, $2, $3, $4)",
      Parameters().add(outbox_id_).add(outbox_cause_).add(outbox_made_).add(outbox_payload_));
}

Result<> WriteSet::flush(Session& session) {
  TRY(flush_resources(session));
  TRY(flush_updates(session));
  TRY(flush_index(session));
  if (!log_number_.empty())
    TRY(
        session.send("INSERT INTO log(vsn, tid, rid, ver, upd) "
                     "SELECT * FROM unnest($1, $2, $3, $4, $5)",
                     Parameters()
                         .add(log_number_)
                         .add(log_type_)
                         .add(log_rid_)
                         .add(log_version_)
                         .add(log_updated_)));
  List type(WireType::integer_list), change(WireType::integer_list);
  for (auto const& [key, count] : tallies_) type.add(key), change.add(count);
  if (!type.empty())
    TRY(
        session.send("INSERT INTO tally(tid, live) SELECT * FROM unnest($1, $2) "
                     "ON CONFLICT(tid) DO UPDATE SET live=tally.live+excluded.live",
                     Parameters().add(type).add(change)));
  TRY(flush_journal(session));
  clear();
  return {};
}

}  // namespace sinew::store::postgres
