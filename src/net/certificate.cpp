#include "net/certificate.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>
#include <optional>

#include "base/file.h"

namespace sinew::net {
namespace {

constexpr int kChainMax = 100;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};

}  // namespace

Result<Instant> certificate_expiry(std::string const& file) {
  auto const text = TRY(read_file(file));
  std::unique_ptr<BIO, FreeBio> const bio(
      BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  std::optional<Instant> first;
  for (int i = 0; bio && i < kChainMax; ++i) {
    std::unique_ptr<X509, FreeCertificate> const certificate(
        PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!certificate) break;
    std::tm parts{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &parts) != 1) continue;
    constexpr std::int64_t kDay = 86'400;
    constexpr int kFirstYear = 1900;
    auto const days = days_from_civil(parts.tm_year + kFirstYear, parts.tm_mon + 1, parts.tm_mday);
    auto const seconds = days * kDay + parts.tm_hour * 3600 + parts.tm_min * 60 + parts.tm_sec;
    Instant const at{seconds * 1000};
    first = first ? std::min(*first, at) : at;
  }
  ERR_clear_error();  // the end of the file is one
  if (!first) return fail(ErrorCode::invalid, "holds no certificate", file);
  return *first;
}

}  // namespace sinew::net
