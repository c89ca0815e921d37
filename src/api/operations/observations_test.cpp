#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "api/operations/operations_test.h"
#include "api/operations/statistics.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

std::string coding(std::string_view system, std::string_view code) {
  return R"({"system":")" + std::string(system) + R"(","code":")" + std::string(code) + "\"}";
}

/// `codes`: codings, separated by commas; or a text.
void observe(Server& server, std::string const& id, std::string const& code,
             std::string const& when, std::string const& more = {}) {
  server.put("Observation", id,
             R"("status":"final","code":{)" + code + R"(},"subject":{"reference":"Patient/p"})" +
                 (when.empty() ? "" : R"(,"effectiveDateTime":")" + when + "\"") + more);
}

std::string codings(std::string const& list) { return R"("coding":[)" + list + "]"; }

std::string quantity(std::string const& value, std::string const& unit = "mg/dL") {
  return R"("valueQuantity":{"value":)" + value +
         R"(,"system":"http://unitsofmeasure.org","code":")" + unit + "\"}";
}

/// "code=value " of the components of the first statistics, or the ones of `index`.
std::string components(net::HttpResponse const& response, std::size_t index = 0) {
  REQUIRE_MESSAGE(response.status == 200, response.body);
  auto const document = parsed(response);
  auto const group = document.root()["parameter"].at(index)["resource"];
  std::string text;
  for (auto const component : group["component"].elements()) {
    text += component["code"]["coding"].at(0)["code"].text() + "=";
    text += component["valueQuantity"]["value"].text() + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("$lastn groups by coding, across translations, and by text as written") {
  OperationsServer server;
  auto const cat = R"(,"category":[{"coding":[{"code":"lab"}]}])";
  observe(server, "a1", codings(coding("s", "a")), "2020-01-01", cat);
  observe(server, "b1", codings(coding("s", "b")), "2020-01-02", cat);
  auto const ask = [&](std::string const& query) {
    return ids(server.ask("GET", "/fhir/Observation/$lastn?patient=p&category=lab" + query));
  };
  CHECK(ask("") == "b1 a1");
  // The same code of another system is another one.
  observe(server, "o1", codings(coding("other", "a")), "2019-01-01", cat);
  CHECK(ask("") == "b1 a1 o1");
  // One with both unites the groups of each.
  observe(server, "c1", codings(coding("s", "a") + "," + coding("s", "b")), "2020-01-03", cat);
  CHECK(ask("") == "c1 o1");
  CHECK(ask("&max=2") == "c1 b1 o1");
  CHECK(ask("&max=9") == "c1 b1 a1 o1");
  for (std::string const text : {"textM", "Text", "t e x t"}) {
    observe(server, "t-" + std::to_string(text.size()), R"("text":")" + text + "\"", "", cat);
  }
  CHECK(ask("") == "c1 o1 t-4 t-5 t-7");
}

TEST_CASE("$lastn returns all of a tie") {
  OperationsServer server;
  for (auto const* const id : {"x", "y", "z"}) {
    observe(server, id, codings(coding("s", "a")), "2020-01-01T10:00:00Z");
  }
  observe(server, "old", codings(coding("s", "a")), "2019-01-01");
  CHECK(ids(server.ask("GET", "/fhir/Observation/$lastn?patient=Patient/p&code=s|a")) == "x y z");
  CHECK(ids(server.ask("GET", "/fhir/Observation/$lastn?subject=Patient/p&code=a&max=2")) ==
        "x y z");
  CHECK(ids(server.ask("GET", "/fhir/Observation/$lastn?patient=p&code=a&max=4")) == "x y z old");
  auto const body = parameters(
      R"({"name":"patient","valueString":"Patient/p"},{"name":"code","valueString":"s|a"},)"
      R"({"name":"max","valuePositiveInt":4})");
  CHECK(ids(server.ask("POST", "/fhir/Observation/$lastn", body)) == "x y z old");
}

TEST_CASE("$lastn needs a subject and a code, and takes only what it can mean") {
  OperationsServer server;
  for (auto const query :
       {"category=lab", "patient=p", "patient=p&status=final", "patient=p&code=a&max=0",
        "patient=p&code=a&max=x", "patient=p&code=a&_sort=date", "patient=p&code=a&_count=3",
        "patient=p&code=a&colour=red", "patient=p&code:wrong=a"}) {
    CAPTURE(query);
    auto const response = server.ask("GET", std::string("/fhir/Observation/$lastn?") + query);
    CHECK(response.status == 400);
    CHECK_FALSE(diagnostics(response).empty());
  }
  auto const none = server.ask("GET", "/fhir/Observation/$lastn?patient=nobody&code=a");
  CHECK(none.status == 200);
  CHECK(parsed(none).root()["total"].text() == "0");
  CHECK(server.ask("GET", "/fhir/Patient/$lastn?patient=p&code=a").status == 400);
}

TEST_CASE("$lastn of 1,000 observations looks at all of them") {
  OperationsServer server;
  std::string bundle = R"({"resourceType":"Bundle","type":"transaction","entry":[)";
  for (int i = 0; i < 1200; ++i) {
    auto const id = "o" + std::to_string(i);
    // The oldest were written last.
    auto const year = std::to_string(3000 - i);
    if (i > 0) bundle += ',';
    bundle += R"({"resource":{"resourceType":"Observation","id":")" + id +
              R"(","status":"final","subject":{"reference":"Patient/p"},"effectiveDateTime":")" +
              year + R"(","code":{)" + codings(coding("s", std::to_string(i % 3))) +
              R"(}},"request":{"method":"PUT","url":"Observation/)" + id + "\"}}";
  }
  REQUIRE(server.ask("POST", "/fhir", bundle + "]}").status == 200);
  CHECK(ids(server.ask("GET", "/fhir/Observation/$lastn?patient=p&code=s|0,s|1,s|2&max=2")) ==
        "o0 o1 o2 o3 o4 o5");
}

TEST_CASE("the statistics are those that a textbook computes") {
  // 2, 4, 4, 4, 5, 5, 7, 9 at hours 0 to 7: mean 5, population deviation 2.
  std::vector<Sample> samples;
  double hour = 0;
  for (double const value : {2, 4, 4, 4, 5, 5, 7, 9}) samples.push_back({value, hour++});
  Samples const all(samples, 10);
  struct {
    std::string_view code;
    double expected;
  } const rows[] = {
      {"average", 5},
      {"maximum", 9},
      {"max", 9},
      {"minimum", 2},
      {"min", 2},
      {"count", 8},
      {"total-count", 10},
      {"median", 4.5},
      {"sum", 40},
      {"variance", 32.0 / 7},
      {"std-dev", 2.138089935299395},
      {"20-percent", 4},
      {"80-percent", 6.2},
      {"4-lower", 4},
      {"4-upper", 5.5},
      {"4-dev", 0.75},
      {"5-1", 4},
      {"5-2", 4},
      {"5-3", 5},
      {"5-4", 6.2},
      {"skew", 0.65625},
      {"kurtosis", 2.78125},
      {"regression", 34.0 / 42},
  };
  for (auto const& row : rows) {
    CAPTURE(row.code);
    auto const* const statistic = find_statistic(row.code);
    REQUIRE(statistic != nullptr);
    CHECK(statistic->compute(all) == doctest::Approx(row.expected).epsilon(1e-12));
  }
  CHECK(intercept(all) == doctest::Approx(5 - 34.0 / 42 * 3.5));
  CHECK(statistics().size() == 21);
  CHECK(find_statistic("mean") == nullptr);
}

TEST_CASE("$stats computes over the measurements of a subject, a code and a time") {
  OperationsServer server;
  auto const glucose = codings(coding("http://loinc.org", "2339-0"));
  observe(server, "a", glucose, "2020-01-01", "," + quantity("100"));
  observe(server, "b", glucose, "2020-02-01", "," + quantity("1.1", "g/L"));  // 110 mg/dL
  observe(server, "c", glucose, "2020-03-01", "," + quantity("120"));
  observe(server, "d", glucose, "2021-01-01", "," + quantity("200"));
  // These count as measurements and have no valid value.
  observe(server, "e", glucose, "2020-01-02", R"(,"valueString":"high")");
  observe(server, "f", glucose, "2020-01-02", "," + quantity("7", "mmol/L"));
  observe(
      server, "g", glucose, "2020-01-02",
      R"(,"valueQuantity":{"value":5,"comparator":"<","system":"http://unitsofmeasure.org","code":"mg/dL"})");
  server.put("Observation", "wrong",
             R"("status":"entered-in-error","code":{)" + glucose +
                 R"(},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2020-01-05",)" +
                 quantity("999"));
  auto const ask = [&](std::string const& more) {
    return server.ask("GET",
                      "/fhir/Observation/$stats?subject=Patient/p&system=http://loinc.org&code="
                      "2339-0&" +
                          more);
  };
  CHECK(components(ask("statistic=average&statistic=min,max,count,total-count")) ==
        "average=132.5 minimum=100 maximum=200 count=4 total-count=7 ");
  auto const period = parameters(
      R"({"name":"subject","valueUri":"http://h:1/fhir/Patient/p"},)"
      R"({"name":"coding","valueCoding":{"system":"http://loinc.org","code":"2339-0"}},)"
      R"({"name":"period","valuePeriod":{"start":"2020-01-01","end":"2020-12-31"}},)"
      R"({"name":"statistic","valueCode":"average"},{"name":"statistic","valueCode":"std-dev"},)"
      R"({"name":"include","valueBoolean":true},{"name":"limit","valuePositiveInt":2})");
  auto const answer = server.ask("POST", "/fhir/Observation/$stats", period);
  CHECK(components(answer) == "average=110 std-dev=10 ");
  auto const document = parsed(answer);
  auto const group = document.root()["parameter"].at(0)["resource"];
  CHECK(group["status"].text() == "final");
  CHECK(group["subject"]["reference"].text() == "Patient/p");
  CHECK(group["effectivePeriod"]["start"].text() == "2020-01-01T00:00:00.000Z");
  CHECK(group["component"].at(0)["valueQuantity"]["code"].text() == "mg/dL");
  std::size_t sources = 0;
  for (auto const parameter : document.root()["parameter"].elements()) {
    sources += parameter["name"].text() == "source" ? 1 : 0;
  }
  CHECK(sources == 2);
  // Nothing in the last hour: there is no average of nothing.
  CHECK(components(ask("duration=1&statistic=average,count")) == "average= count=0 ");
}

TEST_CASE("$stats of a panel looks at its components and members, each under its own code") {
  OperationsServer server;
  auto const part = [](std::string const& code, std::string const& value) {
    return R"({"code":{)" + codings(coding("l", code)) + "}," + quantity(value, "mm[Hg]") + "}";
  };
  observe(server, "bp1", codings(coding("l", "panel")), "2020-01-01",
          R"(,"component":[)" + part("sys", "120") + "," + part("dia", "80") + "]");
  observe(server, "pulse", codings(coding("l", "hr")), "2020-01-02", "," + quantity("60", "/min"));
  observe(server, "bp2", codings(coding("l", "panel")), "2020-01-02",
          R"(,"component":[)" + part("sys", "140") +
              R"(],"hasMember":[{"reference":"Observation/pulse"}])");
  auto const ask = [&](std::string const& code) {
    return server.ask("GET", "/fhir/Observation/$stats?subject=Patient/p&system=l&code=" + code +
                                 "&statistic=average,count");
  };
  auto const panel = ask("panel");
  std::vector<std::string> groups;
  for (std::size_t i = 0; i < 3; ++i) groups.push_back(components(panel, i));
  std::ranges::sort(groups);
  CHECK(groups == std::vector<std::string>{"average=130 count=2 ", "average=60 count=1 ",
                                           "average=80 count=1 "});
  CHECK(components(ask("dia")) == "average=80 count=1 ");
}

TEST_CASE("$stats refuses a question that is not whole") {
  OperationsServer server;
  for (auto const query :
       {"code=a&statistic=average", "subject=Patient/p&statistic=average",
        "subject=Patient/p&code=a", "subject=Patient/p&code=a&statistic=mean",
        "subject=p&code=a&statistic=average", "subject=http://x/Patient/p&code=a&statistic=average",
        "subject=Patient/p&code=a&statistic=average&duration=-1",
        "subject=Patient/p&code=a&statistic=average&duration=long",
        "subject=Patient/p&code=a&statistic=average&period=2020",
        "subject=Patient/p&code=a&statistic=average&colour=red"}) {
    CAPTURE(query);
    auto const response = server.ask("GET", std::string("/fhir/Observation/$stats?") + query);
    CHECK(response.status == 400);
    CHECK_FALSE(diagnostics(response).empty());
  }
  // A code with what a query would read as its own is one code.
  CHECK(server.ask("GET", "/fhir/Observation/$stats?subject=Patient/p&code=a,b|c$&statistic=count")
            .status == 200);
}
