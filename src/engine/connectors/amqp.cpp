#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <sys/time.h>

#include "engine/connectors/file_name.h"
#include "engine/connectors/library.h"
#include "engine/connectors/settings.h"
#include "engine/connectors/source.h"
#include "engine/delivery/sender.h"

namespace sinew::engine {
namespace {

#define AMQP_FUNCTIONS(X)                                                                       \
  X(amqp_new_connection)                                                                        \
  X(amqp_destroy_connection)                                                                    \
  X(amqp_tcp_socket_new) X(amqp_ssl_socket_new) X(amqp_ssl_socket_set_cacert)                   \
      X(amqp_ssl_socket_set_key) X(amqp_socket_open_noblock) X(amqp_login) X(amqp_channel_open) \
          X(amqp_get_rpc_reply) X(amqp_basic_qos) X(amqp_basic_consume) X(amqp_consume_message) \
              X(amqp_destroy_envelope) X(amqp_basic_ack) X(amqp_maybe_release_buffers)          \
                  X(amqp_parse_url) X(amqp_error_string2) X(amqp_confirm_select)                \
                      X(amqp_basic_publish) X(amqp_simple_wait_frame_noblock)

struct AmqpFunctions {
  AMQP_FUNCTIONS(SINEW_LIBRARY_MEMBER)
};

/// Loaded once, whoever asks first.
Result<AmqpFunctions> const& amqp() {
  static Result<AmqpFunctions> const loaded = []() -> Result<AmqpFunctions> {
    AmqpFunctions functions;
    LibraryFunction const rows[] = {AMQP_FUNCTIONS(SINEW_LIBRARY_ROW)};
    TRY(load_library("librabbitmq.so.4", "librabbitmq4", rows));
    return functions;
  }();
  return loaded;
}

constexpr amqp_channel_t kChannel = 1;
constexpr int kFrameBytesMax = 131'072;
constexpr int kHeartbeatSeconds = 30;
constexpr std::uint8_t kPersistent = 2;

// The library's own are variables, which are not looked up.
constexpr amqp_bytes_t kNoBytes = {0, nullptr};
constexpr amqp_table_t kNoTable = {0, nullptr};

struct AmqpSettings {
  std::string url;
  std::optional<net::TlsClientOptions> tls;
  std::string queue;                  ///< of a source
  std::string exchange, routing_key;  ///< of a target
  std::uint16_t prefetch = 200;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
};

amqp_bytes_t bytes_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};
}
std::string_view text_of(amqp_bytes_t bytes) {
  return {static_cast<char const*>(bytes.bytes), bytes.len};
}
timeval time_of(std::chrono::milliseconds time) {
  constexpr std::int64_t kMilliseconds = 1000;
  return {time.count() / kMilliseconds, (time.count() % kMilliseconds) * kMilliseconds};
}

/// A connection with one channel open.
class AmqpConnection {
 public:
  static Result<std::unique_ptr<AmqpConnection>> connect(AmqpSettings const& settings) {
    auto const& loaded = amqp();
    if (!loaded) return fail(loaded.error().code, loaded.error().what);
    std::unique_ptr<AmqpConnection> connection(new AmqpConnection(*loaded));
    TRY(connection->open(settings));
    return connection;
  }
  AmqpConnection(AmqpConnection const&) = delete;
  AmqpConnection& operator=(AmqpConnection const&) = delete;
  ~AmqpConnection() { (void)f.amqp_destroy_connection(state); }

  /// Of the last call. `what` was tried.
  Result<> check(amqp_rpc_reply_t const& reply, std::string const& what) const {
    switch (reply.reply_type) {
      case AMQP_RESPONSE_NORMAL:
        return {};
      case AMQP_RESPONSE_LIBRARY_EXCEPTION:
        return fail(ErrorCode::unavailable,
                    what + ": " + f.amqp_error_string2(reply.library_error));
      case AMQP_RESPONSE_SERVER_EXCEPTION:
        return fail(ErrorCode::unavailable, what + ": " + said(reply.reply));
      default:
        return fail(ErrorCode::unavailable, what + ": no answer");
    }
  }

  /// What the broker says when it closes a channel or connection.
  static std::string said(amqp_method_t const& method) {
    if (method.id == AMQP_CHANNEL_CLOSE_METHOD)
      return std::string(text_of(static_cast<amqp_channel_close_t*>(method.decoded)->reply_text));
    if (method.id == AMQP_CONNECTION_CLOSE_METHOD)
      return std::string(
          text_of(static_cast<amqp_connection_close_t*>(method.decoded)->reply_text));
    return "the broker ended the channel";
  }

  AmqpFunctions const& f;
  amqp_connection_state_t state;

 private:
  explicit AmqpConnection(AmqpFunctions const& functions)
      : f(functions), state(functions.amqp_new_connection()) {}

  Result<> open(AmqpSettings const& settings) {
    auto url = settings.url;  // is cut into pieces
    amqp_connection_info info{};
    if (f.amqp_parse_url(url.data(), &info) != AMQP_STATUS_OK)
      return fail(ErrorCode::invalid, "the url is not amqp://user:password@host:port/vhost");
    auto* const socket =
        info.ssl != 0 ? f.amqp_ssl_socket_new(state) : f.amqp_tcp_socket_new(state);
    if (socket == nullptr) return fail(ErrorCode::internal, "no socket");
    if (info.ssl != 0 && settings.tls) {
      auto const& tls = *settings.tls;
      bool const is_bad =
          (!tls.ca_file.empty() &&
           f.amqp_ssl_socket_set_cacert(socket, tls.ca_file.c_str()) != AMQP_STATUS_OK) ||
          (!tls.certificate_file.empty() &&
           f.amqp_ssl_socket_set_key(socket, tls.certificate_file.c_str(), tls.key_file.c_str()) !=
               AMQP_STATUS_OK);
      if (is_bad) return fail(ErrorCode::invalid, "a file of 'tls' cannot be used");
    }
    auto const where = std::string(info.host) + ':' + std::to_string(info.port);
    auto const timeout = time_of(settings.timeout);
    if (int const opened = f.amqp_socket_open_noblock(socket, info.host, info.port, &timeout);
        opened != AMQP_STATUS_OK)
      return fail(ErrorCode::unavailable,
                  std::string("cannot connect: ") + f.amqp_error_string2(opened), where);
    TRY(check(f.amqp_login(state, info.vhost, 0, kFrameBytesMax, kHeartbeatSeconds,
                           AMQP_SASL_METHOD_PLAIN, info.user, info.password),
              "login at " + where));
    f.amqp_channel_open(state, kChannel);
    return check(f.amqp_get_rpc_reply(state), "channel");
  }
};

class AmqpPoller final : public Poller {
 public:
  AmqpPoller(PollerContext const& context, AmqpSettings settings)
      : context_(context), settings_(std::move(settings)) {
    context_.status.set_where(settings_.queue);
  }

  Result<bool> poll() override {
    if (!connection_) TRY(open());
    std::vector<std::string> messages;
    std::uint64_t last_tag = 0;
    auto repeat = Repeat::no;
    Result<> failed;
    while (messages.size() < settings_.prefetch) {
      // The first is waited for; then what is there already.
      auto const wait = time_of(std::chrono::milliseconds(messages.empty() ? 1000 : 20));
      amqp_envelope_t envelope{};
      connection_->f.amqp_maybe_release_buffers(connection_->state);
      auto const reply =
          connection_->f.amqp_consume_message(connection_->state, &envelope, &wait, 0);
      if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
        bool const is_quiet = reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION &&
                              reply.library_error == AMQP_STATUS_TIMEOUT;
        if (!is_quiet) failed = connection_->check(reply, settings_.queue);
        break;
      }
      messages.emplace_back(text_of(envelope.message.body));
      last_tag = envelope.delivery_tag;
      if (envelope.redelivered != 0) repeat = Repeat::possible;
      connection_->f.amqp_destroy_envelope(&envelope);
    }
    if (!messages.empty()) {
      TRY(context_.taker.take(std::move(messages), repeat));
      int const sent =
          connection_->f.amqp_basic_ack(connection_->state, kChannel, last_tag, /*multiple=*/1);
      if (sent != AMQP_STATUS_OK)
        return fail(ErrorCode::unavailable, connection_->f.amqp_error_string2(sent),
                    settings_.queue);
    }
    TRY(std::move(failed));
    return true;
  }

  void disconnect() override { connection_.reset(); }

 private:
  Result<> open() {
    auto connection = TRY(AmqpConnection::connect(settings_));
    auto const& f = connection->f;
    f.amqp_basic_qos(connection->state, kChannel, 0, settings_.prefetch, 0);
    TRY(connection->check(f.amqp_get_rpc_reply(connection->state), "prefetch"));
    f.amqp_basic_consume(connection->state, kChannel, bytes_of(settings_.queue), kNoBytes, 0, 0, 0,
                         kNoTable);
    TRY(connection->check(f.amqp_get_rpc_reply(connection->state), settings_.queue));
    connection_ = std::move(connection);
    return {};
  }

  PollerContext const context_;
  AmqpSettings const settings_;
  std::unique_ptr<AmqpConnection> connection_;
};

class AmqpSender final : public Sender {
 public:
  AmqpSender(AmqpSettings settings, std::string destination)
      : settings_(std::move(settings)), destination_(std::move(destination)) {}

  Reply send(Outgoing const& message) override {
    if (!connection_) {
      if (auto const opened = open(); !opened) return unreachable(opened.error());
    }
    auto const key = fill_places(settings_.routing_key, message);
    auto const id = destination_ + '/' + std::to_string(message.item);
    amqp_basic_properties_t properties{};
    properties._flags =
        AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG;
    properties.delivery_mode = kPersistent;
    properties.message_id = bytes_of(id);  // the same at every attempt
    properties.content_type = bytes_of("application/hl7-v2");
    int const sent = connection_->f.amqp_basic_publish(
        connection_->state, kChannel, bytes_of(settings_.exchange), bytes_of(key), /*mandatory=*/1,
        /*immediate=*/0, &properties, bytes_of(message.bytes));
    auto reply = sent == AMQP_STATUS_OK
                     ? wait_for_confirm()
                     : Reply{std::string(kNoReply), connection_->f.amqp_error_string2(sent)};
    if (reply.code == kNoReply || is_closed_) connection_.reset();
    return reply;
  }

 private:
  Result<> open() {
    is_closed_ = false;
    auto connection = TRY(AmqpConnection::connect(settings_));
    connection->f.amqp_confirm_select(connection->state, kChannel);
    TRY(connection->check(connection->f.amqp_get_rpc_reply(connection->state), "confirms"));
    connection_ = std::move(connection);
    return {};
  }

  /// "basic.ack when a message has been accepted by all the queues" (RabbitMQ, publisher confirms);
  /// a message that no queue takes comes back before it.
  Reply wait_for_confirm() {
    bool is_returned = false;
    auto const timeout = time_of(settings_.timeout);
    while (true) {
      connection_->f.amqp_maybe_release_buffers(connection_->state);
      amqp_frame_t frame{};
      int const got =
          connection_->f.amqp_simple_wait_frame_noblock(connection_->state, &frame, &timeout);
      if (got != AMQP_STATUS_OK)
        return {std::string(kNoReply), connection_->f.amqp_error_string2(got)};
      if (frame.frame_type != AMQP_FRAME_METHOD) continue;  // the returned message itself
      switch (frame.payload.method.id) {
        case AMQP_BASIC_ACK_METHOD:
          if (is_returned) return {"refused", "no queue takes the routing key"};
          return {"stored", {}};
        case AMQP_BASIC_NACK_METHOD:
          return {"busy", "the broker could not store it"};
        case AMQP_BASIC_RETURN_METHOD:
          is_returned = true;
          break;
        case AMQP_CHANNEL_CLOSE_METHOD:
        case AMQP_CONNECTION_CLOSE_METHOD:
          is_closed_ = true;
          return {frame.payload.method.id == AMQP_CHANNEL_CLOSE_METHOD ? "refused" : "none",
                  AmqpConnection::said(frame.payload.method)};
        default:
          break;
      }
    }
  }

  AmqpSettings const settings_;
  std::string const destination_;
  std::unique_ptr<AmqpConnection> connection_;
  bool is_closed_ = false;
};

Result<AmqpSettings> read_amqp(Node const& node, std::set<std::string> keys) {
  keys.insert({"url", "tls", "timeout"});
  TRY(node.allow(keys));
  AmqpSettings settings;
  settings.url = TRY(node["url"].address(node));
  if (!settings.url.starts_with("amqp://") && !settings.url.starts_with("amqps://"))
    return node["url"].wrong("has to begin with amqp:// or amqps://");
  if (auto const tls = node["tls"]; tls.exists()) settings.tls = TRY(read_client_tls(tls));
  settings.timeout = TRY(node["timeout"].duration(settings.timeout));
  return settings;
}

}  // namespace

Result<OpenSource> read_amqp_source(Node const& node) {
  auto settings = TRY(read_amqp(node, {"queue", "prefetch"}));
  settings.queue = TRY(node["queue"].needed_text(node));
  settings.prefetch = TRY(node["prefetch"].number<std::uint16_t>(settings.prefetch, 1, 10'000));
  return OpenSource([settings](SourceContext const& context) {
    return polling_source(context, "amqp", std::chrono::milliseconds(0),
                          [settings](PollerContext const& poller) {
                            return std::make_unique<AmqpPoller>(poller, settings);
                          });
  });
}

Result<OpenSender> read_amqp_target(Node const& node) {
  auto settings = TRY(read_amqp(node, {"exchange", "routing-key"}));
  settings.exchange = TRY(node["exchange"].text_or({}));
  settings.routing_key = TRY(node["routing-key"].needed_text(node));
  return OpenSender([settings](SenderContext const& context) -> std::unique_ptr<Sender> {
    return std::make_unique<AmqpSender>(settings, context.destination);
  });
}

}  // namespace sinew::engine
