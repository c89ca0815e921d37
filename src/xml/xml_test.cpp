#include "xml/xml.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "xml/write.h"

using namespace sinew;
using xml::Document;

namespace {

constexpr std::string_view kFhir = "http://hl7.org/fhir";
constexpr std::string_view kXhtml = "http://www.w3.org/1999/xhtml";

Document parsed(std::string text, xml::Limits limits = {}) {
  auto document = Document::parse(std::move(text), limits);
  REQUIRE_MESSAGE(bool(document), to_string(document.error()));
  return std::move(*document);
}

}  // namespace

TEST_CASE("a FHIR resource is walked by names, and its narrative kept byte for byte") {
  std::string const div =
      "<div xmlns='http://www.w3.org/1999/xhtml'><p title=\"a &amp; b\" >x<br/>\r\n"
      "<!-- c --> &lt;y&gt; </p></div>";
  auto const document = parsed(
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- head -->\n"
      "<Patient xmlns=\"http://hl7.org/fhir\">\n  <id value=\"1\"/>\n"
      "  <text><status value='generated'/>" +
      div +
      "</text>\n"
      "  <name id='n1'><given value=\"A\"/><given value=\"B &#x00E9;&quot;\"/>"
      "</name>\n</Patient>\n<?after x?>\n");
  auto const root = document.root();
  CHECK(root.is(kFhir, "Patient"));
  CHECK(root["id"].attribute("value") == "1");
  CHECK(root["text"]["div"].exists() == false);  // another namespace
  xml::Node narrative;
  for (auto const child : root["text"].elements()) {
    if (child.is(kXhtml, "div")) narrative = child;
  }
  CHECK(narrative.source() == div);
  CHECK(narrative.text() == "x\n <y> ");
  std::string given;
  for (auto const child : root["name"].elements()) given += *child.attribute("value") + ';';
  CHECK(given == "A;B \xC3\xA9\";");
  CHECK(root["name"].attribute("id") == "n1");
  CHECK_FALSE(root["name"].attribute("value"));
  CHECK_FALSE(root["absent"]["deeper"].attribute("x"));
  CHECK(root["absent"].text().empty());
  CHECK(root["name"].parent().name() == "Patient");
  CHECK_FALSE(root.parent().exists());
}

TEST_CASE("namespaces are resolved by scope, and attributes do not take the default one") {
  auto const document = parsed(
      "<a xmlns='u:1' xmlns:p='u:2' x='1' p:x='2'><p:b xmlns:p='u:3' p:y='3'/><b xmlns=''/>"
      "<c xml:lang='en'/></a>");
  auto const root = document.root();
  CHECK(root.space() == "u:1");
  CHECK(root.attribute("x") == "1");
  CHECK(root.attribute("u:2", "x") == "2");
  auto child = root.elements().begin();
  CHECK((*child).is("u:3", "b"));
  CHECK((*child).attribute("u:3", "y") == "3");
  ++child;
  CHECK((*child).is("", "b"));
  ++child;
  CHECK((*child).is("u:1", "c"));
  CHECK((*child).attribute("http://www.w3.org/XML/1998/namespace", "lang") == "en");
  CHECK(root.attributes().size() == 2);
}

TEST_CASE("text keeps CDATA, loses comments, and has its line ends and references resolved") {
  auto const document =
      parsed("<a>one\r\ntwo\rthree&#13;<![CDATA[<&amp;\r\n]]]]><!-- x -->&gt;<b>four</b></a>");
  CHECK(document.root().text() == "one\ntwo\nthree\r<&amp;\n]]>four");
  CHECK(parsed("<a v='1\n2\t3\r\n4&#10;5'/>").root().attribute("v") == "1 2 3 4\n5");
}

TEST_CASE("what is not well-formed is refused, with path, line and column") {
  struct {
    std::string_view text, where, what;
  } const rows[] = {
      // text                              where      what it must say
      {"", "/", "no element"},
      {"  <!-- x -->", "/", "no element"},
      {"<a>", "/a", "not closed at line 1, column 4"},
      {"<a></b>", "/a", "end tag"},
      {"<a></ab>", "/a", "end tag"},
      {"<a><b><c/><c></b></a>", "/a/b/c[2]", "end tag"},
      {"</a>", "/", "end tag"},
      {"<a/><b/>", "/", "second root"},
      {"<a/>text", "/", "outside"},
      {"text<a/>", "/", "outside"},
      {"<a/><![CDATA[x]]>", "/", "outside"},
      {"<a>\n  <b x='1' x='2'/></a>", "/a/b", "already at line 2, column 12"},
      {"<a xmlns:p='u' xmlns:q='u' p:x='' q:x=''/>", "/a", "already"},
      {"<a xmlns='u' xmlns='v'/>", "/a", "already"},
      {"<a xmlns:p='u' xmlns:p='u'/>", "/a", "already"},
      {"<p:a/>", "/a", "no namespace"},
      {"<a p:x='1'/>", "/a", "no namespace"},
      {"<a><b xmlns:p='u'/><p:c/></a>", "/a/c", "no namespace"},
      {"<a xmlns:p=''/>", "/a", "bound to nothing"},
      {"<a xmlns:xml='u'/>", "/a", "reserved"},
      {"<a xmlns:xmlns='u'/>", "/a", "reserved"},
      {"<a x=1/>", "/a", "quotes"},
      {"<a x/>", "/a", "'='"},
      {"<a x='1'y='2'/>", "/a", "unexpected"},
      {"<a x='<'/>", "/a", "'<'"},
      {"<a x='1/>", "/a", "not closed"},
      {"<a / >", "/a", "unexpected"},
      {"<a", "/a", "unexpected"},
      {"< a/>", "/", "name"},
      {"<1/>", "/", "name"},
      {"<a:b:c xmlns:a='u'/>", "/b", "unexpected"},
      {"<:a/>", "/", "name"},
      {"<a>&unknown;</a>", "/a", "reference"},
      {"<a>& </a>", "/a", "reference"},
      {"<a x='&lt'/>", "/a", "reference"},
      {"<a>&#0;</a>", "/a", "reference"},
      {"<a>&#xD800;</a>", "/a", "reference"},
      {"<a>&#x110000;</a>", "/a", "reference"},
      {"<a>&#xFFFF;</a>", "/a", "reference"},
      {"<a>&#99999999999;</a>", "/a", "reference"},
      {"<a>]]></a>", "/a", "]]>"},
      {"<a><!-- a -- b --></a>", "/a", "comment"},
      {"<a><!-- a --->\n</a>", "/a", "comment"},
      {"<a><!-- a", "/a", "comment"},
      {"<a><![CDATA[x</a>", "/a", "CDATA"},
      {"<a><!ELEMENT a ANY></a>", "/a", "'<!'"},
      {"<a><?xml version='1.0'?></a>", "/a", "declaration"},
      {" <?xml version='1.0'?><a/>", "/", "declaration"},
      {"<?xml version='1.0' encoding='UTF-16'?><a/>", "/", "encoding"},
      {"<a>\x01</a>", "/", "character"},
      {"<a>\xEF\xBF\xBF</a>", "/", "character"},
      {"<a>\xC3</a>", "/", "UTF-8"},
      {"<a>\xED\xA0\x80</a>", "/", "UTF-8"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.text);
    auto const document = Document::parse(std::string(row.text));
    REQUIRE_FALSE(document);
    CAPTURE(document.error().what);
    CHECK(document.error().code == ErrorCode::malformed);
    CHECK(document.error().where == row.where);
    CHECK(document.error().what.find(row.what) != std::string::npos);
  }
}

TEST_CASE("a document type declaration is refused, so no entity and no file is ever read") {
  for (std::string_view text : {
           R"(<!DOCTYPE a><a/>)",
           R"(<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>)",
           R"(<!DOCTYPE a [<!ENTITY l "lol"><!ENTITY m "&l;&l;&l;">]><a>&m;</a>)",
           R"(<?xml version="1.0"?><!DOCTYPE a SYSTEM "http://example.org/a.dtd"><a/>)",
           R"(<a><!DOCTYPE b></a>)",
       }) {
    CAPTURE(text);
    auto const document = Document::parse(std::string(text));
    REQUIRE_FALSE(document);
    CHECK(document.error().what.starts_with("a document type declaration is refused"));
  }
  CHECK(parsed("<a><!-- <!DOCTYPE --><![CDATA[<!DOCTYPE]]></a>").root().text() == "<!DOCTYPE");
}

TEST_CASE("depth, size, attributes and namespaces are limited, at the limit and not before") {
  auto const nested = [](std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += "<a>";
    for (std::size_t i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  CHECK(Document::parse(nested(128)));
  CHECK_FALSE(Document::parse(nested(129)));
  CHECK_FALSE(Document::parse(nested(100000)));
  CHECK(Document::parse("<a/>", {.bytes_max = 4}));
  auto const large = Document::parse("<a />", {.bytes_max = 4});
  REQUIRE_FALSE(large);
  CHECK(large.error().code == ErrorCode::too_large);
  auto const attributes = [](int count) {
    std::string text = "<a";
    for (int i = 0; i < count; ++i) text += " a" + std::to_string(i) + "='x'";
    return text + "/>";
  };
  CHECK(Document::parse(attributes(128)));
  CHECK_FALSE(Document::parse(attributes(129)));
  std::string spaces = "<r>";
  for (int i = 0; i < 1000; ++i) spaces += "<a xmlns='u:" + std::to_string(i) + "'/>";
  CHECK_FALSE(Document::parse(spaces + "</r>"));
}

TEST_CASE("the path of a node counts siblings of one name") {
  auto const document = parsed("<B><e/>x<e><r/></e><f/></B>");
  auto const second = *++document.root().elements().begin();
  CHECK(xml::path_of(second["r"]) == "/B/e[2]/r");
  CHECK(xml::path_of(document.root()["f"]) == "/B/f");
  CHECK(xml::path_of(document.root()) == "/B");
}

TEST_CASE("what is written is read back, whatever the characters") {
  std::string every;
  for (int c = 1; c < 0x80; ++c) every += static_cast<char>(c);
  every += "\xC3\xA9\xF0\x9F\x98\x80";
  std::string out;
  xml::Writer writer(out);
  writer.declaration();
  writer.begin("a");
  writer.attribute("v", every);
  writer.text(every);
  writer.begin("b");
  writer.end();
  writer.raw("<c/>");
  writer.end();
  std::string replaced;
  for (char const c : every) {
    bool const legal = c < 0 || c >= ' ' || c == '\t' || c == '\n' || c == '\r';
    legal ? replaced += c : replaced += "\xEF\xBF\xBD";
  }
  auto const document = parsed(out);
  CHECK(document.root().attribute("v") == replaced);
  CHECK(document.root().text() == replaced);
  CHECK(document.root()["c"].exists());
  out.clear();
  xml::append_text(out, "a\xFFz\xEF\xBF\xBF");
  CHECK(out == "a\xEF\xBF\xBDz\xEF\xBF\xBD");
}

TEST_CASE("pretty XML adds space between elements and never to text") {
  std::string out;
  xml::Writer writer(out, xml::Writer::Style::pretty);
  writer.declaration();
  writer.begin("a");
  writer.begin("b");
  writer.attribute("v", "1 < 2 \"q\"");
  writer.end();
  writer.begin("c");
  writer.text("x & y");
  writer.begin("d");
  writer.end();
  writer.end();
  writer.raw("<e/>");
  writer.end();
  CHECK(out ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a>\n  <b v=\"1 &lt; 2 &quot;q&quot;\"/>\n"
        "  <c>x &amp; y<d/></c>\n  <e/>\n</a>");
}

TEST_CASE("every XML file of the corpora parses, but for those that are malformed") {
  // An element that is not closed; bytes that are not UTF-8, whatever the name says.
  constexpr std::string_view kMalformed[] = {"cda-CD-bad-code-request-parameters.xml",
                                             "japanese-utf8-ok.xml"};
  auto const root = std::filesystem::path(SINEW_SOURCE_DIR) / "../shared/corpora";
  std::size_t files = 0;
  if (std::filesystem::exists(root)) {
    for (auto const& entry : std::filesystem::recursive_directory_iterator(root)) {
      if (entry.path().extension() != ".xml" || files >= 500) continue;
      auto const content = read_file(entry.path().string());
      REQUIRE(content);
      auto const document = Document::parse(*content);
      CAPTURE(entry.path().string());
      ++files;
      auto const name = entry.path().filename().string();
      CHECK(bool(document) == (std::ranges::find(kMalformed, name) == std::end(kMalformed)));
      if (!document) continue;
      CHECK(Document::parse(std::string(document->root().source())));
    }
  }
  if (files == 0) MESSAGE("skipped: no corpora beside the sources");
}
