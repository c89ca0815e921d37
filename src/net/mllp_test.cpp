#include "net/mllp.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.h"
#include "net/blocking_socket.h"
#include "net/certificates_test.h"

using namespace sinew;
using namespace sinew::net;
using namespace std::chrono_literals;

namespace {

struct Quiet {
  Quiet() { set_log_level(Level::off); }
  ~Quiet() { set_log_level(Level::info); }
};

struct Echo {
  Quiet quiet;
  Loop loop{2};
  std::unique_ptr<MllpServer> server;

  explicit Echo(MllpServerOptions options = {}, FrameHandler handler = {}) {
    if (!handler) {
      handler = [](Peer const&, std::string payload, Answer answer) {
        answer("re:" + std::move(payload));
      };
    }
    loop.run();
    auto listening = MllpServer::listen(loop, std::move(options), std::move(handler));
    REQUIRE(listening);
    server = *std::move(listening);
  }
  MllpClientOptions client() const {
    MllpClientOptions options;
    options.host = "127.0.0.1";
    options.port = server->port();
    options.answer_timeout_ms = 5000;
    return options;
  }
  std::unique_ptr<MllpClient> connect() const {
    auto connected = MllpClient::connect(client());
    REQUIRE(connected);
    return *std::move(connected);
  }
  std::unique_ptr<BlockingSocket> raw() const {
    auto connected = BlockingSocket::connect("127.0.0.1", server->port(), std::nullopt, 5s);
    REQUIRE(connected);
    return *std::move(connected);
  }
};

/// All bytes up to the end of the stream.
Result<std::string> read_to_end(BlockingSocket& socket) {
  std::string out;
  while (true) {
    auto const before = out.size();
    TRY(socket.receive(out, 5s));
    if (out.size() == before) return out;
  }
}

bool eventually(auto const& condition) {
  for (int i = 0; i < 500; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

std::string frame(std::string_view payload) { return "\x0B" + std::string(payload) + "\x1C\r"; }

}  // namespace

TEST_CASE("many connections, pipelined frames, each answered in order") {
  Echo const echo;
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;
  constexpr int kConnections = 32, kFrames = 200;
  for (int c = 0; c < kConnections; ++c) {
    threads.emplace_back([&, c] {
      auto client = MllpClient::connect(echo.client());
      if (!client) return;
      auto const name = [&](int i) { return std::to_string(c) + '/' + std::to_string(i); };
      for (int i = 0; i < kFrames; ++i) {
        if (!(*client)->send(name(i))) return;
      }
      for (int i = 0; i < kFrames; ++i) {
        auto const answer = (*client)->receive();
        right += answer && *answer == "re:" + name(i);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(right == kConnections * kFrames);
  auto const counters = echo.server->counters();
  CHECK(counters.connections_opened == kConnections);
  CHECK(counters.frames == kConnections * kFrames);
  CHECK(counters.rejected_frames == 0);
  CHECK(eventually([&] { return echo.server->counters().connections_open == 0; }));
}

TEST_CASE("answers given late and backwards leave in the order of their frames") {
  std::mutex mutex;
  std::vector<Answer> answers;
  std::vector<std::string> payloads;
  Echo const server({}, [&](Peer const&, std::string payload, Answer answer) {
    std::scoped_lock const lock(mutex);
    answers.push_back(std::move(answer));
    payloads.push_back(std::move(payload));
  });
  auto const client = server.connect();
  for (char const* const payload : {"a", "b", "c", "d"}) REQUIRE(client->send(payload));
  REQUIRE(eventually([&] {
    std::scoped_lock const lock(mutex);
    return answers.size() == 4;
  }));
  answers[3](payloads[3]);
  answers[1]("");  // sends nothing
  answers[2](payloads[2]);
  answers[0](payloads[0]);
  for (char const* const expected : {"a", "c", "d"}) {
    auto const answer = client->receive();
    REQUIRE(answer);
    CHECK(*answer == expected);
  }
}

TEST_CASE(
    "a frame that answers none goes behind the answers owed, and only while there is a peer") {
  std::mutex mutex;
  std::vector<Answer> answers;
  std::atomic<std::uint64_t> connection = 0;
  Echo const server({}, [&](Peer const& peer, std::string, Answer answer) {
    std::scoped_lock const lock(mutex);
    answers.push_back(std::move(answer));
    connection = peer.connection;
  });
  {
    auto const client = server.connect();
    REQUIRE(client->send("m"));
    REQUIRE(eventually([&] { return connection != 0; }));
    CHECK(server.server->send(connection, "later"));
    answers[0]("first");
    for (char const* const expected : {"first", "later"}) {
      auto const frame_received = client->receive();
      REQUIRE(frame_received);
      CHECK(*frame_received == expected);
    }
  }
  CHECK(eventually([&] { return !server.server->send(connection, "nobody"); }));
}

TEST_CASE("frames arrive whole when every byte is a segment of its own") {
  Echo const echo;
  auto const socket = echo.raw();
  for (char const byte : frame("MSH|1\r") + frame("B")) {
    REQUIRE(socket->send({&byte, 1}, 5s));
    std::this_thread::sleep_for(1ms);
  }
  std::string out;
  while (out.size() < 18) REQUIRE(socket->receive(out, 5s));
  CHECK(out == frame("re:MSH|1\r") + frame("re:B"));
}

TEST_CASE("an oversized frame is not answered, the frames before it are, and the close is clean") {
  MllpServerOptions options;
  options.frame_bytes_max = 1000;
  Echo const echo(options);
  auto const socket = echo.raw();
  // Far more input than the server will take: a careless close would reset the connection, and
  // the answer to "ok" could be lost.
  auto const stream = frame("ok") + frame(std::string(5'000'000, 'x')) + frame("never");
  std::thread sender([&] { static_cast<void>(socket->send(stream, 5s)); });
  auto const out = read_to_end(*socket);
  sender.join();
  REQUIRE(out);
  CHECK(*out == frame("re:ok"));
  CHECK(echo.server->counters().rejected_frames == 1);
  CHECK(echo.server->counters().frames == 1);
}

TEST_CASE("a frame at the limit passes over a real socket") {
  MllpServerOptions options;
  options.frame_bytes_max = 3'000'000;
  Echo const echo(options);
  auto const client = echo.connect();
  std::string const payload(3'000'000, 'y');
  REQUIRE(client->send(payload));
  auto const answer = client->receive();
  REQUIRE(answer);
  CHECK(*answer == "re:" + payload);
}

TEST_CASE("a frame that a VT cuts off is counted and never answered") {
  Echo const echo;
  auto const socket = echo.raw();
  REQUIRE(socket->send("\x0BMSH|half" + frame("MSH|whole"), 5s));
  std::string out;
  REQUIRE(socket->receive(out, 5s));
  CHECK(out == frame("re:MSH|whole"));
  CHECK(echo.server->counters().rejected_frames == 1);
}

TEST_CASE("a client that closes in mid-frame costs one rejected frame and nothing else") {
  Echo const echo;
  {
    auto const socket = echo.raw();
    REQUIRE(socket->send("\x0BMSH|half", 5s));
  }
  CHECK(eventually([&] { return echo.server->counters().rejected_frames == 1; }));
  CHECK(eventually([&] { return echo.server->counters().connections_open == 0; }));
  auto const client = echo.connect();
  REQUIRE(client->send("next"));
  auto const answer = client->receive();
  REQUIRE(answer);
  CHECK(*answer == "re:next");
}

TEST_CASE("a peer that does not speak MLLP is cut off") {
  Echo const echo;
  auto const socket = echo.raw();
  REQUIRE(socket->send(std::string(10'000, 'G'), 5s));
  auto const out = read_to_end(*socket);
  REQUIRE(out);
  CHECK(out->empty());
}

TEST_CASE("reading stops at the frames in flight, and goes on when they are answered") {
  std::mutex mutex;
  std::vector<Answer> answers;
  MllpServerOptions options;
  options.in_flight_max = 3;
  Echo const server(options, [&](Peer const&, std::string, Answer answer) {
    std::scoped_lock const lock(mutex);
    answers.push_back(std::move(answer));
  });
  auto const client = server.connect();
  for (int i = 0; i < 10; ++i) REQUIRE(client->send("m"));
  auto const held = [&] {
    std::scoped_lock const lock(mutex);
    return answers.size();
  };
  REQUIRE(eventually([&] { return held() == 3; }));
  std::this_thread::sleep_for(100ms);
  CHECK(held() == 3);
  for (std::size_t i = 0; i < 10; ++i) {
    REQUIRE(eventually([&] { return held() > i; }));
    CHECK(held() <= i + 3);
    Answer answer;
    {
      std::scoped_lock const lock(mutex);
      answer = answers[i];
    }
    answer(std::to_string(i));
    auto const received = client->receive();
    REQUIRE(received);
    CHECK(*received == std::to_string(i));
  }
}

TEST_CASE("a peer that takes no answers cannot make the server hold more and more of them") {
  std::atomic<int> handled = 0;
  std::string const answer_text(100'000, 'a');
  Echo const server({}, [&](Peer const&, std::string, Answer answer) {
    ++handled;
    answer(answer_text);
  });
  auto const socket = server.raw();
  std::string stream;
  for (int i = 0; i < 100'000; ++i) stream += frame("m");
  static_cast<void>(socket->send(stream, 300ms));
  std::this_thread::sleep_for(200ms);
  // 100,000 answers would be 10 GB; what is held: kernel buffers and a bounded queue.
  CHECK(handled < 2000);
}

TEST_CASE("an idle connection is closed, a busy one and one that waits for us are not") {
  MllpServerOptions options;
  options.idle_seconds_max = 1;
  Echo const server(options, [](Peer const&, std::string payload, Answer answer) {
    std::thread([payload, answer] {
      if (payload == "slow") std::this_thread::sleep_for(1500ms);
      answer(payload);
    }).detach();
  });
  auto const idle = server.raw();
  auto const busy = server.connect();
  REQUIRE(busy->send("slow"));
  auto const start = std::chrono::steady_clock::now();
  auto const out = read_to_end(*idle);
  REQUIRE(out);
  CHECK(out->empty());
  CHECK(std::chrono::steady_clock::now() - start > 900ms);
  auto const answer = busy->receive();
  REQUIRE(answer);
  CHECK(*answer == "slow");
}

TEST_CASE("a stop sends the answers owed and takes nothing more") {
  std::mutex mutex;
  std::vector<Answer> answers;
  Echo const server({}, [&](Peer const&, std::string, Answer answer) {
    std::scoped_lock const lock(mutex);
    answers.push_back(std::move(answer));
  });
  auto const socket = server.raw();
  auto const bystander = server.raw();
  REQUIRE(socket->send(frame("a"), 5s));
  REQUIRE(eventually([&] {
    std::scoped_lock const lock(mutex);
    return answers.size() == 1;
  }));
  server.server->stop();
  REQUIRE(socket->send(frame("late"), 5s));
  auto const nothing = read_to_end(*bystander);
  REQUIRE(nothing);
  CHECK(nothing->empty());
  answers[0]("done");
  auto const out = read_to_end(*socket);
  REQUIRE(out);
  CHECK(*out == frame("done"));
  CHECK(answers.size() == 1);
  CHECK_FALSE(MllpClient::connect(server.client()));
  CHECK(eventually([&] { return server.server->counters().connections_open == 0; }));
}

TEST_CASE("a client that half-closes still gets its answers") {
  Echo const server({}, [](Peer const&, std::string payload, Answer answer) {
    std::thread([payload, answer] {
      std::this_thread::sleep_for(100ms);
      answer(payload);
    }).detach();
  });
  auto const socket = server.raw();
  REQUIRE(socket->send(frame("a") + frame("b"), 5s));
  socket->end_sending();
  auto const out = read_to_end(*socket);
  REQUIRE(out);
  CHECK(*out == frame("a") + frame("b"));
}

TEST_CASE("connections above the limit are closed, and a busy port is an error") {
  MllpServerOptions options;
  options.connections_max = 2;
  Echo const echo(options);
  auto const first = echo.connect(), second = echo.connect();
  for (auto* const client : {first.get(), second.get()}) {
    REQUIRE(client->send("x"));
    REQUIRE(client->receive());
  }
  auto const third = echo.raw();
  auto const out = read_to_end(*third);
  CHECK((!out || out->empty()));
  options.port = echo.server->port();
  Loop other(1);
  auto const again = MllpServer::listen(other, options, {});
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::unavailable);
}

TEST_CASE("TLS carries MLLP, and a client refuses a server it has no reason to trust") {
  TestCertificates const certificates;
  MllpServerOptions options;
  options.tls = TlsServerOptions{certificates.server, certificates.server_key, {}};
  Echo const echo(options);
  auto client_options = echo.client();
  client_options.tls = TlsClientOptions{certificates.authority, {}, {}, {}};
  for (char const* const host : {"127.0.0.1", "localhost"}) {
    client_options.host = host;
    auto const client = MllpClient::connect(client_options);
    REQUIRE(client);
    std::string const payload(200'000, 'z');
    for (int i = 0; i < 5; ++i) REQUIRE((*client)->send(payload));
    for (int i = 0; i < 5; ++i) {
      auto const answer = (*client)->receive();
      REQUIRE(answer);
      CHECK(*answer == "re:" + payload);
    }
  }
  client_options.tls->server_name = "elsewhere.example";
  CHECK_FALSE(MllpClient::connect(client_options));
  client_options.tls = TlsClientOptions{certificates.other_authority, {}, {}, {}};
  CHECK_FALSE(MllpClient::connect(client_options));

  // One that speaks no TLS gets no further, and does not disturb the others.
  auto const plain = echo.raw();
  REQUIRE(plain->send(frame("MSH|^~\\&|A|B|C|D"), 5s));
  auto const out = read_to_end(*plain);
  if (out) CHECK(out->find("re:") == std::string::npos);
}

TEST_CASE("mutual TLS lets in those of the authority, and tells who they are") {
  TestCertificates const certificates;
  MllpServerOptions options;
  options.tls =
      TlsServerOptions{certificates.server, certificates.server_key, certificates.authority};
  Echo const server(options,
                    [](Peer const& peer, std::string, Answer answer) { answer(peer.tls_subject); });
  auto client_options = server.client();
  client_options.tls =
      TlsClientOptions{certificates.authority, certificates.client, certificates.client_key, {}};
  auto const client = MllpClient::connect(client_options);
  REQUIRE(client);
  REQUIRE((*client)->send("who am I"));
  auto const answer = (*client)->receive();
  REQUIRE(answer);
  CHECK(*answer == "CN=lab,O=Sinew Test");

  // In TLS 1.3 a client learns only after its handshake that it was refused.
  auto const refused = [&](std::string const& certificate, std::string const& key) {
    client_options.tls = TlsClientOptions{certificates.authority, certificate, key, {}};
    auto const connected = MllpClient::connect(client_options);
    if (!connected) return true;
    static_cast<void>((*connected)->send("x"));
    return !(*connected)->receive();
  };
  CHECK(refused({}, {}));
  CHECK(refused(certificates.stranger, certificates.stranger_key));
  CHECK(server.server->counters().frames == 1);
}

TEST_CASE("TLS files that cannot be used are named") {
  TestCertificates const certificates;
  Loop loop(1);
  MllpServerOptions options;
  options.tls = TlsServerOptions{certificates.server, certificates.client_key, {}};
  auto const listening = MllpServer::listen(loop, options, {});
  REQUIRE_FALSE(listening);
  CHECK(listening.error().where == certificates.client_key);
  options.tls = TlsServerOptions{"/nowhere.pem", certificates.server_key, {}};
  CHECK_FALSE(MllpServer::listen(loop, options, {}));
}

TEST_CASE("a loop may end with connections open and frames unanswered") {
  std::vector<Answer> answers;
  std::unique_ptr<BlockingSocket> socket;
  {
    std::atomic<int> handled = 0;
    Echo const server({}, [&](Peer const&, std::string, Answer answer) {
      answers.push_back(std::move(answer));
      ++handled;
    });
    socket = server.raw();
    REQUIRE(socket->send(frame("a"), 5s));
    REQUIRE(eventually([&] { return handled == 1; }));
  }
  answers[0]("too late");  // nobody is left to get it; nothing breaks
}
