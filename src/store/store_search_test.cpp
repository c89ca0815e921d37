#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "store/store_suite.h"

namespace sinew::store {
namespace {

/// The ids that a query string finds, in order, joined by commas; "!where" for an error.
std::string found(Store& store, std::string_view type, std::string_view query) {
  auto parsed = parse_search(type, query);
  if (!parsed) return "!" + parsed.error().where;
  auto page = store.search(*parsed);
  if (!page) return "!" + page.error().where;
  std::string ids;
  for (auto const& match : page->matches) ids += (ids.empty() ? "" : ",") + match.id;
  CHECK(page->total.value_or(0) >= page->matches.size());
  return ids;
}

/// The same, sorted by id.
std::string set_found(Store& store, std::string_view type, std::string_view query) {
  auto text = found(store, type, query);
  if (text.starts_with('!')) return text;
  std::set<std::string> ids;
  for (std::size_t start = 0; start < text.size();) {
    auto const end = std::min(text.find(',', start), text.size());
    ids.insert(text.substr(start, end - start));
    start = end + 1;
  }
  std::string out;
  for (auto const& id : ids) out += (out.empty() ? "" : ",") + id;
  return out;
}

void fill_hospital(Store& store) {
  struct {
    char const *type, *id, *elements;
  } const rows[] = {
      {"Organization", "org", R"("name":"Kreiskrankenhaus")"},
      {"Practitioner", "doc", R"("name":[{"family":"Brandt"}])"},
      {"Patient", "ann",
       R"("identifier":[{"system":"urn:mrn","value":"1001"},{"system":"urn:ssn","value":"a|b"}],
          "active":true,"name":[{"family":"Müller","given":["Ann","Marie"]}],"gender":"female",
          "birthDate":"1980-05-17","generalPractitioner":[{"reference":"Practitioner/doc"}],
          "managingOrganization":{"reference":"Organization/org"},
          "meta":{"tag":[{"system":"t","code":"vip"}],"profile":["http://p.org/one"]})"},
      {"Patient", "bob",
       R"("identifier":[{"system":"urn:mrn","value":"1002"},{"system":"urn:other","value":"1001"}],
          "active":false,"name":[{"family":"Mullins","given":["Bob"]}],"gender":"male",
          "birthDate":"1980","telecom":[{"system":"phone","value":"555-1"}])"},
      {"Patient", "cyd",
       R"("identifier":[{"value":"1001"}],"name":[{"family":"Ödegård, Jr"}],
          "birthDate":"1975-12")"},
      {"Observation", "o1",
       R"("status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4",
          "display":"Heart rate"}]},"subject":{"reference":"Patient/ann"},
          "effectiveDateTime":"2024-03-01T10:00:00Z",
          "valueQuantity":{"value":72,"unit":"beats/min","system":"http://unitsofmeasure.org",
          "code":"/min"})"},
      {"Observation", "o2",
       R"("status":"amended","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"},
          {"system":"urn:local","code":"HR"}]},"subject":{"reference":"Patient/bob"},
          "effectivePeriod":{"start":"2024-02-01","end":"2024-06-30"},
          "valueQuantity":{"value":100.0,"unit":"beats/min","system":"http://unitsofmeasure.org",
          "code":"/min"})"},
      {"Observation", "o3",
       R"("status":"final","code":{"text":"free text only"},
          "subject":{"reference":"http://elsewhere.org/fhir/Patient/ann"},
          "performer":[{"identifier":{"system":"urn:npi","value":"77"}}],
          "effectiveDateTime":"2024","valueQuantity":{"value":5.4,"unit":"mg"})"},
      {"Observation", "o4",
       R"("status":"final","code":{"coding":[{"system":"urn:local","code":"8867-4"}]},
          "subject":{"reference":"Patient/ann/_history/1"})"},
      {"RiskAssessment", "r1",
       R"("status":"final","subject":{"reference":"Patient/ann"},
          "prediction":[{"probabilityDecimal":0.25}])"},
      {"ValueSet", "v1", R"("status":"active","url":"http://acme.org/fhir/ValueSet/a")"},
      {"ValueSet", "v2", R"("status":"active","url":"http://acme.org/fhir")"},
  };
  Transaction transaction;
  for (auto const& row : rows) transaction.changes.push_back(put(row.type, row.id, row.elements));
  auto outcomes = store.apply_and_wait(std::move(transaction));
  REQUIRE_MESSAGE(outcomes, outcomes.error().what << " " << outcomes.error().where);
}

struct SearchCase {
  char const *type, *query, *ids;
};

void check_all(Store& store, std::initializer_list<SearchCase> rows) {
  for (auto const& row : rows) {
    CAPTURE(row.type);
    CAPTURE(row.query);
    CHECK(set_found(store, row.type, row.query) == row.ids);
  }
}

TEST_CASE("tokens are found by code, by system and code, and by system") {
  TestClock clock;
  auto store = open_test_store(clock);
  fill_hospital(*store);
  check_all(*store, {
                        {"Patient", "gender=female", "ann"},
                        {"Patient", "gender=female,male", "ann,bob"},
                        {"Patient", "gender=Female", ""},
                        {"Patient", "gender:not=female", "bob,cyd"},
                        {"Patient", "gender:missing=true", "cyd"},
                        {"Patient", "gender:missing=false", "ann,bob"},
                        {"Patient", "active=true", "ann"},
                        {"Patient", "identifier=1001", "ann,bob,cyd"},
                        {"Patient", "identifier=urn:mrn|1001", "ann"},
                        {"Patient", "identifier=|1001", "cyd"},
                        {"Patient", "identifier=urn:mrn|", "ann,bob"},
                        {"Patient", "identifier=urn:ssn|a\\|b", "ann"},
                        {"Patient", "identifier=urn:mrn|1001&identifier=urn:ssn|a\\|b", "ann"},
                        {"Patient", "identifier=urn:mrn|1001&identifier=urn:mrn|1002", ""},
                        {"Patient", "identifier:missing=true", ""},
                        {"Patient", "phone=555-1", "bob"},
                        {"Patient", "_tag=t|vip", "ann"},
                        {"Patient", "_profile=http://p.org/one", "ann"},
                        {"Observation", "code=8867-4", "o1,o2,o4"},
                        {"Observation", "code=http://loinc.org|8867-4", "o1,o2"},
                        {"Observation", "code=urn:local|", "o2,o4"},
                        {"Observation", "code:text=heart", "o1"},
                        {"Observation", "code:text=free", "o3"},
                        {"Observation", "code=8867-4&status=final", "o1,o4"},
                        {"Observation", "code:not=HR&status=final,amended", "o1,o3,o4"},
                    });
}

TEST_CASE("strings are found by their beginning, whatever case and accents") {
  TestClock clock;
  auto store = open_test_store(clock);
  fill_hospital(*store);
  check_all(*store, {
                        {"Patient", "family=mul", "ann,bob"},
                        {"Patient", "family=M%C3%9CLL", "ann,bob"},
                        {"Patient", "family:exact=M%C3%BCller", "ann"},
                        {"Patient", "family:exact=Muller", ""},
                        {"Patient", "family:contains=ull", "ann,bob"},
                        {"Patient", "family:contains=degard", "cyd"},
                        {"Patient", "family=odegard%5C%2C", "cyd"},
                        {"Patient", "name=marie", "ann"},
                        {"Patient", "name=bob,ann", "ann,bob"},
                        {"Patient", "given:missing=true", "cyd"},
                        {"Patient", "family=zzz", ""},
                    });
}

TEST_CASE("dates compare as intervals, with every prefix") {
  TestClock clock;
  auto store = open_test_store(clock);
  fill_hospital(*store);
  check_all(*store, {
                        {"Patient", "birthdate=1980", "ann,bob"},
                        {"Patient", "birthdate=1980-05", "ann"},
                        {"Patient", "birthdate=ne1980", "cyd"},
                        {"Patient", "birthdate=lt1980-05-17", "bob,cyd"},
                        {"Patient", "birthdate=le1975-12", "cyd"},
                        {"Patient", "birthdate=gt1980-05-17", "bob"},
                        {"Patient", "birthdate=ge1980-05-17", "ann,bob"},
                        {"Patient", "birthdate=sa1979", "ann,bob"},
                        {"Patient", "birthdate=eb1980", "cyd"},
                        {"Patient", "birthdate=ge1975&birthdate=lt1976", "cyd"},
                        {"Observation", "date=2024-03-01", "o1"},
                        {"Observation", "date=ge2024-06-15", "o2,o3"},
                        {"Observation", "date=lt2024-01-15", "o3"},
                        {"Observation", "date=2024", "o1,o2,o3"},
                        {"Observation", "date:missing=true", "o4"},
                        {"Patient", "_lastUpdated=2023-11-14", "ann,bob,cyd"},
                        {"Patient", "_lastUpdated=gt2023-11-14", ""},
                        {"Patient", "_lastUpdated=le2023", "ann,bob,cyd"},
                        {"Patient", "_id=ann,cyd,nobody", "ann,cyd"},
                    });
}

TEST_CASE("references are found by type and id, id, URL and identifier") {
  TestClock clock;
  auto store = open_test_store(clock);
  fill_hospital(*store);
  check_all(*store, {
                        {"Observation", "subject=Patient/ann", "o1,o4"},
                        {"Observation", "subject=ann", "o1,o4"},
                        {"Observation", "subject:Patient=ann", "o1,o4"},
                        {"Observation", "patient=Patient/ann,Patient/bob", "o1,o2,o4"},
                        {"Observation", "patient=Group/ann", ""},
                        {"Observation", "subject=http://elsewhere.org/fhir/Patient/ann", "o3"},
                        {"Observation", "performer:identifier=urn:npi|77", "o3"},
                        {"Observation", "performer:identifier=77", "o3"},
                        {"Observation", "performer:identifier=urn:x|77", ""},
                        {"Observation", "performer:missing=false", "o3"},
                        {"Observation", "subject=Patient/unknown", ""},
                        {"Observation", "subject:Patient.family=mul", "o1,o2,o4"},
                        {"Observation", "subject:Patient.family:exact=Mullins", "o2"},
                        {"Observation", "patient.identifier=urn:mrn|1002", "o2"},
                        {"Patient", "general-practitioner:Practitioner.name=brandt", "ann"},
                        {"Patient", "_has:Observation:patient:code=HR", "bob"},
                        {"Patient", "_has:Observation:subject:status=final", "ann"},
                        {"Patient", "_has:Observation:subject:status=final&family=mul", "ann"},
                    });
}

TEST_CASE("numbers, quantities and URIs compare by value, unit and part") {
  TestClock clock;
  auto store = open_test_store(clock);
  fill_hospital(*store);
  check_all(*store,
            {
                {"RiskAssessment", "probability=0.25", "r1"},
                {"RiskAssessment", "probability=0.3", "r1"},  // 0.25 <= x < 0.35
                {"RiskAssessment", "probability=0.2", ""},    // 0.15 <= x < 0.25
                {"RiskAssessment", "probability=gt0.25", ""},
                {"RiskAssessment", "probability=ge0.25", "r1"},
                {"Observation", "value-quantity=72", "o1"},
                {"Observation", "value-quantity=gt71", "o1,o2"},
                {"Observation", "value-quantity=1e2|http://unitsofmeasure.org|/min", "o1,o2"},
                {"Observation", "value-quantity=100|http://unitsofmeasure.org|/min", "o2"},
                {"Observation", "value-quantity=lt10||mg", "o3"},
                {"Observation", "value-quantity=gt0||beats%2Fmin", "o1,o2"},
                {"Observation", "value-quantity=gt0|urn:x|/min", ""},
                {"Observation", "value-quantity=ap75", "o1"},
                {"Observation", "value-quantity=ne72", "o2,o3"},
                {"ValueSet", "url=http://acme.org/fhir", "v2"},
                {"ValueSet", "url:below=http://acme.org/fhir", "v1,v2"},
                {"ValueSet", "url:above=http://acme.org/fhir/ValueSet/a/b", "v1,v2"},
            });
}

TEST_CASE("what is not understood is refused by its name") {
  TestClock clock;
  auto store = open_test_store(clock);
  fill_hospital(*store);
  check_all(*store, {
                        {"Patient", "nonsense=1", "!nonsense"},
                        {"Patient", "gender:below=x", "!gender:below"},
                        {"Patient", "family:not=x", "!family:not"},
                        {"Patient", "birthdate=yesterday", "!birthdate"},
                        {"Patient", "birthdate:exact=1980", "!birthdate:exact"},
                        {"Patient", "_sort=nonsense", "!nonsense"},
                        {"Patient", "_count=many", "!_count"},
                        {"Patient", "_cursor=abc", "!_cursor"},
                        {"Patient", "gender:missing=perhaps", "!gender:missing"},
                        {"Patient", "_include=Patient:gender", "!_include=Patient:gender"},
                        {"Observation", "value-quantity=1|2", "!value-quantity"},
                        {"Observation", "value-quantity=abc", "!value-quantity"},
                        {"Observation", "subject:Patient.nonsense=1", "!subject:Patient.nonsense"},
                        {"Observation", "subject:Medication=1", "!subject:Medication"},
                        {"Robot", "name=x", "!Robot"},
                        {"Patient", "family=%zz", "!"},
                        {"Patient", "family=", "ann,bob,cyd"},
                        {"Patient", "_format=json&_summary=true", "ann,bob,cyd"},
                    });
}

TEST_CASE("results are sorted by several keys, values that are missing last") {
  TestClock clock;
  auto store = open_test_store(clock);
  fill_hospital(*store);
  struct {
    char const *type, *query, *ids;
  } const rows[] = {
      {"Patient", "", "cyd,bob,ann"},  // newest first
      {"Patient", "_sort=family", "ann,bob,cyd"},
      {"Patient", "_sort=-family", "cyd,bob,ann"},
      {"Patient", "_sort=birthdate", "cyd,bob,ann"},
      {"Patient", "_sort=gender,_id", "ann,bob,cyd"},
      {"Patient", "_sort=-gender,_id", "bob,ann,cyd"},
      {"Patient", "_sort=-_id", "cyd,bob,ann"},
      {"Patient", "_sort=_lastUpdated,_id", "ann,bob,cyd"},
      {"Observation", "_sort=-date", "o1,o2,o3,o4"},
      {"Observation", "_sort=value-quantity", "o3,o1,o2,o4"},
      {"Observation", "_sort=status,-value-quantity", "o2,o1,o3,o4"},
      {"Observation", "_sort=code,-_id", "o4,o2,o1,o3"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.query);
    CHECK(found(*store, row.type, row.query) == row.ids);
  }
}

TEST_CASE("many results come in the same order as few, whichever way they are sorted") {
  TestClock clock;
  auto store = open_test_store(clock);
  constexpr int kMany = 1500;  // more than are sorted one by one
  Transaction transaction;
  for (int i = 0; i < kMany; ++i) {
    std::string elements = R"("status":"final")";
    if (i % 10 != 0)
      elements += R"(,"valueQuantity":{"value":)" + std::to_string((i * 37) % 200) + "}";
    if (i % 7 == 0)
      elements += R"(,"effectivePeriod":{"start":"20)" + std::to_string(10 + i % 13) + R"("})";
    else if (i % 7 < 5)
      elements += R"(,"effectiveDateTime":"20)" + std::to_string(10 + i % 11) + R"(-03-01")";
    transaction.changes.push_back(put("Observation", "o" + std::to_string(i), elements));
  }
  REQUIRE(store->apply_and_wait(std::move(transaction)));
  for (std::string const key : {"date", "-date", "value-quantity", "-value-quantity"}) {
    CAPTURE(key);
    // A second key that says nothing takes the way that sorts all.
    auto const all = found(*store, "Observation", "_count=1000&_sort=" + key + ",status");
    auto const walked = found(*store, "Observation", "_count=1000&_sort=" + key);
    CHECK(all == walked);
    auto const page = found(*store, "Observation", "_count=13&_sort=" + key);
    CHECK(all.starts_with(page + ","));
  }
}

TEST_CASE("pages follow one another without repeats while the store grows and shrinks") {
  TestClock clock;
  auto store = open_test_store(clock);
  for (int i = 0; i < 25; ++i)
    REQUIRE(apply_one(*store, put("Patient", "p" + std::to_string(i),
                                  R"("name":[{"family":"F)" + std::to_string(i % 7) + R"("}])")));
  for (std::string const query : {"_count=10", "_count=10&_sort=family", "_count=10&name=f"}) {
    CAPTURE(query);
    auto parsed = parse_search("Patient", query);
    REQUIRE(parsed);
    std::vector<std::string> ids;
    int pages = 0;
    do {
      auto page = store->search(*parsed);
      REQUIRE(page);
      CHECK(page->total == 25);
      for (auto const& match : page->matches) ids.push_back(match.id);
      parsed->cursor = page->next;
      // Between the pages one is born, and the one that ended the page is deleted and comes back.
      auto const extra = "new" + std::to_string(pages++) + std::to_string(query.size());
      REQUIRE(apply_one(*store, put("Patient", extra, R"("name":[{"family":"F3"}])")));
      auto const last = page->matches.back().id;
      if (pages == 1) REQUIRE(apply_one(*store, change_of(Verb::remove, "Patient", last)));
    } while (!parsed->cursor.empty());
    CHECK(pages == 3);
    CHECK(ids.size() == 25);
    CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 25);
    // Back to what it was.
    for (int page = 0; page < pages; ++page)
      REQUIRE(apply_one(*store,
                        change_of(Verb::remove, "Patient",
                                  "new" + std::to_string(page) + std::to_string(query.size()))));
    REQUIRE(apply_one(*store, put("Patient", ids[9], R"("name":[{"family":"F0"}])")));
  }
}

TEST_CASE("a count of none gives the total alone") {
  TestClock clock;
  auto store = open_test_store(clock);
  fill_hospital(*store);
  auto query = parse_search("Patient", "_count=0");
  REQUIRE(query);
  auto page = store->search(*query);
  REQUIRE(page);
  CHECK(page->matches.empty());
  CHECK(page->total == 3);
  CHECK(page->next.empty());
  query = parse_search("Patient", "_total=none");
  CHECK_FALSE(store->search(*query)->total.has_value());
}

TEST_CASE("include and revinclude add what is referred to and what refers, once") {
  TestClock clock;
  auto store = open_test_store(clock);
  fill_hospital(*store);
  struct {
    char const *type, *query, *included;
  } const rows[] = {
      {"Observation", "_id=o1,o4&_include=Observation:subject", "Patient/ann"},
      {"Observation", "_id=o1&_include=Observation:subject:Patient", "Patient/ann"},
      {"Observation", "_id=o1&_include=Observation:subject:Group", ""},
      {"Observation", "_id=o1&_include=*", "Patient/ann"},
      {"Observation", "_id=o1&_include=Observation:patient&_include:iterate=Patient:*",
       "Organization/org Patient/ann Practitioner/doc"},
      {"Observation", "_id=o1&_include=Observation:patient&_include=Patient:organization",
       "Patient/ann"},
      {"Patient", "_id=ann&_revinclude=Observation:subject", "Observation/o1 Observation/o4"},
      {"Patient", "_id=ann&_revinclude=Observation:patient&_revinclude=RiskAssessment:subject",
       "Observation/o1 Observation/o4 RiskAssessment/r1"},
      {"Practitioner",
       "_id=doc&_revinclude=Patient:general-practitioner&_revinclude:iterate=Observation:subject",
       "Observation/o1 Observation/o4 Patient/ann"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.query);
    auto query = parse_search(row.type, row.query);
    REQUIRE(query);
    auto page = store->search(*query);
    REQUIRE(page);
    std::set<std::string> names;
    for (auto const& resource : page->included) names.insert(resource.type + "/" + resource.id);
    CHECK(names.size() == page->included.size());
    std::string text;
    for (auto const& name : names) text += (text.empty() ? "" : " ") + name;
    CHECK(text == row.included);
  }
}

TEST_CASE("an update leaves nothing of the old version in the index") {
  TestClock clock;
  auto store = open_test_store(clock);
  fill_hospital(*store);
  REQUIRE(apply_one(*store, put("Patient", "ann", R"("gender":"other","birthDate":"2001-01-01")")));
  check_all(*store, {
                        {"Patient", "gender=female", ""},
                        {"Patient", "gender=other", "ann"},
                        {"Patient", "family=mul", "bob"},
                        {"Patient", "identifier=1001", "bob,cyd"},
                        {"Patient", "birthdate=1980", "bob"},
                        {"Patient", "general-practitioner=Practitioner/doc", ""},
                    });
  REQUIRE(apply_one(*store, change_of(Verb::remove, "Patient", "ann")));
  check_all(*store, {
                        {"Patient", "gender=other", ""},
                        {"Patient", "birthdate=2001", ""},
                        {"Patient", "", "bob,cyd"},
                        {"Patient", "gender:missing=true", "cyd"},
                        {"Patient", "_id=ann", ""},
                        {"Patient", "_lastUpdated=gt2000", "bob,cyd"},
                    });
}

TEST_CASE("a conditional create makes one resource, whoever asks") {
  TestClock clock;
  auto store = open_test_store(clock);
  auto change = change_of(Verb::create, "Patient", "p1",
                          R"("identifier":[{"system":"urn:mrn","value":"9"}])");
  change.if_none_exist = "identifier=urn:mrn|9";
  auto again = change;
  again.id = "p2";
  again.body = body_of("Patient", "p2", R"("identifier":[{"system":"urn:mrn","value":"9"}])");
  // Both in one transaction: the second finds what the first made.
  Transaction transaction;
  transaction.changes = {change, again};
  auto outcomes = store->apply_and_wait(transaction);
  REQUIRE(outcomes);
  CHECK((*outcomes)[0].what == Outcome::What::created);
  CHECK((*outcomes)[1].what == Outcome::What::unchanged);
  CHECK((*outcomes)[1].id == "p1");
  CHECK(apply_one(*store, again)->front().id == "p1");
  CHECK(store->counts()->front().second == 1);

  // Whoever told others of the id wants nothing done instead, not even the rest of the transaction.
  auto strict = again;
  strict.match_fails = true;
  Transaction with_strict;
  with_strict.changes = {put("Patient", "p6"), strict};
  auto const refused = store->apply_and_wait(with_strict);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::conflict);
  CHECK(refused.error().where == kIfNoneExist);
  CHECK(store->read("Patient", "p6").error().code == ErrorCode::not_found);

  // A transaction that fails later takes its conditional creates back.
  auto third = change_of(Verb::create, "Patient", "p3",
                         R"("identifier":[{"system":"urn:mrn","value":"10"}])");
  third.if_none_exist = "identifier=urn:mrn|10";
  transaction.changes = {third, put("Patient", "p4", "broken")};
  REQUIRE_FALSE(store->apply_and_wait(transaction));
  CHECK(store->counts()->front().second == 1);
  CHECK(set_found(*store, "Patient", "identifier=10") == "");

  REQUIRE(apply_one(*store,
                    put("Patient", "p5", R"("identifier":[{"system":"urn:mrn","value":"9"}])")));
  CHECK(apply_one(*store, again).error().code == ErrorCode::precondition);
  again.if_none_exist = "nonsense=1";
  CHECK(apply_one(*store, again).error().where == "nonsense");
}

}  // namespace
}  // namespace sinew::store
