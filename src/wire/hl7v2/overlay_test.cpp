#include "wire/hl7v2/overlay.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <string>

#include "base/file.h"
#include "wire/hl7v2/batch.h"

using namespace sinew;
using namespace sinew::hl7v2;

namespace {

constexpr std::string_view kMessage =
    "MSH|^~\\&|LAB|H|||20260101||ORU^R01|1|P|2.5||||||8859/1\r\n"
    "PID|1||4711^^^HOSP~5^^^TEST||A\\T\\B^C||19700101|M|||\r\n"
    "OBX|1|NM|x||1^2&3^||\r\n"
    "OBX|2|NM|y||5\r\n"
    "ZPI|a";

struct Edited {
  explicit Edited(std::string_view text) : bytes(text) {
    auto parsed = parse_message(bytes);
    REQUIRE(parsed);
    message = *std::move(parsed);
  }
  std::string bytes;
  Message message;
};

std::string after_set(std::string_view path, std::string_view text) {
  Edited const edited(kMessage);
  Overlay overlay(edited.message);
  auto const set = overlay.set_text(*parse_path(path), text);
  REQUIRE_MESSAGE(set, (set ? "" : to_string(set.error())));
  return overlay.write();
}

/// The line that begins with `start`, without its terminator.
std::string line_of(std::string const& text, std::string_view start) {
  auto const begin = text.find(start);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_first_of("\r\n", begin) - begin);
}

Error failure(std::string_view path, std::string_view text) {
  Edited const edited(kMessage);
  Overlay overlay(edited.message);
  auto const set = overlay.set_text(*parse_path(path), text);
  REQUIRE_FALSE(set);
  CHECK_FALSE(overlay.is_edited());
  CHECK(overlay.write() == kMessage);
  return set.error();
}

template <class Each>
void for_each_corpus_message(Each const& each) {
  std::string const root = std::string(SINEW_SOURCE_DIR) + "/../shared/corpora/";
  for (auto const* folder : {"hl7v2/", "v2fhir/"}) {
    auto const list = list_files(root + folder);
    if (!list) {
      std::printf("skipped: no corpus at %s%s\n", root.c_str(), folder);
      continue;
    }
    for (auto const& name : *list) {
      if (!name.ends_with(".hl7") && !name.ends_with(".hl7v2")) continue;
      auto const text = read_file(root + folder + name);
      auto const batch = text ? split_batch(*text) : Result<Batch>(fail(ErrorCode::invalid, ""));
      if (!batch) continue;
      for (auto const& message : batch->messages) each(name, message.bytes);
    }
  }
}

}  // namespace

TEST_CASE("an edit changes its place and nothing else") {
  struct {
    std::string_view path, text, line;
  } const rows[] = {
      {"PID-8", "F", "PID|1||4711^^^HOSP~5^^^TEST||A\\T\\B^C||19700101|F|||"},
      {"PID-3[2].1", "9", "PID|1||4711^^^HOSP~9^^^TEST||A\\T\\B^C||19700101|M|||"},
      {"PID-3.4", "Q", "PID|1||4711^^^Q~5^^^Q||A\\T\\B^C||19700101|M|||"},
      {"PID-3[4].2", "z", "PID|1||4711^^^HOSP~5^^^TEST~~^z||A\\T\\B^C||19700101|M|||"},
      {"PID-5.1.2", "u", "PID|1||4711^^^HOSP~5^^^TEST||A\\T\\B&u^C||19700101|M|||"},
      {"PID-13.1", "(1)", "PID|1||4711^^^HOSP~5^^^TEST||A\\T\\B^C||19700101|M|||||(1)"},
      {"PID-5.1", "x|y^z&\\",
       "PID|1||4711^^^HOSP~5^^^TEST||x\\F\\y\\S\\z\\T\\\\E\\^C||19700101|M|||"},
      {"PID-5.1", "a\nb", "PID|1||4711^^^HOSP~5^^^TEST||a\\.br\\b^C||19700101|M|||"},
      {"OBX[1]-5.2.3", "k", "OBX|1|NM|x||1^2&3&k^||"},
      {"MSH-3", "ME", "MSH|^~\\&|ME|H|||20260101||ORU^R01|1|P|2.5||||||8859/1"},
      {"ZPI-3", "c", "ZPI|a||c"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.path);
    auto const out = after_set(row.path, row.text);
    auto const was = line_of(std::string(kMessage), row.line.substr(0, 5));
    auto expected = std::string(kMessage);
    expected.replace(expected.find(was), was.size(), row.line);
    CHECK(out == expected);
  }
}

TEST_CASE("what is not numbered means every one that is there") {
  auto const out = after_set("OBX-11", "F");
  CHECK(line_of(out, "OBX|1") == "OBX|1|NM|x||1^2&3^||||||F");
  CHECK(line_of(out, "OBX|2") == "OBX|2|NM|y||5||||||F");
  CHECK(after_set("PV1-2", "I") == kMessage);
  CHECK(after_set("PID-8", "M") == kMessage);
}

TEST_CASE("a value is written in the character set of the message, or refused") {
  CHECK(line_of(after_set("PID-5.2", "M\xC3\xBCller"), "PID").find("^M\xFCller|") !=
        std::string::npos);
  CHECK(failure("PID-5.2", "\xE6\x97\xA5").what.find("8859/1") != std::string::npos);
  CHECK(failure("PID-5.2", "\xFF").code == ErrorCode::invalid);
  CHECK(failure("MSH-2", "^~").code == ErrorCode::invalid);
  CHECK(failure("MSH-1", "#").code == ErrorCode::invalid);
  CHECK(failure("PID-99999", "x").code == ErrorCode::invalid);
  CHECK(failure("PID", "x").code == ErrorCode::invalid);
}

TEST_CASE("raw bytes may not reach beyond their place") {
  Edited const edited(kMessage);
  Overlay overlay(edited.message);
  auto const raw = [&](char const* path, char const* bytes) {
    return bool(overlay.set_raw(*parse_path(path), bytes));
  };
  CHECK_FALSE(raw("PID-4", "a|b"));
  CHECK_FALSE(raw("PID-4", "a\rPV1|x"));
  CHECK_FALSE(raw("PID-4", "a\nPV1|x"));
  CHECK_FALSE(raw("PID-4.1", "a^b"));
  CHECK_FALSE(raw("PID-4[1]", "a~b"));
  CHECK_FALSE(raw("PID-4.1.1", "a&b"));
  CHECK_FALSE(overlay.is_edited());
  CHECK(raw("PID-4", "a^b~c&d"));
  CHECK(line_of(overlay.write(), "PID").starts_with("PID|1||4711^^^HOSP~5^^^TEST|a^b~c&d|"));
}

TEST_CASE("segments and repetitions are removed, and put in") {
  Edited const edited(kMessage);
  Overlay overlay(edited.message);
  CHECK(*overlay.remove(*parse_path("PID-3[1]")) == 1);
  CHECK(*overlay.remove(*parse_path("OBX[1]")) == 1);
  CHECK(*overlay.remove(*parse_path("PID-7")) == 1);
  CHECK_FALSE(overlay.remove(*parse_path("MSH")));
  CHECK(overlay.segment_count() == 4);
  REQUIRE(overlay.insert_segment(2, "PV1"));
  CHECK_FALSE(overlay.insert_segment(0, "PV1"));
  CHECK_FALSE(overlay.insert_segment(1, "pv1"));
  CHECK_FALSE(overlay.insert_segment(1, "MSH"));
  CHECK(*overlay.set_text(*parse_path("PV1-2"), "I") == 1);
  REQUIRE(overlay.insert_segment(overlay.segment_count(), "ZZZ"));
  CHECK(overlay.write() ==
        "MSH|^~\\&|LAB|H|||20260101||ORU^R01|1|P|2.5||||||8859/1\r\n"
        "PID|1||5^^^TEST||A\\T\\B^C|||M|||\r\n"
        "PV1||I\r\n"
        "OBX|2|NM|y||5\r\n"
        "ZPI|a\r\n"
        "ZZZ\r\n");
  CHECK(overlay.find_all(*parse_path("PV1-2")).front().bytes == "I");
}

TEST_CASE("a message that was transcoded is edited in UTF-8, and says so") {
  // Kanji of ISO 2022 in the name: its bytes look like delimiters.
  Edited const edited(
      "MSH|^~\\&|A|B|||20260101||ADT^A01|1|P|2.5||||||~ISO IR87\rPID|1||1||\x1B$B;3ED\x1B(B^T\r");
  REQUIRE(edited.message.is_transcoded());
  Overlay overlay(edited.message);
  REQUIRE(overlay.set_text(*parse_path("PID-8"), "F"));
  CHECK(overlay.write() ==
        "MSH|^~\\&|A|B|||20260101||ADT^A01|1|P|2.5||||||UNICODE UTF-8\rPID|1||1||"
        "\xE5\xB1\xB1\xE7\x94\xB0^T|||F\r");
}

TEST_CASE("messages of the corpora: no edit is the same bytes, one edit changes one field") {
  std::size_t messages = 0;
  std::size_t edits = 0;
  for_each_corpus_message([&](std::string const& name, std::string_view bytes) {
    CAPTURE(name);
    auto const message = parse_message(bytes);
    REQUIRE(message);
    ++messages;
    Overlay const untouched(*message);
    CHECK(untouched.write() == message->bytes());
    if (message->is_transcoded()) return;
    // A few places of every message, spread over it.
    auto const step = std::max<std::size_t>(1, message->segment_count() / 4);
    for (std::size_t i = 0; i < message->segment_count(); i += step) {
      auto const count = message->field_count(i);
      for (auto const number : {std::size_t{3}, count, count + 2}) {
        if (number < 3) continue;
        CAPTURE(i);
        CAPTURE(number);
        Overlay overlay(*message);
        Path path;
        path.segment = message->segment_id(i);
        path.field = number;
        REQUIRE(overlay.set_raw(i, path, "EDITED"));
        auto const out = overlay.write();
        auto const again = parse_message(out);
        REQUIRE(again);
        REQUIRE(again->segment_count() == message->segment_count());
        ++edits;
        for (std::size_t k = 0; k < message->segment_count(); ++k) {
          if (k != i) {
            CHECK(again->segment_bytes(k) == message->segment_bytes(k));
            continue;
          }
          for (std::size_t n = 1; n <= std::max(count, number); ++n)
            CHECK(again->field(k, n) == (n == number ? "EDITED" : message->field(k, n)));
        }
        // And back again: the bytes of before, if the field was there.
        if (number > count) continue;
        REQUIRE(overlay.set_raw(i, path,
                                message->field(i, number).find('\n') == std::string::npos
                                    ? message->field(i, number)
                                    : "x"));
        if (message->field(i, number).find('\n') == std::string::npos)
          CHECK(overlay.write() == bytes);
      }
    }
  });
  std::printf("corpora: %zu messages, %zu edits\n", messages, edits);
}
