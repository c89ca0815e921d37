#include "store/postgres/pool.h"

namespace sinew::store::postgres {

Result<Reader> Pool::open() {
  Reader reader;
  reader.session = TRY(Session::open(target_, Session::Use::reads));
  reader.connection =
      std::make_unique<sqlite::Connection>(std::make_unique<Foreign>(*reader.session));
  return reader;
}

Result<Pool::Lease> Pool::lease() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [&] { return !idle_.empty() || opened_ < kSessionsMax; });
  if (!idle_.empty()) {
    auto reader = std::move(idle_.back());
    idle_.pop_back();
    return Lease(*this, std::move(reader));
  }
  ++opened_;
  lock.unlock();
  auto opened = open();
  if (opened) return Lease(*this, *std::move(opened));
  lock.lock();
  --opened_;
  returned_.notify_one();
  return std::move(opened).failure();
}

Result<Pool::Lease> Pool::lease_snapshot() {
  auto lease = TRY(this->lease());
  // On its way together with the first statement.
  TRY(lease.session().send("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"));
  return lease;
}

Pool::Lease::~Lease() {
  if (pool_ == nullptr) return;
  auto& session = *reader_.session;
  // What was sent and not waited for, a cursor's end for one, goes before the end of the snapshot.
  if (!session.is_lost()) (void)session.finish();
  if (!session.is_lost() && session.is_in_transaction()) (void)session.ask("COMMIT");
  std::scoped_lock const lock(pool_->mutex_);
  if (session.is_lost()) {
    // A server that went away takes all sessions with it: one request has to find that out.
    pool_->opened_ -= pool_->idle_.size() + 1;
    pool_->idle_.clear();
  } else if (session.is_in_transaction()) {
    --pool_->opened_;
  } else {
    pool_->idle_.push_back(std::move(reader_));
  }
  pool_->returned_.notify_all();
}

}  // namespace sinew::store::postgres
