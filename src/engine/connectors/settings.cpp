#include "engine/connectors/settings.h"

#include "base/text.h"

namespace sinew::engine {

Result<net::TlsClientOptions> read_client_tls(Node const& node) {
  TRY(node.allow({"ca", "certificate", "key", "server-name"}));
  net::TlsClientOptions tls;
  tls.ca_file = TRY(node["ca"].text_or({}));
  tls.certificate_file = TRY(node["certificate"].text_or({}));
  tls.key_file = TRY(node["key"].text_or({}));
  tls.server_name = TRY(node["server-name"].text_or({}));
  if (tls.certificate_file.empty() != tls.key_file.empty())
    return node.wrong("needs both 'certificate' and 'key', or neither");
  return tls;
}

Result<net::TlsServerOptions> read_server_tls(Node const& node) {
  TRY(node.allow({"certificate", "key", "client-ca"}));
  net::TlsServerOptions tls;
  tls.certificate_file = TRY(node["certificate"].needed_text(node));
  tls.key_file = TRY(node["key"].needed_text(node));
  tls.client_ca_file = TRY(node["client-ca"].text_or({}));
  return tls;
}

Result<SocketAddress> read_socket_address(Node const& node, Node const& parent) {
  auto const text = TRY(node.needed_text(parent));
  SocketAddress address{"127.0.0.1", 0};
  auto const colon = text.rfind(':');
  auto const port = parse_integer<std::uint16_t>(colon == std::string::npos
                                                     ? std::string_view(text)
                                                     : std::string_view(text).substr(colon + 1));
  if (!port) return node.wrong("has to be a port, or host:port");
  address.port = *port;
  if (colon == std::string::npos) return address;
  address.host = text.substr(0, colon);
  if (address.host.starts_with('[') && address.host.ends_with(']'))
    address.host = address.host.substr(1, address.host.size() - 2);
  return address;
}

Result<SocketAddress> read_host_and_port(Node const& node, std::uint16_t usual_port) {
  SocketAddress address;
  address.host = TRY(node["host"].needed_text(node));
  address.port = TRY(node["port"].number<std::uint16_t>(usual_port, 1, 65'535));
  return address;
}

Result<SocketAddress> read_host_and_port(Node const& node) {
  auto address = TRY(read_host_and_port(node, 0));
  if (address.port == 0) return node.wrong("needs a 'port'");
  return address;
}

std::string in_name(std::string_view value) {
  std::string out(value);
  for (char& c : out) {
    bool const is_plain =
        is_ascii_digit(c) || is_ascii_alpha(c) || c == '-' || c == '_' || c == '.';
    if (!is_plain) c = '_';
  }
  return out;
}

}  // namespace sinew::engine
