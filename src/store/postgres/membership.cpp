#include "store/postgres/membership.h"

#include <pthread.h>

#include <chrono>

namespace sinew::store::postgres {
namespace {

/// The database's clock, in ms: the one that all processes share.
constexpr char kDatabaseNow[] =
    "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)";
constexpr char kJoin[] = "INSERT INTO process(owner, beat, commits) VALUES($1, $2, 0)";
/// Who was away for so long as to be forgotten begins again.
constexpr char kBeat[] =
    "INSERT INTO process(owner, beat, commits) VALUES($1, $2, 0) "
    "ON CONFLICT(owner) DO UPDATE SET beat=excluded.beat";
/// Long gone, and nothing of theirs is left.
constexpr char kForget[] =
    "DELETE FROM process WHERE beat < $1 "
    "AND NOT EXISTS (SELECT 1 FROM pending WHERE pending.owner=process.owner)";
constexpr char kAbandoned[] =
    "SELECT q.owner FROM process q WHERE q.owner<>$1 AND q.beat <= $2 "
    "AND EXISTS (SELECT 1 FROM pending p WHERE p.owner=q.owner) LIMIT 1";
constexpr char kTakeOver[] =
    "UPDATE pending SET owner=$1 WHERE id>$3 AND owner IN "
    "(SELECT owner FROM process WHERE owner<>$1 AND beat <= $2)";

constexpr std::int64_t kForgetMs = std::int64_t{3600} * 1000;
/// Commits take turns by this row; entries change hands in turn with them.
constexpr char kTakeTurn[] = "SELECT one FROM commit_order WHERE one=1 FOR UPDATE";

}  // namespace

Result<std::unique_ptr<Membership>> Membership::join(std::string target) {
  std::unique_ptr<Membership> self(new Membership(std::move(target)));
  self->session_ = TRY(Session::open(self->target_, Session::Use::writes));
  auto& session = *self->session_;
  TRY(session.send("BEGIN"));
  TRY(session.send(kTakeTurn));
  self->owner_ = TRY(
      session.ask_integer(0, "UPDATE commit_order SET owner=owner+1 WHERE one=1 RETURNING owner"));
  auto const now = TRY(session.ask_integer(0, kDatabaseNow));
  TRY(session.send(kJoin, Parameters().add(self->owner_).add(now)));
  TRY(session.ask("COMMIT"));
  self->thread_ = std::thread([raw = self.get()] { raw->run(); });
  pthread_setname_np(self->thread_.native_handle(), "store-member");
  return self;
}

Membership::~Membership() {
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  // Without this the others wait until the lease has run out, no more.
  (void)leave();
}

Result<> Membership::leave() {
  if (owner_ == 0) return {};
  if (!session_ || session_->is_lost())
    session_ = TRY(Session::open(target_, Session::Use::writes));
  TRY(session_->ask("UPDATE process SET beat=0 WHERE owner=$1", Parameters().add(owner_)));
  return {};
}

void Membership::when_abandoned(std::function<void()> call) {
  std::scoped_lock const lock(call_mutex_);
  call_ = std::move(call);
}

void Membership::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    // A database that is away is tried again with the next beat.
    (void)beat();
    lock.lock();
    wake_.wait_for(lock, std::chrono::milliseconds(kBeatMs), [this] { return stopping_; });
  }
}

Result<> Membership::beat() {
  if (!session_ || session_->is_lost())
    session_ = TRY(Session::open(target_, Session::Use::writes));
  auto const now = TRY(session_->ask_integer(0, kDatabaseNow));
  TRY(session_->send(kBeat, Parameters().add(owner_).add(now)));
  TRY(session_->send(kForget, Parameters().add(now - kForgetMs)));
  auto const abandoned =
      TRY(session_->ask(kAbandoned, Parameters().add(owner_).add(now - kLeaseMs)));
  if (abandoned.rows() == 0) return {};
  std::scoped_lock const lock(call_mutex_);
  if (call_) call_();
  return {};
}

Result<> Membership::take_over(Session& session, std::uint64_t after) const {
  auto const dead_since = TRY(session.ask_integer(0, kDatabaseNow)) - kLeaseMs;
  auto const abandoned = TRY(session.ask(kAbandoned, Parameters().add(owner_).add(dead_since)));
  if (abandoned.rows() == 0) return {};
  TRY(session.send("BEGIN"));
  TRY(session.send(kTakeTurn));
  TRY(session.send(kTakeOver, Parameters().add(owner_).add(dead_since).add(after)));
  auto done = session.ask("COMMIT");
  if (done) return {};
  if (!session.is_lost() && session.is_in_transaction()) (void)session.ask("ROLLBACK");
  return std::move(done).failure();
}

}  // namespace sinew::store::postgres
