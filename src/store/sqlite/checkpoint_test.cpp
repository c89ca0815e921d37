#include "store/sqlite/checkpoint.h"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "base/hash.h"

using namespace sinew;
using namespace sinew::store::sqlite;

namespace {

constexpr int kTooMany = 1 << 20;  // pages of log that no checkpointer puts up with
constexpr auto kPatience = std::chrono::seconds(20);

int note_pages(void* pages, sqlite3*, char const*, int count) {
  *static_cast<int*>(pages) = count;
  return SQLITE_OK;
}

/// A database with a log, and one connection that writes it.
class Log {
 public:
  Log() {
    std::filesystem::create_directory(folder_);
    auto opened = Connection::open(path(), Connection::Mode::write, true);
    REQUIRE(opened);
    connection_.emplace(std::move(*opened));
    sqlite3_wal_hook(connection_->handle(), note_pages, &pages_);
    REQUIRE(connection_->run("CREATE TABLE t(a INTEGER PRIMARY KEY, b BLOB)"));
  }
  ~Log() {
    connection_.reset();
    std::filesystem::remove_all(folder_);
  }
  void commit(int rows) {
    REQUIRE(connection_->run("BEGIN IMMEDIATE"));
    for (int i = 0; i < rows; ++i)
      REQUIRE(connection_->execute("INSERT INTO t(b) VALUES(randomblob(4000))"));
    REQUIRE(connection_->run("COMMIT"));
    rows_ += rows;
  }
  /// Commits until the log begins again at its start. False: it never does.
  bool commit_until_restart(Checkpointer& checkpointer) {
    auto const deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      auto const before = pages_;
      commit(1);
      if (pages_ < before) return true;
      checkpointer.committed(*connection_, kTooMany);
    }
    return false;
  }
  /// Rows that a new connection finds.
  [[nodiscard]] std::int64_t rows_found() const {
    auto reading = Connection::open(path(), Connection::Mode::read, false);
    REQUIRE(reading);
    auto const rows = reading->integer(-1, "SELECT count(*) FROM t WHERE length(b)=4000");
    REQUIRE(rows);
    return *rows;
  }
  [[nodiscard]] std::string path() const { return folder_ / "log.db"; }
  [[nodiscard]] int rows() const { return rows_; }
  Connection& connection() { return *connection_; }

 private:
  std::filesystem::path const folder_ =
      std::filesystem::temp_directory_path() / ("sinew-checkpoint-" + to_string(uuid_v4()));
  std::optional<Connection> connection_;
  int pages_ = 0;
  int rows_ = 0;
};

}  // namespace

TEST_CASE("a log that has grown is moved beside the writer and begins again at its start") {
  Log log;
  Checkpointer checkpointer(log.path());
  checkpointer.start();
  for (int round = 0; round < 3; ++round) {
    log.commit(500);
    auto const size_before = std::filesystem::file_size(log.path());
    CHECK(log.commit_until_restart(checkpointer));
    CHECK(std::filesystem::file_size(log.path()) > size_before);
    CHECK(log.rows_found() == log.rows());
  }
}

TEST_CASE("a log within bounds is left alone") {
  Log log;
  Checkpointer checkpointer(log.path());
  checkpointer.start();
  log.commit(10);
  auto const size_before = std::filesystem::file_size(log.path());
  checkpointer.committed(log.connection(), 10);
  checkpointer.stop();
  CHECK(std::filesystem::file_size(log.path()) == size_before);
}

TEST_CASE("a reader of an old snapshot keeps it while the log is moved") {
  Log log;
  log.commit(100);
  auto reading = Connection::open(log.path(), Connection::Mode::read, false);
  REQUIRE(reading);
  REQUIRE(reading->run("BEGIN"));
  CHECK(*reading->integer(-1, "SELECT count(*) FROM t") == 100);
  log.commit(100);
  {
    Checkpointer checkpointer(log.path());
    checkpointer.start();
    for (int i = 0; i < 100; ++i) {
      log.commit(1);
      checkpointer.committed(log.connection(), kTooMany);
    }
    CHECK(*reading->integer(-1, "SELECT count(*) FROM t") == 100);
  }
  REQUIRE(reading->run("COMMIT"));
  CHECK(*reading->integer(-1, "SELECT count(*) FROM t") == 300);
  Checkpointer checkpointer(log.path());
  checkpointer.start();
  CHECK(log.commit_until_restart(checkpointer));
  CHECK(log.rows_found() == log.rows());
}
