#include "wire/hl7v2/scan.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
// g++ 12 takes the undefined operand of the intrinsics themselves for an uninitialized variable.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#endif

namespace sinew::hl7v2 {
namespace {

constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kFirstFields = 1024;
constexpr std::size_t kFirstLines = 256;
constexpr std::size_t kKeptFields = std::size_t{1} << 18;
constexpr std::size_t kKeptLines = std::size_t{1} << 16;

template <class T>
void grow(std::unique_ptr<T[]>& array, std::size_t used, std::size_t& capacity,
          std::size_t at_least) {
  auto const wanted = std::max({at_least, capacity * 2, used + ScanBuffer::kSlack});
  auto bigger = std::make_unique_for_overwrite<T[]>(wanted);
  if (used > 0) std::memcpy(bigger.get(), array.get(), used * sizeof(T));
  array = std::move(bigger);
  capacity = wanted;
}

/// One bit per byte of a block of 64.
struct Masks {
  std::uint64_t separators;
  std::uint64_t line_ends;
};

inline void add_line_ends(ScanBuffer& found, Masks masks, std::uint32_t base) {
  while (masks.line_ends != 0) {
    auto const bit = std::countr_zero(masks.line_ends);
    auto const before = masks.separators & ((std::uint64_t{1} << bit) - 1);
    found.lines()[found.line_count++] = {base + static_cast<std::uint32_t>(bit),
                                         static_cast<std::uint32_t>(found.field_count) +
                                             static_cast<std::uint32_t>(std::popcount(before))};
    masks.line_ends &= masks.line_ends - 1;
  }
}

/// Line ends before fields: they count the fields of earlier blocks.
inline void add_block(ScanBuffer& found, Masks masks, std::uint32_t base) {
  add_line_ends(found, masks, base);
  auto* out = found.fields() + found.field_count;
  while (masks.separators != 0) {
    *out++ = base + static_cast<std::uint32_t>(std::countr_zero(masks.separators)) + 1;
    masks.separators &= masks.separators - 1;
  }
  found.field_count = static_cast<std::size_t>(out - found.fields());
}

Masks masks_plain(char const* block, std::size_t count, char separator) {
  Masks masks{};
  for (std::size_t i = 0; i < count; ++i) {
    auto const c = block[i];
    masks.separators |= std::uint64_t{c == separator} << i;
    masks.line_ends |= std::uint64_t{c == '\r' || c == '\n'} << i;
  }
  return masks;
}

void scan_plain(std::string_view bytes, std::size_t begin, char separator, ScanBuffer& found) {
  for (auto at = begin; at < bytes.size(); at += kBlockBytes) {
    found.reserve_block();
    auto const count = std::min(kBlockBytes, bytes.size() - at);
    add_block(found, masks_plain(bytes.data() + at, count, separator),
              static_cast<std::uint32_t>(at));
  }
}

#if defined(__x86_64__)

inline std::uint64_t equal_sse2(__m128i const (&block)[4], char wanted) {
  auto const needle = _mm_set1_epi8(wanted);
  std::uint64_t mask = 0;
  for (int i = 0; i < 4; ++i) {
    auto const bits =
        static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(block[i], needle)));
    mask |= std::uint64_t{bits} << (16 * i);
  }
  return mask;
}

void scan_sse2(std::string_view bytes, std::size_t begin, char separator, ScanBuffer& found) {
  auto at = begin;
  for (; at + kBlockBytes <= bytes.size(); at += kBlockBytes) {
    found.reserve_block();
    __m128i block[4];
    for (int i = 0; i < 4; ++i) {
      block[i] = _mm_loadu_si128(reinterpret_cast<__m128i const*>(bytes.data() + at) + i);
    }
    add_block(found,
              {equal_sse2(block, separator), equal_sse2(block, '\r') | equal_sse2(block, '\n')},
              static_cast<std::uint32_t>(at));
  }
  scan_plain(bytes, at, separator, found);
}

__attribute__((target("avx2,bmi,popcnt"))) void scan_avx2(std::string_view bytes, std::size_t begin,
                                                          char separator, ScanBuffer& found) {
  auto const separators = _mm256_set1_epi8(separator);
  auto const carriage_returns = _mm256_set1_epi8('\r');
  auto const line_feeds = _mm256_set1_epi8('\n');
  auto at = begin;
  for (; at + kBlockBytes <= bytes.size(); at += kBlockBytes) {
    found.reserve_block();
    auto const* from = reinterpret_cast<__m256i const*>(bytes.data() + at);
    auto const low = _mm256_loadu_si256(from);
    auto const high = _mm256_loadu_si256(from + 1);
    auto const low_ends = _mm256_or_si256(_mm256_cmpeq_epi8(low, carriage_returns),
                                          _mm256_cmpeq_epi8(low, line_feeds));
    auto const high_ends = _mm256_or_si256(_mm256_cmpeq_epi8(high, carriage_returns),
                                           _mm256_cmpeq_epi8(high, line_feeds));
    auto bits = [](__m256i v) __attribute__((target("avx2"))) {
      return std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(v))};
    };
    Masks masks{bits(_mm256_cmpeq_epi8(low, separators)) | bits(_mm256_cmpeq_epi8(high, separators))
                                                               << 32,
                bits(low_ends) | bits(high_ends) << 32};
    auto const base = static_cast<std::uint32_t>(at);
    add_line_ends(found, masks, base);
    auto* out = found.fields() + found.field_count;
    found.field_count += static_cast<std::size_t>(std::popcount(masks.separators));
    // OPTIMIZATION: eight entries a turn without asking whether there are eight; the surplus is
    // overwritten by the next block (kSlack). 1.4 times faster than a loop of single entries.
    while (masks.separators != 0) {
      for (int i = 0; i < 8; ++i) {
        out[i] = base + static_cast<std::uint32_t>(_tzcnt_u64(masks.separators)) + 1;
        masks.separators = _blsr_u64(masks.separators);
      }
      out += 8;
    }
  }
  scan_plain(bytes, at, separator, found);
}

#define SINEW_AVX512 \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,bmi,bmi2,popcnt")))

/// Sixteen positions in a block, made offsets.
SINEW_AVX512 inline __m512i widen(__m128i positions, __m512i first) {
  return _mm512_add_epi32(_mm512_cvtepu8_epi32(positions), first);
}

SINEW_AVX512 void scan_avx512(std::string_view bytes, std::size_t begin, char separator,
                              ScanBuffer& found) {
  alignas(64) static constexpr auto kPositions = [] {
    std::array<std::uint8_t, kBlockBytes> positions{};
    for (std::size_t i = 0; i < positions.size(); ++i) {
      positions[i] = static_cast<std::uint8_t>(i);
    }
    return positions;
  }();
  auto const positions = _mm512_load_si512(kPositions.data());
  auto const separators = _mm512_set1_epi8(separator);
  auto const carriage_returns = _mm512_set1_epi8('\r');
  auto const line_feeds = _mm512_set1_epi8('\n');
  for (auto at = begin; at < bytes.size(); at += kBlockBytes) {
    found.reserve_block();
    auto const left = bytes.size() - at;
    auto const valid = left >= kBlockBytes ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
    auto const block = _mm512_maskz_loadu_epi8(valid, bytes.data() + at);
    // The bytes beyond the end load as NUL; a NUL separator is masked away with `valid`.
    auto const fields = _mm512_mask_cmpeq_epi8_mask(valid, block, separators);
    auto ends =
        _mm512_cmpeq_epi8_mask(block, carriage_returns) | _mm512_cmpeq_epi8_mask(block, line_feeds);
    auto const base = static_cast<std::uint32_t>(at);
    auto const before = static_cast<std::uint32_t>(found.field_count);
    auto* lines = found.lines() + found.line_count;
    while (ends != 0) {
      auto const bit = static_cast<std::uint32_t>(_tzcnt_u64(ends));
      *lines++ = {base + bit,
                  before + static_cast<std::uint32_t>(_mm_popcnt_u64(_bzhi_u64(fields, bit)))};
      ends = _blsr_u64(ends);
    }
    found.line_count = static_cast<std::size_t>(lines - found.lines());

    auto const count = static_cast<int>(_mm_popcnt_u64(fields));
    auto const packed = _mm512_maskz_compress_epi8(fields, positions);
    auto const first = _mm512_set1_epi32(static_cast<int>(base + 1));
    auto* out = found.fields() + before;
    _mm512_storeu_si512(out, widen(_mm512_castsi512_si128(packed), first));
    if (count > 16) {
      _mm512_storeu_si512(out + 16, widen(_mm512_extracti32x4_epi32(packed, 1), first));
    }
    if (count > 32) {
      _mm512_storeu_si512(out + 32, widen(_mm512_extracti32x4_epi32(packed, 2), first));
      _mm512_storeu_si512(out + 48, widen(_mm512_extracti32x4_epi32(packed, 3), first));
    }
    found.field_count = before + static_cast<std::size_t>(count);
  }
}

bool has_avx512() {
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("bmi2");
}
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi"); }

#endif

}  // namespace

void ScanBuffer::grow_fields() { grow(fields_, field_count, field_capacity_, kFirstFields); }
void ScanBuffer::grow_lines() { grow(lines_, line_count, line_capacity_, kFirstLines); }

void ScanBuffer::shrink() {
  if (field_capacity_ > kKeptFields) {
    fields_.reset();
    field_capacity_ = 0;
    field_count = 0;
  }
  if (line_capacity_ > kKeptLines) {
    lines_.reset();
    line_capacity_ = 0;
    line_count = 0;
  }
}

std::span<ScannerRow const> scanners() {
  static auto const rows = std::to_array<ScannerRow>({
#if defined(__x86_64__)
      {"avx512", scan_avx512, has_avx512()},
      {"avx2", scan_avx2, has_avx2()},
      {"sse2", scan_sse2, true},
#endif
      {"plain", scan_plain, true},
  });
  return rows;
}

Scanner best_scanner() {
  static Scanner const best = std::ranges::find_if(scanners(), &ScannerRow::usable)->scan;
  return best;
}

}  // namespace sinew::hl7v2
