#include "api/rest/encoding.h"

#include <doctest/doctest.h>

#include "api/rest/rest_test.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

std::string sample() {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "line " + std::to_string(i % 37) + ", ";
  return text;
}

}  // namespace

TEST_CASE("a body survives gzip and zstd, and both in one another") {
  for (auto const& text : {std::string(), std::string("x"), sample()}) {
    for (auto const encoding : {Encoding::gzip, Encoding::zstd}) {
      auto const packed = encode(encoding, text);
      REQUIRE(packed);
      auto const plain = decode(encoding_name(encoding), *packed, 1 << 20);
      REQUIRE(plain);
      CHECK(*plain == text);
    }
  }
  auto const inner = encode(Encoding::gzip, sample());
  auto const both = encode(Encoding::zstd, *inner);
  CHECK(*decode("gzip, ZSTD", *both, 1 << 20) == sample());
  // A gzip file may have several members.
  auto const twice = *encode(Encoding::gzip, "a") + *encode(Encoding::gzip, "b");
  CHECK(*decode("x-gzip", twice, 10) == "ab");
}

TEST_CASE("what unpacks to more than the limit is refused before it is held") {
  std::string const zeroes(std::size_t{64} << 20, '\0');
  for (auto const encoding : {Encoding::gzip, Encoding::zstd}) {
    auto const bomb = encode(encoding, zeroes);
    REQUIRE(bomb);
    CHECK(bomb->size() < 100'000);
    auto const refused = decode(encoding_name(encoding), *bomb, std::size_t{1} << 20);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::too_large);
  }
}

TEST_CASE("bodies that break off, are damaged or carry rubbish behind are refused") {
  for (auto const encoding : {Encoding::gzip, Encoding::zstd}) {
    auto const packed = *encode(encoding, sample());
    auto const name = encoding_name(encoding);
    for (std::size_t length = 1; length < packed.size(); length += 17) {
      auto const cut = decode(name, packed.substr(0, length), 1 << 20);
      REQUIRE_FALSE(cut);
      CHECK(cut.error().code == ErrorCode::malformed);
    }
    CHECK_FALSE(decode(name, packed + "rubbish", 1 << 20));
    CHECK_FALSE(decode(name, "rubbish", 1 << 20));
    CHECK_FALSE(decode(name, "", 1 << 20));
  }
  CHECK(decode("br", "x", 10).error().code == ErrorCode::not_supported);
  CHECK(decode("gzip,gzip,gzip", "x", 10).error().code == ErrorCode::not_supported);
}

TEST_CASE("the encoding is what the caller prefers") {
  struct {
    std::string_view accept;
    Encoding chosen;
  } const rows[] = {
      {"", Encoding::identity},
      {"gzip", Encoding::gzip},
      {"gzip, deflate, br, zstd", Encoding::zstd},
      {"zstd;q=0.5, gzip", Encoding::gzip},
      {"gzip;q=0, zstd;q=0", Encoding::identity},
      {"identity", Encoding::identity},
      {"br", Encoding::identity},
      {"*", Encoding::zstd},
      {"zstd;q=0, *", Encoding::gzip},
      {"*;q=0", Encoding::identity},
  };
  for (auto const& row : rows) {
    CAPTURE(row.accept);
    CHECK(choose_encoding(row.accept) == row.chosen);
  }
}

TEST_CASE("requests and answers travel encoded; an unknown encoding is 415") {
  Server server;
  auto const body = R"({"resourceType":"Patient","name":[{"text":")" + sample() + R"("}]})";
  auto const gzipped = headers({{"Content-Encoding", "gzip"}, {"Accept-Encoding", "zstd"}});
  auto const created = server.ask("POST", "/fhir/Patient", *encode(Encoding::gzip, body), gzipped);
  CHECK(created.status == 201);
  CHECK(created.headers.value("Content-Encoding") == "zstd");
  CHECK(created.headers.value("Vary") == "Accept-Encoding");
  auto const plain = decode("zstd", created.body, 1 << 20);
  REQUIRE(plain);
  CHECK(plain->find("\"id\":\"new-1\"") != std::string::npos);
  CHECK(server.ask("GET", "/fhir/Patient/new-1").body == *plain);
  auto const unknown =
      server.ask("POST", "/fhir/Patient", body, headers({{"Content-Encoding", "br"}}));
  CHECK(unknown.status == 415);
  CHECK(unknown.headers.value("Accept-Encoding") == "zstd, gzip");
  auto const broken =
      server.ask("POST", "/fhir/Patient", body, headers({{"Content-Encoding", "gzip"}}));
  CHECK(broken.status == 400);
  CHECK_FALSE(diagnostics(broken).empty());
  auto const little =
      server.ask("GET", "/fhir/Patient/none", {}, headers({{"Accept-Encoding", "gzip"}}));
  CHECK_FALSE(little.headers.has("Content-Encoding"));
}
