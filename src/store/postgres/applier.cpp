#include "store/postgres/applier.h"

#include <algorithm>

#include "store/compress.h"
#include "store/sqlite/applying.h"
#include "store/sqlite/rows.h"

namespace sinew::store::postgres {
namespace {

using What = Outcome::What;
using sqlite::hash_of_key;

/// A change of others larger than this is not read: what is known is forgotten instead.
constexpr std::int64_t kLearnedMax = 4096;
/// Rows are sent in the midst of a group when they are so many bytes.
constexpr std::size_t kFlushBytes = std::size_t{32} << 20;

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

/// Columns rid, ver, upd, exists from `column` on.
Live live_from(Answer const& answer, int row, int column) {
  Live live;
  live.rid = answer.integer(row, column);
  live.version = static_cast<std::uint64_t>(answer.integer(row, column + 1));
  live.updated = Instant{answer.integer(row, column + 2)};
  live.exists = answer.integer(row, column + 3) != 0;
  return live;
}

}  // namespace

// ------------------------------------------------------------------ the transaction

Result<> Applier::begin() {
  broken_ = false;
  TRY(session_->send("BEGIN"));
  auto const row = TRY(
      session_->ask("SELECT commits, resource, version, value, updated, journal, outbox, program "
                    "FROM commit_order WHERE one=1 FOR UPDATE"));
  if (row.rows() != 1) return fail(ErrorCode::internal, "database: the order of commits is gone");
  auto const at = [&](int column) { return row.integer(0, column); };
  order_ = {at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)};
  if (seen_commits_ < 0)
    cache_.clear();  // what was read before the first turn may be out of date
  else if (order_.commits != seen_commits_)
    TRY(learn(seen_version_, order_.version));
  seen_commits_ = order_.commits;
  seen_version_ = order_.version;
  return {};
}

/// Puts what others have committed into the cache, which knows nothing else of them.
Result<> Applier::learn(std::int64_t from, std::int64_t to) {
  auto const forget = [&] {
    ++purges_;
    cache_.clear();
  };
  if (to - from > kLearnedMax) return forget(), Result<>();
  auto const rows =
      TRY(session_->ask("SELECT r.tid, r.id, r.rid, r.ver, r.upd, r.body IS NOT NULL "
                        "FROM log l LEFT JOIN res r ON r.rid=l.rid WHERE l.vsn>$1 AND l.vsn<=$2",
                        Parameters().add(from).add(to)));
  for (int i = 0; i < rows.rows(); ++i) {
    if (rows.is_null(i, 0)) return forget(), Result<>();  // a purge: it leaves a row of nothing
    cache_.put(sqlite::key_of(catalogue_.type_name(rows.integer(i, 0)), rows.bytes(i, 1)),
               live_from(rows, i, 2));
  }
  return {};
}

Result<> Applier::load(std::span<Work> group) {
  std::vector<std::string> keys;
  std::vector<JournalId> causes;
  for (auto const& work : group) {
    auto const* item = std::get_if<ApplyWork>(&work);
    if (item == nullptr) continue;
    if (item->transaction.cause != 0) causes.push_back(item->transaction.cause);
    for (auto const& change : item->changes) {
      auto cached = cache_.find(change.key);
      // That something was never mentioned is not known for longer than a transaction.
      if (cached && cached->rid != 0)
        group_.insert_or_assign(change.key, *std::move(cached));
      else
        keys.push_back(change.key);
    }
  }
  TRY(load_causes(causes));
  return load_states(std::move(keys));
}

Result<> Applier::load_states(std::vector<std::string> keys) {
  std::ranges::sort(keys);
  auto const repeats = std::ranges::unique(keys);
  keys.erase(repeats.begin(), repeats.end());
  List place(WireType::integer_list), hash(WireType::integer_list), type(WireType::integer_list);
  List id(WireType::byte_list);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::string_view const key = keys[i];
    auto const slash = std::min(key.find('/'), key.size());
    auto const tid = catalogue_.type_key(key.substr(0, slash));
    group_.insert_or_assign(keys[i], Live{});
    if (!tid || slash == key.size()) continue;
    place.add(i), hash.add(hash_of_key(key)), type.add(*tid), id.add(key.substr(slash + 1));
  }
  if (place.empty()) return {};
  // Written so that the planner has one way: by the keys, however small a table seems.
  auto const rows = TRY(session_->ask(
      "SELECT u.place, f.rid, f.ver, f.upd, f.lives "
      "FROM unnest($1, $2, $3, $4) AS u(place, h, tid, id) CROSS JOIN LATERAL "
      "(SELECT r.rid, r.ver, r.upd, r.body IS NOT NULL AS lives FROM res r WHERE r.rid = ANY("
      "ARRAY(SELECT l.rid FROM lid l WHERE l.h=u.h)) AND r.tid=u.tid AND r.id=u.id LIMIT 1) f",
      Parameters().add(place).add(hash).add(type).add(id)));
  for (int i = 0; i < rows.rows(); ++i) {
    auto const live = live_from(rows, i, 1);
    auto const& key = keys[static_cast<std::size_t>(rows.integer(i, 0))];
    group_.insert_or_assign(key, live);
    cache_.put(key, live);
  }
  return {};
}

Result<> Applier::load_causes(std::vector<JournalId> const& causes) {
  causes_.clear();
  if (causes.empty()) return {};
  List ids(WireType::integer_list);
  for (auto const id : causes) ids.add(id);
  auto const rows = TRY(session_->ask("SELECT id FROM pending WHERE id = ANY($1) AND owner=$2",
                                      Parameters().add(ids).add(owner_)));
  for (int i = 0; i < rows.rows(); ++i) causes_[static_cast<JournalId>(rows.integer(i, 0))] = true;
  return {};
}

Result<> Applier::flush_if_large() {
  if (rows_.byte_size() < kFlushBytes) return {};
  TRY(flush());
  TRY(session_->finish());
  return {};
}

Result<> Applier::commit() {
  TRY(flush());
  ++order_.commits;
  TRY(session_->send(
      "UPDATE commit_order SET commits=$1, resource=$2, version=$3, value=$4, updated=$5, "
      "journal=$6, outbox=$7, program=$8 WHERE one=1",
      Parameters()
          .add(order_.commits)
          .add(order_.resource)
          .add(order_.version)
          .add(order_.value)
          .add(order_.updated)
          .add(order_.journal)
          .add(order_.outbox)
          .add(order_.program)));
  // A row that was forgotten while this process was away is made again; it beats soon.
  TRY(
      session_->send("INSERT INTO process(owner, beat, commits) VALUES($2, 0, $1) "
                     "ON CONFLICT(owner) DO UPDATE SET commits=excluded.commits",
                     Parameters().add(commits_ + 1).add(owner_)));
  is_commit_sent_ = true;
  TRY(session_->ask("COMMIT"));
  committed();
  return {};
}

bool Applier::settle_commit(std::int64_t commits) {
  bool const took_place = is_commit_sent_ && commits == commits_ + 1;
  if (took_place)
    committed();
  else
    commits_ = commits;
  is_commit_sent_ = false;
  return took_place;
}

void Applier::committed() {
  is_commit_sent_ = false;
  ++commits_;
  seen_commits_ = order_.commits;
  seen_version_ = order_.version;
  group_.clear();
}

void Applier::roll_back() {
  if (session_ != nullptr && !session_->is_lost()) {
    (void)session_->finish();
    if (session_->is_in_transaction()) (void)session_->ask("ROLLBACK");
  }
  rows_.clear();
  index_.clear();
  group_.clear();
  causes_.clear();
  values_.clear();
  value_bytes_ = 0;
  programs_.clear();
  cache_.clear();
  broken_ = false;
}

// ------------------------------------------------------------------ work

void Applier::append(AppendWork& work) {
  work.row.id = static_cast<JournalId>(++order_.journal);
  rows_.journal(work.row);
  rows_.pending(work.row.id, owner_);
  causes_[work.row.id] = true;
  work.answer = work.row.id;
}

Result<std::vector<Outcome>> Applier::apply(ApplyWork& work, Instant now) {
  // Versions are in order of time as well, whatever the clocks of the machines do.
  now_ = Instant{std::max(now.ms, order_.updated)};
  overlay_.clear();
  reprepared_.clear();
  if (state_of_cause(work) == CauseState::finished) return outcomes_of_finished(work);
  return std::ranges::any_of(work.transaction.changes, is_conditional) ? apply_conditional(work)
                                                                       : apply_changes(work);
}

Applier::CauseState Applier::state_of_cause(ApplyWork const& work) const {
  if (work.transaction.cause == 0) return CauseState::none;
  return causes_.contains(work.transaction.cause) ? CauseState::pending : CauseState::finished;
}

/// A cause takes effect once. Applied again, or taken over by another process, it changes nothing
/// here and says what stands.
Result<std::vector<Outcome>> Applier::outcomes_of_finished(ApplyWork const& work) {
  TRY(or_break(flush()));
  auto const known = TRY(or_break(session_->ask_integer(0, "SELECT id FROM journal WHERE id=$1",
                                                        Parameters().add(work.transaction.cause))));
  if (known == 0) return fail(ErrorCode::not_found, "the cause is not in the journal");
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < work.changes.size(); ++i) {
    auto const live = TRY(live_of(work.changes[i].key));
    outcomes.push_back(
        outcome(live.exists ? What::unchanged : What::absent, work.transaction.changes[i], live));
  }
  return outcomes;
}

Result<std::vector<Outcome>> Applier::apply_changes(ApplyWork& work) {
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
  for (auto& one : staged) write(one, work.transaction.cause);
  TRY(or_break(mark_cause(work.transaction)));
  write_outbox(work.transaction);
  remember_overlay();
  return outcomes;
}

/// With conditional creates, each change has to be seen by the search of the next: they are
/// written one by one, in a savepoint that a failure takes back.
Result<std::vector<Outcome>> Applier::apply_conditional(ApplyWork& work) {
  reprepared_.reserve(work.changes.size());
  TRY(or_break(flush()));
  TRY(or_break(session_->send("SAVEPOINT conditional")));
  auto const numbers = order_;
  auto outcomes = write_one_by_one(work);
  if (broken_) return outcomes;
  if (!outcomes) {
    rows_.clear();
    index_.clear();
    TRY(or_break(session_->send("ROLLBACK TO SAVEPOINT conditional")));
    TRY(or_break(session_->ask("RELEASE SAVEPOINT conditional")));
    // They may know numbers that were taken back.
    group_.clear();
    cache_.clear();
    values_.clear();
    order_ = numbers;
    return outcomes;
  }
  TRY(or_break(session_->ask("RELEASE SAVEPOINT conditional")));
  TRY(or_break(mark_cause(work.transaction)));
  write_outbox(work.transaction);
  remember_overlay();
  return outcomes;
}

Result<std::vector<Outcome>> Applier::write_one_by_one(ApplyWork& work) {
  auto const& changes = work.transaction.changes;
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
    write(staged, work.transaction.cause);
    TRY(or_break(flush()));
  }
  return outcomes;
}

/// Source: FHIR R4 http.html#ccreate.
Result<std::optional<Outcome>> Applier::existing_match(Change const& change) {
  auto found = find_(change.type, change.if_none_exist);
  if (!found && (session_->is_lost() || session_->has_failed())) broken_ = true;
  auto const matches = TRY(std::move(found));
  if (!TRY(sqlite::is_met(change, matches.size()))) return std::optional<Outcome>();
  auto const row = TRY(or_break(session_->ask("SELECT id, ver, upd FROM res WHERE rid=$1",
                                              Parameters().add(matches.front()))));
  if (row.rows() != 1) return fail(ErrorCode::internal, "a resource of the index has no row");
  return std::optional<Outcome>(Outcome{What::unchanged, change.type, std::string(row.bytes(0, 0)),
                                        static_cast<std::uint64_t>(row.integer(0, 1)),
                                        Instant{row.integer(0, 2)}});
}

Result<SharedText> Applier::body_of(Live const& live) {
  if (live.body) return live.body;
  // What the group itself wrote has its body beside its state.
  auto const row = TRY(
      or_break(session_->ask("SELECT body FROM res WHERE rid=$1 AND ver=$2 AND body IS NOT NULL",
                             Parameters().add(live.rid).add(live.version))));
  if (row.rows() != 1) return fail(ErrorCode::internal, "a resource has no body");
  return std::make_shared<std::string const>(TRY(unpack(row.bytes(0, 0))));
}

Result<Applier::Staged> Applier::stage(Change const& change, PreparedChange& item) {
  if (!item.prepared) TRY(check_identity(change.type, change.id));
  Staged staged;
  staged.key = &item.key;
  staged.change = &change;
  staged.type = *catalogue_.type_key(change.type);
  staged.before = TRY(live_of(item.key));
  TRY(check_version(change, staged.before));
  if (item.prepared && item.prepared->fits(staged.before)) {
    staged.prepared = &*item.prepared;
  } else {
    cache_.forget_expected(item.key);
    reprepared_.push_back(
        TRY(prepare(change, item.digest, staged.before, [&] { return body_of(staged.before); })));
    staged.prepared = &reprepared_.back();
  }
  advance(staged);
  return staged;
}

/// Works out the state after the change, which later changes of the transaction start from.
void Applier::advance(Staged& staged) {
  auto after =
      sqlite::state_after(*staged.change, *staged.prepared, staged.before, now_, order_.resource);
  staged.after = after.value_or(staged.before);
  if (after) overlay_.insert_or_assign(*staged.key, *std::move(after));
}

void Applier::write(Staged& staged, JournalId cause) {
  auto const effect = staged.prepared->effect;
  if (effect == What::unchanged || effect == What::absent) {
    ++unchanged_;
    return;
  }
  write_version(staged, cause);
  auto& prepared = *staged.prepared;
  auto const rid = staged.after.rid;
  if (!prepared.drop.empty()) index_.push_back({staged.type, rid, false, std::move(prepared.drop)});
  if (!prepared.add.empty()) index_.push_back({staged.type, rid, true, std::move(prepared.add)});
  if (staged.before.exists != staged.after.exists)
    rows_.set_live(staged.type, rid, staged.after.exists);
  ++versions_;
  order_.updated = now_.ms;
}

void Applier::write_version(Staged& staged, JournalId cause) {
  auto const& before = staged.before;
  auto const& after = staged.after;
  auto const number = ++order_.version;
  ResourceRow row{.rid = after.rid,
                  .type = staged.type,
                  .id = staged.change->id,
                  .version = after.version,
                  .updated = now_.ms,
                  .born = after.exists && !before.exists ? number : 0,
                  .cause = cause,
                  .exists = after.exists,
                  .packed = std::move(staged.prepared->packed)};
  rows_.log(number, row);
  if (before.rid == 0)
    rows_.insert(std::move(row), hash_of_key(*staged.key));
  else
    rows_.update(std::move(row), before.version != 0);
}

Result<> Applier::mark_cause(Transaction const& transaction) {
  if (transaction.cause == 0) return {};
  rows_.state(transaction.cause, transaction.cause_status, transaction.cause_reason,
              TRY(program_number(transaction.program)), now_.ms);
  causes_.erase(transaction.cause);
  return {};
}

void Applier::write_outbox(Transaction const& transaction) {
  for (auto const& payload : transaction.outbox)
    rows_.outbox(static_cast<std::uint64_t>(++order_.outbox), transaction.cause, now_.ms, payload);
}

void Applier::remember_overlay() {
  for (auto& [key, live] : overlay_) {
    // Within the group the body may be wanted before it can be read from the database.
    group_.insert_or_assign(key, live);
    // Most resources are written once: their bodies would only crowd out those that are not.
    if (live.version == 1) live.body.reset();
    cache_.put(key, std::move(live));
  }
  overlay_.clear();
}

Result<Live> Applier::live_of(std::string const& key) {
  if (auto const found = overlay_.find(key); found != overlay_.end()) return found->second;
  if (auto const found = group_.find(key); found != group_.end()) return found->second;
  TRY(or_break(load_states({key})));
  return group_.at(key);
}

Result<std::int64_t> Applier::program_number(std::string const& digest) {
  if (digest.empty()) return 0;
  if (auto const found = programs_.find(digest); found != programs_.end()) return found->second;
  auto number = TRY(session_->ask_integer(0, "SELECT gid FROM program WHERE digest=$1",
                                          Parameters().add(std::string_view(digest))));
  if (number == 0) {
    number = ++order_.program;
    rows_.program(number, digest);
  }
  programs_.emplace(digest, number);
  return number;
}

}  // namespace sinew::store::postgres
