// What clients write is checked as the configuration says: by every road a resource can come.

#include <doctest/doctest.h>

#include "api/rest/rest_test.h"
#include "api/rest/write_check.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

constexpr char kProfile[] = R"({"resourceType":"StructureDefinition","url":"http://x/named",
  "version":"1","type":"Patient","derivation":"constraint",
  "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",
  "differential":{"element":[{"path":"Patient.name","min":1}]}})";

struct CheckingServer : Server {
  explicit CheckingServer(std::vector<std::string> const& rules) {
    auto definition = validate::read_definition(*json::Document::parse(kProfile));
    REQUIRE(definition);
    library.add(*definition);
    auto policy = validate::WritePolicy::parse(rules);
    REQUIRE(policy);
    REQUIRE(policy->check_known(library));
    Options options;
    options.new_id = [this] { return "new-" + std::to_string(++ids); };
    options.check_write = make_write_check(*std::move(policy), library, metrics, clock);
    service = std::make_unique<Service>(*store, metrics, clock, std::move(options));
  }
  std::uint64_t refused() { return metrics.counter("sinew_writes_refused_total", {}).value(); }
  validate::Library library;
};

/// pat-1: a contact with nothing to reach it by.
constexpr char kLonely[] = R"({"resourceType":"Patient","id":"p",
  "contact":[{"gender":"female"}]})";
constexpr char kNameless[] = R"({"resourceType":"Patient","id":"p","active":true,
  "meta":{"profile":["http://x/named"]}})";
constexpr char kPlain[] = R"({"resourceType":"Patient","id":"p","active":true})";

json::Value first_error(json::Document const& outcome) {
  for (auto const issue : outcome.root()["issue"].elements()) {
    if (issue["severity"].text() == "error") return issue;
  }
  return {};
}

std::string expression(net::HttpResponse const& response) {
  auto const outcome = parsed(response);
  CHECK(outcome.root()["resourceType"].text() == "OperationOutcome");
  return first_error(outcome)["expression"].at(0).text();
}

std::string transaction_of(std::string const& resource) {
  return R"({"resourceType":"Bundle","type":"transaction","entry":[
    {"resource":{"resourceType":"Patient","active":true},
     "request":{"method":"POST","url":"Patient"}},
    {"resource":)" +
         resource + R"(,"request":{"method":"PUT","url":"Patient/p"}}]})";
}

}  // namespace

TEST_CASE("without a rule what has the structure of R4 is written, whatever it breaks") {
  CheckingServer server({});
  CHECK(server.ask("PUT", "/fhir/Patient/p", kLonely).status == 201);
  CHECK(server.ask("PUT", "/fhir/Patient/p", kNameless).status == 200);
}

TEST_CASE("base refuses what breaks an invariant, says where, and asks no profile") {
  CheckingServer server({"base"});
  auto const refused = server.ask("PUT", "/fhir/Patient/p", kLonely);
  CHECK(refused.status == 422);
  CHECK(expression(refused) == "Patient.contact[0]");
  auto const outcome = parsed(refused);
  CHECK(first_error(outcome)["extension"].at(0)["valueInteger"].raw() == "2");
  CHECK(server.ask("POST", "/fhir/Patient", kLonely).status == 422);
  CHECK(server.ask("GET", "/fhir/Patient/p").status == 404);
  CHECK(server.refused() == 2);
  CHECK(server.ask("PUT", "/fhir/Patient/p", kNameless).status == 201);
  CHECK(server.refused() == 2);
}

TEST_CASE("profiles also asks what meta.profile names") {
  CheckingServer server({"profiles"});
  CHECK(server.ask("PUT", "/fhir/Patient/p", kNameless).status == 422);
  CHECK(server.ask("PUT", "/fhir/Patient/p", kPlain).status == 201);
}

TEST_CASE("a rule for one type leaves the others alone, and may demand a profile") {
  CheckingServer server({"off", "Patient=http://x/named"});
  CHECK(server.ask("PUT", "/fhir/Patient/p", kPlain).status == 422);
  CHECK(server
            .ask("PUT", "/fhir/Group/g",
                 R"({"resourceType":"Group","id":"g","type":"person","actual":false,
                       "member":[{"entity":{"reference":"Patient/p"}}]})")
            .status == 201);
  CheckingServer but({"base", "Patient=off"});
  CHECK(but.ask("PUT", "/fhir/Patient/p", kLonely).status == 201);
  CHECK(but.ask("PUT", "/fhir/Group/g",
                R"({"resourceType":"Group","id":"g","type":"person","actual":false,
                    "member":[{"entity":{"reference":"Patient/p"}}]})")
            .status == 422);
}

TEST_CASE("a patch may not make of a resource what could not be written") {
  CheckingServer server({"base"});
  server.put("Patient", "p", R"("active":true)");
  auto const patch = R"([{"op":"add","path":"/contact","value":[{"gender":"female"}]}])";
  auto const type = headers({{"Content-Type", "application/json-patch+json"}});
  auto const refused = server.ask("PATCH", "/fhir/Patient/p", patch, type);
  CHECK(refused.status == 422);
  CHECK(expression(refused) == "Patient.contact[0]");
  auto const good = R"([{"op":"replace","path":"/active","value":false}])";
  CHECK(server.ask("PATCH", "/fhir/Patient/p", good, type).status == 200);
}

TEST_CASE("a transaction is refused as a whole, with the place in the bundle") {
  CheckingServer server({"base"});
  auto const refused = server.ask("POST", "/fhir", transaction_of(kLonely));
  CHECK(refused.status == 422);
  CHECK(expression(refused) == "Bundle.entry[1].resource.contact[0]");
  auto const outcome = parsed(refused);
  CHECK(first_error(outcome)["extension"].at(0)["valueInteger"].raw() == "5");
  CHECK(parsed(server.ask("GET", "/fhir/Patient")).root()["total"].raw() == "0");
  CHECK(server.ask("POST", "/fhir", transaction_of(kPlain)).status == 200);
}

TEST_CASE("of a batch the faulty entry alone is refused") {
  CheckingServer server({"base"});
  auto bundle = transaction_of(kLonely);
  bundle.replace(bundle.find("transaction"), std::string_view("transaction").size(), "batch");
  auto const answer = parsed(server.ask("POST", "/fhir", bundle));
  CHECK(answer.root()["entry"].at(0)["response"]["status"].text().starts_with("201"));
  CHECK(answer.root()["entry"].at(1)["response"]["status"].text().starts_with("422"));
}

TEST_CASE("what came as XML is checked as well, without lines") {
  CheckingServer server({"base"});
  auto const refused = server.ask("POST", "/fhir/Patient",
                                  R"(<Patient xmlns="http://hl7.org/fhir"><contact>
                                     <gender value="female"/></contact></Patient>)",
                                  headers({{"Content-Type", "application/fhir+xml"}}));
  CHECK(refused.status == 422);
  CHECK(expression(refused) == "Patient.contact[0]");
  CHECK(!first_error(parsed(refused))["extension"]);
}
