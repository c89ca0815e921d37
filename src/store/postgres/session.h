#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "store/postgres/wire.h"

namespace sinew::store::postgres {

/// The rows that a statement gave.
class Answer {
 public:
  explicit Answer(PGresult* result = nullptr) : result_(result) {}

  [[nodiscard]] int rows() const { return PQntuples(result_.get()); }
  [[nodiscard]] bool is_null(int row, int column) const {
    return PQgetisnull(result_.get(), row, column) != 0;
  }
  /// The view dies with the answer.
  [[nodiscard]] std::string_view bytes(int row, int column) const {
    return {PQgetvalue(result_.get(), row, column),
            static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
  }
  [[nodiscard]] std::int64_t integer(int row, int column) const {
    return read_integer(bytes(row, column));
  }
  [[nodiscard]] double real(int row, int column) const { return read_real(bytes(row, column)); }

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
};

/// One connection to a PostgreSQL server. Used by one thread at a time.
///
/// Statements are sent without waiting for the answers of those before them (pipeline mode): a
/// flight of twenty costs one way to the server and back. A flight ends at its first error; what
/// was sent behind it was not done.
class Session {
 public:
  enum class Use : std::uint8_t { reads, writes };
  /// `target`  a connection URI, "postgresql://...".
  /// Fails `unavailable` with the server's reason.
  [[nodiscard]] static Result<std::unique_ptr<Session>> open(std::string const& target, Use use);

  /// Puts a statement on its way. Statements are prepared once and kept by their text.
  Result<> send(std::string_view sql, Parameters const& parameters = {});
  /// Waits for the answers of all that was sent since the last time.
  [[nodiscard]] Result<std::vector<Answer>> finish();
  /// Sends one more and waits: its answer, after those of what was under way.
  [[nodiscard]] Result<Answer> ask(std::string_view sql, Parameters const& parameters = {});
  /// The first column of the first row, or `otherwise`.
  [[nodiscard]] Result<std::int64_t> ask_integer(std::int64_t otherwise, std::string_view sql,
                                                 Parameters const& parameters = {});

  /// True: nothing can be said over it any more.
  [[nodiscard]] bool is_lost() const { return PQstatus(connection_.get()) != CONNECTION_OK; }
  /// True: the last failure was the database asking for another attempt (serialisation, deadlock).
  [[nodiscard]] bool wants_retry() const { return wants_retry_; }
  [[nodiscard]] bool is_in_transaction() const {
    auto const state = PQtransactionStatus(connection_.get());
    return state == PQTRANS_INTRANS || state == PQTRANS_INERROR;
  }
  /// True: the transaction can only be rolled back.
  [[nodiscard]] bool has_failed() const {
    return PQtransactionStatus(connection_.get()) == PQTRANS_INERROR;
  }

 private:
  struct Close {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };
  explicit Session(PGconn* connection) : connection_(connection) {}
  void apply_settings(Use use);
  [[nodiscard]] Result<char const*> prepared_name(std::string_view sql,
                                                  Parameters const& parameters);
  Result<> flush();
  [[nodiscard]] Failure failure_of(PGresult* result);
  [[nodiscard]] Failure lost();

  std::unique_ptr<PGconn, Close> connection_;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  /// Of prepared statements, by their text.
  std::unordered_map<std::string, std::string, Hash, std::equal_to<>> names_;
  std::vector<std::string> fresh_;  ///< texts of statements first prepared in this flight
  /// What the server will answer, in order. False: that a statement is prepared.
  std::vector<bool> flight_;
  std::uint64_t last_name_ = 0;
  bool wants_retry_ = false;
};

}  // namespace sinew::store::postgres
