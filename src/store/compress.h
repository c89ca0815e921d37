#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sinew::store {

/// What a text is, and so which trained dictionary shortens it.
enum class Content : std::uint8_t { resource, message };

/// Compresses a text for storage. The first byte of the result says how: plain, or a zstd frame
/// that names its dictionary, so that a store outlives the dictionary it was written with.
/// Source: RFC 8878 §3.1.1.1.3 (Dictionary_ID).
[[nodiscard]] std::string pack(Content content, std::string_view text);

/// The text that `pack` was given. Fails `internal` when the bytes are damaged, longer than
/// `kUnpackedBytesMax`, or need a dictionary this program does not carry.
[[nodiscard]] Result<std::string> unpack(std::string_view packed);

inline constexpr std::size_t kUnpackedBytesMax = std::size_t{1} << 30;

}  // namespace sinew::store
