#include "store/postgres/session.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace sinew::store::postgres {
namespace {

constexpr int kBinary = 1;

/// Settings of a session. A database that does not know one goes without it.
/// Everything here is found by a key. The planner's figures of tables that were empty a minute ago
/// must not have it read them whole, and statements of one shape need one plan.
constexpr auto kSettings = std::to_array<char const*>({
    "SET enable_seqscan = off",
    "SET plan_cache_mode = force_generic_plan",
    "SET jit = off",
});
/// The writer looks single keys up and never joins two large tables.
constexpr auto kWriterSettings = std::to_array<char const*>({
    "SET enable_hashjoin = off",
    "SET enable_mergejoin = off",
    "SET enable_bitmapscan = off",
});

std::string first_line(char const* text) {
  std::string_view const whole = text == nullptr ? "" : text;
  return std::string(whole.substr(0, whole.find('\n')));
}

/// Classes of SQLSTATE that say "not now" rather than "not so".
/// Source: PostgreSQL 15, appendix A.
constexpr auto kUnavailable = std::to_array<std::string_view>({
    "08",  // connection exception
    "25",  // invalid transaction state: a standby that cannot write
    "28",  // invalid authorization
    "3D",  // no such database
    "53",  // insufficient resources
    "57",  // operator intervention: shutting down, starting up
    "58",  // system error
});
/// Serialisation failure and deadlock: nothing was done, and another attempt may succeed.
constexpr std::string_view kRetry = "40";

/// What the connection URI does not say: it is to be known soon that a server is gone.
constexpr auto kDefaults = std::to_array<std::pair<char const*, char const*>>({
    {"connect_timeout", "5"},
    {"keepalives_idle", "30"},
    {"keepalives_interval", "10"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "30000"},
    {"application_name", "sinew"},
});

/// `target` may say each of the defaults otherwise: of two words the later one counts.
PGconn* connect(std::string const& target) {
  std::vector<char const*> names, values;
  for (auto const& [name, value] : kDefaults) {
    names.push_back(name);
    values.push_back(value);
  }
  names.push_back("dbname");
  values.push_back(target.c_str());
  names.push_back(nullptr);
  values.push_back(nullptr);
  constexpr int kExpandName = 1;
  return PQconnectdbParams(names.data(), values.data(), kExpandName);
}

}  // namespace

Result<std::unique_ptr<Session>> Session::open(std::string const& target, Use use) {
  std::unique_ptr<Session> session(new Session(connect(target)));
  auto* connection = session->connection_.get();
  if (PQstatus(connection) != CONNECTION_OK)
    return fail(ErrorCode::unavailable, "database: " + first_line(PQerrorMessage(connection)));
  PQsetNoticeProcessor(connection, [](void*, char const*) {}, nullptr);
  session->apply_settings(use);
  if (PQsetnonblocking(connection, 1) != 0 || PQenterPipelineMode(connection) != 1)
    return session->lost();
  return session;
}

void Session::apply_settings(Use use) {
  auto const set = [&](char const* text) { PQclear(PQexec(connection_.get(), text)); };
  for (auto const* text : kSettings) set(text);
  if (use == Use::writes)
    for (auto const* text : kWriterSettings) set(text);
}

Failure Session::lost() {
  return fail(ErrorCode::unavailable, "database: " + first_line(PQerrorMessage(connection_.get())));
}

Failure Session::failure_of(PGresult* result) {
  auto const* field = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  std::string_view const state = field == nullptr ? "" : field;
  // Without a state it is libpq's own word: the connection is gone. The server's first line names
  // tables and columns; values are in its detail, which is left out.
  auto const* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  auto const text = message != nullptr ? message : PQresultErrorMessage(result);
  wants_retry_ = state.starts_with(kRetry);
  bool const may_pass =
      state.empty() || wants_retry_ ||
      std::ranges::any_of(kUnavailable, [&](auto group) { return state.starts_with(group); });
  return fail(may_pass ? ErrorCode::unavailable : ErrorCode::internal,
              "database: " + first_line(text));
}

Result<char const*> Session::prepared_name(std::string_view sql, Parameters const& parameters) {
  if (auto const found = names_.find(sql); found != names_.end()) return found->second.c_str();
  std::string text(sql);
  auto const name = "s" + std::to_string(++last_name_);
  std::vector<Oid> types;
  for (auto const& value : parameters.values()) types.push_back(static_cast<Oid>(value.type));
  if (PQsendPrepare(connection_.get(), name.c_str(), text.c_str(), static_cast<int>(types.size()),
                    types.data()) != 1)
    return lost();
  flight_.push_back(false);
  fresh_.push_back(text);
  return names_.emplace(std::move(text), name).first->second.c_str();
}

Result<> Session::send(std::string_view sql, Parameters const& parameters) {
  auto const* name = TRY(prepared_name(sql, parameters));
  auto const& values = parameters.values();
  std::vector<char const*> bytes;
  std::vector<int> sizes;
  for (auto const& value : values) {
    bytes.push_back(value.is_null ? nullptr : value.bytes.data());
    sizes.push_back(static_cast<int>(value.bytes.size()));
  }
  std::vector<int> const formats(values.size(), kBinary);
  if (PQsendQueryPrepared(connection_.get(), name, static_cast<int>(values.size()), bytes.data(),
                          sizes.data(), formats.data(), kBinary) != 1)
    return lost();
  flight_.push_back(true);
  return {};
}

/// Writes what waits, reading meanwhile, so that neither side waits for the other for ever.
Result<> Session::flush() {
  auto* connection = connection_.get();
  if (PQpipelineSync(connection) != 1) return lost();
  while (true) {
    auto const left = PQflush(connection);
    if (left == 0) return {};
    if (left < 0) return lost();
    pollfd descriptor{PQsocket(connection), POLLIN | POLLOUT, 0};
    if (::poll(&descriptor, 1, -1) < 0 && errno != EINTR) return lost();
    if ((descriptor.revents & POLLIN) != 0 && PQconsumeInput(connection) != 1) return lost();
  }
}

Result<std::vector<Answer>> Session::finish() {
  wants_retry_ = false;
  auto const flight = std::exchange(flight_, {});
  auto const fresh = std::exchange(fresh_, {});
  std::vector<Answer> answers;
  if (flight.empty()) return answers;
  TRY(flush());
  Result<> state;
  for (auto const is_statement : flight) {
    auto* result = PQgetResult(connection_.get());
    if (result == nullptr) return lost();
    Answer answer(result);
    auto const status = PQresultStatus(result);
    bool const is_good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    if (!is_good && state && status != PGRES_PIPELINE_ABORTED) state = failure_of(result);
    if (is_statement) answers.push_back(std::move(answer));
    while (auto* more = PQgetResult(connection_.get())) {
      PQclear(more);
      if (is_lost()) return lost();
    }
  }
  PQclear(PQgetResult(connection_.get()));  // the end of the flight
  if (is_lost()) return lost();
  if (state) return answers;
  // Which of the statements are prepared now is not worth finding out: they get new names.
  for (auto const& text : fresh) names_.erase(text);
  return std::move(state).failure();
}

Result<Answer> Session::ask(std::string_view sql, Parameters const& parameters) {
  TRY(send(sql, parameters));
  auto answers = TRY(finish());
  return std::move(answers.back());
}

Result<std::int64_t> Session::ask_integer(std::int64_t otherwise, std::string_view sql,
                                          Parameters const& parameters) {
  auto const answer = TRY(ask(sql, parameters));
  return answer.rows() == 0 || answer.is_null(0, 0) ? otherwise : answer.integer(0, 0);
}

}  // namespace sinew::store::postgres
