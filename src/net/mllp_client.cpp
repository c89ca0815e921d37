#include "net/blocking_socket.h"
#include "net/mllp.h"
#include "net/mllp_frame.h"

namespace sinew::net {
namespace {

class Client final : public MllpClient {
 public:
  Client(std::unique_ptr<BlockingSocket> socket, MllpClientOptions const& options)
      : socket_(std::move(socket)),
        timeout_(options.answer_timeout_ms),
        framer_(options.frame_bytes_max) {}

  Result<> send(std::string_view payload) override {
    out_.clear();
    append_frame(out_, payload);
    return socket_->send(out_, timeout_);
  }

  [[nodiscard]] Result<std::string> receive() override {
    while (true) {
      auto rest = std::string_view(in_).substr(taken_);
      auto const event = framer_.feed(rest);
      taken_ = in_.size() - rest.size();
      if (event == MllpFramer::Event::frame) return framer_.take_payload();
      if (event == MllpFramer::Event::broken) {
        return fail(ErrorCode::malformed, "answer is not MLLP, or above the frame limit");
      }
      in_.clear();
      taken_ = 0;
      TRY(socket_->receive(in_, timeout_));
      if (in_.empty()) return fail(ErrorCode::unavailable, "peer closed the connection");
    }
  }

 private:
  std::unique_ptr<BlockingSocket> socket_;
  std::chrono::milliseconds timeout_;
  MllpFramer framer_;
  std::string in_;
  std::size_t taken_ = 0;
  std::string out_;
};

}  // namespace

Result<std::unique_ptr<MllpClient>> MllpClient::connect(MllpClientOptions options) {
  auto socket = TRY(BlockingSocket::connect(options.host, options.port, options.tls,
                                            std::chrono::milliseconds(options.connect_timeout_ms)));
  return std::unique_ptr<MllpClient>(std::make_unique<Client>(std::move(socket), options));
}

}  // namespace sinew::net
