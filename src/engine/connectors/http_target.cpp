#include <map>

#include "base/text.h"
#include "engine/connectors/settings.h"
#include "engine/connectors/transfer.h"
#include "engine/delivery/sender.h"
#include "json/json.h"
#include "net/http.h"

namespace sinew::engine {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kTextBytesMax = 500;       ///< of an answer, kept for people
constexpr std::size_t kTokenBytesMax = 1 << 20;  ///< of a token server's answer
constexpr long kUnauthorized = 401;
constexpr long kOk = 200;
/// A token is renewed so long before it ends, so that it does not end on its way.
constexpr auto kTokenMargin = std::chrono::seconds(30);
constexpr auto kTokenLifeUsual = std::chrono::minutes(5);

/// Source: RFC 6749 §4.4 (client credentials), §2.3.1 (client authentication).
struct OAuth2 {
  std::string token_url, client_id, client_secret, scope, audience;
  bool is_in_body = false;  ///< the credentials stand in the form, not in the Authorization header
};

struct HttpTarget {
  std::string url, method = "POST";
  std::string content_type = "x-application/hl7-v2+er7; charset=utf-8";
  std::map<std::string, std::string> headers;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
  net::TlsClientOptions tls;
  std::string user, password, bearer, proxy;
  std::optional<OAuth2> oauth2;
};

class HttpSender final : public Sender {
 public:
  explicit HttpSender(HttpTarget target) : target_(std::move(target)) {}

  Reply send(Outgoing const& message) override {
    if (!transport_) {
      auto made = Transport::make();
      if (!made) return unreachable(made.error());
      transport_ = *std::move(made);
    }
    bool const had_token = !token_.empty();
    auto reply = attempt(message);
    // A token may be taken back before its time: one that was kept is asked for again, once.
    if (had_token && target_.oauth2 && reply.code == std::to_string(kUnauthorized)) {
      token_.clear();
      reply = attempt(message);
    }
    return reply;
  }

 private:
  Reply attempt(Outgoing const& message) {
    if (target_.oauth2) {
      auto const renewed = renew_token();
      if (!renewed) return unreachable(renewed.error());
    }
    std::string answer;
    Transfer transfer = plain(target_.url);
    transfer.method = target_.method;
    transfer.body = message.bytes;
    transfer.headers = {"Content-Type: " + target_.content_type, "Expect:",
                        // The same at every attempt, so that the receiver can tell a message that
                        // comes again.
                        "Idempotency-Key: " + std::to_string(message.item)};
    for (auto const& [name, value] : target_.headers)
      transfer.headers.push_back(name + ": " + value);
    auto const& bearer = target_.oauth2 ? token_ : target_.bearer;
    if (!bearer.empty()) transfer.headers.push_back("Authorization: Bearer " + bearer);
    transfer.user = target_.user;
    transfer.password = target_.password;
    transfer.on_data = [&answer](std::string_view data) {
      answer += data.substr(0, kTextBytesMax - std::min(answer.size(), kTextBytesMax));
      return true;
    };
    auto const transferred = transport_->perform(transfer);
    if (transferred.is_done) return {std::to_string(transferred.status), std::move(answer)};
    Error const error{ErrorCode::unavailable, transferred.error, target_.url};
    return transferred.has_begun ? no_reply(error) : unreachable(error);
  }

  Result<> renew_token() {
    if (!token_.empty() && steady_clock::now() < token_ends_) return {};
    auto const& oauth2 = *target_.oauth2;
    std::string form = "grant_type=client_credentials";
    auto const add = [&form](std::string_view name, std::string const& value) {
      if (!value.empty()) form += '&' + std::string(name) + '=' + net::percent_encode(value);
    };
    add("scope", oauth2.scope);
    add("audience", oauth2.audience);
    Transfer transfer = plain(oauth2.token_url);
    if (oauth2.is_in_body) {
      add("client_id", oauth2.client_id);
      add("client_secret", oauth2.client_secret);
    } else {
      // "encoded using the application/x-www-form-urlencoded encoding" (RFC 6749 §2.3.1)
      transfer.user = net::percent_encode(oauth2.client_id);
      transfer.password = net::percent_encode(oauth2.client_secret);
    }
    transfer.headers = {"Content-Type: application/x-www-form-urlencoded",
                        "Accept: application/json"};
    transfer.body = form;
    std::string answer;
    transfer.on_data = [&answer](std::string_view data) {
      answer += data;
      return answer.size() <= kTokenBytesMax;
    };
    auto const transferred = transport_->perform(transfer);
    auto const wrong = [&oauth2](std::string what) {
      return fail(ErrorCode::unavailable, "no token: " + std::move(what), oauth2.token_url);
    };
    if (!transferred.is_done) return wrong(transferred.error);
    auto const document = json::Document::parse(answer);
    auto const said = document ? document->root()["error"].text() : std::string();
    if (transferred.status != kOk)
      return wrong("the token server answers " + std::to_string(transferred.status) +
                   (said.empty() ? "" : " (" + std::string(said) + ")"));
    if (!document) return wrong("the token server's answer is no JSON");
    token_ = document->root()["access_token"].text();
    if (token_.empty()) return wrong("the token server's answer has no access_token");
    auto const life = parse_integer<std::int64_t>(document->root()["expires_in"].text());
    token_ends_ = steady_clock::now() +
                  (life ? std::chrono::seconds(*life) : std::chrono::seconds(kTokenLifeUsual)) -
                  kTokenMargin;
    return {};
  }

  [[nodiscard]] Transfer plain(std::string const& url) const {
    Transfer transfer;
    transfer.url = url;
    transfer.timeout = target_.timeout;
    transfer.tls = target_.tls;
    transfer.proxy = target_.proxy;
    return transfer;
  }

  HttpTarget const target_;
  std::unique_ptr<Transport> transport_;
  std::string token_;
  steady_clock::time_point token_ends_{};
};

Result<std::string> read_url(Node const& node, Node const& parent) {
  auto url = TRY(node.address(parent));
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    return node.wrong("has to begin with http:// or https://");
  return url;
}

Result<OAuth2> read_oauth2(Node const& node) {
  TRY(node.allow({"token-url", "client-id", "client-secret", "scope", "audience", "credentials"}));
  OAuth2 oauth2;
  oauth2.token_url = TRY(read_url(node["token-url"], node));
  oauth2.client_id = TRY(node["client-id"].needed_text(node));
  if (!node["client-secret"].exists()) return node.wrong("needs a 'client-secret'");
  oauth2.client_secret = TRY(node["client-secret"].secret());
  oauth2.scope = TRY(node["scope"].text_or({}));
  oauth2.audience = TRY(node["audience"].text_or({}));
  constexpr NameRow<bool> kPlaces[] = {{"header", false}, {"body", true}};
  oauth2.is_in_body = TRY(node["credentials"].one_of(kPlaces, false));
  return oauth2;
}

Result<> read_credentials(Node const& node, HttpTarget& target) {
  auto const given = static_cast<int>(node["basic"].exists()) +
                     static_cast<int>(node["bearer"].exists()) +
                     static_cast<int>(node["oauth2"].exists());
  if (given > 1) return node.wrong("has several of 'basic', 'bearer' and 'oauth2': one is enough");
  if (auto const basic = node["basic"]; basic.exists()) {
    TRY(basic.allow({"user", "password"}));
    target.user = TRY(basic["user"].needed_text(basic));
    target.password = TRY(basic["password"].secret());
  }
  target.bearer = TRY(node["bearer"].secret());
  if (auto const oauth2 = node["oauth2"]; oauth2.exists()) target.oauth2 = TRY(read_oauth2(oauth2));
  return {};
}

}  // namespace

Result<OpenSender> read_http_target(Node const& node) {
  TRY(node.allow({"url", "method", "content-type", "headers", "timeout", "tls", "basic", "bearer",
                  "oauth2", "proxy"}));
  HttpTarget target;
  target.url = TRY(read_url(node["url"], node));
  target.method = TRY(node["method"].text_or(target.method));
  bool const has_type = node["content-type"].exists();
  target.content_type = TRY(node["content-type"].text_or(target.content_type));
  target.timeout = TRY(node["timeout"].duration(target.timeout));
  target.proxy = TRY(node["proxy"].text_or({}));
  if (auto const tls = node["tls"]; tls.exists()) {
    target.tls = TRY(read_client_tls(tls));
    if (tls["server-name"].exists())
      return tls["server-name"].wrong("is not for http: the name is that of the url");
  }
  TRY(read_credentials(node, target));
  for (auto const& [name, value] : node["headers"].members()) {
    target.headers[name] = TRY(value.text());
    if (target.headers[name].find_first_of("\r\n") != std::string::npos)
      return value.wrong("has to be on one line");
  }
  return OpenSender([target, has_type](SenderContext const& context) -> std::unique_ptr<Sender> {
    auto own = target;
    if (!has_type && !context.media_type.empty()) own.content_type = context.media_type;
    return std::make_unique<HttpSender>(std::move(own));
  });
}

}  // namespace sinew::engine
