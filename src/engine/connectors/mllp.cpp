#include "net/mllp.h"
#include "engine/connectors/settings.h"
#include "engine/delivery/sender.h"
#include "wire/hl7v2/message.h"

namespace sinew::engine {
namespace {

/// Frames that answer something else: reports of earlier messages in enhanced mode.
constexpr int kForeignFramesMax = 100;

class MllpSender final : public Sender {
 public:
  explicit MllpSender(net::MllpClientOptions options) : options_(std::move(options)) {}

  Reply send(Outgoing const& message) override {
    auto reply = exchange(message);
    if (reply) return *std::move(reply);
    // What still comes on this connection would be taken for the answer to the next message.
    client_.reset();
    return no_reply(reply.error());
  }

 private:
  Result<Reply> exchange(Outgoing const& message) {
    if (!client_) {
      auto connected = net::MllpClient::connect(options_);
      if (!connected) return unreachable(connected.error());
      client_ = *std::move(connected);
    }
    TRY(client_->send(message.bytes));
    for (int frame = 0; frame < kForeignFramesMax; ++frame) {
      auto const answer = TRY(client_->receive());
      auto const parsed = TRY(hl7v2::parse_message(answer));
      // "MSA-2 ... contains the message control ID of the message sent" (HL7 v2.5.1 §2.15.8.2)
      if (parsed.first("MSA", 2) != message.control_id) continue;
      auto text = std::string(parsed.first("MSA", 3));
      if (auto const error = parsed.first("ERR", 8); !error.empty()) text = error;
      return Reply{std::string(parsed.first("MSA", 1)), std::move(text)};
    }
    return fail(ErrorCode::malformed, "the receiver answers other messages, and not this one");
  }

  net::MllpClientOptions const options_;
  std::unique_ptr<net::MllpClient> client_;
};

}  // namespace

Result<OpenSender> read_mllp_target(Node const& node) {
  TRY(node.allow({"host", "port", "timeout", "tls"}));
  auto const address = TRY(read_host_and_port(node));
  net::MllpClientOptions options;
  options.host = address.host;
  options.port = address.port;
  options.answer_timeout_ms = static_cast<std::uint32_t>(
      TRY(node["timeout"].duration(std::chrono::milliseconds(options.answer_timeout_ms))).count());
  if (auto const tls = node["tls"]; tls.exists()) options.tls = TRY(read_client_tls(tls));
  return OpenSender([options](SenderContext const&) -> std::unique_ptr<Sender> {
    return std::make_unique<MllpSender>(options);
  });
}

}  // namespace sinew::engine
