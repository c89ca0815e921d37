#include "store/sqlite/applier.h"

#include <algorithm>

#include "store/sqlite/applying.h"

namespace sinew::store::sqlite {
namespace {

using What = Outcome::What;

Outcome outcome(What what, Change const& change, Live const& live) {
  return {what, change.type, change.id, live.version, live.updated};
}

bool is_conditional(Change const& change) { return !change.if_none_exist.empty(); }

/// Source: FHIR R4 http.html#concurrency.
Result<> check_version(Change const& change, Live const& live) {
  if (!change.if_version) return {};
  if (live.exists && live.version == *change.if_version) return {};
  return fail(ErrorCode::precondition, "the resource is not at the version asked for", change.type);
}

}  // namespace

Result<> Applier::load_counters() {
  index_.reset();
  programs_.clear();
  tallies_.clear();
  broken_ = false;
  TRY(young_.count(connection_));
  last_resource_ = TRY(connection_.integer(0, "SELECT max(rid) FROM res"));
  last_version_ = TRY(connection_.integer(0, "SELECT max(vsn) FROM log"));
  last_updated_ = TRY(connection_.integer(0, "SELECT upd FROM log ORDER BY vsn DESC LIMIT 1"));
  return {};
}

Result<bool> Applier::insert_entry(JournalRow const& row) {
  auto const& entry = row.entry;
  TRY(connection_.execute(
      "INSERT OR IGNORE INTO journal(id, received, feed, lane, control_id, type, sender, bytes) "
      "VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
      row.id, row.received.ms, entry.feed, entry.lane, entry.control_id, entry.type, entry.sender,
      Blob{row.packed}));
  if (connection_.changes() == 0) return false;
  index_.add_duplicate_key(row.duplicate_hash, row.id);
  return true;
}

Result<> Applier::file(std::vector<JournalRow> const& rows) {
  for (auto const& row : rows) {
    if (!TRY(or_break(insert_entry(row)))) continue;
    TRY(or_break(connection_.execute("INSERT INTO pending(id) VALUES(?)", row.id)));
  }
  return {};
}

Result<std::vector<Outcome>> Applier::apply(ApplyWork const& work, Instant now) {
  // Versions are in order of time as well, whatever the clock of the machine does.
  now_ = Instant{std::max(now.ms, last_updated_)};
  fhir::SearchScope const scope(catalogue_.definitions()->tables);
  overlay_.clear();
  reprepared_.clear();
  switch (TRY(or_break(state_of_cause(work)))) {
    case CauseState::finished:
      return outcomes_of_finished(work);
    case CauseState::none:
    case CauseState::pending:
      break;
  }
  return std::ranges::any_of(work.transaction.changes, is_conditional) ? apply_conditional(work)
                                                                       : apply_changes(work);
}

Result<Applier::CauseState> Applier::state_of_cause(ApplyWork const& work) {
  auto const cause = work.transaction.cause;
  if (cause == 0) return CauseState::none;
  if (TRY(connection_.integer(0, "SELECT id FROM jstate WHERE id=?", cause)) != 0)
    return CauseState::finished;
  if (work.cause || TRY(connection_.integer(0, "SELECT id FROM pending WHERE id=?", cause)) != 0)
    return CauseState::pending;
  return CauseState::finished;
}

/// A cause takes effect once. Applied again, it changes nothing and says what stands.
Result<std::vector<Outcome>> Applier::outcomes_of_finished(ApplyWork const& work) {
  auto const known =
      TRY(connection_.integer(0, "SELECT id FROM journal WHERE id=?", work.transaction.cause));
  if (known == 0) return fail(ErrorCode::not_found, "the cause is not in the journal");
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < work.changes.size(); ++i) {
    auto const& change = work.transaction.changes[i];
    auto const live = TRY(live_of(work.changes[i].key, change.type, change.id));
    outcomes.push_back(outcome(live.exists ? What::unchanged : What::absent, change, live));
  }
  return outcomes;
}

Result<std::vector<Outcome>> Applier::apply_changes(ApplyWork const& work) {
  auto const& changes = work.transaction.changes;
  std::vector<Staged> staged;
  std::vector<Outcome> outcomes;
  staged.reserve(changes.size());
  outcomes.reserve(changes.size());
  reprepared_.reserve(changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    staged.push_back(TRY(stage(changes[i], work.changes[i])));
    outcomes.push_back(outcome(staged.back().prepared->effect, changes[i], staged.back().after));
  }
  for (auto& one : staged) TRY(or_break(write(one, work.transaction.cause)));
  TRY(or_break(mark_cause(work)));
  TRY(or_break(write_outbox(work.transaction)));
  remember_overlay();
  return outcomes;
}

/// With conditional creates, each change has to be seen by the search of the next: they are
/// written one by one, in a savepoint that a failure takes back.
Result<std::vector<Outcome>> Applier::apply_conditional(ApplyWork const& work) {
  auto const& changes = work.transaction.changes;
  reprepared_.reserve(changes.size());
  TRY(or_break(index_.flush()));
  TRY(or_break(connection_.run("SAVEPOINT conditional")));
  auto const counters = std::tuple(last_resource_, last_version_, tallies_);
  auto const run = [&]() -> Result<std::vector<Outcome>> {
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (is_conditional(changes[i])) {
        if (auto match = TRY(existing_match(changes[i]))) {
          outcomes.push_back(std::move(*match));
          continue;
        }
      }
      auto staged = TRY(stage(changes[i], work.changes[i]));
      outcomes.push_back(outcome(staged.prepared->effect, changes[i], staged.after));
      TRY(or_break(write(staged, work.transaction.cause)));
      TRY(or_break(index_.flush()));
    }
    return outcomes;
  };
  auto outcomes = run();
  if (!outcomes) {
    TRY(or_break(connection_.run("ROLLBACK TO conditional; RELEASE conditional")));
    index_.reset();
    cache_.clear();  // it may know numbers of targets that were taken back
    std::tie(last_resource_, last_version_, tallies_) = counters;
    return outcomes;
  }
  TRY(or_break(connection_.run("RELEASE conditional")));
  TRY(or_break(mark_cause(work)));
  TRY(or_break(write_outbox(work.transaction)));
  remember_overlay();
  return outcomes;
}

/// Source: FHIR R4 http.html#ccreate.
Result<std::optional<Outcome>> Applier::existing_match(Change const& change) {
  auto const matches = TRY(find_(connection_, change.type, change.if_none_exist));
  if (!TRY(is_met(change, matches.size()))) return std::optional<Outcome>();
  auto const resource = TRY(load_resource(connection_, catalogue_, matches.front()));
  return std::optional<Outcome>(
      Outcome{What::unchanged, resource.type, resource.id, resource.version, resource.updated});
}

Result<Applier::Staged> Applier::stage(Change const& change, PreparedChange const& item) {
  if (!item.prepared) TRY(check_identity(change.type, change.id));
  Staged staged;
  staged.key = &item.key;
  staged.change = &change;
  staged.type = *catalogue_.type_key(change.type);
  staged.before = TRY(live_of(item.key, change.type, change.id));
  TRY(check_version(change, staged.before));
  if (item.prepared && item.prepared->fits(staged.before)) {
    staged.prepared = &*item.prepared;
  } else {
    auto const fetch = [&]() -> Result<SharedText> {
      if (staged.before.body) return staged.before.body;
      return load_body(connection_, staged.before);
    };
    cache_.forget_expected(item.key);
    reprepared_.push_back(TRY(prepare(change, item.digest, staged.before, fetch)));
    staged.prepared = &reprepared_.back();
  }
  advance(staged);
  return staged;
}

/// Works out the state after the change, which later changes of the transaction start from.
void Applier::advance(Staged& staged) {
  auto after = state_after(*staged.change, *staged.prepared, staged.before, now_, last_resource_);
  staged.after = after.value_or(staged.before);
  if (after) overlay_.insert_or_assign(*staged.key, *std::move(after));
}

Result<> Applier::write(Staged& staged, JournalId cause) {
  auto const effect = staged.prepared->effect;
  if (effect == What::unchanged || effect == What::absent) {
    ++unchanged_;
    return {};
  }
  TRY(write_version(staged, cause));
  TRY(write_index(staged));
  ++versions_;
  last_updated_ = now_.ms;
  return {};
}

Result<> Applier::write_version(Staged const& staged, JournalId cause) {
  auto const& [before, after] = std::tie(staged.before, staged.after);
  auto const vsn = ++last_version_;
  auto const& body = staged.prepared->packed;
  if (before.rid == 0) {
    index_.add_name(hash_of_key(*staged.key), after.rid);
    TRY(connection_.execute(
        "INSERT INTO res(rid, tid, id, ver, upd, born, cause, body) VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
        after.rid, staged.type, staged.change->id, after.version, now_.ms, vsn, cause, Blob{body}));
  } else {
    if (before.version != 0)
      TRY(
          connection_.execute("INSERT INTO hist(rid, ver, upd, cause, body) "
                              "SELECT rid, ver, upd, cause, body FROM res WHERE rid=?",
                              before.rid));
    if (!after.exists)
      TRY(connection_.execute("UPDATE res SET ver=?, upd=?, cause=?, body=NULL WHERE rid=?",
                              after.version, now_.ms, cause, before.rid));
    else if (before.exists)
      TRY(connection_.execute("UPDATE res SET ver=?, upd=?, cause=?, body=? WHERE rid=?",
                              after.version, now_.ms, cause, Blob{body}, before.rid));
    else
      TRY(connection_.execute("UPDATE res SET ver=?, upd=?, cause=?, body=?, born=? WHERE rid=?",
                              after.version, now_.ms, cause, Blob{body}, vsn, before.rid));
  }
  index_.add_version(vsn, staged.type, after.rid, after.version, now_.ms);
  return {};
}

Result<> Applier::write_index(Staged const& staged) {
  auto const& [before, after] = std::tie(staged.before, staged.after);
  TRY(index_.drop(staged.type, after.rid, staged.prepared->drop));
  TRY(index_.add(staged.type, after.rid, staged.prepared->add));
  if (before.exists == after.exists) return {};
  if (after.exists)
    index_.add_live(staged.type, after.rid);
  else
    index_.drop_live(staged.type, after.rid);
  tallies_[staged.type] += after.exists ? 1 : -1;
  return {};
}

Result<> Applier::mark_cause(ApplyWork const& work) {
  auto const& transaction = work.transaction;
  if (transaction.cause == 0) return {};
  // An entry that comes with what it causes is never listed as pending.
  bool const is_new = work.cause && TRY(insert_entry(*work.cause));
  if (!is_new) TRY(connection_.execute("DELETE FROM pending WHERE id=?", transaction.cause));
  auto const status = static_cast<std::int64_t>(transaction.cause_status);
  return connection_.execute(
      "INSERT INTO jstate(id, status, reason, program, upd) VALUES(?, ?, ?, ?, ?)",
      transaction.cause, status, transaction.cause_reason, TRY(program_number(transaction.program)),
      now_.ms);
}

Result<> Applier::write_outbox(Transaction const& transaction) {
  for (auto const& payload : transaction.outbox)
    TRY(connection_.execute("INSERT INTO outbox(cause, made, payload) VALUES(?, ?, ?)",
                            transaction.cause, now_.ms, Blob{payload}));
  return {};
}

void Applier::remember_overlay() {
  for (auto& [key, live] : overlay_) {
    // Most resources are written once: their bodies would only crowd out those that are not.
    if (live.version == 1) live.body.reset();
    cache_.put(key, std::move(live));
  }
  overlay_.clear();
}

Result<> Applier::finish_group() {
  TRY(or_break(index_.flush()));
  for (auto const& [type, change] : tallies_)
    TRY(
        or_break(connection_.execute("INSERT INTO tally(tid, live) VALUES(?, ?) "
                                     "ON CONFLICT(tid) DO UPDATE SET live=live+excluded.live",
                                     type, change)));
  tallies_.clear();
  return or_break(young_.move_piece_if_due(connection_));
}

Result<Live> Applier::live_of(std::string_view key, std::string_view type, std::string_view id) {
  if (auto const found = overlay_.find(key); found != overlay_.end()) return found->second;
  if (auto cached = cache_.find(key)) return std::move(*cached);
  TRY(or_break(index_.flush_names()));
  auto live = TRY(load_live(connection_, catalogue_, type, id));
  if (live.rid != 0) cache_.put(key, live);
  return live;
}

Result<std::int64_t> Applier::number_of(std::string_view reference) {
  auto const slash = reference.find('/');
  auto const type = reference.substr(0, slash);
  auto const id = reference.substr(slash + 1);
  auto live = TRY(live_of(reference, type, id));
  if (live.rid != 0) return live.rid;
  live.rid = ++last_resource_;
  index_.add_name(hash_of_key(reference), live.rid);
  std::int64_t const none = 0;
  TRY(
      connection_.execute("INSERT INTO res(rid, tid, id, ver, upd, born, cause, body) VALUES(?, ?, "
                          "?, ?, ?, ?, ?, NULL)",
                          live.rid, *catalogue_.type_key(type), id, none, none, none, none));
  auto const rid = live.rid;
  cache_.put(reference, std::move(live));
  return rid;
}

Result<std::int64_t> Applier::program_number(std::string const& digest) {
  if (digest.empty()) return 0;
  if (auto const found = programs_.find(digest); found != programs_.end()) return found->second;
  auto number = TRY(connection_.integer(0, "SELECT gid FROM program WHERE digest=?", digest));
  if (number == 0) {
    TRY(connection_.execute("INSERT INTO program(digest) VALUES(?)", digest));
    number = sqlite3_last_insert_rowid(connection_.handle());
  }
  programs_.emplace(digest, number);
  return number;
}

}  // namespace sinew::store::sqlite
