#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <random>

#include "store/arrivals/disk.h"
#include "store/store_suite.h"

// A loss of power takes from the database's log whatever end of it was not synced. These cases copy
// the files of an open store as such a loss would leave them, cut the log of the copy at any point
// behind the last sync that was promised, and open it.

namespace sinew::store {
namespace {

namespace files = std::filesystem;

struct Folder {
  files::path path;
  Folder() {
    std::string name = "/tmp/sinew-power-test-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { files::remove_all(path); }
  [[nodiscard]] std::string store() const { return path / "s.db"; }
  [[nodiscard]] std::uintmax_t log_bytes() const { return files::file_size(path / "s.db-wal"); }
};

/// The files as a loss of power leaves them, the log cut to `log_bytes`.
void copy_after_loss(Folder const& from, Folder const& to, std::uintmax_t log_bytes) {
  for (auto const& file : files::directory_iterator(from.path)) {
    auto const name = file.path().filename().string();
    if (name == "s.db-shm" || name == "s.db.lock") continue;
    files::copy_file(file.path(), to.path / name, files::copy_options::overwrite_existing);
  }
  files::resize_file(to.path / "s.db-wal", log_bytes);
}

Transaction transaction_of(JournalId cause) {
  Transaction transaction;
  transaction.cause = cause;
  transaction.changes = {put("Observation", "o" + std::to_string(cause), R"("status":"final")"),
                         change_of(Verb::merge, "Patient", "p" + std::to_string(cause % 3),
                                   R"("language":")" + std::to_string(cause) + '"')};
  return transaction;
}

StoreOptions quiet(Folder const& folder) {
  // No sync but those that somebody waits for.
  return {.path = folder.store(), .young_rows_max = 40, .sync_interval_ms = 3'600'000};
}

TEST_CASE("after a loss of power every acknowledged message is there once, whatever the log lost") {
  std::mt19937 chance(7);
  for (int round = 0; round < 12; ++round) {
    CAPTURE(round);
    Folder const before, after;
    constexpr JournalId kMessages = 30;
    std::uintmax_t promised = 0;
    JournalId written_at = 0;
    {
      auto store = open_sqlite(quiet(before), shared_clock());
      REQUIRE(store);
      for (JournalId id = 1; id <= kMessages; ++id) {
        auto const control_id = std::to_string(id);
        REQUIRE(*(*store)->append_and_wait(message(control_id, "bytes " + control_id)) == id);
        if (id % 4 != 0) REQUIRE((*store)->apply_and_wait(transaction_of(id)));
        if (id == 5 + JournalId(round)) {
          // Acknowledged to a client: this, and all that was committed before, is promised.
          REQUIRE(apply_one(**store, put("Organization", "client", R"("active":true)")));
          promised = before.log_bytes();
          written_at = id;
        }
      }
      auto const log_bytes = before.log_bytes();
      REQUIRE(log_bytes > promised);
      copy_after_loss(before, after, promised + chance() % (log_bytes - promised + 1));
    }
    auto store = open_sqlite(quiet(after), shared_clock());
    REQUIRE(store);
    CHECK((*store)->read("Organization", "client"));
    auto const unfinished = (*store)->unfinished(0, 100);
    REQUIRE(unfinished);
    std::map<JournalId, bool> waits;
    for (auto const& record : *unfinished) waits[record.id] = true;
    for (JournalId id = 1; id <= kMessages; ++id) {
      CAPTURE(id);
      auto const record = (*store)->journal_record(id);
      REQUIRE(record);
      CHECK(record->entry.bytes == "bytes " + std::to_string(id));
      CHECK((record->status == JournalStatus::received) == waits.contains(id));
      bool const is_stored =
          static_cast<bool>((*store)->read("Observation", "o" + std::to_string(id)));
      CHECK(is_stored == (record->status == JournalStatus::applied));
      if (id < written_at && id % 4 != 0) CHECK(is_stored);
    }
    // The engine's part of a start: finish what is not.
    for (auto const& record : *unfinished)
      REQUIRE((*store)->apply_and_wait(transaction_of(record.id)));
    CHECK((*store)->unfinished(0, 100)->empty());
    for (JournalId id = 1; id <= kMessages; ++id) {
      CHECK((*store)->history("Observation", "o" + std::to_string(id))->size() == 1);
      JournalEntry const copy = message(std::to_string(id), "bytes " + std::to_string(id));
      CHECK(*(*store)->find_duplicate(copy, kMessages + 1) == id);
    }
    CHECK(*(*store)->append_and_wait(message("next")) == kMessages + 1);
  }
}

TEST_CASE("a store that was closed is one file") {
  Folder const folder;
  {
    auto store = open_sqlite({.path = folder.store()}, shared_clock());
    REQUIRE(store);
    REQUIRE((*store)->append_and_wait(message("1")));
  }
  for (auto const& file : files::directory_iterator(folder.path)) {
    auto const name = file.path().filename().string();
    CAPTURE(name);
    bool const is_expected = name == "s.db" || name == "s.db.lock";
    CHECK(is_expected);
  }
  auto store = open_sqlite({.path = folder.store()}, shared_clock());
  REQUIRE(store);
  CHECK((*store)->unfinished(0, 10)->size() == 1);
}

TEST_CASE("the journal of another store is neither taken over nor thrown away") {
  Folder const left, other;
  auto store = open_sqlite({.path = left.store()}, shared_clock());
  REQUIRE(store);
  REQUIRE((*store)->append_and_wait(message("1")));
  {
    REQUIRE(open_sqlite({.path = other.store()}, shared_clock()));
  }
  for (auto const& file : files::directory_iterator(left.path)) {
    auto const name = file.path().filename().string();
    if (name.find("arrivals") != name.npos) files::copy_file(file.path(), other.path / name);
  }
  auto const refused = open_sqlite({.path = other.store()}, shared_clock());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::conflict);
}

/// The machine's disk, whose syncs of one file fail on demand.
class FailingSync final : public arrivals::Disk {
 public:
  explicit FailingSync(std::string end) : end_(std::move(end)) {}
  Result<std::unique_ptr<arrivals::DiskFile>> create(std::string const& path,
                                                     std::uint64_t bytes) override {
    return wrap(path, TRY(disk_->create(path, bytes)));
  }
  Result<std::unique_ptr<arrivals::DiskFile>> open(std::string const& path) override {
    return wrap(path, TRY(disk_->open(path)));
  }
  Result<std::vector<std::string>> list(std::string const& prefix) override {
    return disk_->list(prefix);
  }
  Result<> remove(std::string const& path) override { return disk_->remove(path); }
  std::atomic<bool> fails = false;

 private:
  struct File final : arrivals::DiskFile {
    FailingSync& disk;
    std::unique_ptr<arrivals::DiskFile> file;
    File(FailingSync& of, std::unique_ptr<arrivals::DiskFile> real)
        : disk(of), file(std::move(real)) {}
    Result<> write(std::uint64_t offset, std::string_view bytes) override {
      return file->write(offset, bytes);
    }
    Result<> sync() override {
      if (disk.fails) return fail(ErrorCode::unavailable, "fault for the test");
      return file->sync();
    }
    Result<std::string> read(std::uint64_t offset, std::size_t size) override {
      return file->read(offset, size);
    }
    Result<std::uint64_t> size() override { return file->size(); }
  };
  Result<std::unique_ptr<arrivals::DiskFile>> wrap(std::string const& path,
                                                   std::unique_ptr<arrivals::DiskFile> file) {
    if (!path.ends_with(end_)) return file;
    return std::unique_ptr<arrivals::DiskFile>(std::make_unique<File>(*this, std::move(file)));
  }
  std::string end_;
  std::shared_ptr<arrivals::Disk> disk_ = arrivals::make_file_disk();
};

TEST_CASE("a client's write is not acknowledged after a sync that failed, nor any later one") {
  Folder const folder;
  auto const disk = std::make_shared<FailingSync>("-wal");
  auto store = open_sqlite({.path = folder.store(), .disk = disk}, shared_clock());
  REQUIRE(store);
  REQUIRE(apply_one(**store, put("Patient", "1")));
  disk->fails = true;
  auto const refused = apply_one(**store, put("Patient", "2"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::unavailable);
  disk->fails = false;
  CHECK_FALSE(apply_one(**store, put("Patient", "3")));
  // The journal does not depend on it.
  CHECK((*store)->append_and_wait(message("1")));
}

}  // namespace
}  // namespace sinew::store
