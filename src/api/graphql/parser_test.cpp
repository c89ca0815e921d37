#include <doctest/doctest.h>

#include <filesystem>

#include "api/graphql/document.h"
#include "api/graphql/lexer.h"
#include "base/file.h"
#include "base/text.h"

namespace sinew::graphql {
namespace {

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

TEST_CASE("a query is read whole, with what nests in it") {
  auto const document = parse_document(R"(
    # a comment
    query Q($id: ID!, $all: [String!]! = ["a", "b"]) @include(if: true) {
      me: Patient(id: $id) { name(use: official, n: 1.5e3, o: {a: [1, null], b: true}) @first { given } ...F }
      ... on Query @skip(if: false) { __typename }
    }
    fragment F on Patient { active })");
  REQUIRE(document);
  auto const& operation = document->operations.at(0);
  CHECK(operation.name == "Q");
  CHECK(operation.variables.at(0).type == "ID");
  CHECK(operation.variables.at(0).is_required);
  CHECK(operation.variables.at(1).type == "[String!]");
  auto const& me = document->selections.at(operation.first);
  CHECK(me.alias == "me");
  CHECK(me.name == "Patient");
  auto const& inline_fragment = document->selections.at(me.next);
  CHECK(inline_fragment.kind == SelectionKind::inline_fragment);
  CHECK(inline_fragment.type_condition == "Query");
  CHECK(inline_fragment.next == kNone);
  auto const& name = document->selections.at(me.first);
  CHECK(name.arguments.size() == 3);
  CHECK(name.directives.at(0).name == "first");
  auto const& object = document->values.at(name.arguments.at(2).value);
  CHECK(object.kind == ValueKind::object);
  auto const& list = document->values.at(object.first);
  CHECK(list.name == "a");
  CHECK(document->values.at(document->values.at(list.first).next).kind == ValueKind::null);
  CHECK(document->values.at(list.next).text == "true");
  CHECK(document->selections.at(name.next).name == "F");
  CHECK(document->fragment("F")->type_condition == "Patient");
}

TEST_CASE("strings mean what GraphQL says") {
  struct {
    std::string_view written, means;
  } const rows[] = {
      {R"("a\n\"\\\/\tb")", "a\n\"\\/\tb"},
      {R"("\u00e9\u{1F600}\uD83D\uDE00")", "é😀😀"},
      {"\"\"\"\n    one\n      two\n\n    three\n  \"\"\"", "one\n  two\n\nthree"},
      {R"("""say \""" so""")", "say \"\"\" so"},
      {"\"\"", ""},
  };
  for (auto const& row : rows) {
    CAPTURE(row.written);
    auto const token = Lexer(row.written).next();
    REQUIRE(token);
    CHECK(token->kind == TokenKind::string);
    CHECK(token->text == row.means);
  }
}

TEST_CASE("what is no query is refused at its place") {
  struct {
    std::string_view text;
    Offset at;
  } const rows[] = {
      {"", 0},
      {"{", 1},
      {"{ }", 2},
      {"{ a", 3},
      {"{ a(b) }", 5},
      {"{ a(b: ) }", 7},
      {"{ a(b: 1, b: 2) }", 10},
      {"{ a: }", 5},
      {"{ a @ }", 6},
      {"{ ... on }", 9},
      {"{ ... on X }", 11},
      {"{ a } }", 6},
      {"query ($a) { b }", 9},
      {"fragment on on X { a }", 9},
      {"fragment F on X { a }", 0},
      {"{ a } { b }", 6},
      {"{ a(b: \"x) }", 7},
      {"{ a(b: \"\\q\") }", 8},
      {"{ a(b: \"\\uD800\") }", 10},
      {"{ a(b: 01) }", 7},
      {"{ a(b: 1.) }", 7},
      {"{ a(b: 1x) }", 7},
      {"{ a(b: -) }", 7},
      {"{ a ? }", 4},
      {"{ a(b: \"\"\"x) }", 7},
      {"{ a(b: {c}) }", 9},
      {"{ a(b: [1) }", 9},
      {"schema { query: Q }", 0},
  };
  for (auto const& row : rows) {
    CAPTURE(row.text);
    auto const document = parse_document(row.text);
    REQUIRE_FALSE(document);
    CHECK(offset_of(document.error()) == row.at);
  }
  CHECK(parse_document("{ a(b: \"\xff\") }").error().what == "the query is not UTF-8");
}

TEST_CASE("every limit is one more than what is allowed") {
  auto const nested = [](std::size_t depth) {
    return repeated("{ a ", depth) + repeated("}", depth);
  };
  CHECK(parse_document(nested(kSelectionDepthMax)));
  CHECK(parse_document(nested(kSelectionDepthMax + 1)).error().code == ErrorCode::too_large);
  CHECK(parse_document(repeated("{ a ", 300'000)).error().code == ErrorCode::too_large);
  auto const value = [](std::size_t depth) {
    return "{ a(b: " + repeated("[", depth) + repeated("]", depth) + ") }";
  };
  CHECK(parse_document(value(kValueDepthMax)));
  CHECK_FALSE(parse_document(value(kValueDepthMax + 1)));
  auto const type = [](std::size_t depth) {
    return "query ($v: " + repeated("[", depth) + "A" + repeated("]", depth) + ") { a }";
  };
  CHECK(parse_document(type(kValueDepthMax)));
  CHECK_FALSE(parse_document(type(kValueDepthMax + 1)));
  CHECK(parse_document("{ " + repeated("a ", kTokensMax - 2) + "}"));
  CHECK(parse_document("{ " + repeated("a ", kTokensMax - 1) + "}").error().code ==
        ErrorCode::too_large);
  CHECK(parse_document(repeated(" ", kQueryBytesMax - 5) + "{ a }"));
  CHECK(parse_document(repeated(" ", kQueryBytesMax - 4) + "{ a }").error().code ==
        ErrorCode::too_large);
}

TEST_CASE("the queries of HL7's parser tests are read") {
  auto const path =
      std::string(SINEW_SOURCE_DIR) + "/../shared/corpora/fhir-graphql/parser-tests.gql";
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: no corpora beside the sources");
    return;
  }
  auto const text = read_file(path);
  REQUIRE(text);
  // Each begins with a line "#### Name".
  std::size_t count = 0;
  for (auto at = text->find("####"); at != std::string::npos;) {
    auto const end = text->find("####", at + 4);
    auto const one = text->substr(at, end == std::string::npos ? end : end - at);
    CAPTURE(one);
    auto const document = parse_document(one);
    CHECK_MESSAGE(bool(document), (document ? "" : to_string(document.error())));
    ++count;
    at = end;
  }
  CHECK(count >= 20);
}

}  // namespace
}  // namespace sinew::graphql
