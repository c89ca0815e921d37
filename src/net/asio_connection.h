#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "net/connection.h"
#include "net/loop_impl.h"

namespace sinew::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

class AsioConnection;

/// The connections of one listener on one thread, which keeps them alive: one that waits for a
/// worker has no pending operation to hold it. Touched by that thread only, but for the count.
struct ConnectionSet {
  std::unordered_set<std::shared_ptr<AsioConnection>> connections;
  std::atomic<std::uint64_t> open = 0;
  bool stopping = false;
};

/// Connection over TCP, or TLS over TCP.
///
/// Its life: [handshake] -> reading and writing -> close() -> rest of output sent -> [TLS closure]
/// -> half closed, input thrown away until the peer closes too ("lingering") -> gone. Lingering is
/// what makes the last answer arrive: closing a socket with unread input resets the connection, and
/// a reset destroys output on its way.
class AsioConnection final : public Connection,
                             public std::enable_shared_from_this<AsioConnection> {
 public:
  AsioConnection(tcp::socket socket, std::shared_ptr<asio::ssl::context> const& tls,
                 std::shared_ptr<ConnectionSet> set, std::shared_ptr<Protocol> protocol,
                 std::uint64_t id);
  ~AsioConnection() override;

  void start();
  void stop();

  void post(std::function<void()> work) override;
  void send(std::string bytes) override;
  void resume() override;
  void close() override;
  void abort() override;
  void set_deadline(std::optional<SteadyTime> deadline) override;
  [[nodiscard]] std::uint64_t id() const override { return id_; }
  [[nodiscard]] std::string const& address() const override { return address_; }
  [[nodiscard]] std::string const& tls_subject() const override { return tls_subject_; }

 private:
  enum class State : std::uint8_t { handshake, open, closing, lingering, gone };

  tcp::socket& socket() { return tls_ ? tls_->next_layer() : *plain_; }
  void open();
  void read();
  void on_read(error_code const& error, std::size_t size);
  void deliver();
  void write();
  void on_written(error_code const& error);
  void finish_when_idle();
  void linger();
  void drain();
  void destroy();
  void set_timer(std::optional<SteadyTime> deadline);
  void arm_timer();

  std::optional<tcp::socket> plain_;
  std::optional<asio::ssl::stream<tcp::socket>> tls_;
  std::shared_ptr<asio::ssl::context> tls_context_;
  std::shared_ptr<ConnectionSet> set_;
  std::shared_ptr<Protocol> protocol_;
  std::uint64_t id_;
  std::string address_;
  std::string tls_subject_;

  State state_ = State::handshake;
  bool reading_ = false;    ///< a read is pending
  bool writing_ = false;    ///< a write is pending
  bool paused_ = false;     ///< the protocol left bytes
  bool choked_ = false;     ///< too much output waits unsent
  bool ended_ = false;      ///< the peer sends no more
  bool finishing_ = false;  ///< the closure has begun
  std::string input_;
  std::string_view untaken_;  ///< part of input_
  std::string sending_;
  std::string waiting_;
  std::size_t drained_bytes_ = 0;

  asio::steady_timer timer_;
  std::optional<SteadyTime> deadline_;
  std::optional<SteadyTime> armed_;
};

}  // namespace sinew::net
