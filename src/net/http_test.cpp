#include "net/http.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "net/blocking_socket.h"
#include "net/certificates_test.h"

using namespace sinew;
using namespace sinew::net;
using namespace std::chrono_literals;

namespace {

/// Answers with what it was asked.
HttpResponse mirror(HttpRequest const& request) {
  HttpResponse response;
  response.headers.add("Content-Type", "text/plain");
  response.body = request.method + ' ' + request.target + ' ' + std::to_string(request.body.size());
  if (request.path() == "/slow") std::this_thread::sleep_for(200ms);
  if (request.path() == "/throw") throw std::bad_alloc();
  if (request.path() == "/none") response.status = 204;
  if (request.path() == "/split") response.headers.add("Location", "/a\r\nSet-Cookie: x=y");
  return response;
}

struct Site {
  Loop loop{2};
  std::unique_ptr<HttpServer> server;

  explicit Site(HttpServerOptions options = {}) {
    loop.run();
    auto listening = HttpServer::listen(loop, std::move(options), mirror);
    REQUIRE(listening);
    server = *std::move(listening);
  }
  std::string url(std::string const& target) const {
    return "http://127.0.0.1:" + std::to_string(server->port()) + target;
  }
  std::unique_ptr<BlockingSocket> raw(std::optional<TlsClientOptions> const& tls = {}) const {
    auto connected = BlockingSocket::connect("127.0.0.1", server->port(), tls, 5s);
    REQUIRE(connected);
    return *std::move(connected);
  }
};

/// Sends `request`, and reads to the end of the stream. The Date line is left out.
std::string exchange(BlockingSocket& socket, std::string_view request) {
  REQUIRE(socket.send(request, 5s));
  std::string out;
  while (true) {
    auto const before = out.size();
    auto const received = socket.receive(out, 5s);
    REQUIRE(received);
    if (out.size() == before) break;
  }
  while (true) {
    auto const date = out.find("Date: ");
    if (date == std::string::npos) return out;
    out.erase(date, out.find('\n', date) + 1 - date);
  }
}

std::string ok(std::string_view body, std::string_view connection = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n" + std::string(connection) + "\r\n" +
         std::string(body);
}

}  // namespace

TEST_CASE("one request, one answer, by the client of this module") {
  Site const site;
  auto const response = http_request("POST", site.url("/fhir?x=1"), {}, std::string(100'000, 'b'));
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->body == "POST /fhir?x=1 100000");
  CHECK(response->headers.value("content-type") == "text/plain");
  auto const head = http_request("HEAD", site.url("/h"));
  REQUIRE(head);
  CHECK(head->body.empty());
  CHECK(head->headers.value("Content-Length") == "8");  // of "GET /h 0"
  auto const none = http_request("GET", site.url("/none"));
  REQUIRE(none);
  CHECK(none->status == 204);
  CHECK_FALSE(none->headers.has("Content-Length"));
  CHECK_FALSE(http_request("GET", "http://127.0.0.1:1/", {}, {}, 500));
}

TEST_CASE("pipelined requests are answered in order on one connection") {
  Site const site;
  auto const socket = site.raw();
  CHECK(exchange(*socket,
                 "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"
                 "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3\r\nabc\r\n0\r\n\r\n"
                 "GET /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                 "GET /never HTTP/1.1\r\nHost: a\r\n\r\n") ==
        ok("GET /slow 0") + ok("POST /b 3") + ok("GET /c 0", "Connection: close\r\n"));
}

TEST_CASE("a request of single bytes is a request") {
  Site const site;
  auto const socket = site.raw();
  for (char const byte : std::string_view("GET /x HTTP/1.0\r\n\r")) {
    REQUIRE(socket->send({&byte, 1}, 5s));
    std::this_thread::sleep_for(1ms);
  }
  CHECK(exchange(*socket, "\n") == ok("GET /x 0", "Connection: close\r\n"));
}

TEST_CASE("100 Continue comes before the body, and is not sent to who did not wait") {
  Site const site;
  auto const socket = site.raw();
  REQUIRE(
      socket->send("PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                   "Content-Length: 3\r\nConnection: close\r\n\r\n",
                   5s));
  std::string out;
  REQUIRE(socket->receive(out, 5s));
  CHECK(out == "HTTP/1.1 100 Continue\r\n\r\n");
  CHECK(exchange(*socket, "abc") == ok("PUT /x 3", "Connection: close\r\n"));
  auto const hasty = site.raw();
  CHECK(exchange(*hasty,
                 "PUT /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                 "Content-Length: 3\r\nConnection: close\r\n\r\nabc") ==
        ok("PUT /x 3", "Connection: close\r\n"));
}

TEST_CASE("a refused request is told why, and the connection ends cleanly") {
  HttpServerOptions options;
  options.body_bytes_max = 1000;
  Site const site(options);
  auto const answer = exchange(*site.raw(), "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(answer.ends_with("malformed header field\n"));
  // The body is on its way when it is refused; the answer must still arrive.
  for (int i = 0; i < 5; ++i) {
    auto const large = http_request("POST", site.url("/"), {}, std::string(3'000'000, 'x'));
    REQUIRE(large);
    CHECK(large->status == 413);
  }
}

TEST_CASE("a handler that throws costs one answer, and cannot split the next") {
  Site const site;
  auto const thrown = http_request("GET", site.url("/throw"));
  REQUIRE(thrown);
  CHECK(thrown->status == 500);
  auto const split = http_request("GET", site.url("/split"));
  REQUIRE(split);
  CHECK_FALSE(split->headers.has("Set-Cookie"));
  CHECK(split->headers.value("Location") == "/a  Set-Cookie: x=y");
}

TEST_CASE("slow handlers of many connections run side by side") {
  HttpServerOptions options;
  options.workers = 8;
  Site const site(options);
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  auto const start = std::chrono::steady_clock::now();
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      auto const response = http_request("GET", site.url("/slow"));
      right += response && response->body == "GET /slow 0";
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == 8);
  CHECK(std::chrono::steady_clock::now() - start < 1500ms);
}

TEST_CASE("a stop lets the running request finish") {
  Site const site;
  auto const socket = site.raw();
  REQUIRE(socket->send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n", 5s));
  std::this_thread::sleep_for(50ms);
  site.server->stop();
  CHECK(exchange(*socket, "") == ok("GET /slow 0", "Connection: close\r\n"));
  CHECK_FALSE(http_request("GET", site.url("/"), {}, {}, 500));
}

TEST_CASE("an idle connection is closed") {
  HttpServerOptions options;
  options.idle_seconds_max = 1;
  Site const site(options);
  auto const socket = site.raw();
  CHECK(exchange(*socket, "GET /x HTTP/1.1\r\nHost: a\r\n\r\n") == ok("GET /x 0"));
}

TEST_CASE("HTTP over mutual TLS") {
  TestCertificates const certificates;
  HttpServerOptions options;
  options.tls =
      TlsServerOptions{certificates.server, certificates.server_key, certificates.authority};
  Site const site(options);
  TlsClientOptions const tls{
      certificates.authority, certificates.client, certificates.client_key, {}};
  CHECK(exchange(*site.raw(tls), "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") ==
        ok("GET /x 0", "Connection: close\r\n"));
}

TEST_CASE("the client speaks https to who the system's authorities vouch for, and to nobody else") {
  TestCertificates const certificates;
  HttpServerOptions options;
  options.tls = TlsServerOptions{certificates.server, certificates.server_key, {}};
  Site const site(options);
  auto const url = "https" + site.url("/x").substr(std::string_view("http").size());
  auto const stranger = http_request("GET", url);
  REQUIRE_FALSE(stranger);
  CHECK(stranger.error().what.find("TLS") != std::string::npos);
  // Where OpenSSL looks for the system's authorities.
  ::setenv("SSL_CERT_FILE", certificates.authority.c_str(), 1);
  auto const trusted = http_request("GET", url);
  ::unsetenv("SSL_CERT_FILE");
  REQUIRE(trusted);
  CHECK(trusted->status == 200);
  CHECK(http_request("GET", "ftp://127.0.0.1/").error().code == ErrorCode::not_supported);
}
