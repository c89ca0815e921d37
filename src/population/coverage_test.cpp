#include "population/coverage.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "json/json.h"

using namespace sinew;
using namespace sinew::population;

namespace {

class FixedClock final : public Clock {
 public:
  Instant now() override { return Instant{1'700'000'000'000}; }
};

struct World {
  World() {
    store::StoreOptions options;
    options.path = ":memory:";
    auto opened = store::open_sqlite(options, clock);
    REQUIRE(opened);
    store = *std::move(opened);
  }

  void put(std::string type, std::string id, std::string elements, store::JournalId cause = 0) {
    store::Change change;
    change.body =
        R"({"resourceType":")" + type + R"(","id":")" + id + "\"," + std::move(elements) + "}";
    change.type = std::move(type);
    change.id = std::move(id);
    store::Transaction transaction;
    transaction.cause = cause;
    transaction.changes.push_back(std::move(change));
    REQUIRE(store->apply_and_wait(std::move(transaction)));
  }

  Coverage measure(CoverageOptions const& options = {}) {
    auto const table = uscdi_v3();
    REQUIRE(table);
    auto coverage = measure_coverage(*store, *table, clock, options);
    REQUIRE(coverage);
    return *std::move(coverage);
  }

  FixedClock clock;
  std::unique_ptr<store::Store> store;
};

ElementCoverage const& find(Coverage const& coverage, std::string_view name) {
  auto const found = std::ranges::find_if(
      coverage.elements, [&](auto const& row) { return row.element.name == name; });
  REQUIRE(found != coverage.elements.end());
  return *found;
}

constexpr std::string_view kHeartRate =
    R"("status":"final","subject":{"reference":"Patient/a"},"valueQuantity":{"value":70},
       "category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],
       "code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]})";

}  // namespace

TEST_CASE("the table has every element of USCDI v3, and says so of one that is wrong") {
  auto const table = uscdi_v3();
  REQUIRE(table);
  CHECK(table->elements.size() == 94);
  CHECK(table->rows.size() >= 94);

  struct {
    std::string_view row, what;
  } const rows[] = {
      {"A\tB\tp\t\tNothing.x", "no type"},
      {"A\tB\tp\tcategory\tPatient.name", "element=codes"},
      {"A\tB\tp\t\tPatient.name.(", ""},
  };
  for (auto const& row : rows) {
    CAPTURE(row.row);
    auto const read = read_element_table(
        "class\telement\tprofile\twhen\tpath\n" + std::string(row.row) + "\n", "t.tsv");
    REQUIRE_FALSE(read);
    CHECK(read.error().where == "t.tsv:2");
    CHECK(read.error().what.find(row.what) != std::string::npos);
  }
}

TEST_CASE("patients are counted once, values each, and by what they came from") {
  World world;
  world.put("Patient", "a", R"("name":[{"family":"A","given":["B","C"]}],"birthDate":"1970")");
  world.put("Patient", "b", R"("name":[{"family":"D"}])");
  world.put("Patient", "c", R"("active":true)");
  auto const message = world.store->append_and_wait({"feed", 1, "1", "ADT^A01", "S", "MSH|^~\\&|"});
  auto const document = world.store->append_and_wait({"feed", 1, "2", "C-CDA", "S", "<Clinical/>"});
  REQUIRE(message);
  REQUIRE(document);
  world.put("Observation", "1", std::string(kHeartRate), *message);
  world.put("Observation", "2", std::string(kHeartRate), *document);
  world.put("Observation", "3", std::string(kHeartRate));
  world.put("Observation", "4", R"("status":"final","code":{"coding":[{"code":"8867-4"}]},
            "subject":{"reference":"Patient/b"},"valueQuantity":{"value":70})");

  auto const coverage = world.measure();
  CHECK(coverage.patients == 3);
  CHECK(coverage.resources == 7);
  CHECK(find(coverage, "Last Name").patients == 2);
  CHECK(find(coverage, "First Name").values == 2);
  CHECK(find(coverage, "Middle Name (Including middle initial)").values == 1);
  CHECK(find(coverage, "Date of Birth").patients == 1);
  auto const& heart_rate = find(coverage, "Heart Rate");  // 4 has no category
  CHECK(heart_rate.patients == 1);
  CHECK(heart_rate.values == 3);
  CHECK(heart_rate.by_source == std::array<std::uint64_t, kSources>{1, 1, 1});
  CHECK(heart_rate.checked == 0);
  CHECK(find(coverage, "Respiratory Rate").values == 0);
}

TEST_CASE("values behind references, and the patient of a Provenance, are found") {
  World world;
  world.put("Patient", "a", R"("active":true)");
  world.put("Practitioner", "p", R"("name":[{"family":"X"}],"identifier":[{"value":"1"}])");
  world.put("CareTeam", "t", R"("status":"active","subject":{"reference":"Patient/a"},
            "participant":[{"member":{"reference":"Practitioner/p"}},
                           {"member":{"reference":"Practitioner/gone"}}])");
  world.put("Provenance", "v", R"("recorded":"2020-01-01T00:00:00Z",
            "target":[{"reference":"CareTeam/t"}],"agent":[{"who":{"reference":"Practitioner/p"}}])");
  auto const coverage = world.measure();
  CHECK(find(coverage, "Care Team Member Name").values == 1);
  CHECK(find(coverage, "Care Team Member Name").patients == 1);
  CHECK(find(coverage, "Care Team Member Identifier").values == 1);
  CHECK(find(coverage, "Author Time Stamp").patients == 1);
  CHECK(find(coverage, "Author Organization").values == 0);
}

TEST_CASE("conformance is told where the profile is known") {
  World world;
  std::string const url = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-heart-rate";
  auto profile =
      json::Document::parse(R"({"resourceType":"StructureDefinition","url":")" + url +
                            R"(","type":"Observation","kind":"resource","derivation":"constraint",
          "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Observation",
          "differential":{"element":[{"id":"Observation","path":"Observation"},
            {"id":"Observation.method","path":"Observation.method","min":1}]}})");
  REQUIRE(profile);
  validate::Library library;
  library.add(*validate::read_definition(*std::move(profile)));
  world.put("Patient", "a", R"("active":true)");
  world.put("Observation", "1", std::string(kHeartRate));
  world.put("Observation", "2", std::string(kHeartRate) + R"(,"method":{"text":"m"})");
  CoverageOptions options;
  options.library = &library;
  auto const coverage = world.measure(options);
  CHECK(find(coverage, "Heart Rate").checked == 2);
  CHECK(find(coverage, "Heart Rate").conforming == 1);
  CHECK(find(coverage, "Last Name").checked == 0);
}

TEST_CASE("a report that is broken off ends soon, and says so") {
  World world;
  world.put("Patient", "a", R"("active":true)");
  CoverageOptions options;
  options.progress = [](std::uint64_t, std::uint64_t) { return false; };
  auto const table = uscdi_v3();
  auto const coverage = measure_coverage(*world.store, *table, world.clock, options);
  REQUIRE_FALSE(coverage);
  CHECK(coverage.error().code == ErrorCode::unavailable);
}

TEST_CASE("the report reads back as it was written; the page shows every element and escapes") {
  World world;
  world.put("Patient", "a", R"("name":[{"family":"A"}])");
  auto coverage = world.measure();
  auto const read = read_coverage(coverage_json(coverage));
  REQUIRE(read);
  CHECK(coverage_text(*read) == coverage_text(coverage));
  CHECK(coverage_text(coverage).find("of 94 elements have a value") != std::string::npos);
  CHECK_FALSE(read_coverage("{}"));

  coverage.elements[0].element.name = "<script>&\"";
  auto const page = coverage_page(coverage);
  CHECK(page.find("<script>") == std::string::npos);
  CHECK(page.find("&lt;script&gt;&amp;&quot;") != std::string::npos);
  for (auto const part :
       {"<html lang=\"en\">", "<title>", "<caption>", "scope=\"row\"", "Smoking Status"}) {
    CAPTURE(part);
    CHECK(page.find(part) != std::string::npos);
  }
}
