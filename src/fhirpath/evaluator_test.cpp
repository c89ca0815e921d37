#include "fhirpath/evaluator.h"

#include <doctest/doctest.h>

#include <array>
#include <thread>

#include "fhirpath/location.h"

namespace sinew::fhirpath {
namespace {

json::Document parse(std::string_view text) {
  auto document = json::Document::parse(std::string(text));
  REQUIRE(document);
  return *std::move(document);
}

constexpr std::string_view kPatient = R"({"resourceType":"Patient","id":"p",
"extension":[{"url":"http://e/age","valueAge":{"value":7,"code":"a"}}],
"name":[{"given":["Ada",null,"Eve"],"_given":[null,{"extension":[{"url":"x","valueCode":"y"}]}]}],
"deceasedDateTime":"2020-01-31","_birthDate":{"id":"b"},
"multipleBirthInteger":2,"managingOrganization":{"reference":"#o"},
"generalPractitioner":[{"reference":"Practitioner/9"}],
"contained":[{"resourceType":"Organization","id":"o","name":"Contained"}]})";

/// The result as JSON texts with spaces between; the error's text behind '!'.
std::string run(std::string_view text, std::string_view resource = kPatient,
                Environment const& environment = {}, CompileOptions const& options = {}) {
  auto const document = parse(resource);
  auto const expression = Expression::compile(text, options);
  if (!expression) return "!" + to_string(expression.error());
  Evaluator evaluator(environment);
  auto const items = evaluator.evaluate(*expression, document.root());
  if (!items) return "!" + to_string(items.error());
  std::string out;
  for (auto const& item : *items) out += (out.empty() ? "" : " ") + json_of(item);
  return out;
}

TEST_CASE("expressions on a patient") {
  struct {
    std::string_view expression, result;
  } const rows[] = {
      {"name.given", R"("Ada" {"extension":[{"url":"x","valueCode":"y"}]} "Eve")"},
      {"name.given.count()", "3"},
      {"name.given[1].hasValue()", "false"},
      {"name.given.extension('x').value", R"("y")"},
      {"name.given.where($this = 'Eve')", R"("Eve")"},
      {"birthDate.exists()", "true"},
      {"birthDate.id", R"("b")"},
      {"birthDate = @2020", "false"},
      {"deceased is dateTime", "true"},
      {"deceased + 1 month", R"("2020-02-29")"},
      {"multipleBirth * 2.50", "5.00"},
      {"managingOrganization.resolve().name", R"("Contained")"},
      {"generalPractitioner.resolve()", ""},
      {"generalPractitioner.getReferenceKey(Practitioner)", R"("Practitioner/9")"},
      {"getResourceKey()", R"("Patient/p")"},
      {"extension('http://e/age').value is Quantity", "true"},
      {"0.1 + 0.2 = 0.3", "true"},
      {"9999999999999999999999999999999999999.0 * 100", ""},
      {"2147483647 + 1", ""},
      {"1.0 / 3", "0.3333333333333333"},
      {"'a\\u00e9b'.length()", "3"},
      {"(1 | 2 | 3).aggregate($total + $this, 0)", "6"},
      {"name.defineVariable('g', given).select(%g.first())", R"("Ada")"},
      {"%resource.id | %rootResource.id | %context.id", R"("p")"},
      {"1 year = 12 months", "true"},
      {"1 year = 365 days", ""},
      {"100 'Cel' > 200 '[degF]'", "true"},
      {"1 'mg' = 1 's'", ""},
      {"@2012-01-01T10:00:00Z < @2012-01-03T10:00:00", "true"},
      {"@2012-01-01T10:00:00Z < @2012-01-01T12:00:00", ""},
      {"'ab'.replaceMatches('(a)(b)', '$2$1')", R"("ba")"},
      {"deceasedDateTime", ""},
      {"name.$this.given.first()", R"("Ada")"},
      {"(1 | 2).aggregate(iif($total.empty(), $this, $this + $total.$this))", "3"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.expression);
    CHECK(run(row.expression) == row.result);
  }
}

TEST_CASE("an error names its place and none of the data") {
  struct {
    std::string_view expression, error;
  } const rows[] = {
      {"name.\n given +", "!line 2, column 9: expected a value, found the end"},
      {"name.foo()", "!line 1, column 6: there is no function foo()"},
      {"name.given.single()", "!line 1, column 12: single() found several items"},
      {"name.given + 'x'", "!line 1, column 12: expected a single item, found several"},
      {"%nothing", "!line 1, column 1: there is no variable %nothing"},
      {"now()", "!line 1, column 1: the evaluation was given no clock"},
      {"'a'.matches('(?=b)')",
       "!line 1, column 13: cannot use the regular expression: invalid perl operator: (?="},
      {"substring()", "!line 1, column 1: substring() takes 1 to 2 arguments, not 0"},
      {"@2012-13-01", "!line 1, column 1: there is no such date or time"},
      {"name.$index", "!line 1, column 6: expected a name after '.', found 'index'"},
      {"'\\x'", "!line 1, column 2: there is no such escape in a text"},
  };
  for (auto const& row : rows) CHECK(run(row.expression) == row.error);
}

TEST_CASE("strict mode refuses what the types rule out, and nothing else") {
  CompileOptions strict;
  strict.is_strict = true;
  strict.context = fhir::find_type("Patient");
  for (std::string_view const good :
       {"name.given", "Patient.deceased.as(dateTime)", "Resource.id", "contact.name.family",
        "name.where(use = 'x').period.start", "contained.anything.goes", "(1 | 'a').count()",
        "descendants().whatever", "%resource.foo", "name.select(given | family).first()",
        "extension('u').value.code", "iif(active, name, contact.name).family"}) {
    CAPTURE(good);
    CHECK(Expression::compile(good, strict));
  }
  for (std::string_view const bad :
       {"nam", "Patient.name.givn", "Observation.status", "deceasedDateTime",
        "name.startsWith('x')", "name.exists(foo = 1)", "deceased.as(foo)",
        "(deceased as Period).unit", "iif('a', 1, 2)"}) {
    CAPTURE(bad);
    CHECK_FALSE(Expression::compile(bad, strict));
  }
}

TEST_CASE("hostile expressions end with an error, not with the process") {
  auto const repeat = [](std::string_view part, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += part;
    return out;
  };
  for (auto const& text :
       {repeat("(", 50'000), repeat("-", 50'000) + "1", repeat("a.where(", 5'000),
        repeat("not(", 10'000), repeat("x", kExpressionBytesMax + 1), repeat("iif(true,", 9'000),
        std::string("'"), std::string("/*"), std::string("@"), std::string("%"), std::string("a["),
        std::string("\xff\xfe"), std::string("1 'mg"), std::string()}) {
    CHECK_FALSE(Expression::compile(text));
  }
  // Long but flat is no depth.
  CHECK(run("1" + repeat("+1", 20'000)) == "20001");
  CHECK(run("id" + repeat(".select($this)", 4'000)) == R"("p")");
  // Growth without end meets a limit.
  Environment small;
  small.limits = {200'000, 100'000, 1 << 20};
  for (std::string_view const text :
       {"1.repeat($this + 1)", "1.repeatAll($this)", "'aa'.repeatAll($this & $this)",
        "'a'.repeat($this & 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')",
        "descendants().descendants().select(%resource.descendants()).select(%resource"
        ".descendants()).select(%resource.descendants())"}) {
    auto const result = run(text, kPatient, small);
    CHECK_MESSAGE(result.find("the evaluation costs more than its limit") != std::string::npos,
                  text, " ", result.substr(0, 80));
  }
  // A pattern that is slow elsewhere takes linear time here.
  CHECK(run("'" + repeat("a", 40'000) + "!'.matches('^(a+)+$')") == "false");
}

TEST_CASE("a node knows where it stands") {
  auto const document = parse(kPatient);
  auto const locations = [&](std::string_view text) {
    auto const expression = Expression::compile(text);
    Evaluator evaluator;
    std::string out;
    auto const items = evaluator.evaluate(*expression, document.root());
    REQUIRE(items);
    for (auto const& item : *items) {
      out +=
          location_of(document.root(), item) + " " + json_location_of(document.root(), item) + ";";
    }
    return out;
  };
  CHECK(locations("name.given") ==
        "Patient.name[0].given[0] Patient.name[0].given[0];"
        "Patient.name[0].given[1] Patient.name[0].given[1];"
        "Patient.name[0].given[2] Patient.name[0].given[2];");
  CHECK(locations("deceased") == "Patient.deceased Patient.deceasedDateTime;");
  CHECK(locations("contained.name") == "Patient.contained[0].name Patient.contained[0].name;");
  CHECK(locations("extension.value.value") ==
        "Patient.extension[0].value.value Patient.extension[0].valueAge.value;");
  CHECK(locations("$this") == "Patient Patient;");
  CHECK(locations("1") == " ;");
}

class TestServices : public Services {
 public:
  std::optional<json::Value> resolve(std::string_view reference) override {
    return reference == "Practitioner/9" ? std::optional(document_.root()) : std::nullopt;
  }
  std::optional<bool> is_member(Item const&, std::string_view url) override {
    return url == "http://vs";
  }

 private:
  json::Document document_ = parse(R"({"resourceType":"Practitioner","id":"9"})");
};

TEST_CASE("what the document does not know is asked for") {
  TestServices services;
  Environment environment;
  environment.services = &services;
  CHECK(run("generalPractitioner.resolve().id", kPatient, environment) == R"("9")");
  CHECK(run("name.given.first().memberOf('http://vs')", kPatient, environment) == "true");
  Environment types;
  types.resolves_to_types = true;
  CHECK(run("generalPractitioner.where(resolve() is Practitioner).count()", kPatient, types) ==
        "1");
  CHECK(run("generalPractitioner.where(resolve() is Patient).count()", kPatient, types) == "0");
}

TEST_CASE("the caller's variables are found by name") {
  auto const document = parse(kPatient);
  auto const root = item_of(document.root());
  std::vector<Variable> const variables{{"rowIndex", {Item::of_integer(4)}}};
  Evaluator evaluator;
  auto const result = evaluator.evaluate(*Expression::compile("%rowIndex + 1"),
                                         Focus{{&root, 1}, root, root, variables});
  REQUIRE(result);
  CHECK(result->front().integer == 5);
}

TEST_CASE("resources that R4 does not know are walked by the names of JSON") {
  constexpr std::string_view kView =
      R"({"resourceType":"ViewDefinition","select":[{"column":[{"name":"id","path":"a"}]}]})";
  CHECK(run("ViewDefinition.select.column.name", kView) == R"("id")");
  CHECK(run("select.column.where(path = 'a').count()", kView) == "1");
  CHECK(run("descendants().count()", kView) == "4");
}

TEST_CASE("what was met before does not change what is found") {
  auto const expression = *Expression::compile("Observation.value");
  auto const evaluate = [&](std::string_view members) {
    auto const document = parse(R"({"resourceType":"Observation",)" + std::string(members) + "}");
    Evaluator evaluator;
    auto const items = evaluator.evaluate(expression, document.root());
    REQUIRE(items);
    return items->size();
  };
  for (int round = 0; round < 2; ++round) {
    CHECK(evaluate(R"("valueString":"a")") == 1);
    CHECK(evaluate(R"("valueInteger":1,"valueString":"a")") == 2);
    CHECK(evaluate(R"("_valueString":{"id":"x"},"valueInteger":1)") == 2);
    CHECK(evaluate(R"("valueString":"a","_valueString":{"id":"x"})") == 1);
    CHECK(evaluate(R"("valueFoo":"a")") == 0);
  }
}

TEST_CASE("threads share one expression") {
  auto const document = parse(kPatient);
  auto const expression =
      *Expression::compile("name.where(given.exists($this.startsWith('E'))).given.last()");
  std::vector<std::thread> threads;
  std::array<int, 4> good{};
  for (auto& count : good) {
    threads.emplace_back([&] {
      Evaluator evaluator;
      for (int i = 0; i < 2'000; ++i) {
        auto const result = evaluator.evaluate(expression, document.root());
        count += result && result->size() == 1 && json_of(result->front()) == "\"Eve\"" ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (auto const count : good) CHECK(count == 2'000);
}

}  // namespace
}  // namespace sinew::fhirpath
