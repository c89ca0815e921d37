#include "wire/hl7v2/text.h"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <vector>

using namespace sinew::hl7v2;

namespace {

std::string decode(std::string_view raw, Charset const& charset = {}) {
  std::string out;
  append_text(out, raw, Delimiters{}, charset);
  return out;
}

/// PID-5 of a message with that MSH-18, as UTF-8.
std::string name_in(std::string_view character_set, std::string_view raw) {
  std::string text = "MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.5.1||||||";
  text += character_set;
  text += "\rPID|1||1||";
  text += raw;
  text += "|X\r";
  auto const message = parse_message(text);
  REQUIRE(message);
  CHECK(message->first("PID", 6) == "X");
  std::string out;
  append_text(out, message->first("PID", 5), message->delimiters(), Charset::of(*message));
  return out;
}

}  // namespace

TEST_CASE("escape sequences are resolved, and what is none keeps its bytes") {
  struct {
    std::string_view raw, text, why;
  } const rows[] = {
      {"a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\f", "a|b^c&d~e\\f", "delimiters"},
      {"\\P\\", "#", "truncation"},
      {"one\\.br\\two", "one\ntwo", "line break"},
      {"a\\.sp2\\b\\.sp\\c", "a\n\nb\nc", "vertical space"},
      {"a\\.sk3\\b", "a   b", "skip"},
      {"\\.in+4\\a\\.ti-2\\b\\.fi\\c\\.nf\\d\\.ce\\e", "abcd\ne", "formatting"},
      {"\\H\\bold\\N\\", "bold", "highlighting"},
      {"\\X0D\\", "\r", "hexadecimal"},
      {"\\X41424a\\", "ABJ", "hexadecimal, several"},
      {"\\XE38182\\", "\xE3\x81\x82", "one character in UTF-8"},
      {"\\XE3\\\\X81\\\\X82\\", "\xE3\x81\x82", "one character in three sequences"},
      {"\\X000d\\", "\r", "as HAPI writes it"},
      {"\\X00D\\", "\r", "as HL7-dotnetcore writes it"},
      {"C:\\dir\\file", "C:\\dir\\file", "a path"},
      {"50\\% of \\F\\", "50\\% of |", "a stray escape character"},
      {"\\Zxx\\", "\\Zxx\\", "locally defined"},
      {"\\X4G\\", "\\X4G\\", "not hexadecimal"},
      {"\\f\\", "\\f\\", "case matters"},
      {"open\\", "open\\", "unclosed"},
      {"\\", "\\", "alone"},
      {"\\\\", "\\\\", "empty"},
      {"\\.sp999999999999\\", "\\.sp999999999999\\", "absurd count"},
      {"", "", "empty"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.why);
    CHECK(decode(row.raw) == row.text);
  }
  CHECK(decode("\\.sp100000\\").size() == 200);
}

TEST_CASE("the delimiters of the message are the ones that escapes mean") {
  std::string out;
  append_text(out, "a@F@b@S@c@E@", Delimiters{'#', '*', '!', '@', '%', '\0'}, {});
  CHECK(out == "a#b*c@");
}

TEST_CASE("escaping and reading again gives the text") {
  Delimiters const kinds[] = {{}, {'#', '*', '!', '@', '%', '~'}};
  for (auto const& delimiters : kinds) {
    for (std::string_view const text :
         {"plain", "a|b^c&d~e\\f#*!@%", "line\r\nline\ttab", "\\F\\", "Zo\xC3\xAB", "\\.br\\"}) {
      std::string escaped;
      append_escaped(escaped, text, delimiters);
      CHECK(escaped.find(delimiters.field) == std::string::npos);
      CHECK(escaped.find('\r') == std::string::npos);
      std::string back;
      append_text(back, escaped, delimiters, {});
      CHECK(back == text);
    }
  }
}

TEST_CASE("character sets of table 0211 are left for UTF-8") {
  struct {
    std::string_view set, raw, text;
  } const rows[] = {
      {"", "Zo\xEB", "Zoë"},      // none declared, not UTF-8
      {"", "Zo\xC3\xAB", "Zoë"},  // none declared, UTF-8
      {"ASCII", "Zoe", "Zoe"},
      {"ASCII", "Zo\xEB", "Zoë"},  // ASCII declared, and it is not
      {"8859/1", "Zo\xEB", "Zoë"},
      {"8859/1", "Zo\xC3\xAB", "Zoë"},           // labelled 8859/1, sent as UTF-8
      {"8859/1", "\x93quoted\x94", "“quoted”"},  // Windows-1252 under its usual label
      {"8859/2", "Dvo\xF8\xE1k", "Dvořák"},
      {"8859/5", "\xB8\xD2\xD0\xDD", "Иван"},
      {"8859/7", "\xC3\xE9\xFE\xF1\xE3\xEF\xF2", "Γιώργος"},
      {"8859/15", "\xA4", "€"},
      {"UNICODE UTF-8", "Zo\xC3\xAB", "Zoë"},
      {"UNICODE UTF-8", "Zo\xEB!", "Zo\xEF\xBF\xBD!"},
      {"UNICODE UTF-8", "\xE3\x81", "\xEF\xBF\xBD"},
      {"KS X 1001", "\xC8\xAB\xB1\xE6\xB5\xBF", "홍길동"},
      {"GB 18030-2000", "\xCD\xF5\xD0\xA1\xB6\xAB", "王小东"},
      {"GB 18030-2000", "\x81\x7C\x81\x5E", "亅乛"},      // trail bytes | and ^
      {"GB 18030-2000", "\x81\x30\x81\x30", "\xC2\x80"},  // four bytes
      {"BIG-5", "\xA4\xFD\xA5\x5C", "王功"},              // trail byte backslash
      {"~ISO IR87", "YAMADA^TAROU^^^^^L^A~\x1B$B;3ED\x1B(B^\x1B$BB@O:\x1B(B^^^^^L^I",
       "YAMADA^TAROU^^^^^L^A~山田^太郎^^^^^L^I"},
      {"ISO IR6~ISO IR87", "\x1B$BF|K\\\x1B(B", "日本"},  // | and the escape character inside
      {"~ISO IR159", "\x1B$(D0!\x1B(B", "丂"},
      {"~ISO IR13", "\x1B(I1\x1B(B", "ｱ"},
      {"ISO IR13", "\xB1\xB2", "ｱｲ"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.set);
    CAPTURE(row.text);
    CHECK(name_in(row.set, row.raw) == row.text);
  }
}

TEST_CASE("a code switch in an escape sequence is obeyed") {
  CHECK(decode("\\M2442\\;3ED\\C2842\\ Tarou") == "山田 Tarou");
  CHECK(decode("\\C2849\\1\\C2842\\") == "ｱ");
}

TEST_CASE("a message in UTF-16 is read by way of UTF-8") {
  std::string_view const text = "MSH|^~\\&|A\rPID|1||Zoë\r";
  for (bool const big : {false, true}) {
    for (bool const marked : {false, true}) {
      std::string wide;
      auto put = [&](char16_t unit) {
        auto const high = static_cast<char>(unit >> 8);
        auto const low = static_cast<char>(unit & 0xFF);
        wide += big ? high : low;
        wide += big ? low : high;
      };
      if (marked) put(0xFEFF);
      for (char16_t const unit : std::u16string_view(u"MSH|^~\\&|A\rPID|1||Zoë\r")) put(unit);
      auto const message = parse_message(wide);
      REQUIRE(message);
      CHECK(message->is_transcoded());
      CHECK(message->bytes() == text);
      CHECK(message->first("PID", 3) == "Zoë");
    }
  }
}

TEST_CASE("a wrong label is told") {
  auto const message = parse_message("MSH|^~\\&|A|||||||||||||||8859/1\rPID|1||Zo\xC3\xAB\r");
  REQUIRE(message);
  CHECK(Charset::of(*message).is_mislabelled());
  CHECK(Charset::of(*message).name() == "8859/1");
  // A person who overrides is believed.
  std::string out;
  Charset::of(*message, "8859/1").append_utf8(out, "\xC3\xAB");
  CHECK(out == "Ã«");
}

TEST_CASE("text without escapes and accents is not copied") {
  std::string scratch;
  std::string_view const raw = "plain";
  CHECK(text_of(raw, {}, {}, scratch).data() == raw.data());
  CHECK(text_of("a\\T\\b", {}, {}, scratch) == "a&b");
}

TEST_CASE("threads decode side by side") {
  std::vector<std::thread> threads;
  std::vector<int> wrong(4);
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    threads.emplace_back([&wrong, i] {
      auto const message = parse_message("MSH|^~\\&|A|||||||||||||||KS X 1001\rPID|1\r");
      auto const charset = Charset::of(*message);
      for (int k = 0; k < 200; ++k) {
        std::string out;
        append_text(out, "\xC8\xAB\xB1\xE6\xB5\xBF", Delimiters{}, charset);
        wrong[i] += out != "홍길동";
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (int const count : wrong) CHECK(count == 0);
}
