#include "store/store_suite.h"

#include <doctest/doctest.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <memory>

namespace sinew::store {

Clock& shared_clock() { return system_clock(); }

std::string fresh_postgres() {
  auto const* named = std::getenv("SINEW_TEST_POSTGRES");
  if (named == nullptr) return {};
  std::string const server = named;
  static std::atomic<int> schemas{0};
  auto const schema = "s" + std::to_string(::getpid()) + "_" + std::to_string(++schemas);
  run_in_postgres(server, "CREATE SCHEMA " + schema);
  auto const* joint = server.find('?') == server.npos ? "?" : "&";
  return server + joint + "options=-csearch_path%3D" + schema;
}

void run_in_postgres(std::string const& target, std::string const& sql) {
  std::unique_ptr<PGconn, decltype(&PQfinish)> const session(PQconnectdb(target.c_str()),
                                                             &PQfinish);
  std::unique_ptr<PGresult, decltype(&PQclear)> const result(PQexec(session.get(), sql.c_str()),
                                                             &PQclear);
  auto const status = PQresultStatus(result.get());
  REQUIRE((status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK));
}

std::unique_ptr<Store> open_test_store(Clock& clock) {
  if (auto target = fresh_postgres(); !target.empty()) {
    auto store = open_postgres({.path = std::move(target)}, clock);
    if (!store) FAIL(to_string(store.error()));
    return std::move(*store);
  }
  // Small trees, so that rows move between them while the cases run.
  auto store =
      open_sqlite({.path = ":memory:", .young_rows_max = 40, .journal_file_bytes = 65536}, clock);
  REQUIRE(store);
  return std::move(*store);
}

std::string body_of(std::string_view type, std::string_view id, std::string_view elements) {
  std::string body = R"({"resourceType":")";
  body.append(type).append(R"(","id":")").append(id).append("\"");
  if (!elements.empty()) body.append(",").append(elements);
  return body.append("}");
}

Change change_of(Verb verb, std::string type, std::string id, std::string elements) {
  Change change;
  change.verb = verb;
  change.type = std::move(type);
  change.id = std::move(id);
  if (verb != Verb::remove) change.body = body_of(change.type, change.id, elements);
  return change;
}

Change put(std::string type, std::string id, std::string elements) {
  return change_of(Verb::put, std::move(type), std::move(id), std::move(elements));
}

Result<std::vector<Outcome>> apply_one(Store& store, Change change) {
  Transaction transaction;
  transaction.changes.push_back(std::move(change));
  return store.apply_and_wait(std::move(transaction));
}

JournalEntry message(std::string control_id, std::string bytes) {
  return {.feed = "lab",
          .lane = 7,
          .control_id = std::move(control_id),
          .type = "ORU^R01",
          .sender = "LAB|HOSPITAL",
          .bytes = std::move(bytes)};
}

}  // namespace sinew::store
