#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "store/postgres/foreign.h"
#include "store/postgres/session.h"

namespace sinew::store::postgres {

/// A session and, on it, what the search and the history run on.
struct Reader {
  std::unique_ptr<Session> session;
  std::unique_ptr<sqlite::Connection> connection;
};

/// Sessions that read, lent out one at a time. Opened when first needed, and again when lost.
class Pool {
 public:
  explicit Pool(std::string target) : target_(std::move(target)) {}

  /// A session, until it goes out of scope.
  class Lease {
   public:
    Lease(Pool& pool, Reader reader) : pool_(&pool), reader_(std::move(reader)) {}
    Lease(Lease&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), reader_(std::move(other.reader_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    [[nodiscard]] Session& session() { return *reader_.session; }
    [[nodiscard]] sqlite::Connection& connection() { return *reader_.connection; }

   private:
    Pool* pool_;
    Reader reader_;
  };
  /// For one statement, which is a snapshot of its own.
  [[nodiscard]] Result<Lease> lease();
  /// For several: they see one snapshot.
  [[nodiscard]] Result<Lease> lease_snapshot();

 private:
  static constexpr std::size_t kSessionsMax = 8;
  [[nodiscard]] Result<Reader> open();

  std::string const target_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<Reader> idle_;
  std::size_t opened_ = 0;
};

}  // namespace sinew::store::postgres
