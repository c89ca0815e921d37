#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "net/blocking_socket.h"
#include "net/http.h"

using namespace sinew;
using namespace sinew::net;
using namespace std::chrono_literals;

// Answers that leave in pieces, and answers that are given after the handler has ended.

namespace {

struct Site {
  Loop loop{2};
  std::unique_ptr<HttpServer> server;

  explicit Site(HttpCallHandler handler, HttpServerOptions options = {}) {
    loop.run();
    auto listening = HttpServer::listen(loop, std::move(options), std::move(handler));
    REQUIRE(listening);
    server = *std::move(listening);
  }
  std::string url(std::string const& target) const {
    return "http://127.0.0.1:" + std::to_string(server->port()) + target;
  }
  std::unique_ptr<BlockingSocket> raw() const {
    auto connected = BlockingSocket::connect("127.0.0.1", server->port(), {}, 5s);
    REQUIRE(connected);
    return *std::move(connected);
  }
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kGetAndClose = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// A body of "0,1,2,...,": one number a piece, begun with what stands in the response itself.
HttpResponse numbers(int count, std::string begin = "0,") {
  HttpResponse response;
  response.body = std::move(begin);
  response.more = [next = 0, count]() mutable -> Result<std::string> {
    return ++next < count ? std::to_string(next) + "," : std::string();
  };
  return response;
}

/// What comes until the connection ends, in order or not.
struct Received {
  std::string text;
  bool is_reset = false;
};
Received rest_of(BlockingSocket& socket) {
  Received received;
  while (true) {
    auto const before = received.text.size();
    auto const more = socket.receive(received.text, 5s);
    if (!more) {
      received.is_reset = more.error().what.find("time") == std::string::npos;
      CHECK_MESSAGE(received.is_reset, more.error().what);
      return received;
    }
    if (received.text.size() == before) return received;
  }
}

std::string content(std::string const& text) { return text.substr(text.find("\r\n\r\n") + 4); }

/// Counts the producers that are alive.
struct Alive {
  explicit Alive(std::atomic<int>& counted) : count(counted) { ++count; }
  Alive(Alive const&) = delete;
  Alive& operator=(Alive const&) = delete;
  ~Alive() { --count; }
  std::atomic<int>& count;
};

bool becomes(std::function<bool()> const& is_so) {
  for (int i = 0; i < 500; ++i) {
    if (is_so()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

}  // namespace

TEST_CASE("a body in pieces is chunked, and the connection goes on") {
  Site const site([](std::shared_ptr<HttpCall> const& call) { call->answer(numbers(3)); });
  auto const response = http_request("GET", site.url("/"));
  REQUIRE(response);
  CHECK(response->body == "0,1,2,");
  CHECK(response->headers.value("Transfer-Encoding") == "chunked");
  CHECK_FALSE(response->headers.has("Content-Length"));
  auto const socket = site.raw();
  REQUIRE(socket->send(std::string(kGet) + std::string(kGetAndClose), 5s));
  auto const text = rest_of(*socket).text;
  auto const chunks = std::string("2\r\n0,\r\n2\r\n1,\r\n2\r\n2,\r\n0\r\n\r\n");
  auto const first = text.find(chunks);
  CHECK(first != std::string::npos);
  CHECK(text.find(chunks, first + 1) != std::string::npos);  // the second answer, behind the first
  CHECK(text.ends_with(chunks));
}

TEST_CASE("a body whose first piece is empty, and one without any") {
  Site const site([](std::shared_ptr<HttpCall> const& call) {
    call->answer(numbers(call->request().path() == "/none" ? 0 : 3, ""));
  });
  CHECK(http_request("GET", site.url("/"))->body == "1,2,");
  CHECK(http_request("GET", site.url("/none"))->body.empty());
}

TEST_CASE("HTTP/1.0 gets the pieces as they are, HEAD gets none") {
  std::atomic<int> asked = 0;
  Site const site([&](std::shared_ptr<HttpCall> const& call) {
    auto response = numbers(3);
    response.more = [&asked, more = response.more] {
      ++asked;
      return more();
    };
    call->answer(std::move(response));
  });
  auto const old = site.raw();
  REQUIRE(old->send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 5s));
  auto const text = rest_of(*old).text;
  CHECK(content(text) == "0,1,2,");
  CHECK(text.find("Connection: close\r\n") != std::string::npos);
  CHECK(text.find("Transfer-Encoding") == std::string::npos);
  asked = 0;
  auto const head = site.raw();
  REQUIRE(head->send("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 5s));
  auto const answer = rest_of(*head).text;
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(content(answer).empty());
  CHECK(answer.find("Content-Length") == std::string::npos);
  CHECK(asked == 0);
}

TEST_CASE("a body that fails on the way does not look whole") {
  for (std::string_view const request :
       {kGetAndClose, std::string_view("GET / HTTP/1.0\r\n\r\n")}) {
    for (bool const throws : {false, true}) {
      CAPTURE(request);
      Site const site([throws](std::shared_ptr<HttpCall> const& call) {
        HttpResponse response;
        response.body = "begun";
        response.more = [throws]() -> Result<std::string> {
          if (throws) throw std::bad_alloc();
          return fail(ErrorCode::internal, "the disk is gone");
        };
        call->answer(std::move(response));
      });
      auto const socket = site.raw();
      REQUIRE(socket->send(request, 5s));
      auto const received = rest_of(*socket);
      CHECK(received.is_reset);
      CHECK_FALSE(received.text.ends_with("0\r\n\r\n"));
    }
  }
}

TEST_CASE("nothing is made for a reader who takes nothing") {
  constexpr int kPieces = 2000;
  constexpr std::size_t kPieceBytes = 64 * 1024;
  std::atomic<int> made = 0;
  Site const site([&](std::shared_ptr<HttpCall> const& call) {
    HttpResponse response;
    response.more = [&made, number = 0]() mutable -> Result<std::string> {
      if (number++ == kPieces) return std::string();
      ++made;
      return std::string(kPieceBytes, 'x');
    };
    call->answer(std::move(response));
  });
  auto const socket = site.raw();
  REQUIRE(socket->send(kGetAndClose, 5s));
  std::this_thread::sleep_for(300ms);
  int const before = made;
  // What both ends' kernels hold, which is some MB; all of it were 125 MB.
  CHECK(before < kPieces / 4);
  std::this_thread::sleep_for(200ms);
  CHECK(made == before);
  auto const text = rest_of(*socket).text;
  CHECK(made == kPieces);
  CHECK(text.size() > kPieces * kPieceBytes);
  CHECK(text.ends_with("x\r\n0\r\n\r\n"));
}

TEST_CASE("who goes away takes the producer along") {
  std::atomic<int> alive = 0;
  Site const site([&](std::shared_ptr<HttpCall> const& call) {
    HttpResponse response;
    response.more = [one = std::make_shared<Alive>(alive)]() -> Result<std::string> {
      return std::string(100'000, 'x');  // for ever
    };
    call->answer(std::move(response));
  });
  for (int i = 0; i < 20; ++i) {
    auto const socket = site.raw();
    REQUIRE(socket->send(kGet, 5s));
    std::string some;
    REQUIRE(socket->receive(some, 5s));
  }
  CHECK(becomes([&] { return alive == 0; }));
}

TEST_CASE("a stop lets a body on its way become whole, if somebody reads it") {
  std::atomic<int> alive = 0;
  Site const site([&](std::shared_ptr<HttpCall> const& call) {
    HttpResponse response;
    response.more = [one = std::make_shared<Alive>(alive),
                     number = 0]() mutable -> Result<std::string> {
      std::this_thread::sleep_for(20ms);
      return number++ < 20 ? std::string(1000, 'x') : std::string();
    };
    call->answer(std::move(response));
  });
  auto const socket = site.raw();
  REQUIRE(socket->send(kGet, 5s));
  std::string some;
  REQUIRE(socket->receive(some, 5s));
  std::thread stopping([&] {
    site.server->stop();
    CHECK(alive == 0);
  });
  auto const received = rest_of(*socket);
  stopping.join();
  CHECK(received.text.ends_with("0\r\n\r\n"));
}

TEST_CASE("a stop breaks off what nobody reads") {
  std::atomic<int> alive = 0;
  HttpServerOptions options;
  options.stop_seconds_max = 1;
  Site const site(
      [&](std::shared_ptr<HttpCall> const& call) {
        HttpResponse response;
        response.more = [one = std::make_shared<Alive>(alive)]() -> Result<std::string> {
          return std::string(1'000'000, 'x');
        };
        call->answer(std::move(response));
      },
      options);
  auto const socket = site.raw();
  REQUIRE(socket->send(kGet, 5s));
  REQUIRE(becomes([&] { return alive == 1; }));
  auto const begin = std::chrono::steady_clock::now();
  site.server->stop();
  CHECK(alive == 0);
  CHECK(std::chrono::steady_clock::now() - begin < 4s);
}

TEST_CASE("an answer may come after the handler has ended, from any thread, in order") {
  std::vector<std::thread> threads;
  std::atomic<int> running = 0;
  HttpServerOptions options;
  options.workers = 1;
  options.threads_max = 1;
  Site const site(
      [&](std::shared_ptr<HttpCall> const& call) {
        ++running;
        threads.emplace_back([&, call] {
          std::this_thread::sleep_for(100ms);
          HttpResponse response;
          response.body = call->request().target;
          call->answer(std::move(response));
          call->answer({500, {}, {}});  // too late
        });
      },
      options);
  // One thread, and none waits: eight connections are answered as fast as one.
  auto const begin = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<BlockingSocket>> sockets;
  for (int i = 0; i < 8; ++i) {
    sockets.push_back(site.raw());
    REQUIRE(
        sockets.back()->send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGetAndClose), 5s));
  }
  for (auto const& socket : sockets) {
    auto const text = rest_of(*socket).text;
    CHECK(text.find("\r\n\r\n/aHTTP/1.1 200 OK\r\n") != std::string::npos);
    CHECK(content(content(text)) == "/");
  }
  CHECK(std::chrono::steady_clock::now() - begin < 1500ms);
  CHECK(running == 16);
  for (auto& thread : threads) thread.join();
}

TEST_CASE("a call that is let go without an answer is answered 500, work that throws as well") {
  Site const site([](std::shared_ptr<HttpCall> const& call) {
    if (call->request().path() == "/throw") call->run([] { throw std::bad_alloc(); });
    if (call->request().path() == "/run") call->run([call] { call->answer({201, {}, "run"}); });
  });
  CHECK(http_request("GET", site.url("/"))->status == 500);
  CHECK(http_request("GET", site.url("/throw"))->status == 500);
  CHECK(http_request("GET", site.url("/run"))->body == "run");
}

TEST_CASE("a stop waits for the answers that are owed") {
  std::atomic<bool> answered = false;
  std::thread later;
  Site const site([&](std::shared_ptr<HttpCall> const& call) {
    later = std::thread([&, call] {
      std::this_thread::sleep_for(200ms);
      answered = true;
      call->answer({200, {}, "late"});
    });
  });
  auto const socket = site.raw();
  REQUIRE(socket->send(kGet, 5s));
  std::this_thread::sleep_for(50ms);
  site.server->stop();
  CHECK(answered);
  CHECK(content(rest_of(*socket).text) == "late");
  later.join();
}
