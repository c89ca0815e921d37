#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/tls.h"

namespace sinew::engine {

/// What is to be moved, by HTTP, SFTP or SMTP. Fields of other protocols are left alone.
struct Transfer {
  std::string url;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  net::TlsClientOptions tls;
  std::string user, password;
  std::string proxy;  ///< empty: none, whatever the environment says
  /// Sent: the body of a request, a file, a mail. Absent: nothing is sent.
  std::optional<std::string_view> body;
  /// Gets what arrives; false ends the transfer. Empty: it is dropped.
  std::function<bool(std::string_view)> on_data;

  // HTTP
  std::string method;
  std::vector<std::string> headers;  ///< "Name: value"

  // SFTP
  std::string key_file, key_password, known_hosts;
  bool lists_folder = false;
  std::vector<std::string> commands_after;  ///< once the file is there: "rename \"a\" \"b\""

  // SMTP
  bool needs_tls = false;  ///< STARTTLS, or no mail
  std::string from;
  std::vector<std::string> recipients;
};

struct Transferred {
  bool is_done = false;
  /// Something may have left: a failure before that says nothing about what was to be sent.
  bool has_begun = false;
  bool is_missing = false;  ///< the file or folder is not there
  long status = 0;          ///< of HTTP or SMTP; 0: none
  std::string error;        ///< in words; empty when done
};

/// A connection that is kept between transfers. For one thread. Hides libcurl, which is loaded at
/// the first call.
class Transport {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Transport>> make();
  virtual ~Transport() = default;
  [[nodiscard]] virtual Transferred perform(Transfer const& transfer) = 0;
};

/// A part of a path, for a URL.
[[nodiscard]] std::string url_path(std::string_view path);

}  // namespace sinew::engine
