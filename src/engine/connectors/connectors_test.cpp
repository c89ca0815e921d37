#include <doctest/doctest.h>

#include <algorithm>

#include "engine/connectors/connector.h"
#include "engine/connectors/framing.h"
#include "engine/connectors/soap.h"
#include "engine/connectors/splitter.h"
#include "engine/connectors/sql.h"

using namespace sinew;
using namespace sinew::engine;

namespace {

constexpr std::size_t kBytesMax = 1000;

/// The messages of a file that is read in pieces of that size; `!` and the reason when it is none.
std::vector<std::string> split_in_pieces(std::string_view file, std::size_t piece,
                                         Split how = Split::hl7) {
  Splitter splitter(how, kBytesMax);
  std::vector<std::string> messages;
  Result<> done;
  for (std::size_t at = 0; at < file.size() && done; at += piece)
    done = splitter.feed(file.substr(at, piece), messages);
  if (done) done = splitter.finish(messages);
  if (!done) messages.push_back("!" + done.error().what);
  return messages;
}

}  // namespace

TEST_CASE("a file is taken apart the same way, whatever pieces it is read in") {
  struct {
    std::string_view file;
    std::vector<std::string> messages;
  } const rows[] = {
      {"MSH|a\rPID|1\r", {"MSH|a\rPID|1\r"}},
      {"MSH|a", {"MSH|a"}},
      {"MSH|a\rMSH|b\r", {"MSH|a\r", "MSH|b\r"}},
      {"MSH|a\r\nPID|1\r\n\r\nMSH|b\nPID|2\n", {"MSH|a\r\nPID|1\r\n\r\n", "MSH|b\nPID|2\n"}},
      {"FHS|^\rBHS|^\rMSH|a\rBTS|1\rBHS|^\rMSH|b\rBTS|1\rFTS|2\r", {"MSH|a\r", "MSH|b\r"}},
      {"\xEF\xBB\xBFMSH|a\r", {"MSH|a\r"}},
      {"\x0BMSH|a\r\x1C\r\x0BMSH|b\r\x1C\r", {"MSH|a\r", "MSH|b\r"}},
      {"\r\n\r\nMSH|a\r", {"MSH|a\r"}},
      {"MSH|a\rMSHX|no header\rMSH1\r", {"MSH|a\rMSHX|no header\rMSH1\r"}},
      {"MSH|a\rZZZ|x", {"MSH|a\rZZZ|x"}},
      {"", {"!no message: there is no MSH segment"}},
      {"FHS|^\rFTS|0\r", {"!no message: there is no MSH segment"}},
      {"PID|1\rMSH|a\r", {"!before message 1 stands what is no HL7 v2"}},
      {"MSH|a\rBTS|1\rPID|2\r", {"MSH|a\r", "!before message 2 stands what is no HL7 v2"}},
  };
  for (auto const& row : rows) {
    for (std::size_t piece = 1; piece < 20; ++piece) {
      CAPTURE(row.file);
      CAPTURE(piece);
      CHECK(split_in_pieces(row.file, piece) == row.messages);
    }
  }
  CHECK(split_in_pieces("a\n\nb\r\nc", 2, Split::lines) == std::vector<std::string>{"a", "b", "c"});
  CHECK(split_in_pieces("\x0Bx\x1C\r", 1, Split::whole) == std::vector<std::string>{"\x0Bx\x1C\r"});
}

TEST_CASE("a message may have as many bytes as are allowed, and no more") {
  auto const longest = "MSH|" + std::string(kBytesMax - 4, 'x');
  CHECK(split_in_pieces(longest, 7) == std::vector<std::string>{longest});
  CHECK(split_in_pieces(longest + 'x', 7).back() == "!message 1 is above 1000 bytes");
}

TEST_CASE("names in a statement become numbers, and nothing else does") {
  struct {
    std::string_view written, text;
    std::vector<std::string> parameters;
  } const rows[] = {
      {"UPDATE t SET a = :a WHERE b = :b", "UPDATE t SET a = $1 WHERE b = $2", {"a", "b"}},
      {":a, :a, :ab", "$1, $1, $2", {"a", "ab"}},
      {"':a' \":a\" `:a` /* :a */ -- :a", "':a' \":a\" `:a` /* :a */ -- :a", {}},
      {"'it''s :a', :a", "'it''s :a', $1", {"a"}},
      {"x::text, :a::int, '12:30', 12:30", "x::text, $1::int, '12:30', 12:30", {"a"}},
      {"-- :a\n:a", "-- :a\n$1", {"a"}},
  };
  for (auto const& row : rows) {
    CAPTURE(row.written);
    auto const parsed = parse_statement(row.written);
    REQUIRE(parsed);
    CHECK(parsed->text == row.text);
    CHECK(parsed->parameters == row.parameters);
  }
  CHECK_FALSE(parse_statement("SELECT 'open"));
  CHECK_FALSE(parse_statement("SELECT /* open"));
}

TEST_CASE("frames are found whatever pieces they come in") {
  constexpr std::string_view kStream = "noise\x0Bone\x1C\r\n\x0B\x1C\r\x0Btwo\x1C three\x1C\r";
  for (std::size_t piece = 1; piece <= kStream.size(); ++piece) {
    FrameReader reader({}, kBytesMax);
    std::vector<std::string> found;
    for (std::size_t at = 0; at < kStream.size(); at += piece) {
      reader.add(kStream.substr(at, piece));
      while (true) {
        auto const frame = reader.next();
        REQUIRE(frame);
        if (!*frame) break;
        found.push_back(**frame);
      }
    }
    CAPTURE(piece);
    CHECK(found == std::vector<std::string>{"one", "two\x1C three"});
  }
  FrameReader reader({}, kBytesMax);
  reader.add("\x0B" + std::string(kBytesMax + 1, 'x'));
  CHECK_FALSE(reader.next());
}

TEST_CASE("a message is found in its envelope, and a deep one does not hurt") {
  auto const envelope = [](std::string const& body) {
    return "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>" + body +
           "</e:Body></e:Envelope>";
  };
  auto const found =
      read_soap(envelope("<m:in xmlns:m=\"urn:m\"><x>no</x><y> MSH|a\nPID|1\n</y></m:in>"), "");
  REQUIRE(found);
  CHECK(found->message == "MSH|a\rPID|1\r");
  CHECK(found->operation == "in");
  CHECK(found->operation_space == "urn:m");
  CHECK(read_soap(envelope("<in><x>MSH|a&#13;</x><y>MSH|b&#13;</y></in>"), "y")->message ==
        "MSH|b\r");
  CHECK_FALSE(read_soap(envelope("<in>nothing</in>"), ""));
  CHECK_FALSE(read_soap("<!DOCTYPE a><a/>", ""));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  CHECK_FALSE(read_soap(envelope(deep), ""));
}

TEST_CASE("every connector comes in, or leaves, or both; each name is there once") {
  for (auto const& connector : connectors()) {
    CAPTURE(connector.name);
    CHECK((connector.read_source != nullptr || connector.read_target != nullptr));
    CHECK(std::ranges::count(connectors(), connector.name, &Connector::name) == 1);
  }
}
