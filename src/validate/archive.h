#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sinew::validate {

/// What an archive may ask for; beyond it reading fails `too_large`.
struct ArchiveLimits {
  std::size_t bytes_max = std::size_t{512} << 20;  ///< unpacked, all together
  std::size_t files_max = 100'000;
};

/// Unpacks gzip: one member or several, each with its checksum.
/// Fails `malformed` for what is no gzip, is cut short, or does not match its checksum;
/// `too_large` when more than `bytes_max` bytes would come out.
/// Source: RFC 1952, RFC 1951.
[[nodiscard]] Result<std::string> unpack_gzip(std::string_view bytes, std::size_t bytes_max);

/// A regular file of a tar archive. Both views point into the archive, but for a long name.
struct ArchiveFile {
  std::string_view name;
  std::string_view content;
};

/// Calls `use` for every regular file, in order. Long names are read in the forms of ustar
/// (prefix), GNU (`L`) and pax (`path=`). Links, devices and folders are passed over; so are names
/// that are absolute or hold `..`, because nothing outside an archive is its business.
/// Fails `malformed` for a damaged header, `too_large` beyond the limits.
/// Source: POSIX.1-2001 pax, "ustar Interchange Format".
[[nodiscard]] Result<> for_each_file(std::string_view tar, ArchiveLimits const& limits,
                                     std::function<void(ArchiveFile const&)> const& use);

}  // namespace sinew::validate
