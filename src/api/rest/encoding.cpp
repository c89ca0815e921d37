#include "api/rest/encoding.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "api/rest/format.h"
#include "base/text.h"

namespace sinew::rest {
namespace {

constexpr std::size_t kEncodingsMax = 2;  ///< of one body, one in the other
constexpr std::size_t kChunkBytes = 64 * 1024;
constexpr int kGzipWindowBits = 15 + 16;  ///< zlib: a gzip frame, not a zlib one
constexpr int kGzipMemoryLevel = 8;
constexpr int kGzipLevel = 4;  ///< a third of the time of level 6, 3% more bytes
constexpr int kZstdLevel = 3;
/// Of a frame that is read: what a peer may make us hold. Source: RFC 8878 §3.1.1.1.2, 8 MB.
constexpr int kZstdWindowLogMax = 23;

Failure damaged() { return fail(ErrorCode::malformed, "the body is damaged", "Content-Encoding"); }
Failure too_long() {
  return fail(ErrorCode::too_large, "the body is too long when unpacked", "Content-Encoding");
}

Result<std::string> gzip(std::string_view body) {
  z_stream stream{};
  if (deflateInit2(&stream, kGzipLevel, Z_DEFLATED, kGzipWindowBits, kGzipMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return fail(ErrorCode::internal, "no memory to compress");
  }
  std::string out(deflateBound(&stream, body.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  auto const done = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (done != Z_STREAM_END) return fail(ErrorCode::internal, "the body cannot be compressed");
  return out;
}

Result<std::string> gunzip(std::string_view body, std::size_t bytes_max) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindowBits) != Z_OK) {
    return fail(ErrorCode::unavailable, "no memory to decompress");
  }
  auto const end = [](z_stream* open) { inflateEnd(open); };
  std::unique_ptr<z_stream, decltype(end)> const guard(&stream, end);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  std::string out;
  std::array<char, kChunkBytes> chunk;
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
    stream.avail_out = chunk.size();
    auto const state = inflate(&stream, Z_NO_FLUSH);
    auto const made = chunk.size() - stream.avail_out;
    if (out.size() + made > bytes_max) return too_long();
    out.append(chunk.data(), made);
    if (state == Z_STREAM_END) {
      if (stream.avail_in == 0) return out;
      // "A gzip file consists of a series of members"
      if (inflateReset(&stream) != Z_OK) return damaged();
    } else if (state != Z_OK) {
      return damaged();
    }
  }
}

Result<std::string> zstd(std::string_view body) {
  std::string out(ZSTD_compressBound(body.size()), '\0');
  auto const size = ZSTD_compress(out.data(), out.size(), body.data(), body.size(), kZstdLevel);
  if (ZSTD_isError(size)) return fail(ErrorCode::internal, "the body cannot be compressed");
  out.resize(size);
  return out;
}

Result<std::string> unzstd(std::string_view body, std::size_t bytes_max) {
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> const context(ZSTD_createDCtx(),
                                                                     ZSTD_freeDCtx);
  if (!context) return fail(ErrorCode::unavailable, "no memory to decompress");
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  std::string out;
  std::array<char, kChunkBytes> chunk;
  std::size_t left = 1;
  while (in.pos < in.size || left != 0) {
    ZSTD_outBuffer made{chunk.data(), chunk.size(), 0};
    auto const before = in.pos;
    left = ZSTD_decompressStream(context.get(), &made, &in);
    if (ZSTD_isError(left)) return damaged();
    if (out.size() + made.pos > bytes_max) return too_long();
    out.append(chunk.data(), made.pos);
    // Neither read nor written: the frame breaks off.
    if (in.pos == before && made.pos == 0 && left != 0) return damaged();
  }
  return out;
}

class GzipPieces final : public PieceEncoder {
 public:
  static Result<std::unique_ptr<PieceEncoder>> make() {
    auto made = std::make_unique<GzipPieces>();
    if (deflateInit2(&made->stream_, kGzipLevel, Z_DEFLATED, kGzipWindowBits, kGzipMemoryLevel,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      return fail(ErrorCode::unavailable, "no memory to compress");
    }
    return std::unique_ptr<PieceEncoder>(std::move(made));
  }
  ~GzipPieces() override { deflateEnd(&stream_); }
  Result<std::string> add(std::string_view piece) override { return run(piece, Z_SYNC_FLUSH); }
  Result<std::string> end() override { return run({}, Z_FINISH); }

 private:
  Result<std::string> run(std::string_view piece, int flush) {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
    stream_.avail_in = static_cast<uInt>(piece.size());
    std::string out;
    int done = Z_OK;
    do {
      auto const begin = out.size();
      out.resize(begin + kChunkBytes);
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + begin);
      stream_.avail_out = kChunkBytes;
      done = deflate(&stream_, flush);
      out.resize(out.size() - stream_.avail_out);
      // "Z_BUF_ERROR if no progress is possible": all had been written before.
      if (done != Z_OK && done != Z_STREAM_END && done != Z_BUF_ERROR) {
        return fail(ErrorCode::internal, "the body cannot be compressed");
      }
    } while (stream_.avail_out == 0 && done != Z_STREAM_END);
    return out;
  }

  z_stream stream_{};
};

class ZstdPieces final : public PieceEncoder {
 public:
  static Result<std::unique_ptr<PieceEncoder>> make() {
    auto made = std::make_unique<ZstdPieces>();
    if (!made->context_) return fail(ErrorCode::unavailable, "no memory to compress");
    ZSTD_CCtx_setParameter(made->context_.get(), ZSTD_c_compressionLevel, kZstdLevel);
    return std::unique_ptr<PieceEncoder>(std::move(made));
  }
  Result<std::string> add(std::string_view piece) override { return run(piece, ZSTD_e_flush); }
  Result<std::string> end() override { return run({}, ZSTD_e_end); }

 private:
  Result<std::string> run(std::string_view piece, ZSTD_EndDirective flush) {
    ZSTD_inBuffer in{piece.data(), piece.size(), 0};
    std::string out;
    std::size_t left = 0;
    do {
      auto const begin = out.size();
      out.resize(begin + kChunkBytes);
      ZSTD_outBuffer made{out.data(), out.size(), begin};
      left = ZSTD_compressStream2(context_.get(), &made, &in, flush);
      if (ZSTD_isError(left)) return fail(ErrorCode::internal, "the body cannot be compressed");
      out.resize(made.pos);
    } while (left != 0 || in.pos < in.size);
    return out;
  }

  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context_{ZSTD_createCCtx(), ZSTD_freeCCtx};
};

struct EncodingRow {
  std::string_view name;
  Encoding encoding;
  Result<std::string> (*encode)(std::string_view body);
  Result<std::unique_ptr<PieceEncoder>> (*encode_pieces)();
  Result<std::string> (*decode)(std::string_view body, std::size_t bytes_max);
};
/// In the order of our own preference; the second name of one is what some clients send.
/// Source: RFC 9110 §8.4.1, "x-gzip".
constexpr auto kEncodings = std::to_array<EncodingRow>({
    {"zstd", Encoding::zstd, zstd, ZstdPieces::make, unzstd},
    {"gzip", Encoding::gzip, gzip, GzipPieces::make, gunzip},
    {"x-gzip", Encoding::gzip, gzip, GzipPieces::make, gunzip},
});

EncodingRow const* find_row(std::string_view name) {
  auto const* const row = std::ranges::find_if(
      kEncodings, [&](EncodingRow const& known) { return equals_ignoring_case(known.name, name); });
  return row == kEncodings.end() ? nullptr : row;
}

}  // namespace

Encoding choose_encoding(std::string_view accept_encoding) {
  std::optional<int> other;  // quality of '*'
  auto best = Encoding::identity;
  int best_quality = 0;
  std::array<bool, kEncodings.size()> named{};
  auto const consider = [&](std::size_t row, int quality) {
    bool const is_better = quality > best_quality || (quality == best_quality && quality > 0 &&
                                                      kEncodings[row].encoding == Encoding::zstd);
    if (!is_better) return;
    best = kEncodings[row].encoding;
    best_quality = quality;
  };
  for (auto const entry : split(accept_encoding, ',')) {
    auto const name = trim(entry.substr(0, entry.find(';')));
    if (name == "*") other = quality(entry);
    auto const* const row = find_row(name);
    if (row == nullptr) continue;
    auto const index = static_cast<std::size_t>(row - kEncodings.begin());
    named[index] = true;
    consider(index, quality(entry));
  }
  // x-gzip is never what '*' means.
  for (std::size_t row = 0; other && row + 1 < kEncodings.size(); ++row) {
    if (!named[row]) consider(row, *other);
  }
  return best;
}

std::string_view encoding_name(Encoding encoding) {
  auto const* const row = std::ranges::find(kEncodings, encoding, &EncodingRow::encoding);
  return row == kEncodings.end() ? std::string_view{} : row->name;
}

Result<std::string> encode(Encoding encoding, std::string_view body) {
  auto const* const row = std::ranges::find(kEncodings, encoding, &EncodingRow::encoding);
  if (row == kEncodings.end()) return std::string(body);
  return row->encode(body);
}

Result<std::unique_ptr<PieceEncoder>> make_piece_encoder(Encoding encoding) {
  auto const* const row = std::ranges::find(kEncodings, encoding, &EncodingRow::encoding);
  if (row == kEncodings.end()) return std::unique_ptr<PieceEncoder>();
  return row->encode_pieces();
}

Result<std::string> decode(std::string_view content_encoding, std::string body,
                           std::size_t bytes_max) {
  auto names = split(content_encoding, ',');
  if (names.size() > kEncodingsMax) {
    return fail(ErrorCode::not_supported, "too many encodings", "Content-Encoding");
  }
  std::ranges::reverse(names);
  for (auto name : names) {
    name = trim(name);
    if (name.empty() || equals_ignoring_case(name, "identity")) continue;
    auto const* const row = find_row(name);
    if (row == nullptr) {
      return fail(ErrorCode::not_supported, "neither gzip nor zstd", "Content-Encoding");
    }
    body = TRY(row->decode(body, bytes_max));
  }
  return body;
}

}  // namespace sinew::rest
