#include <doctest/doctest.h>

#include "base/hash.h"
#include "base/result.h"
#include "base/table.h"
#include "base/text.h"
#include "base/time.h"

using namespace sinew;

TEST_CASE("every error code has its row") {
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code) {
    CHECK_FALSE(error_row(static_cast<ErrorCode>(code)).name.empty());
  }
}

TEST_CASE("a table reports the line of a row that is too long") {
  auto const table = Table::parse("# comment\na\tb\n1\t2\n1\t2\t3\n", "x.tsv");
  REQUIRE_FALSE(table);
  CHECK(table.error().where == "x.tsv:4");
}

TEST_CASE("a table gives cells by column, missing ones empty") {
  auto const table = Table::parse("a\tb\tc\r\n1\t 2 \r\n\n", "x.tsv");
  REQUIRE(table);
  REQUIRE(table->rows().size() == 1);
  CHECK(table->cell(table->rows()[0], "b") == "2");
  CHECK(table->cell(table->rows()[0], "c") == "");
  CHECK(table->cell(table->rows()[0], "z") == "");
}

TEST_CASE("name-based identifiers are those of RFC 9562") {
  // RFC 9562 appendix A.4: name www.example.com in the DNS name space.
  Uuid const dns{{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f,
                  0xd4, 0x30, 0xc8}};
  CHECK(to_string(uuid_v5(dns, "www.example.com")) == "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

TEST_CASE("instants are read with any offset and written in UTC") {
  struct {
    std::string_view in, out;
  } const rows[] = {
      {"2026-11-21T13:04:51Z", "2026-11-21T13:04:51.000Z"},
      {"2026-11-21T13:04:51.5+01:00", "2026-11-21T12:04:51.500Z"},
      {"1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999Z"},
      {"2024-02-29T00:00:00-05:00", "2024-02-29T05:00:00.000Z"},
  };
  for (auto const& row : rows) {
    auto const instant = parse_instant(row.in);
    REQUIRE(instant);
    CHECK(to_string(*instant) == row.out);
  }
  for (auto const* wrong : {"", "2026-11-21", "2026-02-30T00:00:00Z", "2026-11-21T13:04:51",
                            "2026-11-21T13:04:51Zz", "2026-11-21T25:04:51Z"}) {
    CHECK_FALSE(parse_instant(wrong));
  }
}

TEST_CASE("UTF-8 is checked as RFC 3629 defines it") {
  CHECK(is_utf8("Grüße 日本 \xF0\x9F\x98\x80"));
  CHECK_FALSE(is_utf8("\xC0\xAF"));          // overlong
  CHECK_FALSE(is_utf8("\xED\xA0\x80"));      // surrogate
  CHECK_FALSE(is_utf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
  CHECK_FALSE(is_utf8("caf\xE9"));           // ISO 8859-1
}
