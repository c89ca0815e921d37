#include "store/sqlite/young.h"

#include <doctest/doctest.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "store/sqlite/schema.h"

// A young tree of the size that moves by default, beside an old one of half a million rows.

namespace sinew::store::sqlite {
namespace {

/// Processor time of this thread: what others do on the machine does not count.
double thread_ms() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

class Folder {
 public:
  Folder() { std::filesystem::create_directory(path_); }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file() const { return (path_ / "young.db").string(); }

 private:
  std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("sinew-young-" + std::to_string(::getpid()));
};

Result<> insert_rows(Connection& connection, char const* sql, int count, std::mt19937& random) {
  TRY(connection.run("BEGIN IMMEDIATE"));
  for (int i = 0; i < count; ++i) TRY(connection.execute(sql, random() % 50'000, random()));
  return connection.run("COMMIT");
}

TEST_CASE("a young tree moves in pieces, with every row, and nobody waits long for one") {
  constexpr std::size_t kRowsMax = 65536;  // the default
  Folder const folder;
  auto connection = Connection::open(folder.file(), Connection::Mode::write, true);
  REQUIRE(connection);
  REQUIRE(create_or_migrate(*connection));
  std::mt19937 random(5);
  REQUIRE(insert_rows(*connection, "INSERT OR IGNORE INTO tok1 VALUES(?, ?)", 500'000, random));
  REQUIRE(insert_rows(*connection, "INSERT OR IGNORE INTO tok0 VALUES(?, ?)", 66'000, random));
  auto const all = connection->integer(0, "SELECT count(*) FROM (SELECT vid, rid FROM tok)");
  YoungTables young(kRowsMax);
  REQUIRE(young.count(*connection));

  double longest = 0;
  double total = 0;
  int commits = 0;
  std::int64_t rows_left = 1;
  while (rows_left != 0 && commits < 2000) {
    auto const began = thread_ms();
    REQUIRE(connection->run("BEGIN IMMEDIATE"));
    REQUIRE(young.move_piece_if_due(*connection));
    REQUIRE(connection->run("COMMIT"));
    longest = std::max(longest, thread_ms() - began);
    total += thread_ms() - began;
    ++commits;
    // Nothing is lost, and nothing is there twice, between any two commits.
    if (commits % 8 == 0)
      CHECK(*connection->integer(0, "SELECT count(*) FROM (SELECT DISTINCT vid, rid FROM tok)") ==
            *all);
    rows_left = *connection->integer(1, "SELECT count(*) FROM tok0");
  }
  MESSAGE(commits << " pieces, the longest " << longest << " ms of " << total << " ms");
  CHECK(rows_left == 0);
  CHECK(*connection->integer(0, "SELECT count(*) FROM tok1") == *all);
  CHECK(commits >= 3);
  CHECK(longest < 20);
  // And is done: the next commit moves nothing.
  REQUIRE(young.move_piece_if_due(*connection));
}

TEST_CASE("a commit that brings many rows takes as many along") {
  constexpr std::size_t kRowsMax = 20'000;
  Folder const folder;
  auto connection = Connection::open(folder.file(), Connection::Mode::write, true);
  REQUIRE(connection);
  REQUIRE(create_or_migrate(*connection));
  std::mt19937 random(6);
  YoungTables young(kRowsMax);
  REQUIRE(young.count(*connection));
  std::int64_t most = 0;
  for (int commit = 0; commit < 40; ++commit) {
    constexpr int kRows = 6000;
    REQUIRE(insert_rows(*connection, "INSERT OR IGNORE INTO tok0 VALUES(?, ?)", kRows, random));
    young.add(Young::tokens, kRows);
    REQUIRE(connection->run("BEGIN IMMEDIATE"));
    REQUIRE(young.move_piece_if_due(*connection));
    REQUIRE(connection->run("COMMIT"));
    most = std::max(most, *connection->integer(0, "SELECT count(*) FROM tok0"));
  }
  CHECK(most < std::int64_t{3} * kRowsMax);
}

}  // namespace
}  // namespace sinew::store::sqlite
