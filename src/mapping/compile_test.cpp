#include <doctest/doctest.h>

#include "mapping/expression.h"
#include "mapping/tables_test.h"

using namespace sinew;
using namespace sinew::mapping;

namespace {

std::vector<std::string> mistakes(std::vector<Layer> const& layers) {
  std::vector<std::string> out;
  for (auto const& issue : compile(layers).issues) {
    if (issue.severity == Severity::error) out.push_back(issue.where + ": " + issue.what);
  }
  return out;
}

Layer with_patient_row(std::string row) {
  auto layer = layer_of("base", {{"message/ADT_A01.tsv",
                                  "id!source!resource!use\npatient!PID!Patient!PID.Patient\n"}});
  layer.files.push_back(
      {"segment/PID.Patient.tsv", table_of("id!source!target!as!when!note\n" + row + "\n")});
  return layer;
}

}  // namespace

TEST_CASE("the built-in tables have no mistake") {
  auto const found = mistakes({built_in_layer()});
  for (auto const& text : found) MESSAGE(text);
  CHECK(found.empty());
}

TEST_CASE("a mistake in a row is reported with its file and line") {
  struct {
    char const* row;
    char const* says;
  } const rows[] = {
      {"a!PID-8!gendre", "Patient has no element `gendre`"},
      {"a!PID-8!name.familly", "HumanName has no element `familly`"},
      {"a!PID-300!birthDate", "PID has no field 300"},
      {"a!QQQ-3!birthDate", "no version has a segment QQQ"},
      {"a!PID-!birthDate", "`PID-` is not a source path"},
      {"a!PID-7!birthDate!upper(it", "expected `,` or `)`, found nothing"},
      {"a!PID-7!birthDate!uper(it)", "unknown name `uper`"},
      {"a!PID-7!birthDate!!PID-8", "expected a comparison, found nothing"},
      {"a!PID-7!birthDate!!PID-8 = 'M' nor", "expected `and`, `or` or the end of the condition"},
      {"a!PID-7!birthDate!'abc", "a literal has no closing quote"},
      {"a!!gender!'masculine'", "`masculine` is not in"},
      {"a!!birthDate!'yesterday'", "`yesterday` is no date"},
      {"a!PID-8!gender!map(NoSuch)", "there is no table code/NoSuch"},
      {"a!PID-5!name", "there is no table type/XPN.HumanName"},
      {"a!PID-5!name!XPN.Nothing", "there is no table type/XPN.Nothing"},
      {"a!PID-7!birthDate[x]", "holds one value and takes no tag"},
      {"a!PID-7!extension[nothing].valueDate", "extension.tsv has no `nothing`"},
      {"a!PID-7!extension.valueDate", "an extension needs its name"},
      {"a!!generalPractitioner!ref Nobody", "no message table makes a resource `Nobody`"},
      {"a!PID-3!generalPractitioner", "a Reference needs `new`, `ref` or `refs`"},
      {"a!!managingOrganization!ref Patient", "does not refer to a Patient"},
      {"a!PID-3!-", "the reason is missing"},
      {"a!!birthDate", "neither a source nor a value"},
      {"a!PID-8!communication.preferred", "needs `language`"},
      {"a!PID-7!birthDate\na!PID-7!deceasedBoolean", "stands in line 2 already"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.row);
    auto const found = mistakes({with_patient_row(row.row)});
    REQUIRE_FALSE(found.empty());
    bool const said = std::ranges::any_of(found, [&](std::string const& text) {
      return text.starts_with("segment/PID.Patient.tsv:") &&
             text.find(row.says) != std::string::npos;
    });
    CAPTURE(found[0]);
    CHECK(said);
  }
}

TEST_CASE("every mistake is reported, not only the first") {
  auto const found = mistakes({with_patient_row("a!PID-8!gendre\nb!PID-300!birthDate\nc!!x!'y'")});
  CHECK(found.size() == 3);
}

TEST_CASE("a resource whose required elements nothing gives does not load") {
  auto const layer = layer_of(
      "base", {{"message/ORU_R01.tsv",
                "id!source!resource!use\n"
                "o!PATIENT_RESULT.ORDER_OBSERVATION.OBSERVATION.OBX!Observation!OBX.Observation\n"},
               {"segment/OBX.Observation.tsv", "id!source!target!as\nv!OBX-5!valueString\n"}});
  auto found = mistakes({layer});
  REQUIRE(found.size() == 2);
  CHECK(found[0].find("needs `code`") != std::string::npos);
  CHECK(found[1].find("needs `status`") != std::string::npos);
  auto policies = layer_of("policies", {{"required/all.tsv",
                                         "id!path!policy\na!Observation.code!absent\n"
                                         "b!Observation.status!'unknown'\n"}});
  CHECK(mistakes({layer, policies}).empty());
}

TEST_CASE("a policy has to be one that R4 allows") {
  auto base = with_patient_row("a!PID-7!birthDate");
  for (auto const* row :
       {"a!Patient.birthDate!drop", "a!Nothing.at.all!drop", "a!Observation.status!'finished'",
        "a!DocumentReference.content!absent"}) {
    CAPTURE(row);
    auto policies = layer_of("p", {});
    policies.files.push_back(
        {"required/x.tsv", table_of("id!path!policy\n" + std::string(row) + "\n")});
    CHECK(mistakes({base, policies}).size() == 1);
  }
}

TEST_CASE("an overlay replaces, deletes and adds rows, and each rule knows its layer") {
  auto const base = with_patient_row("birth!PID-7!birthDate\ndead!PID-30!deceasedBoolean");
  auto const site = layer_of("site", {{"segment/PID.Patient.tsv",
                                       "id!source!target!as\nbirth!PID-29!birthDate\n-dead\n"
                                       "sex!PID-8!gender!lower(it)\n"}});
  auto const compiled = compile(std::vector{base, site});
  REQUIRE(compiled.program);
  auto const run = run_text(*compiled.program,
                            "MSH|^~\\&|A|B|||20240101||ADT^A01^ADT_A01|1|P|2.5.1\r"
                            "PID|1||1||||19700101|MALE|||||||||||||||||||||19990101|Y\r");
  auto const patient = run.resource("Patient");
  CHECK(patient.find("\"birthDate\":\"1999-01-01\"") != std::string::npos);
  CHECK(patient.find("deceased") == std::string::npos);
  CHECK(patient.find("\"gender\":\"male\"") != std::string::npos);
  REQUIRE_FALSE(run.output.leaves.empty());
  auto const info = rule_info(*compiled.program, run.output.leaves[0].rule);
  CHECK(info.layer == "site");
}

TEST_CASE("the same tables have the same digest, others another") {
  auto const a = compile(std::vector{with_patient_row("a!PID-7!birthDate")});
  auto const b = compile(std::vector{with_patient_row("a!PID-7!birthDate")});
  auto const c = compile(std::vector{with_patient_row("b!PID-7!birthDate")});
  REQUIRE(a.program);
  REQUIRE(c.program);
  CHECK(digest(*a.program) == digest(*b.program));
  CHECK(digest(*a.program) != digest(*c.program));
}

TEST_CASE("an expression that nests too deep is refused") {
  std::string deep;
  for (int i = 0; i < 10'000; ++i) deep += "upper(";
  CHECK_FALSE(parse_expression(deep));
  CHECK_FALSE(parse_condition(std::string(10'000, '(')));
}

TEST_CASE("tables that run or spread themselves are refused") {
  auto base = with_patient_row("a!PID-5!name!XPN.HumanName");
  auto const own =
      layer_of("x", {{"type/XPN.HumanName.tsv", "id!source!target!as\na!.!$this!XPN.HumanName\n"}});
  CHECK_FALSE(mistakes({base, own}).empty());
  auto const own_part = layer_of(
      "x", {{"type/XPN.HumanName.tsv",
             "id!source!target!as\na!.1!period.extension[x].valueHumanName!XPN.HumanName\n"},
            {"extension.tsv", "name!url\nx!http://x\n"}});
  CHECK_FALSE(mistakes({base, own_part}).empty());
}
