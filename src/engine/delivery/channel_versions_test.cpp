#include "engine/delivery/channel_versions.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

using namespace sinew;
using namespace sinew::engine;
namespace fs = std::filesystem;

namespace {

class Folder {
 public:
  Folder() : path_((fs::temp_directory_path() / "channel-versions-XXXXXX").string()) {
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
    fs::create_directories(channels() + "/lookups");
    write("a.yaml", "one");
    write("lookups/codes.tsv", "from\tto\n\xff\x01");
  }
  ~Folder() { fs::remove_all(path_); }
  [[nodiscard]] std::string channels() const { return path_ + "/channels"; }
  [[nodiscard]] ChannelHistory history() const { return ChannelHistory(path_ + "/history"); }
  void write(std::string const& name, std::string const& content) const {
    std::ofstream(channels() + "/" + name) << content;
  }
  [[nodiscard]] ChannelVersion now() const { return read_channel_files(channels()).operator*(); }
  std::uint64_t keep(std::int64_t ms) const { return *history().keep(now(), Instant{ms}); }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("a version is kept when something has changed") {
  Folder const folder;
  CHECK(folder.history().list()->empty());
  CHECK(folder.keep(1000) == 1);
  CHECK(folder.keep(2000) == 1);
  folder.write("a.yaml", "two");
  CHECK(folder.keep(3000) == 2);
  folder.write("a.yaml", "one");
  CHECK(folder.keep(4000) == 3);
  auto const versions = *folder.history().list();
  REQUIRE(versions.size() == 3);
  CHECK(versions[0].number == 3);
  CHECK(versions[0].digest == versions[2].digest);
  CHECK(versions[2].taken == Instant{1000});
  auto const second = *folder.history().read(2);
  CHECK(second.files.at("a.yaml") == "two");
  CHECK(second.files.at("lookups/codes.tsv") == "from\tto\n\xff\x01");
  CHECK(second.digest == versions[1].digest);
  CHECK(folder.history().read(9).error().code == ErrorCode::not_found);
}

TEST_CASE("what begins with a dot is no part of a version") {
  Folder const folder;
  auto const before = folder.now();
  fs::create_directories(folder.channels() + "/.git");
  folder.write(".git/config", "x");
  folder.write(".a.yaml.swp", "x");
  CHECK(folder.now().digest == before.digest);
}

TEST_CASE("a version is restored, and what it does not have is removed") {
  Folder const folder;
  folder.keep(1000);
  folder.write("a.yaml", "two");
  folder.write("b.yaml", "new");
  folder.write(".hidden", "stays");
  auto const first = *folder.history().read(1);
  REQUIRE(restore_channel_files(folder.channels(), first, folder.now()));
  CHECK(folder.now().digest == first.digest);
  CHECK(!fs::exists(folder.channels() + "/b.yaml"));
  CHECK(fs::exists(folder.channels() + "/.hidden"));
}

TEST_CASE("a version that was being written when the process died is not one") {
  Folder const folder;
  folder.keep(1000);
  fs::create_directories(folder.channels() + "/../history/000002.new");
  CHECK(folder.history().list()->size() == 1);
  folder.write("a.yaml", "two");
  CHECK(folder.keep(2000) == 2);
}
