#include "net/tls_context.h"

#include <openssl/err.h>
#include <openssl/x509.h>

namespace sinew::net {
namespace {

Failure wrong_file(std::string_view what, std::string const& file) {
  return fail(ErrorCode::invalid, std::string(what) + ": " + take_ssl_error(), file);
}

Result<SslContext> make_context(SSL_METHOD const* method) {
  SslContext context(SSL_CTX_new(method));
  if (!context) return fail(ErrorCode::internal, "TLS context: " + take_ssl_error());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  return context;
}

Result<> use_certificate(SSL_CTX* context, std::string const& certificate_file,
                         std::string const& key_file) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate_file.c_str()) != 1) {
    return wrong_file("certificate chain not usable", certificate_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return wrong_file("private key not usable", key_file);
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    return wrong_file("private key does not belong to the certificate", key_file);
  }
  return {};
}

}  // namespace

std::string take_ssl_error() {
  auto const error = ERR_get_error();
  ERR_clear_error();
  if (error == 0) return "no reason given";
  char text[256];
  ERR_error_string_n(error, text, sizeof text);
  return text;
}

Result<SslContext> make_server_context(TlsServerOptions const& options) {
  auto context = TRY(make_context(TLS_server_method()));
  TRY(use_certificate(context.get(), options.certificate_file, options.key_file));
  if (!options.client_ca_file.empty()) {
    auto const* const file = options.client_ca_file.c_str();
    if (SSL_CTX_load_verify_locations(context.get(), file, nullptr) != 1) {
      return wrong_file("client authorities not usable", options.client_ca_file);
    }
    SSL_CTX_set_client_CA_list(context.get(), SSL_load_client_CA_file(file));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    // Without it OpenSSL refuses to resume sessions of clients that showed a certificate.
    constexpr unsigned char kSessionContext[] = "sinew";
    SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof kSessionContext - 1);
  }
  return context;
}

Result<SslContext> make_client_context(TlsClientOptions const& options) {
  auto context = TRY(make_context(TLS_client_method()));
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (options.ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else if (SSL_CTX_load_verify_locations(context.get(), options.ca_file.c_str(), nullptr) != 1) {
    return wrong_file("authorities not usable", options.ca_file);
  }
  if (!options.certificate_file.empty()) {
    TRY(use_certificate(context.get(), options.certificate_file, options.key_file));
  }
  return context;
}

std::string peer_subject(SSL const* ssl) {
  X509* const certificate = SSL_get1_peer_certificate(ssl);
  if (certificate == nullptr) return {};
  std::string subject;
  BIO* const memory = BIO_new(BIO_s_mem());
  if (memory != nullptr &&
      X509_NAME_print_ex(memory, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) {
    char* text = nullptr;
    auto const size = BIO_get_mem_data(memory, &text);
    subject.assign(text, static_cast<std::size_t>(size));
  }
  BIO_free(memory);
  X509_free(certificate);
  return subject;
}

}  // namespace sinew::net
