#include "engine/connectors/framing.h"
#include "engine/connectors/settings.h"
#include "engine/delivery/sender.h"
#include "net/blocking_socket.h"
#include "wire/hl7v2/message.h"

namespace sinew::engine {
namespace {

constexpr std::size_t kFrameBytesMax = std::size_t{16} << 20;
/// Frames that answer something else.
constexpr int kForeignFramesMax = 100;

/// What is waited for before a message counts as delivered.
enum class Wanted : std::uint8_t {
  acknowledgement,  ///< an HL7 acknowledgement of this message
  any,              ///< any frame
  none,             ///< nothing: the operating system took the bytes
};
constexpr NameRow<Wanted> kWanted[] = {
    {"ack", Wanted::acknowledgement}, {"any", Wanted::any}, {"none", Wanted::none}};

struct TcpTarget {
  SocketAddress address;
  std::optional<net::TlsClientOptions> tls;
  Framing framing;
  Wanted wanted = Wanted::acknowledgement;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
};

class TcpSender final : public Sender {
 public:
  explicit TcpSender(TcpTarget target) : target_(std::move(target)) {}

  Reply send(Outgoing const& message) override {
    if (message.bytes.find(target_.framing.end) != std::string_view::npos)
      return {"refused", "the message holds the bytes that end a frame"};
    auto reply = exchange(message);
    if (reply) return *std::move(reply);
    socket_.reset();  // what still comes on it would be taken for the next answer
    return no_reply(reply.error());
  }

 private:
  Result<Reply> exchange(Outgoing const& message) {
    if (!socket_) {
      auto connected = net::BlockingSocket::connect(target_.address.host, target_.address.port,
                                                    target_.tls, target_.timeout);
      if (!connected) return unreachable(connected.error());
      socket_ = *std::move(connected);
      frames_.emplace(target_.framing, kFrameBytesMax);
    }
    TRY(socket_->send(in_frame(target_.framing, message.bytes), target_.timeout));
    if (target_.wanted == Wanted::none) return Reply{"sent", {}};
    for (int frame = 0; frame < kForeignFramesMax; ++frame) {
      auto const answer = TRY(receive());
      if (target_.wanted == Wanted::any) return Reply{"sent", {}};
      auto const parsed = TRY(hl7v2::parse_message(answer));
      if (parsed.first("MSA", 2) != message.control_id) continue;
      return Reply{std::string(parsed.first("MSA", 1)), std::string(parsed.first("MSA", 3))};
    }
    return fail(ErrorCode::malformed, "the receiver answers other messages, and not this one");
  }

  Result<std::string> receive() {
    while (true) {
      if (auto frame = TRY(frames_->next())) return *std::move(frame);
      std::string bytes;
      TRY(socket_->receive(bytes, target_.timeout));
      if (bytes.empty()) return fail(ErrorCode::unavailable, "the peer closed the connection");
      frames_->add(bytes);
    }
  }

  TcpTarget const target_;
  std::unique_ptr<net::BlockingSocket> socket_;
  std::optional<FrameReader> frames_;
};

}  // namespace

Result<OpenSender> read_tcp_target(Node const& node) {
  TRY(node.allow({"host", "port", "tls", "frame", "answer", "timeout"}));
  TcpTarget target;
  target.address = TRY(read_host_and_port(node));
  if (auto const tls = node["tls"]; tls.exists()) target.tls = TRY(read_client_tls(tls));
  target.framing = TRY(read_framing(node["frame"]));
  target.wanted = TRY(node["answer"].one_of(kWanted, target.wanted));
  target.timeout = TRY(node["timeout"].duration(target.timeout));
  return OpenSender([target](SenderContext const&) -> std::unique_ptr<Sender> {
    return std::make_unique<TcpSender>(target);
  });
}

}  // namespace sinew::engine
