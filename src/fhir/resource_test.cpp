#include "fhir/resource.h"

#include <doctest/doctest.h>

#include <vector>

#include "fhir/check.h"

namespace sinew::fhir {
namespace {

json::Document parse(std::string_view text) {
  auto document = json::Document::parse(std::string(text));
  REQUIRE_MESSAGE(document, text);
  return std::move(*document);
}

TEST_CASE("references are told apart") {
  struct {
    char const* text;
    ReferenceKind kind;
    char const* type;
    char const* base;
    char const* id;
    char const* version;
  } const rows[] = {
      {"", ReferenceKind::none, "", "", "", ""},
      {"#p1", ReferenceKind::fragment, "", "", "p1", ""},
      {"#", ReferenceKind::fragment, "", "", "", ""},
      {"Patient/1", ReferenceKind::relative, "Patient", "", "1", ""},
      {"Patient/1/_history/2", ReferenceKind::relative, "Patient", "", "1", "2"},
      {"http://x.org/fhir/Patient/1", ReferenceKind::absolute, "Patient", "http://x.org/fhir", "1",
       ""},
      {"https://x.org/Patient/1/_history/2", ReferenceKind::absolute, "Patient", "https://x.org",
       "1", "2"},
      {"urn:uuid:c757873d-ec9a-4326-a141-556f43239520", ReferenceKind::urn, "", "",
       "c757873d-ec9a-4326-a141-556f43239520", ""},
      {"urn:oid:1.2.3", ReferenceKind::urn, "", "", "1.2.3", ""},
      {"Patient?identifier=a|b", ReferenceKind::conditional, "Patient", "", "", ""},
      {"Patient?", ReferenceKind::other, "Patient", "", "", ""},
      {"Pat/1", ReferenceKind::other, "", "", "", ""},
      {"HumanName/1", ReferenceKind::other, "", "", "", ""},
      {"DomainResource/1", ReferenceKind::other, "", "", "", ""},
      {"Patient", ReferenceKind::other, "", "", "", ""},
      {"Patient/", ReferenceKind::other, "", "", "", ""},
      {"/Patient/1", ReferenceKind::other, "", "", "", ""},
      {"x/Patient/1", ReferenceKind::other, "", "", "", ""},
      {"Patient/1/2", ReferenceKind::other, "", "", "", ""},
      {"Patient/a b", ReferenceKind::other, "", "", "", ""},
      {"http://x.org/page.html", ReferenceKind::other, "", "", "", ""},
  };
  for (auto const& row : rows) {
    CAPTURE(row.text);
    auto const parsed = parse_reference(row.text);
    CHECK(parsed.kind == row.kind);
    CHECK(type(parsed.type).name == row.type);
    CHECK(parsed.base == row.base);
    CHECK(parsed.id == row.id);
    CHECK(parsed.version == row.version);
  }
  CHECK(parse_reference("Patient?identifier=a|b").query == "identifier=a|b");
}

TEST_CASE("content is the same whatever the form and the server's own meta") {
  struct {
    char const* a;
    char const* b;
    bool same;
  } const rows[] = {
      {R"({"a":1,"b":"x"})", R"({ "b" : "\u0078", "a":1 })", true},
      {R"({"a":1.0})", R"({"a":1.00})", false},
      {R"({"a":[1,2]})", R"({"a":[2,1]})", false},
      {R"({"a":[1]})", R"({"a":[1,2]})", false},
      {R"({"a":1})", R"({"a":1,"b":2})", false},
      {R"({"a":{"b":1}})", R"({"a":{"c":1}})", false},
      {R"({"a":null})", R"({"a":false})", false},
      {R"({"meta":{"versionId":"1","lastUpdated":"2024"}})", R"({})", true},
      {R"({"meta":{"versionId":"1","source":"s"}})", R"({"meta":{"source":"s"}})", true},
      {R"({"meta":{"source":"s"}})", R"({"meta":{"source":"t"}})", false},
      {R"({"meta":{"source":"s"}})", R"({})", false},
      {R"({"contained":[{"meta":{"versionId":"1"}}]})", R"({"contained":[{"meta":{}}]})", false},
      {R"("a")", R"("a")", true},
      {R"(1)", R"("1")", false},
  };
  for (auto const& row : rows) {
    CAPTURE(row.a);
    CAPTURE(row.b);
    auto const a = parse(row.a);
    auto const b = parse(row.b);
    CHECK(same_content(a.root(), b.root()) == row.same);
    CHECK(same_content(b.root(), a.root()) == row.same);
  }
  CHECK_FALSE(same_content(parse("{}").root(), json::Value()));
}

std::string merged(std::string_view stored, std::string_view incoming,
                   std::vector<std::string_view> const& clear = {}) {
  auto const a = parse(stored);
  auto const b = parse(incoming);
  auto const text = merge_resource(a.root(), b.root(), clear);
  REQUIRE(text);
  CHECK(check_structure(parse(*text).root()).empty());
  return *text;
}

TEST_CASE("an incoming element takes the place of the stored one, the rest stays") {
  CHECK(
      merged(R"({"gender":"male","id":"1","resourceType":"Patient","active":true,
                   "meta":{"versionId":"3"},"name":[{"family":"A"},{"family":"B"}]})",
             R"({"resourceType":"Patient","id":"2","name":[{"family":"C"}],"birthDate":"1970"})") ==
      R"({"resourceType":"Patient","id":"1","meta":{"versionId":"3"},"active":true,)"
      R"("name":[{"family":"C"}],"gender":"male","birthDate":"1970"})");
}

TEST_CASE("a value and its extension go together, and a choice takes the place of its other type") {
  constexpr auto kStored = R"({"resourceType":"Patient","birthDate":"1970","_birthDate":{"id":"a"},
                               "deceasedBoolean":false,"_deceasedBoolean":{"id":"b"}})";
  CHECK(merged(kStored, R"({"resourceType":"Patient","birthDate":"1971"})") ==
        R"({"resourceType":"Patient","birthDate":"1971","deceasedBoolean":false,)"
        R"("_deceasedBoolean":{"id":"b"}})");
  CHECK(merged(kStored, R"({"resourceType":"Patient","deceasedDateTime":"2020"})") ==
        R"({"resourceType":"Patient","birthDate":"1970","_birthDate":{"id":"a"},)"
        R"("deceasedDateTime":"2020"})");
}

TEST_CASE("cleared elements go, unless the message says them anew") {
  constexpr auto kStored = R"({"resourceType":"Patient","gender":"male","birthDate":"1970"})";
  CHECK(merged(kStored, R"({"resourceType":"Patient","active":true})", {"gender"}) ==
        R"({"resourceType":"Patient","active":true,"birthDate":"1970"})");
  CHECK(merged(kStored, R"({"resourceType":"Patient","gender":"female"})", {"gender"}) ==
        R"({"resourceType":"Patient","gender":"female","birthDate":"1970"})");
}

TEST_CASE("what is stored can be kept, and the parts of a visit are joined") {
  auto const visit = [](std::string_view status, std::string_view period) {
    return R"({"resourceType":"Encounter","status":")" + std::string(status) +
           R"(","class":{"code":"IMP"})" + std::string(period) + "}";
  };
  auto const stored = visit("finished", R"(,"period":{"start":"2024-01-01","end":"2024-01-03"})");
  auto const incoming = visit("in-progress", R"(,"period":{"start":"2024-01-02"})");
  CHECK(merged(stored, incoming, {"?status"}) ==
        visit("finished", R"(,"period":{"start":"2024-01-02","end":"2024-01-03"})"));
  CHECK(merged(stored, incoming, {"period"}) == incoming);
  CHECK(merged(R"({"resourceType":"Encounter","class":{"code":"IMP"},"status":"planned"})",
               visit("finished", ""), {"?status"}) == visit("planned", ""));
}

TEST_CASE("a report keeps the results that a correction does not name") {
  auto const stored = json::Document::parse(
      R"({"resourceType":"DiagnosticReport","id":"r","status":"final",)"
      R"("result":[{"reference":"Observation/1"},{"reference":"Observation/2"}]})");
  auto const corrected = json::Document::parse(
      R"({"resourceType":"DiagnosticReport","id":"r","status":"corrected",)"
      R"("result":[{"reference":"Observation/2"},{"reference":"Observation/3"}]})");
  REQUIRE(stored);
  REQUIRE(corrected);
  auto const merged = merge_resource(stored->root(), corrected->root());
  REQUIRE(merged);
  CHECK(merged->find(R"("status":"corrected")") != std::string::npos);
  CHECK(merged->find(R"([{"reference":"Observation/1"},{"reference":"Observation/2"},)"
                     R"({"reference":"Observation/3"}])") != std::string::npos);
}

TEST_CASE("identifiers and links of several senders are united") {
  constexpr auto kStored = R"({"resourceType":"Patient","identifier":[{"system":"a","value":"1"},
    {"system":"b","value":"1","type":{"coding":[{"code":"MR"}]}}],
    "link":[{"other":{"reference":"Patient/2"},"type":"seealso"}]})";
  CHECK(
      merged(kStored, R"({"resourceType":"Patient",
      "identifier":[{"system":"a","value":"1","use":"official"},{"system":"c","value":"9"},
        {"system":"b","value":"1","type":{"coding":[{"code":"PI"}]}}],
      "link":[{"other":{"reference":"Patient/3"},"type":"replaces"},
              {"other":{"reference":"Patient/2"},"type":"replaces"}]})") ==
      R"({"resourceType":"Patient","identifier":[{"system":"a","value":"1","use":"official"},)"
      R"({"system":"b","value":"1","type":{"coding":[{"code":"MR"}]}},)"
      R"({"system":"c","value":"9"},{"system":"b","value":"1","type":{"coding":[{"code":"PI"}]}}],)"
      R"("link":[{"other":{"reference":"Patient/2"},"type":"replaces"},)"
      R"({"other":{"reference":"Patient/3"},"type":"replaces"}]})");
  CHECK(merged(kStored, R"({"resourceType":"Patient","identifier":[{"system":"z","value":"1"}]})",
               {"identifier", "link"}) ==
        R"({"resourceType":"Patient","identifier":[{"system":"z","value":"1"}]})");
  // Composition.identifier is no list: it is replaced.
  auto const a = parse(R"({"resourceType":"Composition","identifier":{"value":"1"}})");
  auto const b = parse(R"({"resourceType":"Composition","identifier":{"value":"2"}})");
  CHECK(*merge_resource(a.root(), b.root()) ==
        R"({"resourceType":"Composition","identifier":{"value":"2"}})");
}

TEST_CASE("merging what is stored with itself changes nothing, and other types are refused") {
  auto const a = parse(R"({"resourceType":"Patient","id":"1","identifier":[{"value":"1"}],
                           "extension":[{"url":"http://x","valueCode":"a"}],"active":true})");
  auto const text = merge_resource(a.root(), a.root());
  REQUIRE(text);
  CHECK(same_content(parse(*text).root(), a.root()));
  auto const b = parse(R"({"resourceType":"Person","id":"1"})");
  CHECK_FALSE(merge_resource(a.root(), b.root()));
  CHECK_FALSE(merge_resource(a.root(), json::Value()));
}

}  // namespace
}  // namespace sinew::fhir
