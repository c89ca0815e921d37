#include "contract/learner.h"

#include <doctest/doctest.h>

#include "base/file.h"
#include "contract/code_rule.h"
#include "contract/contract_test.h"
#include "contract/profile_file.h"
#include "contract/specification.h"

using namespace sinew;
using namespace sinew::contract;

namespace {

Node const* find_node(MessageProfile const& type, std::string_view path) {
  for (std::uint32_t i = 1; i < type.nodes.size(); ++i) {
    if (path_of(type, i) == path) return &type.nodes[i];
  }
  return nullptr;
}

}  // namespace

TEST_CASE("segments are counted within their groups, and fields within their segments") {
  Learner learner("lab");
  learner.learn(er7({}), {});
  learner.learn(er7({.number = 2, .after_pid = "NTE|1||a\rNTE|2||b\r"}), {});
  auto const* const type = learner.profile().find("ORU^R01");
  REQUIRE(type != nullptr);
  CHECK(type->structure == "ORU_R01");
  CHECK(type->count() == 2);
  auto const* const nte = find_node(*type, "PATIENT_RESULT.PATIENT.NTE");
  REQUIRE(nte != nullptr);
  CHECK(nte->min == 0);  // the first message had none
  CHECK(nte->max == 2);
  CHECK(nte->total == 2);
  CHECK(nte->within == 1);
  auto const* const obx = find_node(*type, "PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION.OBX");
  REQUIRE(obx != nullptr);
  CHECK(obx->fields[4].forms[static_cast<std::size_t>(Form::integer)] == 2);
  CHECK(obx->fields[10].count == 2);
  CHECK(obx->fields[9].count == 0);
}

TEST_CASE("a contract holds no identifier, name, address, date or result") {
  auto const text = print_contract(learned(50, {.value = "13.7"}));
  CHECK(text.find("47110") == text.npos);
  CHECK(text.find("FAMILYNAME") == text.npos);
  CHECK(text.find("GIVENNAME") == text.npos);
  CHECK(text.find("19700203") == text.npos);
  CHECK(text.find("13.7") == text.npos);
  CHECK(text.find("\"F\":25") != text.npos);  // PID-8
  CHECK(text.find("2951-2") != text.npos);    // OBX-3.1, of fifty patients
}

TEST_CASE("what one patient alone has is not written down, even where codes are") {
  Learner learner("lab");
  for (int i = 0; i < 40; ++i) {
    // A sender that puts the record number into the units.
    learner.learn(er7({.number = i, .patient = i % 2, .unit = "UNIT" + std::to_string(i % 2)}), {});
  }
  auto const text = print_contract(learner.profile());
  CHECK(text.find("UNIT0") == text.npos);
  CHECK(text.find("\"otherCodes\":40") != text.npos);
  // The standard's own codes are no secret.
  CHECK(text.find("\"codes\":{\"F\":40}") != text.npos);
  learner.learn(er7({.patient = 3, .unit = "UNIT0"}), {});
  CHECK(print_contract(learner.profile()).find("UNIT0") == text.npos);
  // A third patient: now it is a code.
  learner.learn(er7({.patient = 4, .unit = "UNIT0"}), {});
  CHECK(print_contract(learner.profile()).find("\"UNIT0\":22") != text.npos);
}

TEST_CASE("a code field whose values never repeat is taken for identifiers") {
  Learner learner("lab");
  for (int i = 0; i < 2000; ++i) {
    learner.learn(er7({.number = i, .patient = i, .unit = "U" + std::to_string(i)}), {});
  }
  auto const text = print_contract(learner.profile());
  CHECK(text.find("\"U1\"") == text.npos);
  CHECK(text.find("\"U1999\"") == text.npos);
}

TEST_CASE("memory is bounded whatever a sender makes up") {
  Learner learner("hostile");
  std::string wide = "MSH|^~\\&|A|B|C|D|20260302||ADT^A01|1|P|2.5\rPID";
  for (int field = 0; field < 1000; ++field) {
    wide += "|";
    for (int part = 0; part < 100; ++part) wide += "x&y&z^";
  }
  for (int i = 0; i < 300; ++i) {
    auto const id =
        fmt::format("Z{}{}", static_cast<char>('A' + i / 26 % 26), static_cast<char>('A' + i % 26));
    learner.learn(wide + "\r" + id + "|1\r", {});
    learner.learn(fmt::format("MSH|^~\\&|S{}|B|C|D|20260302||ADT^{:03}|1|P|{}\r", i, i, i), {});
  }
  auto const& profile = learner.profile();
  CHECK(profile.types.size() == kMessageTypesMax);
  CHECK(profile.senders.rows.size() == kCountsMax);
  CHECK(profile.elements <= kElementsMax);
  CHECK(profile.left_out > 0);
  for (auto const& type : profile.types) CHECK(type.nodes.size() <= kNodesMax);
  // And it can still be written and read.
  CHECK(read_contract(print_contract(profile)));
}

TEST_CASE("a contract read back is the same contract") {
  auto const profile = learned(60, {.after_pid = "ZPI|1|a^b\r"});
  auto const text = print_contract(profile);
  auto const again = read_contract(text);
  REQUIRE(again);
  CHECK(print_contract(*again) == text);
  CHECK(compare(*again, profile).empty());
  CHECK(compare(profile, *again).empty());
}

TEST_CASE("learning goes on from a contract as if it had never stopped") {
  auto half = read_contract(print_contract(learned(30)));
  REQUIRE(half);
  Learner learner{*std::move(half)};
  for (int i = 30; i < 60; ++i) {
    LabMessage message;
    message.number = message.patient = i;
    message.sex = i % 2 == 0 ? "F" : "M";
    learner.learn(er7(message), {});
  }
  auto const whole = learned(60);
  auto const* const type = learner.profile().find("ORU^R01");
  REQUIRE(type != nullptr);
  CHECK(type->count() == 60);
  CHECK(find_node(*type, "PATIENT_RESULT.PATIENT.PID")->fields[7].codes->find("M")->count == 30);
  CHECK(compare(whole, learner.profile()).empty());
}

TEST_CASE("what is no contract is refused, and what is odd does no harm") {
  for (
      auto const* const text :
      {"", "[]", "{}", "{\"sinewContract\":2}", "{\"sinewContract\":1,\"messages\":[{}]}",
       R"({"sinewContract":1,"messages":[{"type":"A","segments":[{"segment":"X.PID"}]}]})",
       R"({"sinewContract":1,"messages":[{"type":"A"},{"type":"A"}]})",
       R"({"sinewContract":1,"messages":[{"type":"A","segments":[{"segment":"PID","fields":[{"at":"0"}]}]}]})",
       R"({"sinewContract":1,"messages":[{"type":"A","segments":[{"segment":"PID","fields":[{"at":"1.2.3.4"}]}]}]})",
       R"({"sinewContract":1,"messages":[{"type":"A","segments":[{"segment":"PID","fields":[{"at":"99999"}]}]}]})"}) {
    CAPTURE(text);
    CHECK_FALSE(read_contract(text));
  }
  auto const odd = read_contract(
      R"({"sinewContract":1,"learned":{"messages":-5},"volumes":{"Xxx 99":1,"Mon 25":{}},)"
      R"("messages":[{"type":"A","seen":"many","segments":[{"segment":"PID","total":1e300,)"
      R"("fields":[{"at":"3","seen":99999999999999999999,"length":[9,1,-3]}]}]}]})");
  REQUIRE(odd);
  CHECK(odd->messages == 0);
  CHECK_FALSE(specification(*odd, Page::Format::markdown).empty());
  CHECK(compare(*odd, *odd).empty());
}

TEST_CASE("the form of a value is told from its characters and its type") {
  struct {
    std::string_view value;
    Reading reading;
    bool is_known;
    Form form;
  } const rows[] = {
      {"2026", Reading::date, true, Form::year},
      {"202613", Reading::date, true, Form::integer},  // no such month
      {"20260302", Reading::date, true, Form::day},
      {"20260302101500.123-0500", Reading::date, true, Form::zoned},
      {"20260302101500.12", Reading::date, true, Form::fraction},
      {"20260302", Reading::plain, true, Form::integer},  // the dictionary says NM
      {"20260302", Reading::plain, false, Form::day},     // a Z segment
      {"-1", Reading::plain, true, Form::integer},
      {"-", Reading::plain, true, Form::word},
      {"1.5", Reading::plain, true, Form::decimal},
      {".", Reading::plain, true, Form::word},
      {"<5", Reading::plain, true, Form::word},
      {"two words", Reading::plain, true, Form::text},
      {"1015", Reading::time, true, Form::minute},
  };
  for (auto const& row : rows) {
    CAPTURE(row.value);
    CHECK(to_string(form_of(row.value, row.reading, row.is_known)) == to_string(row.form));
  }
}

TEST_CASE("volumes are counted by the hour of the week, empty hours too") {
  Learner learner("lab");
  // Monday 10:15, then 12:15: an hour with one, an hour with none, and one under way.
  learner.learn(er7({.time = "20260302101500+0000"}), {});
  learner.learn(er7({.time = "20260302121500+0000"}), {});
  auto const& hours = learner.profile().volumes.hours;
  CHECK(hours[10].hours == 1);
  CHECK(hours[10].messages == 1);
  CHECK(hours[11].hours == 1);
  CHECK(hours[11].messages == 0);
  CHECK(hours[11].gap_s == 7200);
  CHECK(hours[12].hours == 0);
  CHECK(hour_of_week({0}) == 3 * 24);  // Thursday
  CHECK(hour_of_week({-1}) == 3 * 24 - 1);
}

TEST_CASE("the time a message was sent is read with its offset") {
  struct {
    std::string time, instant;
  } const rows[] = {
      {"20260302101500", "2026-03-02T10:15:00.000Z"},
      {"20260302101500.5-0500", "2026-03-02T15:15:00.000Z"},
      {"202603021015+0100", "2026-03-02T09:15:00.000Z"},
      {"20260302", "2026-03-02T00:00:00.000Z"},
      {"2026", ""},
      {"99999999", ""},
      {"20260302ABCD", "2026-03-02T00:00:00.000Z"},  // the day is readable
      {"2026030A", ""},
  };
  for (auto const& row : rows) {
    CAPTURE(row.time);
    auto const bytes = er7({.time = row.time});
    auto const message = hl7v2::parse_message(bytes);
    REQUIRE(message);
    auto const at = sent_at(*message);
    CHECK((at ? to_string(*at) : "") == row.instant);
  }
}

TEST_CASE("code rules: by data type, never of people and places to live") {
  using hl7v2::Version;
  struct {
    std::string_view segment;
    std::size_t field;
    bool is_coded;
  } const rows[] = {{"PID", 8, true},   {"PID", 7, false}, {"PID", 19, false},
                    {"PID", 5, false},  {"PV1", 2, true},  {"OBX", 11, true},
                    {"OBX", 14, false}, {"ZPI", 3, false}, {"PID", 25, false}};
  for (auto const& row : rows) {
    CAPTURE(row.segment);
    CAPTURE(row.field);
    CHECK(make_field(Version::v2_5_1, row.segment, row.field).is_coded == row.is_coded);
  }
  CHECK_FALSE(make_part(Version::v2_5_1, "XAD", 6, true).is_coded);  // country
  CHECK(make_part(Version::v2_5_1, "XAD", 7, true).is_coded);
  CHECK_FALSE(make_part(Version::v2_5_1, "CX", 1, true).is_coded);
  CHECK(make_part(Version::v2_5_1, "CX", 5, true).is_coded);
  CHECK(make_part(Version::v2_5_1, "CWE", 1, true).is_coded);
  CHECK_FALSE(make_part(Version::v2_5_1, "CWE", 2, true).is_coded);
  CHECK_FALSE(is_code_like(std::string(kCodeBytesMax + 1, 'x')));
  CHECK_FALSE(is_code_like("the patient was seen today"));
}

TEST_CASE("a specification names fields by the dictionary, in both formats") {
  auto const profile = learned(20, {.after_pid = "ZPI|1|<b>|x\r"});
  auto const page = specification(profile, Page::Format::markdown);
  CHECK(page.find("| PID-8 | Administrative Sex | IS | R | 100 %") != page.npos);
  CHECK(page.find("OBX|<SI>|NM|2951-2^<ST>^LN||") != page.npos);
  auto const html = specification(profile, Page::Format::html);
  CHECK(html.find("<td>Administrative Sex</td>") != html.npos);
  CHECK(html.find("<b>") == html.npos);
}

TEST_CASE("every message of the corpus is learned, and the contract agrees with itself") {
  std::string const folder = std::string(SINEW_SOURCE_DIR) + "/../shared/corpora/hl7v2/msg";
  auto const files = list_files(folder);
  if (!files) {
    MESSAGE("skipped: no corpus beside the sources");
    return;
  }
  Learner learner("corpus");
  std::vector<std::string> all;
  for (auto const& file : *files) {
    all.push_back(*read_file(folder + "/" + file));
    learner.learn(all.back(), {});
  }
  CHECK(learner.profile().messages + learner.profile().unreadable == all.size());
  auto const text = print_contract(learner.profile());
  auto const again = read_contract(text);
  REQUIRE(again);
  CHECK(print_contract(*again) == text);
  auto drifts = compare(learner.profile(), learner.profile());
  CHECK(drifts.empty());
}
