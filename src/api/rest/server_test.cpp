#include <doctest/doctest.h>

#include "api/rest/rest_test.h"
#include "fhir/check.h"

namespace sinew::rest {

Server::Server() {
  auto opened = store::open_sqlite({.path = ":memory:"}, clock);
  REQUIRE_MESSAGE(bool(opened), to_string(opened.error()));
  store = std::move(*opened);
  Options options;
  options.software_version = "test";
  options.new_id = [this] { return "new-" + std::to_string(++ids); };
  service = std::make_unique<Service>(*store, metrics, clock, std::move(options));
}

net::HttpResponse Server::ask(std::string method, std::string target, std::string body,
                              net::Headers fields) {
  net::HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.body = std::move(body);
  request.headers = std::move(fields);
  request.headers.add("Host", "h:1");
  return service->handle(request);
}

void Server::put(std::string_view type, std::string_view id, std::string_view elements) {
  std::string body = R"({"resourceType":")" + std::string(type) + R"(","id":")" + std::string(id);
  body += "\"" + (elements.empty() ? std::string() : "," + std::string(elements)) + "}";
  auto const path = "/fhir/" + std::string(type) + "/" + std::string(id);
  auto const response = ask("PUT", path, body);
  REQUIRE_MESSAGE((response.status == 201 || response.status == 200), response.body);
}

json::Document parsed(net::HttpResponse const& response) {
  auto document = json::Document::parse(response.body);
  REQUIRE_MESSAGE(bool(document), response.body);
  return std::move(*document);
}

net::Headers headers(std::initializer_list<std::pair<std::string, std::string>> fields) {
  net::Headers made;
  for (auto const& [name, value] : fields) made.add(name, value);
  return made;
}

std::string diagnostics(net::HttpResponse const& response) {
  auto const document = parsed(response);
  auto const root = document.root();
  REQUIRE(root["resourceType"].text() == "OperationOutcome");
  for (auto const& issue : fhir::check_structure(root)) FAIL(issue.where << ": " << issue.what);
  CHECK(root["issue"].at(0)["severity"].text() == "error");
  return root["issue"].at(0)["diagnostics"].text();
}

std::string ids(net::HttpResponse const& response, std::string_view mode) {
  auto const document = parsed(response);
  std::string found;
  for (auto const entry : document.root()["entry"].elements()) {
    if (entry["search"]["mode"].text() != mode) continue;
    if (!found.empty()) found += ' ';
    found += entry["resource"]["id"].text();
  }
  return found;
}

}  // namespace sinew::rest
