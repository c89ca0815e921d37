#include "net/http_parser.h"

#include <doctest/doctest.h>

#include <vector>

using namespace sinew::net;

namespace {

struct Outcome {
  std::vector<HttpRequest> requests;
  int status = 0;
};

Outcome run(std::string_view stream, std::size_t piece) {
  HttpParser parser({.header_bytes_max = 400, .body_bytes_max = 20, .header_fields_max = 8});
  Outcome outcome;
  while (!stream.empty()) {
    auto part = stream.substr(0, piece);
    stream.remove_prefix(part.size());
    while (!part.empty()) {
      auto const event = parser.feed(part);
      if (event == HttpParser::Event::complete) outcome.requests.push_back(parser.take_request());
      if (event == HttpParser::Event::failed) {
        outcome.status = parser.status();
        return outcome;
      }
    }
  }
  return outcome;
}

constexpr std::size_t kPieces[] = {1, 2, 3, 5, 10'000};

}  // namespace

TEST_CASE("pipelined requests are read one after the other, however they are cut") {
  std::string const stream =
      "\r\n"
      "GET /fhir/Patient?name=x HTTP/1.1\r\nHost: a\r\nX-Two:  b c \r\n\r\n"
      "POST /fhir HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello"
      "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
      "4;ext=\"1\"\r\nwiki\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
      "DELETE /y HTTP/1.0\r\n\r\n";
  for (auto const piece : kPieces) {
    CAPTURE(piece);
    auto const outcome = run(stream, piece);
    CHECK(outcome.status == 0);
    REQUIRE(outcome.requests.size() == 4);
    auto const& get = outcome.requests[0];
    CHECK(get.method == "GET");
    CHECK(get.path() == "/fhir/Patient");
    CHECK(get.query() == "name=x");
    CHECK(get.headers.value("x-two") == "b c");
    CHECK(outcome.requests[1].body == "hello");
    CHECK(outcome.requests[2].body == "wiki0123456789");
    CHECK_FALSE(outcome.requests[2].headers.has("trailer"));
    CHECK(outcome.requests[3].method == "DELETE");
  }
}

TEST_CASE("what two readers could understand differently is refused") {
  struct {
    char const* why;
    std::string stream;
    int status;
  } const rows[] = {
      {"both lengths",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"two equal lengths",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400},
      {"a list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\nx", 400},
      {"a signed length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx", 400},
      {"an empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\nx", 400},
      {"a hexadecimal length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\nx", 400},
      {"a length beyond 64 bits",
       "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551617\r\n\r\nx", 413},
      {"two encodings",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
       400},
      {"chunked not last",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, identity\r\n\r\n", 501},
      {"an encoding with a tab",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0B"
       "chunked\r\n\r\n",
       400},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       400},
      {"space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {"line folding", "GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400},
      {"bare LF ends a field", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
      {"bare LF ends the head", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n", 400},
      {"NUL in a value", std::string("GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n", 39), 400},
      {"a field without a name", "GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n", 400},
      {"a field without a colon", "GET / HTTP/1.1\r\nHost: a\r\nXb\r\n\r\n", 400},
      {"no host", "GET / HTTP/1.1\r\nX: a\r\n\r\n", 400},
      {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"a tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"HTTP/2", "PRI * HTTP/2.0\r\n\r\n", 505},
      {"lower-case protocol", "GET / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"a relative target", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"a raw byte in the target", "GET /\xC3\xA4 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"a fragment", "GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"another expectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417},
      {"a chunk size with a sign",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\nx\r\n0\r\n\r\n", 400},
      {"a chunk size with a space",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n", 400},
      {"a chunk size of 16 digits",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
       "0000000000000001\r\nx\r\n0\r\n\r\n",
       400},
      {"a chunk size that ends in LF",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n", 400},
      {"a chunk longer than its size",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n", 400},
      {"a trailer that is none",
       "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nGET / x\r\n\r\n", 400},
  };
  for (auto const& row : rows) {
    for (auto const piece : kPieces) {
      CAPTURE(row.why);
      CAPTURE(piece);
      auto const outcome = run(row.stream, piece);
      CHECK(outcome.status == row.status);
      CHECK(outcome.requests.empty());
    }
  }
}

TEST_CASE("limits hold to the byte") {
  auto const field = [](std::size_t size) {
    std::string const start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    return start + std::string(size - start.size() - 4, 'x') + "\r\n\r\n";
  };
  auto const body = [](std::size_t size) {
    return "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
           std::string(size, 'x');
  };
  auto const fields = [](int count) {
    std::string out = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 1; i < count; ++i) out += "X: y\r\n";
    return out + "\r\n";
  };
  std::string const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  struct {
    std::string stream;
    int status;
  } const rows[] = {
      {field(400), 0},
      {field(401), 431},
      {body(20), 0},
      {body(21), 413},
      {fields(8), 0},
      {fields(9), 431},
      {chunked + "A\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", 0},
      {chunked + "A\r\n0123456789\r\nB\r\n0123456789x\r\n0\r\n\r\n", 413},
      {chunked + "fffffffffffffff\r\n", 413},
      {chunked + "0\r\nX: " + std::string(500, 'x') + "\r\n\r\n", 413},
      {chunked + "1;" + std::string(2000, 'x') + "\r\n", 400},
  };
  for (auto const& row : rows) {
    for (auto const piece : kPieces) {
      auto const outcome = run(row.stream, piece);
      CHECK(outcome.status == row.status);
      CHECK(outcome.requests.size() == (row.status == 0 ? 1 : 0));
    }
  }
}

TEST_CASE("an absolute target becomes a path, and its authority the host") {
  auto const outcome = run(
      "GET http://b:80/x?y=1 HTTP/1.1\r\nHost: a\r\n\r\nGET HTTP://c?z HTTP/1.1\r\nHost: a\r\n\r\n"
      "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
      4);
  REQUIRE(outcome.requests.size() == 3);
  CHECK(outcome.requests[0].target == "/x?y=1");
  CHECK(outcome.requests[0].headers.value("host") == "b:80");
  CHECK(outcome.requests[1].target == "/?z");
  CHECK(outcome.requests[2].target == "*");
}

TEST_CASE("Connection and the version decide whether the connection lives on") {
  struct {
    std::string_view head;
    bool keep_alive;
  } const rows[] = {
      {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
  };
  for (auto const& row : rows) {
    HttpParser parser({});
    auto rest = row.head;
    REQUIRE(parser.feed(rest) == HttpParser::Event::complete);
    CHECK(parser.is_keep_alive() == row.keep_alive);
  }
}

TEST_CASE("percent escapes and queries are decoded strictly") {
  CHECK(*percent_decode("a%20b%2Fc+d", false) == "a b/c+d");
  CHECK(*percent_decode("a+%C3%A4", true) == "a \xC3\xA4");
  for (auto const* wrong : {"%", "%2", "%zz", "x%4"}) CHECK_FALSE(percent_decode(wrong, false));
  CHECK(percent_encode("a b/\xC3\xA4~") == "a%20b%2F%C3%A4~");
  auto const query = parse_query("a=1&b=2%263&&c&=d&a=x+y");
  REQUIRE(query);
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  CHECK(*query == Pairs{{"a", "1"}, {"b", "2&3"}, {"c", ""}, {"", "d"}, {"a", "x y"}});
}
