#pragma once

#include <string>

namespace sinew::net {

/// PEM files of a server.
struct TlsServerOptions {
  std::string certificate_file;  ///< chain, leaf first
  std::string key_file;
  std::string client_ca_file;  ///< when set, clients must show a certificate of this authority
};

/// PEM files of a client.
struct TlsClientOptions {
  std::string ca_file;           ///< empty: the system's authorities
  std::string certificate_file;  ///< empty: show none
  std::string key_file;
  std::string server_name;  ///< empty: the host connected to
};

}  // namespace sinew::net
