#include <librdkafka/rdkafka.h>

#include <map>

#include "base/log.h"
#include "engine/connectors/library.h"
#include "engine/connectors/settings.h"
#include "engine/connectors/source.h"
#include "engine/delivery/sender.h"
#include "wire/hl7v2/path.h"

namespace sinew::engine {
namespace {

#define KAFKA_FUNCTIONS(X)                                                                       \
  X(rd_kafka_conf_new)                                                                           \
  X(rd_kafka_conf_destroy)                                                                       \
  X(rd_kafka_conf_set)                                                                           \
  X(rd_kafka_conf_set_dr_msg_cb) X(rd_kafka_conf_set_opaque) X(rd_kafka_new) X(rd_kafka_destroy) \
      X(rd_kafka_poll_set_consumer) X(rd_kafka_subscribe) X(rd_kafka_consumer_poll)              \
          X(rd_kafka_consumer_close) X(rd_kafka_message_destroy) X(rd_kafka_commit)              \
              X(rd_kafka_topic_partition_list_new) X(rd_kafka_topic_partition_list_add)          \
                  X(rd_kafka_topic_partition_list_destroy) X(rd_kafka_topic_new)                 \
                      X(rd_kafka_topic_destroy) X(rd_kafka_produce) X(rd_kafka_poll)             \
                          X(rd_kafka_err2str) X(rd_kafka_last_error) X(rd_kafka_purge)           \
                              X(rd_kafka_conf_set_log_cb)

struct KafkaFunctions {
  KAFKA_FUNCTIONS(SINEW_LIBRARY_MEMBER)
};

/// Loaded once, whoever asks first.
Result<KafkaFunctions> const& kafka() {
  static Result<KafkaFunctions> const loaded = []() -> Result<KafkaFunctions> {
    KafkaFunctions functions;
    LibraryFunction const rows[] = {KAFKA_FUNCTIONS(SINEW_LIBRARY_ROW)};
    TRY(load_library("librdkafka.so.1", "librdkafka1", rows));
    return functions;
  }();
  return loaded;
}

constexpr std::size_t kMessagesMax = 500;
constexpr int kFirstPollMilliseconds = 1000;
constexpr int kPollMilliseconds = 100;
constexpr std::size_t kErrorBytes = 512;

struct KafkaSettings {
  std::string brokers, topic, group;
  std::map<std::string, std::string> properties;  ///< librdkafka's own
  std::optional<hl7v2::Path> key;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
};

/// What the library tells, among our own lines.
void log_line_of(rd_kafka_t const*, int severity, char const* facility, char const* text) {
  constexpr int kWarning = 4;  // of syslog
  log(severity <= kWarning ? Level::warning : Level::debug, "kafka client",
      {{"facility", facility}, {"text", text}});
}

/// A client of librdkafka made of properties, ours over those of the file.
Result<rd_kafka_t*> make_client(KafkaFunctions const& f, rd_kafka_type_t type,
                                std::map<std::string, std::string> const& properties, void* opaque,
                                void (*on_delivered)(rd_kafka_t*, rd_kafka_message_t const*,
                                                     void*)) {
  char error[kErrorBytes] = {};
  auto* const conf = f.rd_kafka_conf_new();
  for (auto const& [name, value] : properties) {
    if (f.rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error, sizeof error) !=
        RD_KAFKA_CONF_OK) {
      f.rd_kafka_conf_destroy(conf);
      return fail(ErrorCode::invalid, error, name);
    }
  }
  f.rd_kafka_conf_set_opaque(conf, opaque);
  f.rd_kafka_conf_set_log_cb(conf, log_line_of);
  if (on_delivered != nullptr) f.rd_kafka_conf_set_dr_msg_cb(conf, on_delivered);
  auto* const client = f.rd_kafka_new(type, conf, error, sizeof error);
  if (client == nullptr) {
    f.rd_kafka_conf_destroy(conf);
    return fail(ErrorCode::unavailable, error, "kafka");
  }
  return client;
}

class KafkaPoller final : public Poller {
 public:
  KafkaPoller(PollerContext const& context, KafkaSettings settings)
      : context_(context), settings_(std::move(settings)) {
    context_.status.set_where(settings_.topic + " as " + settings_.group);
  }
  ~KafkaPoller() override { close(); }

  Result<bool> poll() override {
    if (client_ == nullptr) TRY(open());
    std::vector<std::string> messages;
    std::map<std::int32_t, std::int64_t> next;  ///< offsets, by partition
    Result<> failed;
    while (messages.size() < kMessagesMax && failed) {
      auto* const message = f_->rd_kafka_consumer_poll(
          client_, messages.empty() ? kFirstPollMilliseconds : kPollMilliseconds);
      if (message == nullptr) break;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        messages.emplace_back(static_cast<char const*>(message->payload), message->len);
        next[message->partition] = message->offset + 1;
      } else if (message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        failed = fail(ErrorCode::unavailable, f_->rd_kafka_err2str(message->err), settings_.topic);
      }
      f_->rd_kafka_message_destroy(message);
    }
    if (!messages.empty()) {
      // A change of the group may deliver again what was not committed yet.
      TRY(context_.taker.take(std::move(messages), Repeat::possible));
      TRY(commit(next));
    }
    TRY(std::move(failed));
    return true;
  }

  void disconnect() override { close(); }

 private:
  Result<> open() {
    auto const& loaded = kafka();
    if (!loaded) return fail(loaded.error().code, loaded.error().what);
    f_ = &*loaded;
    auto properties = settings_.properties;
    properties.emplace("auto.offset.reset", "earliest");
    properties["bootstrap.servers"] = settings_.brokers;
    properties["group.id"] = settings_.group;
    properties["enable.auto.commit"] = "false";
    client_ = TRY(make_client(*f_, RD_KAFKA_CONSUMER, properties, nullptr, nullptr));
    f_->rd_kafka_poll_set_consumer(client_);
    auto* const topics = f_->rd_kafka_topic_partition_list_new(1);
    f_->rd_kafka_topic_partition_list_add(topics, settings_.topic.c_str(), RD_KAFKA_PARTITION_UA);
    auto const error = f_->rd_kafka_subscribe(client_, topics);
    f_->rd_kafka_topic_partition_list_destroy(topics);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
      return fail(ErrorCode::unavailable, f_->rd_kafka_err2str(error), settings_.topic);
    return {};
  }

  Result<> commit(std::map<std::int32_t, std::int64_t> const& next) {
    auto* const offsets = f_->rd_kafka_topic_partition_list_new(static_cast<int>(next.size()));
    for (auto const& [partition, offset] : next) {
      f_->rd_kafka_topic_partition_list_add(offsets, settings_.topic.c_str(), partition)->offset =
          offset;
    }
    auto const error = f_->rd_kafka_commit(client_, offsets, 0);
    f_->rd_kafka_topic_partition_list_destroy(offsets);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    return fail(ErrorCode::unavailable,
                std::string("cannot commit: ") + f_->rd_kafka_err2str(error), settings_.topic);
  }

  void close() {
    if (client_ == nullptr) return;
    f_->rd_kafka_consumer_close(client_);
    f_->rd_kafka_destroy(client_);
    client_ = nullptr;
  }

  PollerContext const context_;
  KafkaSettings const settings_;
  KafkaFunctions const* f_ = nullptr;
  rd_kafka_t* client_ = nullptr;
};

class KafkaSender final : public Sender {
 public:
  explicit KafkaSender(KafkaSettings settings) : settings_(std::move(settings)) {}
  ~KafkaSender() override { close(); }

  Reply send(Outgoing const& message) override {
    if (client_ == nullptr) {
      if (auto const opened = open(); !opened) {
        close();
        return unreachable(opened.error());
      }
    }
    auto const key = key_of(message);
    is_reported_ = false;
    int const queued = f_->rd_kafka_produce(
        topic_, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, const_cast<char*>(message.bytes.data()),
        message.bytes.size(), key.empty() ? nullptr : key.data(), key.size(), nullptr);
    if (queued != 0) return {"refused", f_->rd_kafka_err2str(f_->rd_kafka_last_error())};
    // The client itself gives up after `timeout`; twice that is for a client that hangs.
    auto const deadline = std::chrono::steady_clock::now() + 2 * settings_.timeout;
    while (!is_reported_ && std::chrono::steady_clock::now() < deadline)
      f_->rd_kafka_poll(client_, kPollMilliseconds);
    if (!is_reported_) {
      close();
      return {std::string(kNoReply), "no delivery report"};
    }
    return reply_of(report_);
  }

 private:
  Result<> open() {
    auto const& loaded = kafka();
    if (!loaded) return fail(loaded.error().code, loaded.error().what);
    f_ = &*loaded;
    auto properties = settings_.properties;
    properties["bootstrap.servers"] = settings_.brokers;
    properties["enable.idempotence"] = "true";  // what the client sends again is there once
    properties["acks"] = "all";
    properties["message.timeout.ms"] = std::to_string(settings_.timeout.count());
    properties.emplace("linger.ms", "0");
    client_ = TRY(make_client(*f_, RD_KAFKA_PRODUCER, properties, this, on_delivered));
    topic_ = f_->rd_kafka_topic_new(client_, settings_.topic.c_str(), nullptr);
    if (topic_ == nullptr)
      return fail(ErrorCode::unavailable, f_->rd_kafka_err2str(f_->rd_kafka_last_error()),
                  settings_.topic);
    return {};
  }

  static void on_delivered(rd_kafka_t*, rd_kafka_message_t const* message, void* opaque) {
    auto* const sender = static_cast<KafkaSender*>(opaque);
    sender->report_ = message->err;
    sender->is_reported_ = true;
  }

  [[nodiscard]] Reply reply_of(rd_kafka_resp_err_t error) const {
    auto const text = std::string(f_->rd_kafka_err2str(error));
    switch (error) {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        return {"stored", {}};
      case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
      case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
        return {"refused", text};
      default:
        return {std::string(kNoReply), text};
    }
  }

  [[nodiscard]] std::string key_of(Outgoing const& message) const {
    if (!settings_.key) return {};
    auto const parsed = hl7v2::parse_message(message.bytes);
    return parsed ? std::string(hl7v2::find_first(*parsed, *settings_.key)) : std::string();
  }

  void close() {
    if (client_ == nullptr) return;
    f_->rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    f_->rd_kafka_poll(client_, 0);
    if (topic_ != nullptr) f_->rd_kafka_topic_destroy(topic_);
    f_->rd_kafka_destroy(client_);
    topic_ = nullptr;
    client_ = nullptr;
  }

  KafkaSettings const settings_;
  KafkaFunctions const* f_ = nullptr;
  rd_kafka_t* client_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  bool is_reported_ = false;
  rd_kafka_resp_err_t report_ = RD_KAFKA_RESP_ERR_NO_ERROR;
};

Result<KafkaSettings> read_kafka(Node const& node, std::set<std::string> keys) {
  keys.insert({"brokers", "topic", "properties"});
  TRY(node.allow(keys));
  KafkaSettings settings;
  settings.brokers = TRY(node["brokers"].needed_text(node));
  settings.topic = TRY(node["topic"].needed_text(node));
  for (auto const& [name, value] : node["properties"].members()) {
    bool const is_secret =
        name.find("password") != std::string::npos || name.find("secret") != std::string::npos;
    settings.properties[name] = is_secret ? TRY(value.secret()) : TRY(value.text());
  }
  return settings;
}

}  // namespace

Result<OpenSource> read_kafka_source(Node const& node) {
  auto settings = TRY(read_kafka(node, {"group"}));
  settings.group = TRY(node["group"].needed_text(node));
  return OpenSource([settings](SourceContext const& context) {
    return polling_source(context, "kafka", std::chrono::milliseconds(0),
                          [settings](PollerContext const& poller) {
                            return std::make_unique<KafkaPoller>(poller, settings);
                          });
  });
}

Result<OpenSender> read_kafka_target(Node const& node) {
  auto settings = TRY(read_kafka(node, {"key", "timeout"}));
  settings.timeout = TRY(node["timeout"].duration(settings.timeout));
  if (auto const key = node["key"]; key.exists()) {
    auto path = hl7v2::parse_path(TRY(key.text()));
    if (!path) return key.wrong("is no path such as PID-3.1");
    settings.key = *std::move(path);
  }
  return OpenSender([settings](SenderContext const&) -> std::unique_ptr<Sender> {
    return std::make_unique<KafkaSender>(settings);
  });
}

}  // namespace sinew::engine
