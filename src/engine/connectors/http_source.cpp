#include <algorithm>
#include <future>
#include <optional>

#include "base/hash.h"
#include "base/text.h"
#include "base/waiting.h"
#include "engine/connectors/settings.h"
#include "engine/connectors/soap.h"
#include "engine/connectors/source.h"
#include "mapping/convert.h"
#include "net/http.h"
#include "wire/hl7v2/message.h"

namespace sinew::engine {
namespace {

constexpr int kRefusedFrom = 400;
constexpr std::string_view kEr7 = "x-application/hl7-v2+er7";
constexpr std::string_view kHl7 = "application/hl7-v2";
/// Media types a message may come as; the empty one is "not said".
constexpr std::string_view kTypes[] = {"",
                                       kHl7,
                                       kEr7,
                                       "application/hl7-v2+er7",
                                       "application/edi-hl7v2",
                                       "text/plain",
                                       "application/octet-stream"};
constexpr std::string_view kSoapTypes[] = {"text/xml", "application/soap+xml", "application/xml"};

struct Soap {
  std::string element;  ///< empty: found by its first letters
  std::string answer_element = "return";
};

struct HttpSourceSettings {
  SocketAddress address;
  std::string path = "/";
  std::optional<net::TlsServerOptions> tls;
  std::string user, password, bearer;
  std::optional<Soap> soap;
  std::size_t body_bytes_max = std::size_t{64} << 20;
};

std::string_view media_type(std::string_view field) {
  return trim(field.substr(0, field.find(';')));
}

template <std::size_t count>
bool is_among(std::string_view type, std::string_view const (&types)[count]) {
  return std::ranges::any_of(
      types, [type](std::string_view row) { return equals_ignoring_case(type, row); });
}

/// The time does not tell how much of a secret was right.
bool is_same_secret(std::string_view given, std::string_view wanted) {
  unsigned char difference = given.size() == wanted.size() ? 0 : 1;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto const other = i < given.size() ? given[i] : '\0';
    difference = static_cast<unsigned char>(difference | (wanted[i] ^ other));
  }
  return difference == 0;
}

net::HttpResponse plain(int status, std::string body) {
  net::HttpResponse response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.body = std::move(body) + '\n';
  return response;
}

/// An acknowledgement says itself how it went; the status says it to those who do not read it.
int status_of(std::string_view acknowledgement) {
  constexpr int kAccepted = 200, kNothingToSay = 204, kRejected = 400, kFailed = 500;
  if (acknowledgement.empty()) return kNothingToSay;
  // The first MSA of a batch of answers, too.
  auto const at = acknowledgement.find("\rMSA");
  constexpr std::size_t kCodeAt = 6;  // \rMSA|AA
  auto const code = at == std::string_view::npos ? std::string_view()
                                                 : acknowledgement.substr(at + kCodeAt - 1, 2);
  if (code.ends_with('R')) return kRejected;
  if (code.ends_with('E')) return kFailed;
  return kAccepted;
}

/// The type the sender asks for, of the two; that of its message where it does not say. Nothing: it
/// takes neither.
std::optional<std::string_view> answer_type(net::HttpRequest const& request) {
  auto const accept = request.headers.value("accept");
  auto const sent = media_type(request.headers.value("content-type"));
  auto const usual = equals_ignoring_case(sent, kHl7) ? kHl7 : kEr7;
  if (trim(accept).empty()) return usual;
  for (auto const part : split(accept, ',')) {
    auto const type = media_type(part);
    if (equals_ignoring_case(type, kHl7)) return kHl7;
    if (equals_ignoring_case(type, kEr7)) return kEr7;
    if (type == "*/*" || equals_ignoring_case(type, "application/*")) return usual;
    if (equals_ignoring_case(type, "text/plain") || equals_ignoring_case(type, "text/*"))
      return "text/plain";
  }
  return std::nullopt;
}

class HttpSource final : public Source {
 public:
  HttpSource(SourceContext context, HttpSourceSettings settings)
      : context_(std::move(context)),
        settings_(std::move(settings)),
        status_(context_.name, "http", context_.metrics) {
    mapping::append_base64_of(basic_, settings_.user + ':' + settings_.password);
  }
  ~HttpSource() override { stop(); }

  Result<> start() override {
    net::HttpServerOptions options;
    options.host = settings_.address.host;
    options.port = settings_.address.port;
    options.tls = settings_.tls;
    options.body_bytes_max = settings_.body_bytes_max;
    server_ = TRY(net::HttpServer::listen(
        context_.loop, options,
        [this](net::HttpRequest const& request) { return answer(request); }));
    status_.set_where((settings_.tls ? "https://" : "http://") + options.host + ':' +
                      std::to_string(server_->port()) + settings_.path);
    status_.works();
    return {};
  }
  void stop() override {
    if (server_) server_->stop();
    server_.reset();
  }
  SourceStatus& status() override { return status_; }

 private:
  net::HttpResponse answer(net::HttpRequest const& request);
  net::HttpResponse take(net::HttpRequest const& request);
  net::HttpResponse take_soap(net::HttpRequest const& request);
  Result<std::string> take_frame(net::HttpRequest const& request, std::string frame);
  [[nodiscard]] bool is_known(net::HttpRequest const& request) const;

  SourceContext const context_;
  HttpSourceSettings const settings_;
  std::string basic_;  ///< what `Authorization: Basic` has to carry
  SourceStatus status_;
  std::unique_ptr<net::HttpServer> server_;
};

bool HttpSource::is_known(net::HttpRequest const& request) const {
  auto const field = request.headers.value("authorization");
  auto const blank = field.find(' ');
  auto const scheme = field.substr(0, blank);
  auto const value = trim(field.substr(std::min(blank, field.size())));
  if (!settings_.bearer.empty() && equals_ignoring_case(scheme, "Bearer"))
    return is_same_secret(value, settings_.bearer);
  if (!settings_.user.empty() && equals_ignoring_case(scheme, "Basic"))
    return is_same_secret(value, basic_);
  return settings_.bearer.empty() && settings_.user.empty();
}

net::HttpResponse HttpSource::answer(net::HttpRequest const& request) {
  constexpr int kNotFound = 404, kUnauthorized = 401, kMethodNotAllowed = 405;
  auto const refuse = [this](net::HttpResponse response) {
    status_.refused();
    return response;
  };
  if (request.path() != settings_.path) return refuse(plain(kNotFound, "no such path"));
  if (!is_known(request)) {
    auto response = plain(kUnauthorized, "credentials are missing or wrong");
    response.headers.add("WWW-Authenticate", settings_.bearer.empty()
                                                 ? "Basic realm=\"" + context_.name + '"'
                                                 : std::string("Bearer"));
    return refuse(std::move(response));
  }
  if (request.method != "POST") {
    auto response = plain(kMethodNotAllowed, "messages come by POST");
    response.headers.add("Allow", "POST");
    return refuse(std::move(response));
  }
  auto response = settings_.soap ? take_soap(request) : take(request);
  if (response.status >= kRefusedFrom) status_.refused();
  return response;
}

net::HttpResponse HttpSource::take(net::HttpRequest const& request) {
  constexpr int kNotAcceptable = 406, kUnsupported = 415, kBad = 400, kUnavailable = 503;
  if (!is_among(media_type(request.headers.value("content-type")), kTypes)) {
    return plain(kUnsupported, "send HL7 v2 as " + std::string(kHl7) + " or " + std::string(kEr7));
  }
  auto const type = answer_type(request);
  if (!type) return plain(kNotAcceptable, "acknowledgements are " + std::string(kEr7));
  if (trim(request.body).empty()) return plain(kBad, "no message in the body");
  auto acknowledgement = take_frame(request, request.body);
  if (!acknowledgement) return plain(kUnavailable, to_string(acknowledgement.error()));
  net::HttpResponse response;
  response.status = status_of(*acknowledgement);
  if (!acknowledgement->empty()) response.headers.add("Content-Type", std::string(*type));
  response.body = *std::move(acknowledgement);
  return response;
}

net::HttpResponse HttpSource::take_soap(net::HttpRequest const& request) {
  constexpr int kFault = 500, kUnsupported = 415, kBad = 400;
  auto const type = media_type(request.headers.value("content-type"));
  if (!is_among(type, kSoapTypes))
    return plain(kUnsupported, "send a SOAP envelope, text/xml or application/soap+xml");
  net::HttpResponse response;
  bool is_12 = equals_ignoring_case(type, "application/soap+xml");
  auto const fault = [&](bool is_sender, Error const& error) {
    // "a SOAP Fault element ... HTTP 500" (SOAP 1.1 §6.2); SOAP 1.2 has 400 for env:Sender.
    response.status = is_12 && is_sender ? kBad : kFault;
    response.body = write_soap_fault(is_12, is_sender, to_string(error));
  };
  auto const envelope = read_soap(request.body, settings_.soap->element);
  if (!envelope) {
    fault(true, envelope.error());
  } else {
    is_12 = envelope->is_version_12;
    auto const acknowledgement = take_frame(request, envelope->message);
    if (acknowledgement) {
      response.body =
          write_soap_answer(*envelope, settings_.soap->answer_element, *acknowledgement);
    } else {
      fault(false, acknowledgement.error());
    }
  }
  response.headers.add("Content-Type", std::string(soap_media_type(is_12)));
  return response;
}

/// The acknowledgement, once what it promises is true.
Result<std::string> HttpSource::take_frame(net::HttpRequest const& request, std::string frame) {
  auto const host = std::string_view(request.peer_address)
                        .substr(0, std::string_view(request.peer_address).rfind(':'));
  auto const promise = std::make_shared<std::promise<std::string>>();
  auto waiting = promise->get_future();
  TRY(context_.engine.take_frame(
      context_.name, hash64(context_.name, hash64(host)), std::move(frame),
      [promise](std::string reply) { promise->set_value(std::move(reply)); }));
  Waiting const wait;
  auto acknowledgement = waiting.get();
  if (status_of(acknowledgement) < kRefusedFrom) status_.taken(1);
  return acknowledgement;
}

Result<> read_credentials(Node const& node, HttpSourceSettings& settings) {
  settings.bearer = TRY(node["bearer"].secret());
  auto const basic = node["basic"];
  if (!basic.exists()) return {};
  TRY(basic.allow({"user", "password"}));
  settings.user = TRY(basic["user"].needed_text(basic));
  if (!basic["password"].exists()) return basic.wrong("needs a 'password'");
  settings.password = TRY(basic["password"].secret());
  return {};
}

}  // namespace

Result<OpenSource> read_http_source(Node const& node) {
  TRY(node.allow({"listen", "path", "tls", "basic", "bearer", "soap", "body-bytes-max"}));
  HttpSourceSettings settings;
  settings.address = TRY(read_socket_address(node["listen"], node));
  settings.path = TRY(node["path"].text_or(settings.path));
  if (!settings.path.starts_with('/')) return node["path"].wrong("has to begin with '/'");
  if (auto const tls = node["tls"]; tls.exists()) settings.tls = TRY(read_server_tls(tls));
  TRY(read_credentials(node, settings));
  settings.body_bytes_max = TRY(
      node["body-bytes-max"].number<std::size_t>(settings.body_bytes_max, 1, std::size_t{1} << 31));
  if (auto const soap = node["soap"]; soap.exists()) {
    settings.soap.emplace();
    if (soap.is_map()) {
      TRY(soap.allow({"element", "answer-element"}));
      settings.soap->element = TRY(soap["element"].text_or({}));
      settings.soap->answer_element =
          TRY(soap["answer-element"].text_or(settings.soap->answer_element));
    } else if (!TRY(soap.truth(true))) {
      settings.soap.reset();
    }
  }
  return OpenSource([settings](SourceContext const& context) -> std::unique_ptr<Source> {
    return std::make_unique<HttpSource>(context, settings);
  });
}

}  // namespace sinew::engine
