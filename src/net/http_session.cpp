#include "net/http_session.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

#include "base/log.h"

namespace sinew::net {
namespace {

using namespace std::chrono_literals;

/// A head that takes longer comes from somebody who holds connections open on purpose.
constexpr auto kHeadTimeMax = 30s;

}  // namespace

/// A body that is on its way in pieces.
struct HttpSession::Stream {
  Stream(std::shared_ptr<HttpShared> all, std::weak_ptr<Connection> connection,
         NextPiece next_piece)
      : shared(std::move(all)),
        number(shared->streams.begin(std::move(connection))),
        next(std::move(next_piece)) {}
  Stream(Stream const&) = delete;
  Stream& operator=(Stream const&) = delete;
  ~Stream() {
    next = {};  // whoever waits for our end may destroy what it works with
    shared->streams.end(number);
  }

  /// On a worker.
  Result<std::string> make_piece() {
    try {
      return next();
    } catch (std::exception const&) {
      return fail(ErrorCode::internal, "it threw");
    }
  }

  std::shared_ptr<HttpShared> shared;
  std::size_t number;
  NextPiece next;
  std::optional<HttpWriter> writer;  ///< the loop's
  bool is_asked = false;             ///< the loop's: a piece is being made
};

class HttpSession::Call final : public HttpCall, public std::enable_shared_from_this<Call> {
 public:
  Call(std::shared_ptr<HttpSession> session, std::weak_ptr<Connection> connection,
       HttpRequest request)
      : HttpCall(std::move(request)),
        session_(std::move(session)),
        connection_(std::move(connection)) {
    session_->shared_->calls.begin();
  }
  ~Call() override {
    if (!answered_) answer({500, {}, {}});
  }

  void answer(HttpResponse response) override {
    if (answered_.exchange(true)) return;
    auto const shared = session_->shared_;
    std::shared_ptr<Stream> stream;
    if (response.more) {
      stream = std::make_shared<Stream>(shared, connection_, std::move(response.more));
    }
    if (auto const connection = connection_.lock()) {
      connection->post([session = session_, stream = std::move(stream),
                        made = std::make_shared<HttpResponse const>(std::move(
                            response))]() mutable { session->respond(*made, std::move(stream)); });
    }
    shared->calls.end();
  }

  void run(std::function<void()> work) override {
    session_->shared_->workers->add(
        [self = shared_from_this(), work = std::move(work)] { self->guarded(work); });
  }

  /// Handlers do not throw; the libraries below them may, when memory ends. One request must not
  /// take the process with it.
  void guarded(std::function<void()> const& work) {
    try {
      work();
    } catch (std::exception const&) {
      log(Level::error, "http handler threw", {{"method", request().method}});
      answer({500, {}, {}});
    }
  }

 private:
  std::shared_ptr<HttpSession> session_;
  std::weak_ptr<Connection> connection_;
  std::atomic<bool> answered_ = false;
};

HttpSession::HttpSession(std::shared_ptr<HttpShared> shared)
    : shared_(std::move(shared)),
      parser_({.header_bytes_max = shared_->options.header_bytes_max,
               .body_bytes_max = shared_->options.body_bytes_max}) {}

void HttpSession::opened(std::shared_ptr<Connection> const& connection) {
  connection_ = connection;
  set_deadline(*connection);
}

std::size_t HttpSession::received(Connection& connection, std::string_view bytes) {
  if (busy_) return 0;  // the next request waits for the answer to this one
  auto rest = bytes;
  auto const event = parser_.feed(rest);
  if (parser_.take_wants_continue() && event == HttpParser::Event::need_more) {
    connection.send("HTTP/1.1 100 Continue\r\n\r\n");
  }
  if (event == HttpParser::Event::failed) {
    refuse(connection);
    return bytes.size();
  }
  if (event == HttpParser::Event::need_more) {
    set_deadline(connection);
    return bytes.size();
  }
  busy_ = true;
  head_deadline_.reset();
  connection.set_deadline(std::nullopt);
  auto request = parser_.take_request();
  request.peer_address = connection.address();
  framing_ = {parser_.is_keep_alive(), parser_.is_http_1_0(), request.method == "HEAD"};
  // "The HEAD method is identical to GET except that the server MUST NOT send content"
  // (RFC 9110 §9.3.2)
  if (framing_.is_head) request.method = "GET";
  run(std::move(request));
  return bytes.size() - rest.size();
}

void HttpSession::ended(Connection& connection) {
  last_ = true;
  if (!busy_) connection.close();
}

void HttpSession::closed() { stream_.reset(); }

void HttpSession::run(HttpRequest request) {
  auto const call = std::make_shared<Call>(shared_from_this(), connection_, std::move(request));
  shared_->workers->add(
      [call, shared = shared_] { call->guarded([&] { shared->handler(call); }); });
}

void HttpSession::respond(HttpResponse const& response, std::shared_ptr<Stream> stream) {
  auto const connection = connection_.lock();
  if (!connection) return;
  framing_.keep_alive = framing_.keep_alive && !last_;
  HttpWriter const writer(response.status, stream ? Content::in_pieces : Content::whole, framing_);
  connection->send(writer.begin(response));
  if (!stream || !writer.is_in_pieces()) return finish(*connection, writer.keeps_alive());
  stream->writer = writer;
  stream_ = std::move(stream);
  set_deadline(*connection);
}

/// The socket has taken all there was: the next piece, on a worker.
void HttpSession::drained(Connection&) {
  if (!stream_ || stream_->is_asked) return;
  stream_->is_asked = true;
  shared_->workers->add([self = shared_from_this(), stream = stream_, weak = connection_] {
    auto piece = std::make_shared<Result<std::string>>(stream->make_piece());
    auto const connection = weak.lock();
    if (!connection) return;
    connection->post([self, piece] { self->take(std::move(*piece)); });
  });
}

void HttpSession::take(Result<std::string> piece) {
  auto const connection = connection_.lock();
  if (!connection || !stream_) return;
  stream_->is_asked = false;
  if (!piece) {
    log(Level::error, "an answer is broken off", {{"reason", to_string(piece.error())}});
    return connection->abort();
  }
  auto const writer = *stream_->writer;
  if (piece->empty()) {
    stream_.reset();
    connection->send(writer.end());
    return finish(*connection, writer.keeps_alive() && !last_);
  }
  connection->send(writer.piece(*std::move(piece)));
  set_deadline(*connection);
}

void HttpSession::finish(Connection& connection, bool keeps_alive) {
  busy_ = false;
  if (!keeps_alive) return connection.close();
  set_deadline(connection);
  connection.resume();
}

/// A body that ends with its connection must not look whole.
void HttpSession::expired(Connection& connection) {
  if (stream_) return connection.abort();
  connection.close();
}

void HttpSession::refuse(Connection& connection) {
  HttpResponse response;
  response.status = parser_.status();
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.body = parser_.reason() + '\n';
  last_ = true;
  connection.send(
      HttpWriter(response.status, Content::whole, {.keep_alive = false}).begin(response));
  connection.close();
}

void HttpSession::set_deadline(Connection& connection) {
  auto const now = std::chrono::steady_clock::now();
  auto deadline = now + std::chrono::seconds(shared_->options.idle_seconds_max);
  if (!parser_.is_inside() || !parser_.is_in_head()) {
    head_deadline_.reset();
  } else {
    if (!head_deadline_) head_deadline_ = now + kHeadTimeMax;
    deadline = std::min(deadline, *head_deadline_);
  }
  connection.set_deadline(deadline);
}

}  // namespace sinew::net
