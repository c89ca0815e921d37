#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sinew {

/// A fast 64-bit hash for tables and index keys. Stable across machines and versions.
[[nodiscard]] std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

/// The SHA-256 content digest, as 64 lower-case hexadecimal digits. Source: FIPS 180-4.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

/// A universally unique identifier in network byte order.
struct Uuid {
  std::array<std::uint8_t, 16> bytes{};
  bool operator==(Uuid const&) const = default;
};

/// 36 characters, lower case.
[[nodiscard]] std::string to_string(Uuid const& uuid);
/// The same into `out`, without allocating.
void write_uuid(Uuid const& uuid, char (&out)[36]);

/// The name-based UUID of `name` in `space`: the same inputs give the same id, always.
/// Source: RFC 9562 §5.5 (version 5, SHA-1).
[[nodiscard]] Uuid uuid_v5(Uuid const& space, std::string_view name);

/// A random UUID. Source: RFC 9562 §5.4 (version 4).
[[nodiscard]] Uuid uuid_v4();

}  // namespace sinew
