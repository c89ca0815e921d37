#include "json/json.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "json/write.h"

using namespace sinew;
using json::Document;

namespace {

Document parsed(std::string text) {
  auto document = Document::parse(std::move(text));
  REQUIRE_MESSAGE(bool(document), to_string(document.error()));
  return std::move(*document);
}

}  // namespace

TEST_CASE("a value is reached by name and index, and a missing step stays missing") {
  auto const document = parsed(
      R"( {"resourceType": "Patient", "name": [{"given": ["Ada", "B"], "family": "L"}], "n": null} )");
  auto const root = document.root();
  CHECK(root.size() == 3);
  CHECK(root["name"].at(0)["given"].at(1).text() == "B");
  CHECK(root["name"].at(0)["family"].source() == "\"L\"");
  CHECK(root["name"].source() == R"([{"given": ["Ada", "B"], "family": "L"}])");
  CHECK(root["n"].exists());
  CHECK(root["n"].kind() == json::Kind::null);
  CHECK_FALSE(root["name"].at(1)["family"].at(3)["x"].exists());
  CHECK_FALSE(root["nam"].exists());
  CHECK_FALSE(root["names"].exists());
  CHECK(root["nothing"].text().empty());
  CHECK(root["nothing"].size() == 0);
}

TEST_CASE("numbers keep the digits they were written with") {
  for (std::string_view number : {"113.50", "0", "-0", "0.00", "1e10", "1E+02", "-1.0e-3",
                                  "123456789012345678901234567890.10"}) {
    CAPTURE(number);
    auto const alone = parsed(std::string(number));
    CHECK(alone.root().is_number());
    CHECK(alone.root().raw() == number);
    auto const inside = parsed("[ " + std::string(number) + " ]");
    CHECK(inside.root().at(0).text() == number);
    CHECK(json::print(inside.root()) == "[" + std::string(number) + "]");
  }
}

TEST_CASE("what is no JSON number is refused") {
  for (std::string_view number : {"01", "-", "+1", ".5", "1.", "1.e2", "1e", "1e+", "0x10", "NaN",
                                  "Infinity", "1_000", "1 2", "--1", "1.2.3", "00"}) {
    CAPTURE(number);
    CHECK_FALSE(Document::parse(std::string(number)));
    CHECK_FALSE(Document::parse("{\"a\":" + std::string(number) + "}"));
  }
}

TEST_CASE("a malformed text is refused with path, line and column") {
  struct {
    std::string_view text, where, what;
  } const rows[] = {
      // text                                where           what it must say
      {"", "$", "empty"},
      {" \n ", "$", "empty"},
      {"{", "$", "line 1, column 2"},
      {"[", "$[0]", "line 1, column 2"},
      {"}", "$", "line 1, column 1"},
      {"[1,]", "$[1]", "line 1, column 4"},
      {"[,1]", "$[0]", ""},
      {"[1 2]", "$[0]", ""},
      {R"({"a":1,})", "$", ""},
      {R"({"a" 1})", "$.a", "':'"},
      {R"({"a":})", "$.a", ""},
      {R"({a:1})", "$", "name"},
      {R"({1:1})", "$", "name"},
      {R"({"a":1 "b":2})", "$.a", ""},
      {R"({"a":1]})", "$.a", ""},
      {R"([1}])", "$[0]", ""},
      {R"(["a"b])", "$[0]", ""},
      {R"(["a""b"])", "$[0]", ""},
      {R"([1"b"])", "$[0]", ""},
      {R"([tru])", "$[0]", ""},
      {R"([truefalse])", "$[0]", ""},
      {R"([nul])", "$[0]", ""},
      {R"({"a":1} {"b":2})", "$", "follows"},
      {R"([1]])", "$", "follows"},
      {R"(["a)", "$[0]", "not closed"},
      {R"(["a\"])", "$[0]", "not closed"},
      {R"(["\x"])", "$[0]", "escape"},
      {R"(["\u12G4"])", "$[0]", "escape"},
      {R"(["\u12"])", "$[0]", "escape"},
      {R"({"a":["x","\ud800"]})", "$.a[1]", "escape"},
      {R"({"a":["x","\udc00\ud800"]})", "$.a[1]", "escape"},
      {"{\"resourceType\":\"Patient\",\n \"name\":[{\"family\":\"a\nb\"}]}",
       "Patient.name[0].family", "line 2, column 22"},
      {"{\"resourceType\":\"Patient\",\n \"name\":[{\"family\":\"a\xFF\"}]}",
       "Patient.name[0].family", "UTF-8 at line 2, column 22"},
      {"[\"\xC3\x28\"]", "$[0]", "UTF-8"},
      {"[\"\xED\xA0\x80\"]", "$[0]", "UTF-8"},
      {"[\"\xC0\xAF\"]", "$[0]", "UTF-8"},
      {"[1]\x01", "$", ""},
      {"[1,\x0B 2]", "$[1]", ""},
      {"/* c */ [1]", "$", ""},
      {"['a']", "$[0]", ""},
  };
  for (auto const& row : rows) {
    CAPTURE(row.text);
    auto const document = Document::parse(std::string(row.text));
    REQUIRE_FALSE(document);
    CHECK(document.error().code == ErrorCode::malformed);
    CHECK(document.error().where == row.where);
    CAPTURE(document.error().what);
    CHECK(document.error().what.find(row.what) != std::string::npos);
  }
  CHECK_FALSE(Document::parse(std::string("[1]\0", 4)));
  CHECK_FALSE(Document::parse(std::string("[\0]", 3)));
}

TEST_CASE(
    "a second member of one name is refused, however it is written and however many there are") {
  for (std::string_view text :
       {R"({"a":1,"a":2})", R"({"a":{"b":1},"c":[1,2],"a":2})", R"({"":1,"":2})",
        R"({"a":1,"\u0061":2})", R"({"\u0061":1,"a":2})", R"({"x":{"id":1,"id":1}})"}) {
    CAPTURE(text);
    auto const document = Document::parse(std::string(text));
    REQUIRE_FALSE(document);
    CHECK(document.error().what.starts_with("a member of this name stands here already"));
  }
  // Around the number of members where the comparison changes its way.
  for (int members : {1, 63, 64, 65, 66, 1000}) {
    std::string text = R"({"resourceType":"X")";
    for (int i = 0; i < members; ++i) {
      text += ",\"name" + std::to_string(i) + "\":{\"v\":[" + std::to_string(i) + "]}";
    }
    auto const good = parsed(text + "}");
    CHECK(good.root().size() == static_cast<std::size_t>(members) + 1);
    CHECK(good.root()["name" + std::to_string(members - 1)]["v"].at(0).text() ==
          std::to_string(members - 1));
    auto const bad = Document::parse(text + ",\"name0\":1}");
    REQUIRE_FALSE(bad);
    CHECK(bad.error().where == "X.name0");
    CHECK_FALSE(Document::parse(text + ",\"n\\u0061me0\":1}"));
  }
  CHECK(Document::parse(R"({"a":1,"A":2,"_a":3,"a ":4})"));
  CHECK(Document::parse(R"([{"a":1},{"a":1}])"));
}

TEST_CASE("names beyond the kept length are still told apart and found") {
  for (std::size_t length : {2046u, 2047u, 2048u, 5000u}) {
    std::string const long_name(length, 'n');
    auto other = long_name;
    other[length / 2] = 'm';
    auto const document = parsed("{\"" + long_name + "\":1,\"" + other + "\":2}");
    CHECK(document.root()[long_name].text() == "1");
    CHECK(document.root()[other].text() == "2");
    CHECK((*document.root().members().begin()).name == long_name);
    CHECK_FALSE(Document::parse("{\"" + long_name + "\":1,\"" + long_name + "\":2}"));
  }
}

TEST_CASE("strings are kept escaped and read unescaped") {
  struct {
    std::string_view escaped, text;
  } const rows[] = {
      {R"(plain)", "plain"},
      {R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"},
      {R"(\u00e9\u20AC)", "\xC3\xA9\xE2\x82\xAC"},
      {R"(a\uD83D\uDE00b)",
       "a\xF0\x9F\x98\x80"
       "b"},
      {R"(\\u0041)", "\\u0041"},
      {R"(tail\\)", "tail\\"},
      {R"({[,:]} \" }{)", "{[,:]} \" }{"},
      {R"()", ""},
  };
  for (auto const& row : rows) {
    CAPTURE(row.escaped);
    auto const quoted = "\"" + std::string(row.escaped) + "\"";
    auto const document = parsed("{\"a\" : " + quoted + " , \"b\":[" + quoted + "]}");
    CHECK(document.root()["a"].raw() == row.escaped);
    CHECK(document.root()["a"].text() == row.text);
    CHECK(document.root()["b"].at(0).text() == row.text);
    CHECK(document.root()["a"].source() == quoted);
  }
  auto const nul = parsed(R"(["a\u0000b"])");
  CHECK(nul.root().at(0).text() == std::string("a\0b", 3));
}

TEST_CASE("a member name with escapes is found by what it stands for") {
  auto const document = parsed(R"({"\u0061b":1,"c\"d":2,"e":3})");
  auto const root = document.root();
  CHECK(root["ab"].text() == "1");
  CHECK(root["c\"d"].text() == "2");
  CHECK(root["e"].text() == "3");
  std::string names;
  for (auto const [name, value] : root.members()) names += std::string(name) + ";";
  CHECK(names == "ab;c\"d;e;");
  CHECK(json::print(root) == R"({"\u0061b":1,"c\"d":2,"e":3})");
}

TEST_CASE("nesting is limited, at the limit and not before") {
  auto const nested = [](std::size_t depth, char open, char close) {
    std::string inside = open == '{' ? R"("a":)" : "";
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += open + (i + 1 < depth ? inside : "");
    return text + std::string(depth, close);
  };
  for (auto const& [open, close] : {std::pair('[', ']'), std::pair('{', '}')}) {
    CHECK(Document::parse(nested(64, open, close)));
    auto const deeper = Document::parse(nested(65, open, close));
    REQUIRE_FALSE(deeper);
    CHECK(deeper.error().what.starts_with("nested too deeply"));
    CHECK(Document::parse(nested(3, open, close), {.depth_max = 3}));
    CHECK_FALSE(Document::parse(nested(4, open, close), {.depth_max = 3}));
  }
  // Hostile: a megabyte of brackets, closed or not, is refused quickly and without deep stacks.
  CHECK_FALSE(Document::parse(std::string(1 << 20, '[')));
  CHECK_FALSE(Document::parse(std::string(1 << 20, '{')));
  CHECK_FALSE(Document::parse(nested(1 << 16, '{', '}')));
  CHECK(Document::parse(nested(1 << 16, '[', ']'), {.depth_max = 1 << 16}));
}

TEST_CASE("a text larger than the limit is refused") {
  CHECK(Document::parse("[1,2]", {.bytes_max = 5}));
  auto const large = Document::parse("[1,20]", {.bytes_max = 5});
  REQUIRE_FALSE(large);
  CHECK(large.error().code == ErrorCode::too_large);
}

TEST_CASE("a byte order mark is ignored, and text() is what follows it") {
  auto const document = parsed("\xEF\xBB\xBF{\"a\":1}");
  CHECK(document.root()["a"].text() == "1");
  CHECK(document.text() == "{\"a\":1}");
}

TEST_CASE("elements and members are forward ranges in document order") {
  static_assert(std::forward_iterator<json::Value::Elements::Iterator>);
  static_assert(std::forward_iterator<json::Value::Members::Iterator>);
  auto const document = parsed(R"({"b":[[1,[2]],{"x":{}},3,[]],"a":{"k":1},"c":2})");
  std::string seen;
  for (auto const element : document.root()["b"].elements())
    seen += std::string(element.source()) + ' ';
  CHECK(seen == R"([1,[2]] {"x":{}} 3 [] )");
  seen.clear();
  for (auto const [name, value] : document.root().members()) {
    seen += std::string(name) + '=' + std::string(value.source()) + ' ';
  }
  CHECK(seen == R"(b=[[1,[2]],{"x":{}},3,[]] a={"k":1} c=2 )");
  CHECK(document.root()["c"].elements().empty());
  CHECK(document.root()["b"].members().empty());
  auto const range = document.root()["b"].elements();
  CHECK(std::ranges::distance(range) == 4);
  auto const twice = range.begin();
  CHECK((*twice).source() == (*range.begin()).source());
}

TEST_CASE("a document may be moved, and its values follow the new place when asked again") {
  auto first = parsed(R"({"a":"short"})");
  auto second = std::move(first);
  CHECK(second.root()["a"].text() == "short");
  second = parsed(R"(["x"])");
  CHECK(second.root().at(0).text() == "x");
}

TEST_CASE("documents of one thread do not disturb each other") {
  auto const large = parsed("[" + std::string(100000, ' ') + "\"kept\"]");
  for (int i = 0; i < 100; ++i) {
    auto const small = parsed("{\"i\":" + std::to_string(i) + "}");
    CHECK(small.root()["i"].text() == std::to_string(i));
  }
  CHECK(large.root().at(0).text() == "kept");
}
