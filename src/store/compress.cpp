#include "store/compress.h"

#include <zstd.h>

#include <memory>
#include <vector>

#include "base/data.h"

namespace sinew::store {
namespace {

constexpr char kPlain = 0;
constexpr char kZstd = 1;
constexpr int kLevel = 1;  // level 3 saves 4% more and costs half as much again
constexpr std::size_t kFrameKeptMax = std::size_t{1} << 20;  // a thread keeps no larger buffer
constexpr std::size_t kWorthwhileBytes = 64;  // below this a frame is not shorter than its text

struct FreeCompression {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  void operator()(ZSTD_CDict* dictionary) const { ZSTD_freeCDict(dictionary); }
  void operator()(ZSTD_DDict* dictionary) const { ZSTD_freeDDict(dictionary); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeCompression>;

/// The dictionaries under data/store, prepared once. A constant table: nothing changes it.
struct Dictionaries {
  Owned<ZSTD_CDict> resource, message;
  std::vector<std::pair<unsigned, Owned<ZSTD_DDict>>> by_id;

  Dictionaries() {
    for (auto const& file : embedded_data_below("store/")) {
      if (!file.path.ends_with(".bin")) continue;
      auto const id = ZSTD_getDictID_fromDict(file.content.data(), file.content.size());
      by_id.emplace_back(id, ZSTD_createDDict(file.content.data(), file.content.size()));
    }
    resource = prepare("store/resource.bin");
    message = prepare("store/message.bin");
  }

  static Owned<ZSTD_CDict> prepare(std::string_view path) {
    auto bytes = embedded_data(path);
    if (!bytes) return nullptr;
    return Owned<ZSTD_CDict>(ZSTD_createCDict(bytes->data(), bytes->size(), kLevel));
  }
};

Dictionaries const& dictionaries() {
  static Dictionaries const all;
  return all;
}

}  // namespace

std::string pack(Content content, std::string_view text) {
  if (text.size() >= kWorthwhileBytes) {
    thread_local Owned<ZSTD_CCtx> const context(ZSTD_createCCtx());
    thread_local std::string frame;
    auto const* dictionary =
        content == Content::resource ? dictionaries().resource.get() : dictionaries().message.get();
    auto const bound = 1 + ZSTD_compressBound(text.size());
    if (frame.size() < bound || frame.size() > kFrameKeptMax) frame.resize(bound);
    frame[0] = kZstd;
    auto const size = dictionary != nullptr
                          ? ZSTD_compress_usingCDict(context.get(), &frame[1], frame.size() - 1,
                                                     text.data(), text.size(), dictionary)
                          : ZSTD_compressCCtx(context.get(), &frame[1], frame.size() - 1,
                                              text.data(), text.size(), kLevel);
    if (!ZSTD_isError(size) && size < text.size()) return frame.substr(0, 1 + size);
  }
  std::string plain(1, kPlain);
  plain.append(text);
  return plain;
}

Result<std::string> unpack(std::string_view packed) {
  if (packed.empty()) return std::string();
  auto const bytes = packed.substr(1);
  if (packed[0] == kPlain) return std::string(bytes);
  if (packed[0] != kZstd) return fail(ErrorCode::internal, "stored text has an unknown packing");
  auto const size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
      size > kUnpackedBytesMax)
    return fail(ErrorCode::internal, "stored text is damaged");
  ZSTD_DDict const* dictionary = nullptr;
  if (auto const id = ZSTD_getDictID_fromFrame(bytes.data(), bytes.size()); id != 0) {
    for (auto const& [known, prepared] : dictionaries().by_id)
      if (known == id) dictionary = prepared.get();
    if (dictionary == nullptr)
      return fail(ErrorCode::internal, "stored text needs a dictionary that is not in data/store");
  }
  thread_local Owned<ZSTD_DCtx> const context(ZSTD_createDCtx());
  std::string text(size, '\0');
  auto const written = ZSTD_decompress_usingDDict(context.get(), text.data(), text.size(),
                                                  bytes.data(), bytes.size(), dictionary);
  if (ZSTD_isError(written) || written != size)
    return fail(ErrorCode::internal, "stored text is damaged");
  return text;
}

}  // namespace sinew::store
