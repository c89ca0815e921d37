#include "validate/archive.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace sinew::validate {
namespace {

constexpr std::size_t kBlock = 512;  // POSIX ustar: headers and contents are padded to it

/// Ends zlib's state whatever happens.
class Inflater {
 public:
  Inflater() {
    constexpr int kGzipOnly = 15 + 16;  // window bits, and 16 for a gzip header. Source: zlib.h
    is_ready_ = inflateInit2(&stream_, kGzipOnly) == Z_OK;
  }
  Inflater(Inflater const&) = delete;
  Inflater& operator=(Inflater const&) = delete;
  ~Inflater() {
    if (is_ready_) inflateEnd(&stream_);
  }
  [[nodiscard]] bool is_ready() const { return is_ready_; }
  [[nodiscard]] z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  bool is_ready_ = false;
};

std::string_view field(std::string_view header, std::size_t at, std::size_t size) {
  auto const text = header.substr(at, size);
  return text.substr(0, text.find('\0'));
}

/// Octal digits between spaces; nothing for another form (GNU's binary sizes are beyond any limit).
std::optional<std::uint64_t> octal(std::string_view text) {
  std::uint64_t value = 0;
  text = trim(text);
  if (text.empty()) return std::nullopt;
  for (char const c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value * 8 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

/// The sum of a header's bytes, its own field counted as spaces.
bool has_right_sum(std::string_view header) {
  constexpr std::size_t kSumAt = 148, kSumSize = 8;
  std::uint64_t sum = kSumSize * ' ';
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (i < kSumAt || i >= kSumAt + kSumSize) sum += static_cast<unsigned char>(header[i]);
  }
  return octal(field(header, kSumAt, kSumSize)) == sum;
}

bool stays_inside(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\\') != name.npos) return false;
  auto const parts = split(name, '/');
  return std::find(parts.begin(), parts.end(), "..") == parts.end();
}

/// The last `path` of a pax header: records of `length key=value\n`.
std::string pax_path(std::string_view records) {
  std::string path;
  while (!records.empty()) {
    auto const space = records.find(' ');
    if (space == records.npos) break;
    auto const length = parse_integer<std::size_t>(records.substr(0, space));
    if (!length || *length <= space + 1 || *length > records.size()) break;
    auto const record = records.substr(space + 1, *length - space - 2);
    if (record.starts_with("path=")) path = record.substr(5);
    records.remove_prefix(*length);
  }
  return path;
}

std::string name_in(std::string_view header) {
  auto const name = field(header, 0, 100);
  auto const prefix =
      header.substr(257, 5) == "ustar" ? field(header, 345, 155) : std::string_view();
  return prefix.empty() ? std::string(name) : std::string(prefix) + "/" + std::string(name);
}

}  // namespace

Result<std::string> unpack_gzip(std::string_view bytes, std::size_t bytes_max) {
  Inflater inflater;
  if (!inflater.is_ready()) return fail(ErrorCode::unavailable, "no memory to unpack");
  auto& stream = inflater.stream();
  // zlib reads through a pointer that is not const, and does not write.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  if (stream.avail_in != bytes.size()) return fail(ErrorCode::too_large, "the archive is too long");
  std::string out;
  std::array<char, std::size_t{1} << 16> buffer;
  while (true) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = buffer.size();
    auto const status = inflate(&stream, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END) {
      return fail(ErrorCode::malformed, "not gzip, or damaged");
    }
    auto const made = buffer.size() - stream.avail_out;
    if (out.size() + made > bytes_max) {
      return fail(ErrorCode::too_large, "the archive unpacks to more than is allowed");
    }
    out.append(buffer.data(), made);
    if (status != Z_STREAM_END) continue;
    if (stream.avail_in == 0) return out;
    if (inflateReset(&stream) != Z_OK) return fail(ErrorCode::malformed, "damaged gzip");
  }
}

Result<> for_each_file(std::string_view tar, ArchiveLimits const& limits,
                       std::function<void(ArchiveFile const&)> const& use) {
  if (tar.size() > limits.bytes_max) return fail(ErrorCode::too_large, "the archive is too long");
  std::string long_name;
  std::size_t files = 0;
  for (std::size_t at = 0; at + kBlock <= tar.size();) {
    auto const header = tar.substr(at, kBlock);
    if (header.front() == '\0') return {};  // a block of zeros ends the archive
    auto const where = "byte " + std::to_string(at);
    if (!has_right_sum(header)) return fail(ErrorCode::malformed, "damaged tar header", where);
    auto const size = octal(field(header, 124, 12));
    if (!size || *size > tar.size() - at - kBlock) {
      return fail(ErrorCode::malformed, "a file longer than the archive", where);
    }
    if (++files > limits.files_max) return fail(ErrorCode::too_large, "too many files");
    auto const content = tar.substr(at + kBlock, *size);
    at += std::min(tar.size() - at, kBlock + (*size + kBlock - 1) / kBlock * kBlock);
    char const kind = header[156];
    if (kind == 'L') {
      long_name = content.substr(0, content.find('\0'));
    } else if (kind == 'x') {
      long_name = pax_path(content);
    } else {
      auto const name = long_name.empty() ? name_in(header) : long_name;
      long_name.clear();
      if ((kind == '0' || kind == '\0') && stays_inside(name)) use({name, content});
    }
  }
  return {};
}

}  // namespace sinew::validate
