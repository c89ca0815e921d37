#include <atomic>
#include <future>

#include "base/hash.h"
#include "base/log.h"
#include "engine/connectors/framing.h"
#include "engine/connectors/settings.h"
#include "engine/connectors/source.h"
#include "net/blocking_socket.h"
#include "net/connection.h"
#include "net/mllp.h"

namespace sinew::engine {
namespace {

using namespace std::chrono_literals;

constexpr auto kConnectTimeout = 10s;
constexpr auto kSendTimeout = 30s;
/// How long one look at a quiet connection takes.
constexpr auto kLook = 500ms;
constexpr auto kReconnectPause = 0ms;
/// How long a stop waits for peers to take the answers they are owed.
constexpr auto kLastAnswersTimeMax = 5s;
constexpr std::size_t kFrameBytesMax = std::size_t{16} << 20;

enum class Answers : std::uint8_t { acknowledgement, none };
constexpr NameRow<Answers> kAnswers[] = {{"ack", Answers::acknowledgement},
                                         {"none", Answers::none}};

struct TcpSettings {
  std::string kind;       ///< "tcp" or "mllp"
  bool connects = false;  ///< else it listens
  SocketAddress address;
  std::optional<net::TlsServerOptions> server_tls;
  std::optional<net::TlsClientOptions> client_tls;
  Framing framing;
  Answers answers = Answers::acknowledgement;
};

// ---------------------------------------------------------------------------------------- listens

/// What a listening source and its connections share: an answer may come when the source has gone.
struct Listening {
  Listening(SourceContext source, TcpSettings tcp)
      : context(std::move(source)),
        settings(std::move(tcp)),
        status(context.name, settings.kind, context.metrics) {}
  SourceContext const context;
  TcpSettings const settings;
  SourceStatus status;
};

/// One message of a connection at a time: the next is read when the one before is durable.
class FramedProtocol final : public net::Protocol,
                             public std::enable_shared_from_this<FramedProtocol> {
 public:
  explicit FramedProtocol(std::shared_ptr<Listening> shared)
      : shared_(std::move(shared)), frames_(shared_->settings.framing, kFrameBytesMax) {}

  void opened(std::shared_ptr<net::Connection> const& connection) override {
    connection_ = connection;
  }
  std::size_t received(net::Connection& connection, std::string_view bytes) override {
    if (is_waiting_) return 0;
    frames_.add(bytes);
    take_next(connection);
    return bytes.size();
  }
  void ended(net::Connection& connection) override {
    has_ended_ = true;
    if (!is_waiting_) connection.close();
  }
  void stopping(net::Connection& connection) override { ended(connection); }
  void closed() override {}

 private:
  void take_next(net::Connection& connection) {
    auto frame = frames_.next();
    if (!frame) {
      log(Level::warning, "connection closed",
          {{"source", shared_->context.name}, {"reason", frame.error().what}});
      shared_->status.refused();
      return connection.close();
    }
    if (!*frame) return;
    is_waiting_ = true;
    auto answer = [weak = connection_, self = weak_from_this()](std::string reply) {
      auto const open = weak.lock();
      if (!open) return;
      open->post([weak, self, reply = std::move(reply)] {
        auto const still_open = weak.lock();
        auto const protocol = self.lock();
        if (still_open && protocol) protocol->answered(*still_open, reply);
      });
    };
    auto const taken = shared_->context.engine.take_frame(
        shared_->context.name, hash64(shared_->context.name, connection.id()), *std::move(*frame),
        answer);
    if (!taken) connection.close();
  }

  void answered(net::Connection& connection, std::string const& reply) {
    if (reply.find("\rMSA|AA") != std::string::npos || reply.find("\rMSA|CA") != std::string::npos)
      shared_->status.taken(1);
    if (shared_->settings.answers == Answers::acknowledgement && !reply.empty())
      connection.send(in_frame(shared_->settings.framing, reply));
    is_waiting_ = false;
    take_next(connection);
    if (is_waiting_) return;
    if (has_ended_) return connection.close();
    connection.resume();
  }

  std::shared_ptr<Listening> const shared_;
  FrameReader frames_;
  std::weak_ptr<net::Connection> connection_;
  bool is_waiting_ = false;
  bool has_ended_ = false;
};

class ListeningSource final : public Source {
 public:
  ListeningSource(SourceContext const& context, TcpSettings const& settings)
      : shared_(std::make_shared<Listening>(context, settings)) {}
  ~ListeningSource() override { stop(); }

  Result<> start() override {
    net::ListenerOptions options;
    options.host = shared_->settings.address.host;
    options.port = shared_->settings.address.port;
    options.tls = shared_->settings.server_tls;
    listener_ = TRY(net::Listener::listen(shared_->context.loop, options, [this] {
      return std::make_shared<FramedProtocol>(shared_);
    }));
    shared_->status.set_where(shared_->settings.kind + "://" + options.host + ':' +
                              std::to_string(listener_->port()));
    shared_->status.works();
    return {};
  }

  void stop() override {
    if (!listener_) return;
    listener_->stop();
    auto const deadline = std::chrono::steady_clock::now() + kLastAnswersTimeMax;
    while (listener_->connections_open() > 0 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(5ms);
    listener_.reset();
  }
  SourceStatus& status() override { return shared_->status; }

 private:
  std::shared_ptr<Listening> const shared_;
  std::unique_ptr<net::Listener> listener_;
};

/// MLLP as `sinew serve --listen` has it: messages of a connection one after another on their way,
/// answers in order.
class MllpListeningSource final : public Source {
 public:
  MllpListeningSource(SourceContext const& context, TcpSettings const& settings)
      : shared_(std::make_shared<Listening>(context, settings)) {}
  ~MllpListeningSource() override { stop(); }

  Result<> start() override {
    net::MllpServerOptions options;
    options.host = shared_->settings.address.host;
    options.port = shared_->settings.address.port;
    options.tls = shared_->settings.server_tls;
    server_ = TRY(net::MllpServer::listen(
        shared_->context.loop, options,
        [this](net::Peer const& peer, std::string frame, net::Answer answer) {
          take(peer.connection, std::move(frame), std::move(answer));
        }));
    *reports_ = server_.get();
    shared_->status.set_where("mllp://" + options.host + ':' + std::to_string(server_->port()));
    shared_->status.works();
    return {};
  }

  void stop() override {
    if (!server_) return;
    server_->stop();
    auto const deadline = std::chrono::steady_clock::now() + kLastAnswersTimeMax;
    while (server_->counters().connections_open > 0 && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(5ms);
    *reports_ = nullptr;
    server_.reset();
  }
  SourceStatus& status() override { return shared_->status; }

 private:
  void take(std::uint64_t connection, std::string frame, net::Answer answer) {
    auto push = [reports = reports_, connection](std::string report) {
      if (auto* const open = reports->load()) open->send(connection, std::move(report));
    };
    auto counted = [shared = shared_, answer](std::string reply) {
      shared->status.taken(1);
      answer(std::move(reply));
    };
    auto const taken = shared_->context.engine.take_frame(shared_->context.name,
                                                          hash64(shared_->context.name, connection),
                                                          std::move(frame), counted, push);
    if (!taken) answer({});
  }

  std::shared_ptr<Listening> const shared_;
  std::unique_ptr<net::MllpServer> server_;
  /// Reports of enhanced mode come later than the server, and must not outlive it.
  std::shared_ptr<std::atomic<net::MllpServer*>> reports_ =
      std::make_shared<std::atomic<net::MllpServer*>>(nullptr);
};

// --------------------------------------------------------------------------------------- connects

/// Connects to whoever has the messages, and takes what comes.
class ConnectingPoller final : public Poller {
 public:
  ConnectingPoller(PollerContext const& context, TcpSettings settings)
      : context_(context), settings_(std::move(settings)) {
    context_.status.set_where(settings_.kind + "://" + settings_.address.host + ':' +
                              std::to_string(settings_.address.port));
  }

  Result<bool> poll() override {
    if (!socket_) {
      socket_ = TRY(net::BlockingSocket::connect(settings_.address.host, settings_.address.port,
                                                 settings_.client_tls, kConnectTimeout));
      frames_.emplace(settings_.framing, kFrameBytesMax);
    }
    bool const has_more = TRY(socket_->is_readable(kLook));
    if (!has_more) return true;
    std::string bytes;
    TRY(socket_->receive(bytes, kSendTimeout));
    if (bytes.empty())
      return fail(ErrorCode::unavailable, "the peer closed the connection", where());
    frames_->add(bytes);
    while (auto frame = TRY(frames_->next())) TRY(take(*std::move(frame)));
    return true;
  }

  void disconnect() override { socket_.reset(); }

 private:
  [[nodiscard]] std::string where() const {
    return settings_.address.host + ':' + std::to_string(settings_.address.port);
  }

  Result<> take(std::string frame) {
    auto const promise = std::make_shared<std::promise<std::string>>();
    auto waiting = promise->get_future();
    auto const& name = context_.source.name;
    TRY(context_.source.engine.take_frame(
        name, hash64(name), std::move(frame),
        [promise](std::string reply) { promise->set_value(std::move(reply)); }));
    auto const reply = waiting.get();
    context_.status.taken(1);
    if (settings_.answers == Answers::none || reply.empty()) return {};
    return socket_->send(in_frame(settings_.framing, reply), kSendTimeout);
  }

  PollerContext const context_;
  TcpSettings const settings_;
  std::unique_ptr<net::BlockingSocket> socket_;
  std::optional<FrameReader> frames_;
};

Result<TcpSettings> read_settings(Node const& node, std::string kind) {
  TcpSettings settings;
  settings.kind = std::move(kind);
  auto const listen = node["listen"];
  auto const connect = node["connect"];
  if (listen.exists() == connect.exists())
    return node.wrong("needs 'listen', or 'connect' to whoever has the messages");
  settings.connects = connect.exists();
  auto const tls = node["tls"];
  if (settings.connects) {
    TRY(connect.allow({"host", "port"}));
    settings.address = TRY(read_host_and_port(connect));
    if (tls.exists()) settings.client_tls = TRY(read_client_tls(tls));
  } else {
    settings.address = TRY(read_socket_address(listen, node));
    if (tls.exists()) settings.server_tls = TRY(read_server_tls(tls));
  }
  settings.framing = TRY(read_framing(node["frame"]));
  settings.answers = TRY(node["answer"].one_of(kAnswers, settings.answers));
  return settings;
}

std::unique_ptr<Source> connecting_source(SourceContext const& context,
                                          TcpSettings const& settings) {
  return polling_source(context, settings.kind, kReconnectPause,
                        [settings](PollerContext const& poller) {
                          return std::make_unique<ConnectingPoller>(poller, settings);
                        });
}

}  // namespace

Result<OpenSource> read_tcp_source(Node const& node) {
  TRY(node.allow({"listen", "connect", "tls", "frame", "answer"}));
  auto const settings = TRY(read_settings(node, "tcp"));
  return OpenSource([settings](SourceContext const& context) -> std::unique_ptr<Source> {
    if (settings.connects) return connecting_source(context, settings);
    return std::make_unique<ListeningSource>(context, settings);
  });
}

Result<OpenSource> read_mllp_source(Node const& node) {
  TRY(node.allow({"listen", "connect", "tls"}));
  auto const settings = TRY(read_settings(node, "mllp"));
  return OpenSource([settings](SourceContext const& context) -> std::unique_ptr<Source> {
    if (settings.connects) return connecting_source(context, settings);
    return std::make_unique<MllpListeningSource>(context, settings);
  });
}

}  // namespace sinew::engine
