#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sinew::rest {

enum class Encoding : std::uint8_t { identity, gzip, zstd };

/// Bodies shorter than this leave as they are.
inline constexpr std::size_t kEncodeBytesMin = 1024;

/// What Accept-Encoding prefers of what we do; at equal quality zstd before gzip.
/// Source: RFC 9110 §12.5.3.
[[nodiscard]] Encoding choose_encoding(std::string_view accept_encoding);

/// "gzip", "zstd"; empty for identity.
[[nodiscard]] std::string_view encoding_name(Encoding encoding);

[[nodiscard]] Result<std::string> encode(Encoding encoding, std::string_view body);

/// Encodes a body piece by piece: what was added can be decoded without what follows.
class PieceEncoder {
 public:
  virtual ~PieceEncoder() = default;
  [[nodiscard]] virtual Result<std::string> add(std::string_view piece) = 0;
  [[nodiscard]] virtual Result<std::string> end() = 0;
};
/// Null for identity. Fails `unavailable` without memory.
[[nodiscard]] Result<std::unique_ptr<PieceEncoder>> make_piece_encoder(Encoding encoding);

/// A body as it was before its encodings, the last one undone first.
/// Fails `not_supported` at Content-Encoding for one we do not know, `malformed` for damaged bytes,
/// `too_large` when more than `bytes_max` come out, however few went in.
/// Source: RFC 9110 §8.4; RFC 1952; RFC 8878.
[[nodiscard]] Result<std::string> decode(std::string_view content_encoding, std::string body,
                                         std::size_t bytes_max);

}  // namespace sinew::rest
