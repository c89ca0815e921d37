#include "engine/connectors/transfer.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "engine/connectors/library.h"
#include "net/http.h"

// libcurl is loaded when a channel first needs it: with what it brings along it would cost every
// start several milliseconds and megabytes.

namespace sinew::engine {
namespace {

#define CURL_FUNCTIONS(X) \
  X(curl_global_init)     \
  X(curl_easy_init)       \
  X(curl_easy_setopt)     \
  X(curl_easy_perform)    \
  X(curl_easy_getinfo)    \
  X(curl_easy_reset)      \
  X(curl_easy_cleanup) X(curl_easy_strerror) X(curl_slist_append) X(curl_slist_free_all)

struct CurlFunctions {
  CURL_FUNCTIONS(SINEW_LIBRARY_MEMBER)
};

Result<CurlFunctions> load_curl() {
  CurlFunctions functions;
  LibraryFunction const rows[] = {CURL_FUNCTIONS(SINEW_LIBRARY_ROW)};
  TRY(load_library("libcurl.so.4", "libcurl4", rows));
  if (functions.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    return fail(ErrorCode::internal, "libcurl does not start");
  return functions;
}

/// Loaded once, whoever asks first.
Result<CurlFunctions> const& curl() {
  static Result<CurlFunctions> const loaded = load_curl();
  return loaded;
}

/// A list of texts as libcurl wants it.
class TextList {
 public:
  TextList(CurlFunctions const& functions, std::vector<std::string> const& texts)
      : functions_(functions) {
    for (auto const& text : texts) list_ = functions.curl_slist_append(list_, text.c_str());
  }
  TextList(TextList const&) = delete;
  TextList& operator=(TextList const&) = delete;
  ~TextList() { functions_.curl_slist_free_all(list_); }
  [[nodiscard]] curl_slist* get() const { return list_; }

 private:
  CurlFunctions const& functions_;
  curl_slist* list_ = nullptr;
};

std::size_t take_data(char* data, std::size_t size, std::size_t count, void* to) {
  auto const& on_data = static_cast<Transfer const*>(to)->on_data;
  if (on_data && !on_data({data, size * count})) return 0;
  return size * count;
}

struct Upload {
  std::string_view rest;
};

std::size_t give_data(char* to, std::size_t size, std::size_t count, void* from) {
  auto& rest = static_cast<Upload*>(from)->rest;
  auto const bytes = std::min(rest.size(), size * count);
  std::memcpy(to, rest.data(), bytes);
  rest.remove_prefix(bytes);
  return bytes;
}

/// libcurl goes back to the beginning when a kept connection turns out to be dead.
int seek_data(void* from, curl_off_t offset, int origin) {
  auto* const upload = static_cast<std::pair<Upload, std::string_view>*>(from);
  if (origin != SEEK_SET || offset < 0 || static_cast<std::size_t>(offset) > upload->second.size())
    return CURL_SEEKFUNC_CANTSEEK;
  upload->first.rest = upload->second.substr(static_cast<std::size_t>(offset));
  return CURL_SEEKFUNC_OK;
}

/// Without a key that is known the host is refused, whatever it says.
/// Source: libcurl, CURLOPT_SSH_KEYFUNCTION.
int judge_host_key(CURL*, curl_khkey const*, curl_khkey const*, curl_khmatch match, void*) {
  return match == CURLKHMATCH_OK ? CURLKHSTAT_FINE : CURLKHSTAT_REJECT;
}

/// Failures in which not a byte of what was to be sent has left.
constexpr CURLcode kBeforeSending[] = {CURLE_COULDNT_RESOLVE_PROXY,    CURLE_COULDNT_RESOLVE_HOST,
                                       CURLE_COULDNT_CONNECT,          CURLE_SSL_CONNECT_ERROR,
                                       CURLE_PEER_FAILED_VERIFICATION, CURLE_LOGIN_DENIED,
                                       CURLE_SSL_CERTPROBLEM,          CURLE_SSL_CACERT_BADFILE,
                                       CURLE_USE_SSL_FAILED,           CURLE_SSL_CIPHER,
                                       CURLE_UNSUPPORTED_PROTOCOL,     CURLE_URL_MALFORMAT,
                                       CURLE_SSL_ENGINE_INITFAILED,    CURLE_FAILED_INIT};
constexpr std::int64_t kMillisecondsOfSecond = 1000;
constexpr CURLcode kMissing[] = {CURLE_REMOTE_FILE_NOT_FOUND, CURLE_QUOTE_ERROR};

class CurlTransport final : public Transport {
 public:
  explicit CurlTransport(CurlFunctions const& functions)
      : functions_(functions), handle_(functions.curl_easy_init()) {}
  CurlTransport(CurlTransport const&) = delete;
  CurlTransport& operator=(CurlTransport const&) = delete;
  ~CurlTransport() override { functions_.curl_easy_cleanup(handle_); }

  Transferred perform(Transfer const& transfer) override;

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    functions_.curl_easy_setopt(handle_, option, value);
  }
  void set_text(CURLoption option, std::string const& text) {
    if (!text.empty()) set(option, text.c_str());
  }
  void set_security(Transfer const& transfer);
  void set_ssh(Transfer const& transfer);
  [[nodiscard]] Transferred outcome(CURLcode code);

  CurlFunctions const& functions_;
  CURL* handle_;
  char error_[CURL_ERROR_SIZE] = {};
};

void CurlTransport::set_security(Transfer const& transfer) {
  set_text(CURLOPT_CAINFO, transfer.tls.ca_file);
  if (!transfer.tls.ca_file.empty()) set(CURLOPT_CAPATH, static_cast<char const*>(nullptr));
  set_text(CURLOPT_SSLCERT, transfer.tls.certificate_file);
  set_text(CURLOPT_SSLKEY, transfer.tls.key_file);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (transfer.needs_tls) set(CURLOPT_USE_SSL, static_cast<long>(CURLUSESSL_ALL));
  set_text(CURLOPT_USERNAME, transfer.user);
  set_text(CURLOPT_PASSWORD, transfer.password);
  set(CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
  set(CURLOPT_PROXY, transfer.proxy.c_str());
}

void CurlTransport::set_ssh(Transfer const& transfer) {
  auto const methods = transfer.key_file.empty()
                           ? static_cast<long>(CURLSSH_AUTH_PASSWORD | CURLSSH_AUTH_KEYBOARD)
                           : static_cast<long>(CURLSSH_AUTH_PUBLICKEY);
  set(CURLOPT_SSH_AUTH_TYPES, methods);
  set_text(CURLOPT_SSH_PRIVATE_KEYFILE, transfer.key_file);
  set_text(CURLOPT_KEYPASSWD, transfer.key_password);
  set_text(CURLOPT_SSH_KNOWNHOSTS, transfer.known_hosts);
  set(CURLOPT_SSH_KEYFUNCTION, judge_host_key);
  set(CURLOPT_FTP_CREATE_MISSING_DIRS, static_cast<long>(CURLFTP_CREATE_DIR_RETRY));
}

Transferred CurlTransport::perform(Transfer const& transfer) {
  functions_.curl_easy_reset(handle_);  // keeps the connection
  error_[0] = '\0';
  TextList const headers(functions_, transfer.headers);
  TextList const after(functions_, transfer.commands_after);
  TextList const recipients(functions_, transfer.recipients);
  set(CURLOPT_ERRORBUFFER, error_);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_URL, transfer.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https,sftp,smtp,smtps");
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(transfer.timeout.count()));
  set(CURLOPT_WRITEFUNCTION, take_data);
  set(CURLOPT_WRITEDATA, &transfer);
  set_security(transfer);
  bool const is_http = transfer.url.starts_with("http");
  std::pair<Upload, std::string_view> upload;
  if (is_http) {
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(transfer.timeout.count()));
    if (transfer.body) {
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDS, transfer.body->data() != nullptr ? transfer.body->data() : "");
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.body->size()));
    }
    set_text(CURLOPT_CUSTOMREQUEST, transfer.method);
  } else {
    set_ssh(transfer);
    // A large file takes its time; what counts is that it goes on.
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(std::max<std::int64_t>(
                                    transfer.timeout.count() / kMillisecondsOfSecond, 1)));
    if (transfer.lists_folder) set(CURLOPT_DIRLISTONLY, 0L);
    if (after.get() != nullptr) set(CURLOPT_POSTQUOTE, after.get());
    set_text(CURLOPT_MAIL_FROM, transfer.from);
    if (recipients.get() != nullptr) set(CURLOPT_MAIL_RCPT, recipients.get());
    if (transfer.body) {
      upload = {{*transfer.body}, *transfer.body};
      set(CURLOPT_UPLOAD, 1L);
      set(CURLOPT_READFUNCTION, give_data);
      set(CURLOPT_READDATA, &upload.first);
      set(CURLOPT_SEEKFUNCTION, seek_data);
      set(CURLOPT_SEEKDATA, &upload);
      set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(transfer.body->size()));
    } else if (!transfer.on_data) {
      set(CURLOPT_NOBODY, 1L);
    }
  }
  return outcome(functions_.curl_easy_perform(handle_));
}

Transferred CurlTransport::outcome(CURLcode code) {
  Transferred transferred;
  functions_.curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &transferred.status);
  transferred.is_done = code == CURLE_OK;
  if (code == CURLE_OK) return transferred;
  curl_off_t begun = 0;
  functions_.curl_easy_getinfo(handle_, CURLINFO_PRETRANSFER_TIME_T, &begun);
  transferred.has_begun =
      begun > 0 && std::ranges::find(kBeforeSending, code) == std::end(kBeforeSending);
  transferred.is_missing = std::ranges::find(kMissing, code) != std::end(kMissing);
  transferred.error = error_[0] != '\0' ? error_ : functions_.curl_easy_strerror(code);
  return transferred;
}

}  // namespace

Result<std::unique_ptr<Transport>> Transport::make() {
  auto const& functions = curl();
  if (!functions) return fail(functions.error().code, functions.error().what);
  return std::unique_ptr<Transport>(std::make_unique<CurlTransport>(*functions));
}

std::string url_path(std::string_view path) {
  std::string out;
  for (auto const part : split(path, '/')) {
    if (!out.empty() || part.data() != path.data()) out += '/';
    out += net::percent_encode(part);
  }
  return out;
}

}  // namespace sinew::engine
