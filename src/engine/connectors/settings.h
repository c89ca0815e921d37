#pragma once

#include <cstdint>
#include <string>

#include "engine/delivery/channel.h"
#include "engine/delivery/channel_node.h"
#include "net/tls.h"

namespace sinew::engine {

/// `{ca, certificate, key, server-name}`.
[[nodiscard]] Result<net::TlsClientOptions> read_client_tls(Node const& node);
/// `{certificate, key, client-ca}`.
[[nodiscard]] Result<net::TlsServerOptions> read_server_tls(Node const& node);

/// "host:port", "[::1]:port", or a port alone, which is one of 127.0.0.1.
struct SocketAddress {
  std::string host;
  std::uint16_t port = 0;
};
[[nodiscard]] Result<SocketAddress> read_socket_address(Node const& node, Node const& parent);
/// `host` and `port` of a section.
[[nodiscard]] Result<SocketAddress> read_host_and_port(Node const& node);
/// The same when the port may be left out.
[[nodiscard]] Result<SocketAddress> read_host_and_port(Node const& node, std::uint16_t usual_port);

// The connectors' readers, each in a file of its own; connectors.cpp has the table.
[[nodiscard]] Result<OpenSource> read_mllp_source(Node const& node);
[[nodiscard]] Result<OpenSender> read_mllp_target(Node const& node);
[[nodiscard]] Result<OpenSource> read_http_source(Node const& node);
[[nodiscard]] Result<OpenSender> read_http_target(Node const& node);
[[nodiscard]] Result<OpenSource> read_file_source(Node const& node);
[[nodiscard]] Result<OpenSender> read_file_target(Node const& node);
[[nodiscard]] Result<OpenSource> read_sql_source(Node const& node);
[[nodiscard]] Result<OpenSender> read_sql_target(Node const& node);
[[nodiscard]] Result<OpenSource> read_sftp_source(Node const& node);
[[nodiscard]] Result<OpenSender> read_sftp_target(Node const& node);
[[nodiscard]] Result<OpenSender> read_smtp_target(Node const& node);
[[nodiscard]] Result<OpenSource> read_channel_source(Node const& node);
[[nodiscard]] Result<OpenSender> read_channel_target(Node const& node);
[[nodiscard]] Result<OpenSource> read_tcp_source(Node const& node);
[[nodiscard]] Result<OpenSender> read_tcp_target(Node const& node);
[[nodiscard]] Result<OpenSource> read_nats_source(Node const& node);
[[nodiscard]] Result<OpenSender> read_nats_target(Node const& node);
[[nodiscard]] Result<OpenSource> read_amqp_source(Node const& node);
[[nodiscard]] Result<OpenSender> read_amqp_target(Node const& node);
[[nodiscard]] Result<OpenSource> read_kafka_source(Node const& node);
[[nodiscard]] Result<OpenSender> read_kafka_target(Node const& node);

/// A value of a message in a name: nothing in it leads out of a folder.
[[nodiscard]] std::string in_name(std::string_view value);

}  // namespace sinew::engine
