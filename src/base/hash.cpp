#include "base/hash.h"

#define XXH_INLINE_ALL
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <xxhash.h>

#include <cstring>
#include <memory>

#include "base/check.h"

namespace sinew {
namespace {

constexpr char kHex[] = "0123456789abcdef";

// OPTIMIZATION: fetching a digest by name costs more in OpenSSL 3 than digesting a short name.
// One fetched EVP_MD for the process and one context per thread.
struct Digest {
  EVP_MD* md;
  explicit Digest(char const* name) : md(EVP_MD_fetch(nullptr, name, nullptr)) {
    SINEW_CHECK(md != nullptr);
  }
};

EVP_MD_CTX* thread_context() {
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  thread_local std::unique_ptr<EVP_MD_CTX, Free> const context(EVP_MD_CTX_new());
  return context.get();
}

}  // namespace

std::uint64_t hash64(std::string_view bytes, std::uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::string sha256_hex(std::string_view bytes) {
  static Digest const sha256("SHA256");
  unsigned char digest[32];
  auto* const context = thread_context();
  SINEW_CHECK(EVP_DigestInit_ex2(context, sha256.md, nullptr) == 1);
  SINEW_CHECK(EVP_DigestUpdate(context, bytes.data(), bytes.size()) == 1);
  SINEW_CHECK(EVP_DigestFinal_ex(context, digest, nullptr) == 1);
  std::string hex;
  hex.reserve(64);
  for (auto const byte : digest) {
    hex += kHex[byte >> 4];
    hex += kHex[byte & 15];
  }
  return hex;
}

void write_uuid(Uuid const& uuid, char (&out)[36]) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out[at++] = '-';
    out[at++] = kHex[uuid.bytes[i] >> 4];
    out[at++] = kHex[uuid.bytes[i] & 15];
  }
}

std::string to_string(Uuid const& uuid) {
  char text[36];
  write_uuid(uuid, text);
  return {text, 36};
}

Uuid uuid_v5(Uuid const& space, std::string_view name) {
  static Digest const sha1("SHA1");
  unsigned char digest[20];
  auto* const context = thread_context();
  SINEW_CHECK(EVP_DigestInit_ex2(context, sha1.md, nullptr) == 1);
  SINEW_CHECK(EVP_DigestUpdate(context, space.bytes.data(), space.bytes.size()) == 1);
  SINEW_CHECK(EVP_DigestUpdate(context, name.data(), name.size()) == 1);
  SINEW_CHECK(EVP_DigestFinal_ex(context, digest, nullptr) == 1);
  Uuid uuid;
  std::memcpy(uuid.bytes.data(), digest, 16);
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x50);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);
  return uuid;
}

Uuid uuid_v4() {
  Uuid uuid;
  SINEW_CHECK(RAND_bytes(uuid.bytes.data(), static_cast<int>(uuid.bytes.size())) == 1);
  uuid.bytes[6] = static_cast<std::uint8_t>((uuid.bytes[6] & 0x0F) | 0x40);
  uuid.bytes[8] = static_cast<std::uint8_t>((uuid.bytes[8] & 0x3F) | 0x80);
  return uuid;
}

}  // namespace sinew
