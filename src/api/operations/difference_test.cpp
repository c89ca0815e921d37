#include "api/operations/difference.h"

#include <doctest/doctest.h>

#include <random>

#include "api/operations/alignment.h"
#include "api/operations/operations_test.h"
#include "fhir/check.h"
#include "fhir/resource.h"
#include "patch/patch.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

json::Document document_of(std::string const& text) {
  auto document = json::Document::parse(text);
  REQUIRE_MESSAGE(bool(document), text);
  return std::move(*document);
}

std::string patient(std::string const& elements) {
  return R"({"resourceType":"Patient","id":"p")" + (elements.empty() ? "" : "," + elements) + "}";
}

/// The patch; requires that it is legal, and makes the one resource of the other.
std::string patch_between(std::string const& from, std::string const& to) {
  auto const before = document_of(from);
  auto const after = document_of(to);
  auto patch = difference(before.root(), after.root(), MetaPart::compared);
  CAPTURE(from);
  CAPTURE(to);
  CAPTURE(patch);
  auto const parameters = document_of(patch);
  for (auto const& issue : fhir::check_structure(parameters.root())) {
    FAIL_CHECK(issue.where << ": " << issue.what);
  }
  auto const applied = patch::apply_fhirpath_patch(before.root(), parameters.root());
  REQUIRE_MESSAGE(bool(applied), to_string(applied.error()));
  auto const made = document_of(*applied);
  CHECK_MESSAGE(fhir::same_content(made.root(), after.root()), *applied);
  return patch;
}

/// "type path" of each operation.
std::string operations(std::string const& from, std::string const& to) {
  auto const patch = document_of(patch_between(from, to));
  std::string text;
  for (auto const operation : patch.root()["parameter"].elements()) {
    for (auto const part : operation["part"].elements()) {
      auto const name = part["name"].text();
      if (name == "type") text += part["valueCode"].text() + " ";
      if (name == "path") text += part["valueString"].text() + " ";
      if (name == "name") text += part["valueString"].text() + " ";
      if (name == "index") text += std::string(part["valueInteger"].raw()) + " ";
    }
    text.back() = ';';
  }
  return text;
}

}  // namespace

TEST_CASE("a difference says the least that has to be done") {
  struct {
    std::string from, to, expected;
  } const rows[] = {
      {R"("active":true)", R"("active":true)", ""},
      {R"("active":true)", R"("active":false)", "replace Patient.active;"},
      {"", R"("birthDate":"2000")", "add Patient birthDate;"},
      {R"("birthDate":"2000")", "", "delete Patient.birthDate;"},
      {R"("name":[{"family":"A"}])", R"("name":[{"family":"B"}])",
       "replace Patient.name[0].family;"},
      {R"("name":[{"family":"A"}])", R"("name":[{"given":["B"]}])",
       "add Patient.name[0] given;delete Patient.name[0].family;"},
      {R"("name":[{"family":"A"},{"family":"B"}])",
       R"("name":[{"family":"X"},{"family":"A"},{"family":"B"}])", "insert Patient.name 0;"},
      {R"("name":[{"family":"A"},{"family":"B"},{"family":"C"}])",
       R"("name":[{"family":"A"},{"family":"C"}])", "delete Patient.name[1];"},
      {R"("name":[{"given":["a","b","c"]}])", R"("name":[{"given":["b","x","c","d"]}])",
       "insert Patient.name[0].given 3;insert Patient.name[0].given 2;delete "
       "Patient.name[0].given[0];"},
      {R"("deceasedBoolean":true)", R"("deceasedDateTime":"2020")", "replace Patient.deceased;"},
      {R"("birthDate":"2000","_birthDate":{"extension":[{"url":"u","valueCode":"x"}]})",
       R"("birthDate":"2000")", "replace Patient.birthDate;"},
      {R"("contact":[{"name":{"family":"A"}}])",
       R"("contact":[{"name":{"family":"A"}},{"gender":"male","name":{"family":"B"}}])",
       "insert Patient.contact 1;"},
      {"", R"("extension":[{"url":"u","extension":[{"url":"v","valueString":"x"}]}])",
       "add Patient extension;"},
      {"", R"("contained":[{"resourceType":"Basic","id":"b","code":{"text":"x"}}])",
       "add Patient contained;"},
      {R"("contained":[{"resourceType":"Basic","id":"b","code":{"text":"x"}}])",
       R"("contained":[{"resourceType":"Basic","id":"b","code":{"text":"y"}}])",
       "replace Patient.contained[0].code.text;"},
      {R"("text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>"})",
       R"("text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">b</div>"})",
       "replace Patient.text.`div`;"},
      {"",
       R"("text":{"status":"empty","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a</div>"})",
       "add Patient text;"},
      {R"("meta":{"tag":[{"code":"a"}]})", R"("meta":{"tag":[{"code":"a"},{"code":"b"}]})",
       "insert Patient.meta.tag 1;"},
  };
  for (auto const& row : rows)
    CHECK(operations(patient(row.from), patient(row.to)) == row.expected);
}

TEST_CASE("meta and id are left out unless meta is asked for") {
  auto const before = document_of(patient(R"("meta":{"versionId":"1"})"));
  auto const after = document_of(R"({"resourceType":"Patient","id":"q","meta":{"versionId":"2"}})");
  CHECK(difference(before.root(), after.root(), MetaPart::left_out) ==
        R"({"resourceType":"Parameters"})");
  CHECK(difference(before.root(), after.root(), MetaPart::compared).find("versionId") !=
        std::string::npos);
}

TEST_CASE("random changes of a resource are made again by their difference") {
  std::mt19937 random(20261121);
  auto const pick = [&](int below) { return static_cast<int>(random() % unsigned(below)); };
  auto const word = [&] { return std::string(1, static_cast<char>('a' + pick(4))); };
  auto const list = [&](auto const& item) {
    std::string text;
    for (int i = pick(5); i > 0; --i) text += (text.empty() ? "" : ",") + item();
    return text;
  };
  auto const name = [&] {
    std::string text = R"({"family":")" + word() + "\"";
    auto const given = list([&] { return '"' + word() + '"'; });
    if (!given.empty()) text += R"(,"given":[)" + given + "]";
    if (pick(3) == 0) text += R"(,"period":{"start":"200)" + std::to_string(pick(3)) + "\"}";
    return text + "}";
  };
  auto const contact = [&] {
    std::string text = R"({"name":)" + name();
    auto const telecom = list([&] { return R"({"value":")" + word() + "\"}"; });
    if (!telecom.empty()) text += R"(,"telecom":[)" + telecom + "]";
    return text + "}";
  };
  auto const make = [&] {
    std::string text = R"("active":)" + std::string(pick(2) ? "true" : "false");
    if (auto const names = list(name); !names.empty()) text += R"(,"name":[)" + names + "]";
    if (auto const all = list(contact); !all.empty()) text += R"(,"contact":[)" + all + "]";
    if (pick(2))
      text += R"(,"multipleBirthInteger":)" + std::to_string(pick(3));
    else if (pick(2))
      text += R"(,"multipleBirthBoolean":true)";
    auto const extension = list([&] { return R"({"url":"u","valueString":")" + word() + "\"}"; });
    if (!extension.empty()) text += R"(,"extension":[)" + extension + "]";
    return patient(text);
  };
  for (int i = 0; i < 400; ++i) patch_between(make(), make());
}

TEST_CASE("lists are aligned by what they have in common") {
  auto const shown = [](std::vector<std::string> const& from, std::vector<std::string> const& to) {
    std::string text;
    for (auto const& stretch : align(from, to)) {
      text += std::to_string(stretch.from) + "-" + std::to_string(stretch.from_end) + ":" +
              std::to_string(stretch.to) + "-" + std::to_string(stretch.to_end) + " ";
    }
    return text;
  };
  CHECK(shown({"a", "b"}, {"a", "b"}).empty());
  CHECK(shown({}, {}).empty());
  CHECK(shown({"a"}, {}) == "0-1:0-0 ");
  CHECK(shown({"a", "b", "c", "d"}, {"x", "b", "d", "e"}) == "0-1:0-1 2-3:2-2 4-4:3-4 ");
  std::vector<std::string> const many(1000, "x");
  auto other = many;
  other.front() = other.back() = "y";
  CHECK(shown(many, other) == "0-1000:0-1000 ");
}

TEST_CASE("$diff compares versions of a resource, and resources of a type") {
  OperationsServer server;
  server.put("Patient", "p", R"("birthDate":"2000")");
  server.put("Patient", "p", R"("birthDate":"2001")");
  server.put("Patient", "p", R"("birthDate":"2001","active":true)");
  server.put("Patient", "q", R"("birthDate":"2001")");
  server.put("Basic", "b", R"("code":{"text":"x"})");
  auto const paths = [&](std::string const& target) {
    auto const response = server.ask("GET", "/fhir/" + target);
    REQUIRE_MESSAGE(response.status == 200, response.body);
    auto const document = parsed(response);
    std::string text;
    for (auto const operation : document.root()["parameter"].elements()) {
      text += operation["part"].at(0)["valueCode"].text() + " " +
              operation["part"].at(1)["valueString"].text() + ";";
    }
    return text;
  };
  CHECK(paths("Patient/p/$diff") == "add Patient;");
  CHECK(paths("Patient/p/$diff?fromVersion=1") == "add Patient;replace Patient.birthDate;");
  CHECK(paths("Patient/p/_history/2/$diff?fromVersion=1") == "replace Patient.birthDate;");
  CHECK(paths("Patient/p/_history/2/$diff?fromVersion=3") == "delete Patient.active;");
  CHECK(paths("Patient/p/_history/2/$diff?fromVersion=2").empty());
  CHECK(paths("$diff?from=Patient/p&to=Patient/q") == "delete Patient.active;");
  CHECK(paths("Patient/$diff?from=Patient/p/_history/2&to=http://h:1/fhir/Patient/q").empty());
  CHECK(paths("Patient/p/$diff?includeMeta=true").find("Patient.meta.versionId") !=
        std::string::npos);
  for (auto const target :
       {"Patient/q/$diff", "$diff?from=Patient/p&to=Basic/b", "$diff?from=Patient/p",
        "$diff?from=x&to=y", "Patient/p/$diff?fromVersion=x",
        "Basic/$diff?from=Patient/p&to=Patient/q", "Patient/p/$diff?includeMeta=perhaps"}) {
    CAPTURE(target);
    CHECK(server.ask("GET", std::string("/fhir/") + target).status == 400);
  }
  CHECK(server.ask("GET", "/fhir/Patient/p/$diff?fromVersion=9").status == 404);
  CHECK(server.ask("GET", "/fhir/Patient/z/$diff").status == 404);
}
