#include "json/write.h"

#include <doctest/doctest.h>

#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "json/edit.h"

using namespace sinew;
using json::Document;
using json::Writer;

namespace {

std::string as_json(std::string_view text) {
  std::string out;
  json::append_string(out, text);
  return out;
}

/// The text without the white space between its tokens, by the plainest code there is.
std::string without_space(std::string_view text) {
  std::string out;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (inside && text[i] == '\\') {
      out += text[i++];
    } else if (text[i] == '"') {
      inside = !inside;
    } else if (!inside && is_ascii_space(text[i])) {
      continue;
    }
    out += text[i];
  }
  return out;
}

}  // namespace

TEST_CASE("a string is written with the escapes that JSON demands and no others") {
  CHECK(as_json("") == R"("")");
  CHECK(as_json("a/b 'c'") == R"("a/b 'c'")");
  CHECK(as_json("say \"x\" \\ y") == R"("say \"x\" \\ y")");
  CHECK(as_json("\n\r\t\b\f\x01\x1F") == R"("\n\r\t\b\f\u0001\u001f")");
  CHECK(as_json(std::string_view("\0", 1)) == R"("\u0000")");
  CHECK(as_json("\x7F") == "\"\x7F\"");
  CHECK(as_json("Jos\xC3\xA9 \xE5\xB1\xB1 \xF0\x9F\x98\x80") ==
        "\"Jos\xC3\xA9 \xE5\xB1\xB1 \xF0\x9F\x98\x80\"");
}

TEST_CASE("bytes that are not UTF-8 become the replacement character, one each") {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  CHECK(as_json("a\xFFz") == "\"a" + std::string(kReplacement) + "z\"");
  CHECK(as_json("\xC3") == "\"" + std::string(kReplacement) + "\"");
  CHECK(as_json("\xE2\x82") == "\"" + std::string(kReplacement) + std::string(kReplacement) + "\"");
}

TEST_CASE("every byte at every place of a word is written as a parser reads it back") {
  for (int byte = 0; byte < 0x80; ++byte) {
    for (std::size_t place = 0; place < 17; ++place) {
      std::string text(17, 'x');
      text[place] = static_cast<char>(byte);
      auto const document = Document::parse(as_json(text));
      REQUIRE(document);
      CHECK(document->root().text() == text);
    }
  }
}

TEST_CASE("the writer puts commas, and indents when asked to") {
  auto const write = [](Writer::Style style) {
    std::string out;
    Writer writer(out, style);
    writer.begin_object();
    writer.member("a", "1");
    writer.key("b");
    writer.begin_array();
    writer.integer(-5);
    writer.boolean(true);
    writer.null();
    writer.begin_object();
    writer.end_object();
    writer.end_array();
    writer.key("c");
    writer.begin_array();
    writer.end_array();
    writer.key("d");
    writer.raw("113.50");
    writer.end_object();
    return out;
  };
  CHECK(write(Writer::Style::compact) == R"({"a":"1","b":[-5,true,null,{}],"c":[],"d":113.50})");
  CHECK(write(Writer::Style::pretty) ==
        "{\n  \"a\": \"1\",\n  \"b\": [\n    -5,\n    true,\n    null,\n    {}\n  ],\n"
        "  \"c\": [],\n  \"d\": 113.50\n}");
}

TEST_CASE("a value of another document is written in the style of the writer") {
  auto const document = Document::parse("{ \"x\" : [ 1.0 , \"a \\\" b\" ] , \"y\\n\" : {} }");
  REQUIRE(document);
  CHECK(json::print(document->root()) == R"({"x":[1.0,"a \" b"],"y\n":{}})");
  CHECK(json::print(document->root(), Writer::Style::pretty) ==
        "{\n  \"x\": [\n    1.0,\n    \"a \\\" b\"\n  ],\n  \"y\\n\": {}\n}");
  CHECK(json::print(document->root()["x"].at(0)) == "1.0");
  std::string out;
  Writer writer(out, Writer::Style::pretty);
  writer.begin_array();
  writer.value(document->root()["x"]);
  writer.value(document->root()["x"].at(1));
  writer.value({});
  writer.end_array();
  CHECK(out == "[\n  [\n    1.0,\n    \"a \\\" b\"\n  ],\n  \"a \\\" b\",\n  null\n]");
}

TEST_CASE("every JSON file of the corpora comes back byte for byte but for white space") {
  auto const root = std::filesystem::path(SINEW_SOURCE_DIR) / "../shared/corpora";
  std::size_t files = 0;
  for (auto const folder : {"fhir-patch", "fhir-graphql", "consent", "v2fhir", "fhir-validator"}) {
    auto const below = root / folder;
    if (!std::filesystem::exists(below)) continue;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(below)) {
      if (entry.path().extension() != ".json" || files >= 2000) continue;
      auto const content = read_file(entry.path().string());
      REQUIRE(content);
      auto const document = Document::parse(*content);
      if (!document) continue;  // some are malformed on purpose
      ++files;
      CAPTURE(entry.path().string());
      auto const compact = json::print(document->root());
      REQUIRE(compact == without_space(document->text()));
      auto const pretty = json::print(document->root(), Writer::Style::pretty);
      REQUIRE(without_space(pretty) == compact);
    }
  }
  if (files == 0) MESSAGE("skipped: no corpora beside the sources");
}

TEST_CASE("an edited object keeps what was not named, in order and byte for byte") {
  auto const document =
      Document::parse(R"({ "resourceType":"Observation", "v" : 113.50, "text":{"div":"x"} })");
  REQUIRE(document);
  json::ObjectEdit edit(document->root());
  CHECK(edit.text() == R"({"resourceType":"Observation","v":113.50,"text":{"div":"x"}})");
  edit.set_after("id", "meta", R"({"versionId":"2"})");
  edit.set_after("resourceType", "id", R"("9")");
  edit.remove("text");
  edit.set("v", "1.0");
  edit.set("z", "true");
  CHECK(edit.text() ==
        R"({"resourceType":"Observation","id":"9","v":1.0,"meta":{"versionId":"2"},"z":true})");
  edit.remove("z");
  edit.remove("absent");
  edit.set_after("resourceType", "v", "2");
  CHECK(edit.text() == R"({"resourceType":"Observation","id":"9","v":2,"meta":{"versionId":"2"}})");
  CHECK(json::ObjectEdit({}).text() == "{}");
}

TEST_CASE("a value is replaced in a copy of its document") {
  auto const document = Document::parse(R"({"a": [1, {"b": 2}]})");
  REQUIRE(document);
  CHECK(json::replace(*document, document->root()["a"].at(1), "3") == R"({"a": [1, 3]})");
}
