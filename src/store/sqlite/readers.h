#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "store/sqlite/database.h"

namespace sinew::store::sqlite {

/// Connections that only read, lent out one at a time. Opened when first needed.
class Readers {
 public:
  explicit Readers(std::string path) : path_(std::move(path)) {}

  /// A connection with one snapshot of the store, until it goes out of scope.
  class Lease {
   public:
    Lease(Readers& readers, Connection connection)
        : readers_(&readers), connection_(std::move(connection)) {}
    Lease(Lease&& other) noexcept
        : readers_(std::exchange(other.readers_, nullptr)),
          connection_(std::move(other.connection_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    Connection& operator*() { return connection_; }
    Connection* operator->() { return &connection_; }

   private:
    Readers* readers_;
    Connection connection_;
  };
  [[nodiscard]] Result<Lease> lease();

 private:
  static constexpr std::size_t kConnectionsMax = 8;

  std::string path_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<Connection> idle_;
  std::size_t opened_ = 0;
};

}  // namespace sinew::store::sqlite
