#include "fhir/xml.h"

#include <doctest/doctest.h>

#include <map>

#include "fhir/corpus_test.h"
#include "fhir/resource.h"

namespace sinew::fhir {
namespace {

std::string to_xml(std::string_view json) {
  auto const document = json::Document::parse(std::string(json));
  REQUIRE(document);
  auto const xml = xml_from_json(document->root());
  return xml ? *xml : to_string(xml.error());
}

std::string to_json(std::string_view xml) {
  auto const json = json_from_xml(xml);
  return json ? *json : to_string(json.error());
}

constexpr std::string_view kHead = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

TEST_CASE("JSON and XML say the same in their own ways") {
  struct {
    char const* why;
    char const* json;
    char const* xml;
  } const rows[] = {
      {"values, lists, nesting",
       R"({"resourceType":"Patient","id":"1","active":true,"name":[{"family":"A & <B>","given":["C","D"]}],"multipleBirthInteger":2})",
       R"(<Patient xmlns="http://hl7.org/fhir"><id value="1"/><active value="true"/><name><family value="A &amp; &lt;B&gt;"/><given value="C"/><given value="D"/></name><multipleBirthInteger value="2"/></Patient>)"},
      {"ids and extensions of primitives and elements",
       R"({"resourceType":"Patient","extension":[{"id":"e","url":"http://x","valueDecimal":1.50}],"name":[{"id":"n","given":["A",null],"_given":[null,{"id":"g","extension":[{"url":"http://y","valueCode":"c"}]}]}],"birthDate":"1970","_birthDate":{"id":"b"}})",
       R"(<Patient xmlns="http://hl7.org/fhir"><extension id="e" url="http://x"><valueDecimal value="1.50"/></extension><name id="n"><given value="A"/><given id="g"><extension url="http://y"><valueCode value="c"/></extension></given></name><birthDate id="b" value="1970"/></Patient>)"},
      {"narrative and contained resources",
       R"({"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a &lt; <b>b</b></div>"},"contained":[{"resourceType":"Organization","id":"o","name":"O"}]})",
       R"(<Patient xmlns="http://hl7.org/fhir"><text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">a &lt; <b>b</b></div></text><contained><Organization><id value="o"/><name value="O"/></Organization></contained></Patient>)"},
      {"a list of primitives of which none has a value",
       R"({"resourceType":"Patient","name":[{"_given":[{"id":"a"},{"id":"b"}]}]})",
       R"(<Patient xmlns="http://hl7.org/fhir"><name><given id="a"/><given id="b"/></name></Patient>)"},
      {"line ends and tabs in values",
       R"({"resourceType":"Observation","note":[{"text":"a\r\n\tb"}]})",
       R"(<Observation xmlns="http://hl7.org/fhir"><note><text value="a&#13;&#10;&#9;b"/></note></Observation>)"},
      {"a resource without elements", R"({"resourceType":"Patient"})",
       R"(<Patient xmlns="http://hl7.org/fhir"/>)"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.why);
    CHECK(to_json(row.xml) == row.json);
    CHECK(to_json(to_xml(row.json)) == row.json);
  }
  CHECK(to_xml(rows[0].json).substr(kHead.size()).find(rows[0].xml) != std::string::npos);
}

TEST_CASE("elements leave in the order of the definition, and may come in any") {
  CHECK(to_json(to_xml(R"({"birthDate":"1970","active":true,"resourceType":"Patient"})")) ==
        R"({"resourceType":"Patient","active":true,"birthDate":"1970"})");
  CHECK(to_json(R"(<f:Patient xmlns:f="http://hl7.org/fhir"><f:birthDate value="1970"/>
      <!-- c --><f:active value="true"/></f:Patient>)") ==
        R"({"resourceType":"Patient","active":true,"birthDate":"1970"})");
}

TEST_CASE("XML that has no place in FHIR is refused, with the place") {
  struct {
    char const* xml;
    char const* where;
  } const rows[] = {
      {R"(<Patient xmlns="http://hl7.org/fhir"><nam value="1"/></Patient>)", "/Patient/nam"},
      {R"(<Patient><active value="true"/></Patient>)", "/Patient"},
      {R"(<Resource xmlns="http://hl7.org/fhir"/>)", "/Resource"},
      {R"(<Pat xmlns="http://hl7.org/fhir"/>)", "/Pat"},
      {R"(<Patient xmlns="http://hl7.org/fhir">text</Patient>)", "/Patient"},
      {R"(<Patient xmlns="http://hl7.org/fhir"><active value="1,&quot;x&quot;:2"/></Patient>)",
       "/Patient/active"},
      {R"(<Patient xmlns="http://hl7.org/fhir"><active/></Patient>)", "/Patient/active"},
      {R"(<Patient xmlns="http://hl7.org/fhir"><active valu="true"/></Patient>)",
       "/Patient/active"},
      {R"(<Patient xmlns="http://hl7.org/fhir"><name/></Patient>)", "/Patient/name"},
      {R"(<Patient xmlns="http://hl7.org/fhir"><contained/></Patient>)", "/Patient/contained"},
      {R"(<Patient xmlns="http://hl7.org/fhir"><gender value="a"/><gender value="b"/></Patient>)",
       "/Patient/gender[2]"},
      {R"(<Patient xmlns="http://hl7.org/fhir"><name x="1"><family value="A"/></name></Patient>)",
       "/Patient/name"},
      {R"(<Patient xmlns="http://hl7.org/fhir"><text><status value="generated"/><div>a</div></text></Patient>)",
       "/Patient/text/div"},
      {R"(<Patient xmlns="http://hl7.org/fhir"><active xmlns="u" value="true"/></Patient>)",
       "/Patient/active"},
      {R"(<Patient xmlns="http://hl7.org/fhir")", ""},
      {R"(<!DOCTYPE Patient [<!ENTITY a "b">]><Patient xmlns="http://hl7.org/fhir"/>)", ""},
  };
  for (auto const& row : rows) {
    CAPTURE(row.xml);
    auto const json = json_from_xml(row.xml);
    REQUIRE_FALSE(json);
    CHECK(json.error().code == ErrorCode::malformed);
    if (*row.where) CHECK(json.error().where == row.where);
  }
}

TEST_CASE("JSON that XML has no place for is refused") {
  for (auto text : {R"({"resourceType":"Patient","nam":1})", R"({"resourceType":"Nobody"})", "[]",
                    R"({"resourceType":"Patient","name":{"family":"A"}})",
                    R"({"resourceType":"Patient","name":["A"]})",
                    R"({"resourceType":"Patient","gender":{"a":1}})",
                    R"({"resourceType":"Patient","text":{"div":"<div>"}})",
                    R"({"resourceType":"Patient","text":{"div":"<p/>"}})",
                    R"({"resourceType":"Patient","contained":[{"active":true}]})"}) {
    CAPTURE(text);
    auto const document = json::Document::parse(text);
    REQUIRE(document);
    auto const xml = xml_from_json(document->root());
    REQUIRE_FALSE(xml);
    CHECK(xml.error().code == ErrorCode::invalid);
  }
}

TEST_CASE("the official examples are the same after XML and back") {
  std::size_t count = 0;
  bool const is_here =
      for_each_in_corpus("fhir/r4-examples.tar.zst", [&](std::string_view name, auto text) {
        if (!name.ends_with(".json") || name.ends_with("/package.json")) return;
        CAPTURE(name);
        auto const document = json::Document::parse(std::string(text));
        REQUIRE(document);
        auto const xml = xml_from_json(document->root());
        REQUIRE_MESSAGE(xml, to_string(xml.error()));
        auto const json = json_from_xml(*xml);
        REQUIRE_MESSAGE(json, to_string(json.error()));
        auto const back = json::Document::parse(*json);
        REQUIRE(back);
        CHECK(same_content(document->root(), back->root()));
        ++count;
      });
  if (is_here) CHECK(count > 5000);
}

}  // namespace
}  // namespace sinew::fhir
