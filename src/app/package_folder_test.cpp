#include "app/package_folder.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "app/definitions.h"
#include "app/package_registry.h"
#include "base/file.h"
#include "base/time.h"

using namespace sinew;
using namespace sinew::app;

namespace {

struct Folder {
  Folder() : path(std::filesystem::temp_directory_path() / ("sinew-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

validate::Package package_of(std::string version, std::string name) {
  validate::Package package;
  package.name = "test.guide";
  package.version = version;
  auto document = json::Document::parse(
      R"({"resourceType":"ValueSet","id":"colours","meta":{"profile":["urn:p"]},)"
      R"("url":"urn:colours","version":")" +
      version + R"(","name":")" + name + R"(","status":"active"})");
  REQUIRE(document);
  package.definitions.push_back(*validate::read_definition(*std::move(document)));
  return package;
}

std::size_t count(store::Store& store, std::string_view query) {
  auto const asked = store::parse_search("ValueSet", query);
  REQUIRE(asked);
  auto const page = store.search(*asked);
  REQUIRE(page);
  return page->matches.size();
}

}  // namespace

TEST_CASE("a package is named with or without version, and never a path") {
  CHECK(parse_package_id("hl7.fhir.us.core@6.1.0")->version == "6.1.0");
  CHECK(parse_package_id("hl7.fhir.us.core#6.1.0")->name == "hl7.fhir.us.core");
  CHECK(parse_package_id("hl7.fhir.us.core")->version.empty());
  CHECK(parse_package_id("@scope/a.b@1.0.0")->name == "@scope/a.b");
  CHECK(parse_package_id("@scope/a.b")->version.empty());
  for (auto const text : {"", "@1", "a@", "../a@1", "a@../1", "a/b@1", ".a@1", "a@.1", "a b@1",
                          "@/a@1", "@s@1", "@s/../a@1", "@s/a/b@1"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_package_id(text));
  }
  CHECK_FALSE(parse_package_id(std::string(101, 'a')));
}

TEST_CASE("packages lie beside the store, several versions side by side") {
  CHECK(package_folder_of("", "/var/lib/sinew/sinew.db") == "/var/lib/sinew/sinew-packages");
  CHECK(package_folder_of("", "sinew.db") == "sinew-packages");
  CHECK(package_folder_of("", "postgresql://host/sinew") == "sinew-packages");
  CHECK(package_folder_of("mine", "sinew.db") == "mine");

  Folder const folder;
  auto const path = folder.path.string();
  CHECK(installed_packages(path)->empty());
  REQUIRE(install_package(path, {"a.b", "2.0.0"}, "two"));
  REQUIRE(install_package(path, {"a.b", "1.0.0"}, "one"));
  REQUIRE(write_file(path + "/notes.txt", "no package"));
  REQUIRE(install_package(path, {"@scope/c", "1.0.0"}, "three"));
  CHECK(to_string(installed_packages(path)->at(0).id) == "@scope/c#1.0.0");
  CHECK(remove_package(path, {"@scope/c", "1.0.0"}));
  CHECK_FALSE(install_package(path, {"../a", "1.0.0"}, "x"));
  auto const installed = installed_packages(path);
  REQUIRE(installed);
  REQUIRE(installed->size() == 2);
  CHECK(to_string(installed->at(0).id) == "a.b#1.0.0");
  CHECK(*read_file(installed->at(1).file) == "two");
  CHECK(remove_package(path, {"a.b", "1.0.0"}));
  CHECK(remove_package(path, {"a.b", "1.0.0"}).error().code == ErrorCode::not_found);
  CHECK(installed_packages(path)->size() == 1);
}

TEST_CASE("without a registry the error names it and the way out") {
  auto const fetched = fetch_package("http://127.0.0.1:1/", {"a.b", "1.0.0"});
  REQUIRE_FALSE(fetched);
  CHECK(fetched.error().code == ErrorCode::unavailable);
  CHECK(fetched.error().what.find("added as a file") != std::string::npos);
  CHECK(fetched.error().where == "http://127.0.0.1:1/a.b/1.0.0");
}

TEST_CASE("definitions of packages become resources, and go with their package") {
  store::StoreOptions options;
  options.path = ":memory:";
  auto const opened = store::open_sqlite(options, system_clock());
  REQUIRE(opened);
  auto& store = **opened;
  std::vector<validate::Package> both;
  both.push_back(package_of("1.0.0", "One"));
  both.push_back(package_of("2.0.0", "Two"));
  REQUIRE(store_definitions(store, both));
  CHECK(count(store, "url=urn:colours") == 2);
  CHECK(count(store, "url=urn:colours&version=2.0.0") == 1);
  CHECK(count(store, "_tag=urn:sinew:package|test.guide%231.0.0") == 1);
  auto const one = store.read("ValueSet", "colours-1.0.0");
  REQUIRE(one);
  CHECK(one->body.find("urn:p") != std::string::npos);

  // Again: nothing changes, so no version is made. One of the two less: its definitions go.
  REQUIRE(store_definitions(store, both));
  CHECK(store.read("ValueSet", "colours-1.0.0")->version == 1);
  both.erase(both.begin());
  REQUIRE(store_definitions(store, both));
  CHECK(store.read("ValueSet", "colours-1.0.0").error().code == ErrorCode::gone);
  CHECK(count(store, "url=urn:colours") == 1);
}

TEST_CASE("US Core's own search parameters are SearchParameter resources") {
  auto const resources = us_core_search_parameters();
  CHECK(resources.size() == 7);
  for (auto const& text : resources) {
    auto const document = json::Document::parse(text);
    REQUIRE(document);
    CHECK(validate::read_definition(*json::Document::parse(text)));
    CHECK_FALSE(document->root()["expression"].text().empty());
  }
}
