#include "net/certificates_test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "base/check.h"

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

Key make_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

void add_extension(X509* certificate, int nid, char const* value) {
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
  SINEW_CHECK(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

/// Signed by `issuer_key`; by itself when `issuer` is null.
Certificate make_certificate(char const* name, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  static long serial = 1;
  constexpr long kDay = 86'400;
  Certificate certificate(X509_new(), X509_free);
  auto* const x509 = certificate.get();
  X509_set_version(x509, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
  X509_gmtime_adj(X509_getm_notBefore(x509), -kDay);
  X509_gmtime_adj(X509_getm_notAfter(x509), kDay);
  X509_set_pubkey(x509, key);
  auto* const subject = X509_get_subject_name(x509);
  auto const add = [&](char const* field, char const* text) {
    X509_NAME_add_entry_by_txt(subject, field, MBSTRING_UTF8,
                               reinterpret_cast<unsigned char const*>(text), -1, -1, 0);
  };
  add("O", "Sinew Test");
  add("CN", name);
  X509_set_issuer_name(x509, issuer == nullptr ? subject : X509_get_subject_name(issuer));
  if (issuer == nullptr) {
    add_extension(x509, NID_basic_constraints, "critical,CA:TRUE");
  } else {
    add_extension(x509, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  }
  SINEW_CHECK(X509_sign(x509, issuer_key, EVP_sha256()) > 0);
  return certificate;
}

void write_key(std::string const& path, EVP_PKEY* key) {
  auto* const file = std::fopen(path.c_str(), "w");
  SINEW_CHECK(file != nullptr);
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
}

void write_certificate(std::string const& path, X509* certificate) {
  auto* const file = std::fopen(path.c_str(), "w");
  SINEW_CHECK(file != nullptr);
  PEM_write_X509(file, certificate);
  std::fclose(file);
}

}  // namespace

TestCertificates::TestCertificates() {
  auto pattern = (std::filesystem::temp_directory_path() / "sinew-certificates-XXXXXX").string();
  SINEW_CHECK(mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  auto const make_authority = [&](char const* name, std::string& path, Key& key) {
    key = make_key();
    auto certificate = make_certificate(name, key.get(), nullptr, key.get());
    path = folder_ + '/' + name + ".pem";
    write_certificate(path, certificate.get());
    return certificate;
  };
  Key key = make_key(), other_key = make_key();
  auto const root = make_authority("authority", authority, key);
  auto const other_root = make_authority("other-authority", other_authority, other_key);

  auto const make_leaf = [&](char const* name, X509* issuer, EVP_PKEY* issuer_key,
                             std::string& path, std::string& key_path) {
    auto const leaf_key = make_key();
    auto const leaf = make_certificate(name, leaf_key.get(), issuer, issuer_key);
    path = folder_ + '/' + name + ".pem";
    key_path = folder_ + '/' + name + "-key.pem";
    write_certificate(path, leaf.get());
    write_key(key_path, leaf_key.get());
  };
  make_leaf("server", root.get(), key.get(), server, server_key);
  make_leaf("lab", root.get(), key.get(), client, client_key);
  make_leaf("stranger", other_root.get(), other_key.get(), stranger, stranger_key);
}

TestCertificates::~TestCertificates() { std::filesystem::remove_all(folder_); }
