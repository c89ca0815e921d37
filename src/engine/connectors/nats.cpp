#include <nats/nats.h>

#include "engine/connectors/file_name.h"
#include "engine/connectors/library.h"
#include "engine/connectors/settings.h"
#include "engine/connectors/source.h"
#include "engine/delivery/sender.h"

namespace sinew::engine {
namespace {

#define NATS_FUNCTIONS(X)                                                                    \
  X(natsOptions_Create)                                                                      \
  X(natsOptions_Destroy)                                                                     \
  X(natsOptions_SetURL) X(natsOptions_SetAllowReconnect) X(natsOptions_SetTimeout)           \
      X(natsOptions_SetToken) X(natsOptions_SetUserInfo)                                     \
          X(natsOptions_SetUserCredentialsFromFiles) X(natsOptions_SetSecure)                \
              X(natsOptions_LoadCATrustedCertificates) X(natsOptions_LoadCertificatesChain)  \
                  X(natsOptions_SetExpectedHostname) X(natsConnection_Connect)               \
                      X(natsConnection_Destroy) X(natsConnection_JetStream) X(jsCtx_Destroy) \
                          X(jsSubOptions_Init) X(jsPubOptions_Init) X(js_PullSubscribe)      \
                              X(js_Publish) X(jsPubAck_Destroy) X(natsSubscription_Fetch)    \
                                  X(natsSubscription_Destroy) X(natsMsgList_Destroy)         \
                                      X(natsMsg_GetData) X(natsMsg_GetDataLength)            \
                                          X(natsMsg_GetMetaData) X(jsMsgMetaData_Destroy)    \
                                              X(natsMsg_Ack) X(natsConnection_FlushTimeout)  \
                                                  X(natsStatus_GetText)

struct NatsFunctions {
  NATS_FUNCTIONS(SINEW_LIBRARY_MEMBER)
};

/// Loaded once, whoever asks first.
Result<NatsFunctions> const& nats() {
  static Result<NatsFunctions> const loaded = []() -> Result<NatsFunctions> {
    NatsFunctions functions;
    LibraryFunction const rows[] = {NATS_FUNCTIONS(SINEW_LIBRARY_ROW)};
    TRY(load_library("libnats.so.3.4", "libnats3.4", rows));
    return functions;
  }();
  return loaded;
}

constexpr std::int64_t kFetchMilliseconds = 1000;
constexpr int kFetchMessagesMax = 250;

struct NatsSettings {
  std::string url, token, user, password, credentials_file;
  std::optional<net::TlsClientOptions> tls;
  std::string stream, subject, durable;
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
  std::chrono::milliseconds ack_wait{0};  ///< of a consumer that is made; 0: the server's own
};

/// A connection and what belongs to JetStream on it. Does not reconnect by itself: whoever uses it
/// makes a new one.
class JetStream {
 public:
  static Result<std::unique_ptr<JetStream>> connect(NatsSettings const& settings) {
    auto const& loaded = nats();
    if (!loaded) return fail(loaded.error().code, loaded.error().what);
    std::unique_ptr<JetStream> stream(new JetStream(*loaded, settings));
    if (auto const status = stream->open(); status != NATS_OK)
      return fail(ErrorCode::unavailable, "cannot connect: " + stream->text(status), "nats");
    return stream;
  }
  JetStream(JetStream const&) = delete;
  JetStream& operator=(JetStream const&) = delete;
  ~JetStream() {
    if (subscription_ != nullptr) f_.natsSubscription_Destroy(subscription_);
    if (context_ != nullptr) f_.jsCtx_Destroy(context_);
    if (connection_ != nullptr) f_.natsConnection_Destroy(connection_);
  }

  Result<> subscribe() {
    jsSubOptions options;
    f_.jsSubOptions_Init(&options);
    if (!settings_.stream.empty()) options.Stream = settings_.stream.c_str();
    constexpr std::int64_t kNanoseconds = 1'000'000;
    options.Config.AckWait = settings_.ack_wait.count() * kNanoseconds;
    jsErrCode error{};
    auto const status = f_.js_PullSubscribe(&subscription_, context_, settings_.subject.c_str(),
                                            settings_.durable.c_str(), nullptr, &options, &error);
    if (status == NATS_OK) return {};
    return fail(ErrorCode::unavailable,
                "cannot consume: " + text(status) + ", code " + std::to_string(error),
                settings_.subject);
  }

  /// Takes what is there, and acknowledges it once it is durable.
  Result<> take(Taker& taker) {
    natsMsgList list{};
    auto const status = f_.natsSubscription_Fetch(&list, subscription_, kFetchMessagesMax,
                                                  kFetchMilliseconds, nullptr);
    if (status == NATS_TIMEOUT) return {};
    if (status != NATS_OK) return fail(ErrorCode::unavailable, text(status), settings_.subject);
    auto const done = take_list(list, taker);
    f_.natsMsgList_Destroy(&list);
    return done ? Result<>() : fail(done.error().code, done.error().what, done.error().where);
  }

  Reply publish(Outgoing const& message, std::string const& destination) {
    jsPubOptions options;
    f_.jsPubOptions_Init(&options);
    // The same at every attempt: the stream leaves out what it has had (Nats-Msg-Id).
    auto const id = destination + '/' + std::to_string(message.item);
    options.MsgId = id.c_str();
    options.MaxWait = settings_.timeout.count();
    auto const subject = file_name(settings_.subject, message);
    jsPubAck* ack = nullptr;
    jsErrCode error{};
    auto const status = f_.js_Publish(&ack, context_, subject.c_str(), message.bytes.data(),
                                      static_cast<int>(message.bytes.size()), &options, &error);
    if (ack != nullptr) f_.jsPubAck_Destroy(ack);
    if (status == NATS_OK) return {"stored", {}};
    if (status == NATS_NO_RESPONDERS) return {"busy", "no stream takes " + subject};
    if (status == NATS_MAX_PAYLOAD) return {"refused", "it is larger than the server takes"};
    return {std::string(kNoReply), text(status) + ", code " + std::to_string(error)};
  }

 private:
  JetStream(NatsFunctions const& functions, NatsSettings const& settings)
      : f_(functions), settings_(settings) {}

  [[nodiscard]] std::string text(natsStatus status) const { return f_.natsStatus_GetText(status); }

  natsStatus open() {
    natsOptions* options = nullptr;
    auto status = f_.natsOptions_Create(&options);
    auto const set = [&status](natsStatus next) {
      if (status == NATS_OK) status = next;
    };
    set(f_.natsOptions_SetURL(options, settings_.url.c_str()));
    set(f_.natsOptions_SetAllowReconnect(options, false));
    set(f_.natsOptions_SetTimeout(options, settings_.timeout.count()));
    if (!settings_.token.empty()) set(f_.natsOptions_SetToken(options, settings_.token.c_str()));
    if (!settings_.user.empty())
      set(f_.natsOptions_SetUserInfo(options, settings_.user.c_str(), settings_.password.c_str()));
    if (!settings_.credentials_file.empty())
      set(f_.natsOptions_SetUserCredentialsFromFiles(options, settings_.credentials_file.c_str(),
                                                     nullptr));
    if (settings_.tls) set_tls(options, set);
    if (status == NATS_OK) status = f_.natsConnection_Connect(&connection_, options);
    f_.natsOptions_Destroy(options);
    if (status == NATS_OK) status = f_.natsConnection_JetStream(&context_, connection_, nullptr);
    return status;
  }

  template <class Set>
  void set_tls(natsOptions* options, Set const& set) {
    auto const& tls = *settings_.tls;
    set(f_.natsOptions_SetSecure(options, true));
    if (!tls.ca_file.empty())
      set(f_.natsOptions_LoadCATrustedCertificates(options, tls.ca_file.c_str()));
    if (!tls.certificate_file.empty())
      set(f_.natsOptions_LoadCertificatesChain(options, tls.certificate_file.c_str(),
                                               tls.key_file.c_str()));
    if (!tls.server_name.empty())
      set(f_.natsOptions_SetExpectedHostname(options, tls.server_name.c_str()));
  }

  Result<> take_list(natsMsgList const& list, Taker& taker) {
    std::vector<std::string> messages;
    auto repeat = Repeat::no;
    for (int i = 0; i < list.Count; ++i) {
      auto* const message = list.Msgs[i];
      messages.emplace_back(f_.natsMsg_GetData(message),
                            static_cast<std::size_t>(f_.natsMsg_GetDataLength(message)));
      jsMsgMetaData* about = nullptr;
      if (f_.natsMsg_GetMetaData(&about, message) != NATS_OK || about->NumDelivered > 1)
        repeat = Repeat::possible;
      if (about != nullptr) f_.jsMsgMetaData_Destroy(about);
    }
    TRY(taker.take(std::move(messages), repeat));
    // An acknowledgement that is lost means that the message is delivered again, and known.
    for (int i = 0; i < list.Count; ++i) {
      if (auto const status = f_.natsMsg_Ack(list.Msgs[i], nullptr); status != NATS_OK)
        return fail(ErrorCode::unavailable, text(status), settings_.subject);
    }
    (void)f_.natsConnection_FlushTimeout(connection_, settings_.timeout.count());
    return {};
  }

  NatsFunctions const& f_;
  NatsSettings const& settings_;
  natsConnection* connection_ = nullptr;
  jsCtx* context_ = nullptr;
  natsSubscription* subscription_ = nullptr;
};

class NatsPoller final : public Poller {
 public:
  NatsPoller(PollerContext const& context, NatsSettings settings)
      : context_(context), settings_(std::move(settings)) {
    context_.status.set_where(settings_.subject + " as " + settings_.durable);
  }
  Result<bool> poll() override {
    if (!stream_) {
      stream_ = TRY(JetStream::connect(settings_));
      TRY(stream_->subscribe());
    }
    TRY(stream_->take(context_.taker));
    return true;
  }
  void disconnect() override { stream_.reset(); }

 private:
  PollerContext const context_;
  NatsSettings const settings_;
  std::unique_ptr<JetStream> stream_;
};

class NatsSender final : public Sender {
 public:
  NatsSender(NatsSettings settings, std::string destination)
      : settings_(std::move(settings)), destination_(std::move(destination)) {}
  Reply send(Outgoing const& message) override {
    if (!stream_) {
      auto connected = JetStream::connect(settings_);
      if (!connected) return unreachable(connected.error());
      stream_ = *std::move(connected);
    }
    auto reply = stream_->publish(message, destination_);
    if (reply.code == kNoReply) stream_.reset();
    return reply;
  }

 private:
  NatsSettings const settings_;
  std::string const destination_;
  std::unique_ptr<JetStream> stream_;
};

Result<NatsSettings> read_nats(Node const& node, std::set<std::string> keys) {
  keys.insert(
      {"url", "token", "user", "password", "credentials-file", "tls", "subject", "timeout"});
  TRY(node.allow(keys));
  NatsSettings settings;
  settings.url = TRY(node["url"].address(node));
  settings.token = TRY(node["token"].secret());
  settings.user = TRY(node["user"].text_or({}));
  settings.password = TRY(node["password"].secret());
  settings.credentials_file = TRY(node["credentials-file"].text_or({}));
  if (auto const tls = node["tls"]; tls.exists()) settings.tls = TRY(read_client_tls(tls));
  settings.subject = TRY(node["subject"].needed_text(node));
  settings.timeout = TRY(node["timeout"].duration(settings.timeout));
  return settings;
}

}  // namespace

Result<OpenSource> read_nats_source(Node const& node) {
  auto settings = TRY(read_nats(node, {"stream", "durable", "ack-wait"}));
  settings.stream = TRY(node["stream"].text_or({}));
  settings.durable = TRY(node["durable"].needed_text(node));
  settings.ack_wait = TRY(node["ack-wait"].duration(settings.ack_wait));
  return OpenSource([settings](SourceContext const& context) {
    return polling_source(context, "nats", std::chrono::milliseconds(0),
                          [settings](PollerContext const& poller) {
                            return std::make_unique<NatsPoller>(poller, settings);
                          });
  });
}

Result<OpenSender> read_nats_target(Node const& node) {
  auto const settings = TRY(read_nats(node, {}));
  return OpenSender([settings](SenderContext const& context) -> std::unique_ptr<Sender> {
    return std::make_unique<NatsSender>(settings, context.destination);
  });
}

}  // namespace sinew::engine
