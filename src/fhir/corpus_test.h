#pragma once

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include "base/file.h"

namespace sinew::fhir {

/// Calls `use(name, content)` for every file of a `.tar.zst` below ../shared/corpora. False, with a
/// message, when the archive (or the zstd program) is not at hand.
inline bool for_each_in_corpus(
    std::string const& archive,
    std::function<void(std::string_view name, std::string_view content)> const& use) {
  constexpr std::size_t kBlock = 512;  // POSIX ustar: headers and contents are padded to it
  auto const path = std::string(SINEW_SOURCE_DIR) + "/../shared/corpora/" + archive;
  std::string tar;
  if (auto* const file = std::fopen(path.c_str(), "rb")) {
    std::fclose(file);
    auto* const pipe = popen(("zstd -dcq '" + path + "'").c_str(), "r");
    char buffer[1 << 16];
    while (auto const n = std::fread(buffer, 1, sizeof buffer, pipe)) tar.append(buffer, n);
    pclose(pipe);
  }
  if (tar.empty()) {
    MESSAGE("skipped: no corpus ", archive);
    return false;
  }
  for (std::size_t at = 0; at + kBlock <= tar.size() && tar[at] != '\0';) {
    auto const header = std::string_view(tar).substr(at, kBlock);
    auto const size = std::strtoull(std::string(header.substr(124, 12)).c_str(), nullptr, 8);
    auto const name = header.substr(0, header.substr(0, 100).find('\0'));
    auto const prefix = header.substr(345, header.substr(345, 155).find('\0'));
    auto const full =
        prefix.empty() ? std::string(name) : std::string(prefix) + "/" + std::string(name);
    if (header[156] == '0') use(full, std::string_view(tar).substr(at + kBlock, size));
    at += kBlock + (size + kBlock - 1) / kBlock * kBlock;
  }
  return true;
}

}  // namespace sinew::fhir
