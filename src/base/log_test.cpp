#include "base/log.h"

#include <doctest/doctest.h>

#include <limits>
#include <type_traits>

#include "base/phi.h"

using namespace sinew;

static_assert(!std::is_constructible_v<LogValue, Phi<std::string>>);
static_assert(!std::is_constructible_v<LogValue, Phi<std::string_view>>);
static_assert(!std::is_constructible_v<LogValue, Phi<int>>);
static_assert(!std::is_constructible_v<LogValue, void*>, "a pointer would print as true");
static_assert(!std::is_convertible_v<Phi<std::string>, std::string>);

TEST_CASE("a log line is one JSON object on one line") {
  CHECK(log_line({0}, Level::info, "mllp listening",
                 {{"host", "127.0.0.1"}, {"port", std::uint16_t{2575}}, {"tls", true}}) ==
        R"({"time":"1970-01-01T00:00:00.000Z","level":"info","event":"mllp listening",)"
        R"("host":"127.0.0.1","port":2575,"tls":true})"
        "\n");
}

TEST_CASE("a log field cannot break out of its line or of JSON") {
  auto const line = log_line({0}, Level::error, "x", {{"a", "1\"\n\\\x0B\x7F"}});
  CHECK(line.find(R"("a":"1\"\u000a\\\u000b\u007f"})") != std::string::npos);
  CHECK(line.find('\n') == line.size() - 1);
}

TEST_CASE("numbers and bad bytes stay valid JSON") {
  std::string const owned = "owned";
  struct {
    LogValue value;
    std::string_view json;
  } const rows[] = {
      {0.25, "0.25"},
      {std::numeric_limits<double>::infinity(), "null"},
      {std::numeric_limits<std::uint64_t>::max(), "18446744073709551615"},
      {-7, "-7"},
      {"caf\xE9", "\"caf\xEF\xBF\xBD\""},
      {"日本", "\"日本\""},
      {owned, "\"owned\""},
  };
  for (auto const& row : rows) {
    auto const line = log_line({0}, Level::info, "x", {{"v", row.value}});
    CHECK(line.substr(line.find("\"v\":") + 4) == std::string(row.json) + "}\n");
  }
}

TEST_CASE("a log field is cut at its limit") {
  auto const line = log_line({0}, Level::info, "x", {{"v", std::string(5000, 'a')}});
  CHECK(line.size() < 4300);
}

TEST_CASE("levels have names and a threshold") {
  CHECK(parse_level("warning") == Level::warning);
  CHECK_FALSE(parse_level("loud"));
  CHECK(to_string(Level::debug) == "debug");
  CHECK(is_logged(Level::info));
  CHECK_FALSE(is_logged(Level::debug));
  set_log_level(Level::error);
  CHECK_FALSE(is_logged(Level::warning));
  set_log_level(Level::info);
}
