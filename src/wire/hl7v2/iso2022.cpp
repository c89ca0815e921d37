#include <algorithm>
#include <array>

#include "base/text.h"
#include "wire/hl7v2/encoding.h"

namespace sinew::hl7v2 {
namespace {

constexpr char kEscape = '\x1B';

/// One escape sequence: which set it puts where.
struct Designation {
  std::string_view sequence;  ///< what follows ESC
  bool high;                  ///< into the bytes from 128 up (G1), else below (G0)
  std::uint8_t width;         ///< bytes of a character
  Encoding encoding;          ///< the encoding that has this set in its high bytes
  char prefix;                ///< a byte that the encoding wants before the character, or NUL
};

/// Source: HL7 v2.5.1 §2.7.2 and chapter 2 "Escape sequences supporting multiple character sets";
/// ISO-IR register.
// clang-format off
constexpr auto kDesignations = std::to_array<Designation>({
    // sequence  high  width encoding               prefix
    {"(B",       false, 1, Encoding::ascii,         '\0'},    // ISO-IR 6
    {"(J",       false, 1, Encoding::ascii,         '\0'},    // ISO-IR 14, JIS X 0201 Roman
    {"(I",       false, 1, Encoding::jis_x_0201,    '\0'},    // ISO-IR 13 in seven bits
    {")I",       true,  1, Encoding::jis_x_0201,    '\0'},    // ISO-IR 13
    {"$@",       false, 2, Encoding::euc_jp,        '\0'},    // JIS C 6226-1978
    {"$B",       false, 2, Encoding::euc_jp,        '\0'},    // ISO-IR 87, JIS X 0208
    {"$(D",      false, 2, Encoding::euc_jp,        '\x8F'},  // ISO-IR 159, JIS X 0212
    {"$A",       false, 2, Encoding::gb18030,       '\0'},    // GB 2312
    {"$)A",      true,  2, Encoding::gb18030,       '\0'},
    {"$(C",      false, 2, Encoding::euc_kr,        '\0'},    // KS X 1001
    {"$)C",      true,  2, Encoding::euc_kr,        '\0'},
    {"$(G",      false, 2, Encoding::euc_tw,        '\0'},    // CNS 11643 plane 1
    {"$)G",      true,  2, Encoding::euc_tw,        '\0'},
    {"-A",       true,  1, Encoding::latin1,        '\0'},    // ISO-IR 100
    {"-B",       true,  1, Encoding::latin2,        '\0'},    // ISO-IR 101
    {"-C",       true,  1, Encoding::latin3,        '\0'},    // ISO-IR 109
    {"-D",       true,  1, Encoding::latin4,        '\0'},    // ISO-IR 110
    {"-F",       true,  1, Encoding::greek,         '\0'},    // ISO-IR 126
    {"-G",       true,  1, Encoding::arabic,        '\0'},    // ISO-IR 127
    {"-H",       true,  1, Encoding::hebrew,        '\0'},    // ISO-IR 138
    {"-L",       true,  1, Encoding::cyrillic,      '\0'},    // ISO-IR 144
    {"-M",       true,  1, Encoding::latin5,        '\0'},    // ISO-IR 148
});
// clang-format on

Designation const* find_designation(std::string_view after_escape) {
  auto const row = std::ranges::find_if(kDesignations, [&](Designation const& candidate) {
    return after_escape.starts_with(candidate.sequence);
  });
  return row == kDesignations.end() ? nullptr : &*row;
}

bool is_high(char c) { return static_cast<unsigned char>(c) >= 128; }
bool is_graphic(char c) { return c > 0x20 && c < 0x7F; }

/// The bytes of one run, all in the set of `set`, made into what its encoding has for them.
bool append_run(std::string& out, std::string_view run, Designation const& set) {
  std::string bytes;
  bytes.reserve(run.size() * 2);
  for (std::size_t at = 0; at < run.size(); at += set.width) {
    if (set.prefix != '\0') bytes += set.prefix;
    for (std::size_t i = at; i < std::min(at + set.width, run.size()); ++i) {
      bytes += static_cast<char>(static_cast<unsigned char>(run[i]) | 0x80);
    }
  }
  return append_encoded(out, bytes, set.encoding);
}

/// The length of a run in the base encoding: from a high byte to the next plain ASCII byte. The
/// second byte of a pair, and the digits of a GB 18030 quadruple, may themselves be below 128.
std::size_t base_run(std::string_view text, Encoding base) {
  bool const pairs =
      base == Encoding::gb18030 || base == Encoding::big5 || base == Encoding::shift_jis;
  std::size_t at = 0;
  while (at < text.size() && is_high(text[at])) {
    auto const byte = static_cast<unsigned char>(text[at]);
    bool const single =
        !pairs || byte == 0x80 || (base == Encoding::shift_jis && byte >= 0xA1 && byte <= 0xDF);
    if (single) {
      ++at;
    } else if (base == Encoding::gb18030 && at + 1 < text.size() && is_ascii_digit(text[at + 1])) {
      at += 4;
    } else {
      at += 2;
    }
  }
  return std::min(at, text.size());
}

}  // namespace

bool append_iso2022(std::string& out, std::string_view raw, Encoding base) {
  Designation const* low = nullptr;   // nullptr: ASCII
  Designation const* high = nullptr;  // nullptr: the base encoding
  bool clean = true;
  std::size_t at = 0;
  while (at < raw.size()) {
    auto const rest = raw.substr(at);
    if (raw[at] == kEscape) {
      auto const* found = find_designation(rest.substr(1));
      if (found) {
        (found->high ? high : low) = found->encoding == Encoding::ascii ? nullptr : found;
        at += 1 + found->sequence.size();
        continue;
      }
    }
    if (is_high(raw[at])) {
      auto const is_run = [](char c) { return is_high(c); };
      auto const length =
          high ? static_cast<std::size_t>(std::ranges::find_if_not(rest, is_run) - rest.begin())
               : base_run(rest, base);
      auto const run = rest.substr(0, length);
      // A base that has no high bytes of its own: guess as for an undeclared set.
      auto const plain =
          base == Encoding::iso2022 || base == Encoding::ascii ? Encoding::undeclared : base;
      clean &= high ? append_run(out, run, *high) : append_encoded(out, run, plain);
      at += length;
    } else if (low && is_graphic(raw[at])) {
      auto const length =
          static_cast<std::size_t>(std::ranges::find_if_not(rest, is_graphic) - rest.begin());
      clean &= append_run(out, rest.substr(0, length), *low);
      at += length;
    } else {
      // "the default is in force again" at the end of every segment, whatever the sender forgot.
      if (raw[at] == '\r') low = high = nullptr;
      out += raw[at++];
    }
  }
  return clean;
}

}  // namespace sinew::hl7v2
