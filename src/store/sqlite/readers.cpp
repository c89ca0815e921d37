#include "store/sqlite/readers.h"

#include <utility>

namespace sinew::store::sqlite {

Result<Readers::Lease> Readers::lease() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [&] { return !idle_.empty() || opened_ < kConnectionsMax; });
  if (idle_.empty()) {
    auto connection = TRY(Connection::open(path_, Connection::Mode::read, false));
    ++opened_;
    idle_.push_back(std::move(connection));
  }
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  lock.unlock();
  Lease lease(*this, std::move(connection));
  TRY(lease->execute("BEGIN"));
  return lease;
}

Readers::Lease::~Lease() {
  if (readers_ == nullptr) return;
  (void)connection_.execute("COMMIT");
  {
    std::scoped_lock const lock(readers_->mutex_);
    readers_->idle_.push_back(std::move(connection_));
  }
  readers_->returned_.notify_one();
}

}  // namespace sinew::store::sqlite
