#include "api/rest/operation.h"

#include <doctest/doctest.h>

#include "api/rest/rest_test.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

/// Answers what it was called with, as text.
Result<Answer> echo(OperationCall const& asked) {
  Answer answer;
  answer.media_type = "text/plain";
  answer.body = std::to_string(static_cast<int>(asked.level)) + " " + asked.call.type + "/" +
                asked.call.id + "/" + asked.call.version;
  for (auto const& argument : asked.arguments.all()) {
    answer.body += " " + argument.name + "=" + argument.text;
    if (argument.value.is_object()) answer.body += std::string(argument.value.source());
  }
  for (auto const& name : asked.ignored) answer.body += " -" + name;
  return answer;
}

struct EchoServer : Server {
  EchoServer() {
    Operation echoing;
    echoing.name = "echo";
    echoing.definition = "http://x/echo";
    echoing.levels = {Level::system, Level::type, Level::instance, Level::version};
    echoing.parameters = {{"when", "date"},
                          {"word", "string", 0, kAnyNumber},
                          {"meta", "Meta"},
                          {"input", "Resource"}};
    echoing.handler = echo;
    service->add_operation(echoing);
    echoing.name = "change";
    echoing.levels = {Level::instance};
    echoing.types = {"Patient", "Group"};
    echoing.parameters = {{"what", "code", 1}};
    echoing.effect = Effect::changes;
    service->add_operation(echoing);
    echoing.name = "draw";
    echoing.body = Body::raw;
    echoing.unknown = Unknown::passed;
    echoing.effect = Effect::reads;
    echoing.parameters = {};
    service->add_operation(echoing);
  }
};

}  // namespace

TEST_CASE("an operation is found on the levels and types that it is registered for") {
  EchoServer server;
  struct {
    std::string_view method, path;
    int status;
    std::string_view body;
  } const rows[] = {
      {"GET", "/fhir/$echo", 200, "0 //"},
      {"HEAD", "/fhir/$echo", 200, "0 //"},
      {"GET", "/fhir/Basic/$echo", 200, "1 Basic//"},
      {"GET", "/fhir/Basic/1/$echo", 200, "2 Basic/1/"},
      {"GET", "/fhir/Basic/1/_history/3/$echo", 200, "3 Basic/1/3"},
      {"GET", "/fhir/Basic/1/_other/3/$echo", 404, ""},
      {"GET", "/fhir/Basic/_history/$echo", 404, ""},
      {"GET", "/fhir/Basic/1/2/3/4/$echo", 404, ""},
      {"GET", "/fhir/Nothing/$echo", 404, ""},
      {"GET", "/fhir/$", 404, ""},
      {"POST", "/fhir/Group/1/$change?what=x", 200, "2 Group/1/ what=x"},
      {"GET", "/fhir/Group/1/$change?what=x", 405, ""},
      {"DELETE", "/fhir/$echo", 405, ""},
      {"POST", "/fhir/Basic/1/$change?what=x", 400, ""},
      {"POST", "/fhir/Patient/$change?what=x", 400, ""},
  };
  for (auto const& row : rows) {
    CAPTURE(row.method);
    CAPTURE(row.path);
    auto const response = server.ask(std::string(row.method), std::string(row.path));
    CHECK(response.status == row.status);
    if (row.status == 200) CHECK(response.body == row.body);
    if (row.status == 405) CHECK_FALSE(response.headers.value("Allow").empty());
  }
}

TEST_CASE("an operation that does not exist is told from those that do") {
  EchoServer server;
  auto const unknown = server.ask("GET", "/fhir/Patient/1/$ecco");
  CHECK(unknown.status == 404);
  CHECK(diagnostics(unknown).find("$change, $draw, $echo") != std::string::npos);
  CHECK(diagnostics(server.ask("POST", "/fhir/$change")).find("Patient/[id], Group/[id]") !=
        std::string::npos);
}

TEST_CASE("parameters come from the query, a form, or Parameters, and are checked") {
  EchoServer server;
  auto const form = headers({{"Content-Type", "application/x-www-form-urlencoded"}});
  CHECK(server.ask("POST", "/fhir/$echo?word=a", "word=b&when=2024-02", form).body ==
        "0 // word=a word=b when=2024-02");
  auto const body =
      R"({"resourceType":"Parameters","parameter":[{"name":"word","valueString":"c"},)"
      R"({"name":"meta","valueMeta":{"source":"x"}},{"name":"when","valueDate":"2024"}]})";
  CHECK(server.ask("POST", "/fhir/$echo", body).body ==
        R"(0 // word=c meta={"source":"x"} when=2024)");
  auto const xml = headers({{"Content-Type", "application/fhir+xml"}});
  CHECK(server
            .ask("POST", "/fhir/$echo",
                 R"(<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="word"/>)"
                 R"(<valueString value="d"/></parameter></Parameters>)",
                 xml)
            .body == "0 // word=d");
  auto const bare = R"({"resourceType":"Basic"})";
  CHECK(server.ask("POST", "/fhir/$echo", bare).body == std::string("0 // input=") + bare);
  CHECK(server.ask("GET", "/fhir/$echo?when=&word=").body == "0 //");
}

TEST_CASE("a wrong parameter is refused and named") {
  EchoServer server;
  auto const change = "/fhir/Patient/1/$change";
  struct {
    std::string_view path, body, expected;
  } const rows[] = {
      {"/fhir/$echo?wurd=1", "", "wurd"},
      {"/fhir/$echo?when=yesterday", "", "not of type date"},
      {"/fhir/$echo?when=2024&when=2025", "", "more than once"},
      {"/fhir/$echo?meta=1", "", "of type Meta"},
      {"/fhir/$echo?input=1", "", "of type Resource"},
      {"/fhir/$echo", R"({"resourceType":"Parameters","parameter":[{"name":"x"}]})",
       "it has: when"},
      {"/fhir/$echo", "{", "$"},
      {"/fhir/$echo", "[]", ""},
      {"/fhir/Patient/1/$change", "", "required"},
      {"/fhir/Patient/1/$change?what=", "", "required"},
      {"/fhir/Patient/1/$change", R"({"resourceType":"Basic"})", "not Parameters"},
      {"/fhir/Patient/1/$change",
       R"({"resourceType":"Parameters","parameter":[{"name":"what","valueMeta":{}}]})", "code"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.path);
    CAPTURE(row.body);
    auto const response = server.ask("POST", std::string(row.path), std::string(row.body));
    CHECK(response.status == 400);
    CHECK_MESSAGE(diagnostics(response).find(row.expected) != std::string::npos, response.body);
  }
  CHECK(server.ask("POST", change, "x", headers({{"Content-Type", "text/plain"}})).status == 415);
  auto const lenient = headers({{"Prefer", "handling=lenient"}});
  CHECK(server.ask("GET", "/fhir/$echo?wurd=1&word=2", {}, lenient).body == "0 // word=2 -wurd");
}

TEST_CASE("an operation may take any parameters, and its body as it is") {
  EchoServer server;
  auto const graphql = headers({{"Content-Type", "application/graphql"}});
  CHECK(server.ask("POST", "/fhir/Patient/1/$draw?any=1", "{ x }", graphql).body ==
        "2 Patient/1/ any=1");
}

TEST_CASE("an operation is called as an entry of a batch") {
  EchoServer server;
  auto const response = server.ask(
      "POST", "/fhir",
      R"({"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"$echo"}},)"
      R"({"request":{"method":"GET","url":"Patient/1/$change"}}]})");
  auto const document = parsed(response);
  auto const entries = document.root()["entry"];
  CHECK(entries.at(0)["response"]["status"].text() == "200 OK");
  CHECK(entries.at(1)["response"]["status"].text() == "405 Method Not Allowed");
}

TEST_CASE("the CapabilityStatement lists operations on their levels and types") {
  EchoServer server;
  auto const document = parsed(server.ask("GET", "/fhir/metadata"));
  auto const rest = document.root()["rest"].at(0);
  auto const names = [](json::Value list) {
    std::string found;
    for (auto const operation : list.elements()) found += operation["name"].text() + " ";
    return found;
  };
  CHECK(names(rest["operation"]) == "echo ");
  CHECK(rest["operation"].at(0)["definition"].text() == "http://x/echo");
  for (auto const resource : rest["resource"].elements()) {
    auto const type = resource["type"].text();
    bool const is_both = type == "Patient" || type == "Group";
    CHECK(names(resource["operation"]) == (is_both ? "echo change draw " : "echo "));
  }
}
