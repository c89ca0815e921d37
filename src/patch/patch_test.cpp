#include "patch/patch.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <set>

#include "base/file.h"
#include "fhir/check.h"
#include "fhir/resource.h"
#include "fhir/xml.h"
#include "patch/xml_tree.h"

using namespace sinew;

namespace {

std::string corpus(std::string const& name) {
  auto const path = std::filesystem::path(SINEW_SOURCE_DIR) / "../shared/corpora/fhir-patch" / name;
  auto text = read_file(path.string());
  if (!text) MESSAGE("skipped: no corpus at ../shared/corpora/fhir-patch");
  return text ? *std::move(text) : std::string();
}

json::Document parsed(std::string_view text) {
  auto document = json::Document::parse(std::string(text));
  REQUIRE_MESSAGE(bool(document), std::string(text));
  return std::move(*document);
}

std::string json_patched(std::string_view target, std::string_view patch) {
  auto const document = parsed(target);
  auto const operations = parsed(patch);
  auto const done = patch::apply_json_patch(document.root(), operations.root());
  return done ? *done : std::string(error_row(done.error().code).name);
}

std::string operation(std::string_view parts) {
  return R"({"resourceType":"Parameters","parameter":[{"name":"operation","part":[)" +
         std::string(parts) + "]}]}";
}

std::string part(std::string_view name, std::string_view type, std::string_view json) {
  return R"({"name":")" + std::string(name) + R"(","value)" + std::string(type) +
         "\":" + std::string(json) + "}";
}

std::string fhir_patched(std::string_view target, std::string_view parameters) {
  auto const resource = parsed(target);
  auto const operations = parsed(parameters);
  auto const done = patch::apply_fhirpath_patch(resource.root(), operations.root());
  return done ? *done : std::string(error_row(done.error().code).name);
}

/// The XML of the first element inside a node of a case.
std::string inner(xml::Node node) {
  for (auto const child : node.elements()) return std::string(child.source());
  return {};
}

/// Without white space between tags, declared as the tree declares.
std::string canonical(std::string_view text) {
  auto tree = patch::XmlTree::parse(text);
  REQUIRE_MESSAGE(bool(tree), std::string(text));
  std::string out;
  for (char const c : tree->print()) {
    if (c != '\n' && c != ' ' && c != '\r') out += c;
  }
  // An element with nothing but white space inside is an empty one.
  constexpr std::string_view kEmptyDocument = "\"></doc>";
  if (out.ends_with(kEmptyDocument)) out.replace(out.size() - kEmptyDocument.size() + 1, 7, "/>");
  return out;
}

}  // namespace

TEST_CASE("JSON Patch passes the official cases") {
  auto const text = corpus("json-patch-tests.json");
  if (text.empty()) return;
  auto const cases = parsed(text);
  CHECK(cases.root().size() == 16);
  for (auto const row : cases.root().elements()) {
    CAPTURE(row["comment"].text());
    auto const done = patch::apply_json_patch(row["doc"], row["patch"]);
    CHECK(bool(done) == !row["error"].exists());
    if (!done || !row["expected"].exists()) continue;
    auto const result = parsed(*done);
    CHECK(fhir::same_content(result.root(), row["expected"]));
  }
}

TEST_CASE("JSON Patch does every operation, and keeps what it does not name as it was written") {
  struct {
    std::string_view target, patch, result;
  } const rows[] = {
      // numbers, escapes and order stay
      {R"({"b":1.50,"a":"\u00e9"})", R"([{"op":"add","path":"/c","value":2.00}])",
       R"({"b":1.50,"a":"\u00e9","c":2.00})"},
      // a member is replaced where it stands
      {R"({"a":1,"b":2})", R"([{"op":"add","path":"/a","value":3}])", R"({"a":3,"b":2})"},
      {R"({"a":[1,2]})", R"([{"op":"copy","from":"/a","path":"/a/-"}])", R"({"a":[1,2,[1,2]]})"},
      {R"({"a":[1,2,3]})", R"([{"op":"move","from":"/a/0","path":"/a/-"}])", R"({"a":[2,3,1]})"},
      {R"({"a":1})", R"([{"op":"replace","path":"","value":[]}])", "[]"},
      {R"({"a":1.0})", R"([{"op":"test","path":"/a","value":10e-1}])", R"({"a":1.0})"},
      {R"({"a":{"x":1,"y":[]}})", R"([{"op":"test","path":"/a","value":{"y":[],"x":1}}])",
       R"({"a":{"x":1,"y":[]}})"},
      {R"({"a":"\u0041"})", R"([{"op":"test","path":"/a","value":"A"}])", R"({"a":"\u0041"})"},
      {R"({"a":null})", R"([{"op":"test","path":"/a","value":null}])", R"({"a":null})"},
      // what does not fit
      {R"({"a":1})", R"([{"op":"remove","path":"/b"}])", "invalid"},
      {R"({"a":1})", R"([{"op":"replace","path":"/b","value":1}])", "invalid"},
      {R"({"a":[1]})", R"([{"op":"add","path":"/a/2","value":1}])", "invalid"},
      {R"({"a":[1]})", R"([{"op":"add","path":"/a/01","value":1}])", "invalid"},
      {R"({"a":[1]})", R"([{"op":"remove","path":"/a/-"}])", "invalid"},
      {R"({"a":{"b":1}})", R"([{"op":"move","from":"/a","path":"/a/b"}])", "invalid"},
      {R"({"a":1})", R"([{"op":"test","path":"/a","value":1.01}])", "invalid"},
      {R"({"a":1})", R"([{"op":"remove","path":""}])", "invalid"},
      // what is no patch
      {R"({"a":1})", R"({"op":"remove","path":"/a"})", "malformed"},
      {R"({"a":1})", R"([{"op":"delete","path":"/a"}])", "malformed"},
      {R"({"a":1})", R"([{"op":"add","path":"/a"}])", "malformed"},
      {R"({"a":1})", R"([{"op":"add","path":"a","value":1}])", "malformed"},
      {R"({"a":1})", R"([{"op":"add","path":"/~2","value":1}])", "malformed"},
      {R"({"a":1})", R"([{"op":"move","path":"/b"}])", "malformed"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.patch);
    CHECK(json_patched(row.target, row.patch) == row.result);
  }
}

TEST_CASE("a JSON Patch that copies itself over and over stops at a limit") {
  std::string operations = "[";
  for (int i = 0; i < 60; ++i) {
    if (i > 0) operations += ',';
    operations += R"({"op":"copy","from":"","path":"/a/-"})";
  }
  CHECK(json_patched(R"({"a":[]})", operations + "]") == "too_large");
}

TEST_CASE("FHIRPath Patch passes the official cases") {
  auto const text = corpus("fhir-patch-tests.xml");
  if (text.empty()) return;
  auto const cases = xml::Document::parse(text);
  REQUIRE(cases);
  std::size_t count = 0;
  for (auto const row : cases->root().elements()) {
    auto const name = row.attribute("name").value_or("");
    CAPTURE(name);
    auto const json = [&](std::string_view which) {
      // A FHIR resource without an element is legal in these cases only.
      auto made = fhir::json_from_xml(inner(row[which]));
      REQUIRE_MESSAGE(bool(made), to_string(made.error()));
      return *made;
    };
    auto const input = parsed(json("input"));
    auto const diff = parsed(json("diff"));
    auto const done = patch::apply_fhirpath_patch(input.root(), diff.root());
    ++count;
    if (row["error"].exists()) {
      CHECK_FALSE(bool(done));
      continue;
    }
    REQUIRE_MESSAGE(bool(done), to_string(done.error()));
    auto const result = parsed(*done);
    auto const expected = parsed(json("output"));
    if (name == "Full Resource") {
      // The case's own lines differ in the white space of the narrative.
      CHECK(result.root()["name"].at(0)["family"].text() == "Chalmers1");
      CHECK(result.root()["text"]["div"].text().find("<b>Chalmers1</b>") != std::string::npos);
      continue;
    }
    CHECK_MESSAGE(fhir::same_content(result.root(), expected.root()), *done);
  }
  CHECK(count == 33);
}

TEST_CASE("FHIRPath Patch knows lists, choices, extensions of primitives, and what does not fit") {
  auto const add = [](std::string_view path, std::string_view name, std::string const& value) {
    return operation(part("type", "Code", R"("add")") + "," +
                     part("path", "String", '"' + std::string(path) + '"') + "," +
                     part("name", "String", '"' + std::string(name) + '"') + "," + value);
  };
  auto const with_path = [](std::string_view type, std::string_view path, std::string rest = {}) {
    return operation(part("type", "Code", '"' + std::string(type) + '"') + "," +
                     part("path", "String", '"' + std::string(path) + '"') +
                     (rest.empty() ? rest : "," + rest));
  };
  struct {
    std::string_view target;
    std::string parameters;
    std::string_view result;
  } const rows[] = {
      {R"({"resourceType":"Observation"})",
       add("Observation", "value", part("value", "Quantity", R"({"value":1.50})")),
       R"({"resourceType":"Observation","valueQuantity":{"value":1.50}})"},
      {R"({"resourceType":"Observation","valueQuantity":{"value":1.50}})",
       add("Observation", "value", part("value", "String", R"("x")")), "invalid"},
      {R"({"resourceType":"Observation","valueQuantity":{"value":1.50}})",
       with_path("replace", "Observation.value", part("value", "String", R"("x")")),
       R"({"resourceType":"Observation","valueString":"x"})"},
      // the extension of the second name stays with it
      {R"({"resourceType":"Patient","name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}]})",
       with_path("delete", "Patient.name.given[0]"),
       R"({"resourceType":"Patient","name":[{"given":["B"],"_given":[{"id":"b"}]}]})"},
      {R"({"resourceType":"Patient","name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}]})",
       with_path("delete", "Patient.name.given[1]"),
       R"({"resourceType":"Patient","name":[{"given":["A"]}]})"},
      {R"({"resourceType":"Patient","name":[{"given":["A","B","C"],"_given":[null,{"id":"b"}]}]})",
       with_path("move", "Patient.name.given",
                 part("source", "Integer", "1") + "," + part("destination", "Integer", "2")),
       R"({"resourceType":"Patient","name":[{"given":["A","C","B"],"_given":[null,null,{"id":"b"}]}]})"},
      {R"({"resourceType":"Patient","birthDate":"1970-01-01"})",
       add("Patient.birthDate", "extension",
           R"({"name":"value","part":[{"name":"url","valueUri":"urn:x"},)"
           R"({"name":"value","valueDateTime":"1970-01-01T10:00:00Z"}]})"),
       R"({"resourceType":"Patient","birthDate":"1970-01-01","_birthDate":{"extension":)"
       R"([{"url":"urn:x","valueDateTime":"1970-01-01T10:00:00Z"}]}})"},
      // deleting the only part takes the whole
      {R"({"resourceType":"Patient","active":true,"maritalStatus":{"text":"m"}})",
       with_path("delete", "Patient.maritalStatus.text"),
       R"({"resourceType":"Patient","active":true})"},
      {R"({"resourceType":"Patient"})", with_path("delete", "Patient.birthDate"),
       R"({"resourceType":"Patient"})"},
      {R"({"resourceType":"Patient"})",
       with_path(
           "insert", "Patient.identifier",
           part("index", "Integer", "0") + "," + part("value", "Identifier", R"({"value":"1"})")),
       R"({"resourceType":"Patient","identifier":[{"value":"1"}]})"},
      {R"({"resourceType":"Patient","identifier":[{"value":"1"}]})",
       with_path(
           "insert", "Patient.identifier",
           part("index", "Integer", "2") + "," + part("value", "Identifier", R"({"value":"2"})")),
       "invalid"},
      {R"({"resourceType":"Patient","name":[{"given":["A"]},{"given":["B"]}]})",
       with_path("delete", "Patient.name.given"), "invalid"},
      {R"({"resourceType":"Patient","birthDate":"1970-01-01"})",
       add("Patient", "birthDate", part("value", "Date", R"("1971-01-01")")), "invalid"},
      {R"({"resourceType":"Patient"})", add("Patient", "colour", part("value", "Code", R"("x")")),
       "invalid"},
      {R"({"resourceType":"Patient"})",
       add("Patient", "name", part("value", "Identifier", R"({"value":"1"})")), "invalid"},
      {R"({"resourceType":"Patient"})", with_path("delete", "Patient"), "invalid"},
      {R"({"resourceType":"Patient"})", with_path("delete", "Patient.("), "malformed"},
      {R"({"resourceType":"Patient"})", with_path("erase", "Patient.id"), "malformed"},
      {R"({"resourceType":"Patient"})", R"({"resourceType":"Bundle"})", "malformed"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.parameters);
    CHECK(fhir_patched(row.target, row.parameters) == row.result);
  }
}

TEST_CASE("XML Patch passes the official cases, but for comments, which no resource has") {
  auto const text = corpus("xml-patch-tests.xml");
  if (text.empty()) return;
  auto const cases = xml::Document::parse(text);
  REQUIRE(cases);
  std::set<std::string> const comments = {"A.9.  Replacing a Comment Node",
                                          "A.15.  Removing a Comment Node"};
  std::size_t count = 0;
  for (auto const row : cases->root().elements()) {
    auto const name = row.attribute("name").value_or("");
    CAPTURE(name);
    // <patch> is in the FHIR namespace, and so is not found by the name of the case's own.
    std::string operations;
    for (auto const child : row.elements()) {
      if (child.name() == "patch") operations = child.source();
    }
    auto const done = patch::apply_xml_patch(inner(row["target"]), operations);
    ++count;
    bool const fails = row["error"].exists() || comments.contains(name);
    CHECK(bool(done) == !fails);
    if (!done || fails) continue;
    CHECK(canonical(*done) == canonical(inner(row["patched"])));
  }
  CHECK(count >= 24);
}

TEST_CASE("XML Patch selects by values and positions, and refuses what it cannot place") {
  constexpr std::string_view kTarget =
      R"(<Patient xmlns="http://hl7.org/fhir"><identifier><system value="a"/><value value="1"/>)"
      R"(</identifier><identifier><system value="b"/><value value="2"/></identifier></Patient>)";
  auto const patched = [&](std::string_view body) {
    auto const done = patch::apply_xml_patch(
        kTarget, "<diff xmlns:q='http://hl7.org/fhir'>" + std::string(body) + "</diff>");
    return done ? *done : std::string(error_row(done.error().code).name);
  };
  CHECK(
      patched(
          R"(<replace sel="/q:Patient/q:identifier[q:system/@value='b']/q:value/@value">3</replace>)")
          .find(R"(<value value="3"/>)") != std::string::npos);
  CHECK(patched(R"(<remove sel="Patient/identifier[1]"/>)") ==
        R"(<Patient xmlns="http://hl7.org/fhir"><identifier><system value="b"/>)"
        R"(<value value="2"/></identifier></Patient>)");
  CHECK(
      patched(R"(<add sel="f:Patient/f:identifier[1]" pos="after"><q:active value="true"/></add>)")
          .find(R"(</identifier><active value="true"/><identifier>)") != std::string::npos);
  CHECK(patched(R"(<remove sel="f:Patient/f:identifier"/>)") == "invalid");
  CHECK(patched(R"(<remove sel="f:Patient"/>)") == "invalid");
  CHECK(patched(R"(<remove sel="z:Patient/z:identifier"/>)") == "malformed");
  CHECK(patched(R"(<remove sel="//f:identifier"/>)") == "malformed");
  CHECK(patched(R"(<remove sel="f:Patient/f:identifier[f:value"/>)") == "malformed");
  CHECK(patched(R"(<change sel="f:Patient"/>)") == "malformed");
  CHECK(patched("<remove/>") == "malformed");
  CHECK(patched("") == "malformed");
}
