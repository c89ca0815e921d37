#include <libpq-fe.h>

#include <algorithm>

#include "engine/connectors/sql.h"

namespace sinew::engine {
namespace {

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPointer = std::unique_ptr<PGresult, FreeResult>;

/// Classes of SQLSTATE in which the same statement may do better later.
/// Source: PostgreSQL 15, appendix A.
constexpr std::string_view kBusyClasses[] = {"40", "53", "55", "57", "58", "25"};
/// Classes whose texts quote values.
constexpr std::string_view kQuotingClasses[] = {"22", "23"};

bool is_among(std::string_view state, std::span<std::string_view const> classes) {
  return std::ranges::any_of(classes,
                             [state](auto const& each) { return state.starts_with(each); });
}

std::string on_one_line(char const* text) {
  std::string out = text == nullptr ? "" : text;
  while (!out.empty() && out.back() == '\n') out.pop_back();
  std::ranges::replace(out, '\n', ' ');
  return out;
}

class PostgresConnection final : public SqlConnection {
 public:
  explicit PostgresConnection(PGconn* connection) : connection_(connection) {}
  PostgresConnection(PostgresConnection const&) = delete;
  PostgresConnection& operator=(PostgresConnection const&) = delete;
  ~PostgresConnection() override { PQfinish(connection_); }

  std::optional<SqlError> run(SqlStatement const& statement, std::span<SqlValue const> values,
                              std::size_t rows_max, SqlRows* rows) override {
    std::vector<char const*> texts;
    for (auto const& value : values) texts.push_back(value ? value->c_str() : nullptr);
    ResultPointer const result(PQexecParams(connection_, statement.text.c_str(),
                                            static_cast<int>(texts.size()), nullptr, texts.data(),
                                            nullptr, nullptr, 0));
    auto const status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return error_of(result.get());
    if (rows == nullptr) return std::nullopt;
    auto const columns = PQnfields(result.get());
    for (int column = 0; column < columns; ++column)
      rows->columns.emplace_back(PQfname(result.get(), column));
    auto const count =
        std::min<std::size_t>(static_cast<std::size_t>(PQntuples(result.get())), rows_max);
    for (std::size_t i = 0; i < count; ++i) {
      auto const row = static_cast<int>(i);
      auto& out = rows->rows.emplace_back();
      for (int column = 0; column < columns; ++column) {
        if (PQgetisnull(result.get(), row, column) != 0) {
          out.emplace_back();
        } else {
          out.emplace_back(
              std::string(PQgetvalue(result.get(), row, column),
                          static_cast<std::size_t>(PQgetlength(result.get(), row, column))));
        }
      }
    }
    return std::nullopt;
  }

 private:
  SqlError error_of(PGresult const* result) {
    auto const* const field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    std::string const state = field == nullptr ? "" : field;
    if (PQstatus(connection_) != CONNECTION_OK || state.empty() || state.starts_with("08"))
      return {SqlFailure::connection, on_one_line(PQerrorMessage(connection_))};
    std::string what = "SQLSTATE " + state;
    if (!is_among(state, kQuotingClasses))
      what += ": " + on_one_line(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
    if (auto const* const name = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
        name != nullptr)
      what += " (constraint " + std::string(name) + ')';
    return {is_among(state, kBusyClasses) ? SqlFailure::busy : SqlFailure::refused, what};
  }

  PGconn* connection_;
};

}  // namespace

Result<std::unique_ptr<SqlConnection>> connect_postgres(std::string const& address) {
  // A URI cannot be followed by settings: they go in as separate ones, before it.
  char const* const names[] = {"connect_timeout",
                               "keepalives_idle",
                               "keepalives_interval",
                               "keepalives_count",
                               "fallback_application_name",
                               "dbname",
                               nullptr};
  char const* const values[] = {"10", "10", "5", "3", "sinew", address.c_str(), nullptr};
  PGconn* const connection = PQconnectdbParams(names, values, 1);
  auto opened = std::make_unique<PostgresConnection>(connection);
  if (PQstatus(connection) != CONNECTION_OK) {
    return fail(ErrorCode::unavailable,
                "cannot connect: " + on_one_line(PQerrorMessage(connection)), "postgresql");
  }
  return std::unique_ptr<SqlConnection>(std::move(opened));
}

}  // namespace sinew::engine
