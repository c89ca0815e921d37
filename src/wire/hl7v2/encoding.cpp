#include "wire/hl7v2/encoding.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace sinew::hl7v2 {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct NameRow {
  std::string_view name;  ///< upper case, without spaces, hyphens, slashes and underscores
  Encoding encoding;
};

/// Table 0211, then what senders write in its place. Sorted by name.
// clang-format off
constexpr auto kNames = std::to_array<NameRow>({
    {"88591",             Encoding::latin1},
    {"885915",            Encoding::latin9},
    {"88592",             Encoding::latin2},
    {"88593",             Encoding::latin3},
    {"88594",             Encoding::latin4},
    {"88595",             Encoding::cyrillic},
    {"88596",             Encoding::arabic},
    {"88597",             Encoding::greek},
    {"88598",             Encoding::hebrew},
    {"88599",             Encoding::latin5},
    {"ASCII",             Encoding::ascii},
    {"BIG5",              Encoding::big5},
    {"CNS116431992",      Encoding::euc_tw},
    {"CP1252",            Encoding::latin1},
    {"CP936",             Encoding::gb18030},
    {"EUCJP",             Encoding::euc_jp},
    {"EUCKR",             Encoding::euc_kr},
    {"GB18030",           Encoding::gb18030},
    {"GB180302000",       Encoding::gb18030},
    {"GB2312",            Encoding::gb18030},
    {"GBK",               Encoding::gb18030},
    {"ISO88591",          Encoding::latin1},
    {"ISO885915",         Encoding::latin9},
    {"ISO88592",          Encoding::latin2},
    {"ISO88593",          Encoding::latin3},
    {"ISO88594",          Encoding::latin4},
    {"ISO88595",          Encoding::cyrillic},
    {"ISO88596",          Encoding::arabic},
    {"ISO88597",          Encoding::greek},
    {"ISO88598",          Encoding::hebrew},
    {"ISO88599",          Encoding::latin5},
    {"ISOIR100",          Encoding::latin1},
    {"ISOIR13",           Encoding::jis_x_0201},
    {"ISOIR14",           Encoding::jis_x_0201},
    {"ISOIR159",          Encoding::iso2022},
    {"ISOIR192",          Encoding::utf8},
    {"ISOIR6",            Encoding::ascii},
    {"ISOIR87",           Encoding::iso2022},
    {"JAS2020",           Encoding::iso2022},
    {"JISX0202",          Encoding::iso2022},
    {"KSX1001",           Encoding::euc_kr},
    {"LATIN1",            Encoding::latin1},
    {"SHIFTJIS",          Encoding::shift_jis},
    {"SJIS",              Encoding::shift_jis},
    {"UNICODE",           Encoding::utf8},
    {"UNICODEUTF16",      Encoding::utf8},  // decoded before the message is indexed
    {"UNICODEUTF32",      Encoding::utf8},
    {"UNICODEUTF8",       Encoding::utf8},
    {"USASCII",           Encoding::ascii},
    {"UTF16",             Encoding::utf8},
    {"UTF8",              Encoding::utf8},
    {"WINDOWS1252",       Encoding::latin1},
});
// clang-format on
static_assert(std::ranges::is_sorted(kNames, {}, &NameRow::name));

/// What glibc calls each encoding; empty where the code below needs no converter.
constexpr std::array<char const*, static_cast<std::size_t>(Encoding::count)> kConverters = {
    "",
    "",
    "",
    "WINDOWS-1252",
    "ISO-8859-2",
    "ISO-8859-3",
    "ISO-8859-4",
    "ISO-8859-5",
    "ISO-8859-6",
    "ISO-8859-7",
    "ISO-8859-8",
    "ISO-8859-9",
    "ISO-8859-15",
    "",
    "EUC-JP-MS",
    "GB18030",
    "EUC-KR",
    "EUC-TW",
    "BIG5",
    "CP932",
    ""};

/// The converters that this thread has opened, all from UTF-8 or all to it: a handle of iconv is
/// for one thread at a time.
class Converters {
 public:
  explicit Converters(bool from_utf8) : from_utf8_(from_utf8) { handles_.fill(kClosed); }
  Converters(Converters const&) = delete;
  Converters& operator=(Converters const&) = delete;
  ~Converters() {
    for (auto handle : handles_) {
      if (handle != kClosed) iconv_close(handle);
    }
  }
  /// A converter in its first state, or nothing when the system has none.
  std::optional<iconv_t> open(Encoding encoding) {
    auto& handle = handles_[static_cast<std::size_t>(encoding)];
    if (handle == kClosed) {
      auto const* const other = kConverters[static_cast<std::size_t>(encoding)];
      handle = from_utf8_ ? iconv_open(other, "UTF-8") : iconv_open("UTF-8", other);
      if (handle == kClosed) return std::nullopt;
    }
    iconv(handle, nullptr, nullptr, nullptr, nullptr);
    return handle;
  }

 private:
  // "(iconv_t)-1" is how POSIX marks a handle that could not be opened.
  static inline iconv_t const kClosed = reinterpret_cast<iconv_t>(-1);
  std::array<iconv_t, static_cast<std::size_t>(Encoding::count)> handles_;
  bool from_utf8_;
};

bool append_converted(std::string& out, std::string_view raw, Encoding encoding) {
  thread_local Converters converters(false);
  auto const handle = converters.open(encoding);
  bool clean = handle.has_value();
  auto* from = const_cast<char*>(raw.data());  // iconv takes it so, and does not write to it
  auto left = raw.size();
  while (left > 0) {
    std::array<char, 512> buffer;
    auto* to = buffer.data();
    auto room = buffer.size();
    errno = 0;
    auto const done = handle ? iconv(*handle, &from, &left, &to, &room) : std::size_t(-1);
    out.append(buffer.data(), buffer.size() - room);
    if (done != std::size_t(-1)) break;
    bool const full = errno == E2BIG && room < buffer.size();
    if (!full && left > 0) {
      clean = false;
      out += kReplacement;
      ++from;
      --left;
    }
  }
  return clean;
}

/// The code points of the bytes from 128 up. 0xFFFD where a byte means nothing.
using HighTable = std::array<char16_t, 128>;

HighTable make_high_table(Encoding encoding) {
  HighTable table;
  if (encoding == Encoding::jis_x_0201) {
    // Half-width katakana stand side by side in both. (glibc has no converter for the set alone.)
    table.fill(0xFFFD);
    for (std::size_t i = 0x21; i <= 0x5F; ++i) table[i] = static_cast<char16_t>(0xFF61 + i - 0x21);
    return table;
  }
  for (std::size_t i = 0; i < table.size(); ++i) {
    auto const byte = static_cast<char>(128 + i);
    std::string utf8;
    append_converted(utf8, {&byte, 1}, encoding);
    auto const b = [&](std::size_t at) { return static_cast<unsigned char>(utf8[at]); };
    // The bytes that Windows-1252 leaves free are the control characters of ISO 8859-1.
    if (encoding == Encoding::latin1 && utf8 == kReplacement) {
      table[i] = static_cast<char16_t>(128 + i);
    } else if (utf8.size() == 2) {
      table[i] = static_cast<char16_t>((b(0) & 0x1F) << 6 | (b(1) & 0x3F));
    } else if (utf8.size() == 3) {
      table[i] = static_cast<char16_t>((b(0) & 0x0F) << 12 | (b(1) & 0x3F) << 6 | (b(2) & 0x3F));
    } else {
      table[i] = 0xFFFD;
    }
  }
  return table;
}

bool append_single_bytes(std::string& out, std::string_view raw, Encoding encoding) {
  static auto const tables = [] {
    std::array<HighTable, static_cast<std::size_t>(Encoding::jis_x_0201) + 1> all{};
    for (auto i = static_cast<std::size_t>(Encoding::latin1); i < all.size(); ++i) {
      all[i] = make_high_table(static_cast<Encoding>(i));
    }
    return all;
  }();
  auto const& table = tables[static_cast<std::size_t>(encoding)];
  bool clean = true;
  for (char const c : raw) {
    auto const byte = static_cast<unsigned char>(c);
    if (byte < 128) {
      out += c;
      continue;
    }
    clean &= table[byte - 128] != 0xFFFD;
    sinew::append_utf8(out, static_cast<char32_t>(table[byte - 128]));
  }
  return clean;
}

/// The bytes of the longest well-formed or truncated sequence at the start; `complete` says which.
std::size_t utf8_sequence(std::string_view text, bool& complete) {
  auto const b = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  auto const lead = b(0);
  complete = lead < 0x80;
  if (lead < 0xC2 || lead > 0xF4) return 1;
  std::size_t const length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  for (std::size_t at = 1; at < length; ++at) {
    if (at == text.size() || b(at) < low || b(at) > high) return at;
    low = 0x80;
    high = 0xBF;
  }
  complete = true;
  return length;
}

/// "U+FFFD Substitution of Maximal Subparts". Source: The Unicode Standard 15.0 §3.9.
bool append_checked_utf8(std::string& out, std::string_view raw) {
  if (is_utf8(raw)) {
    out += raw;
    return true;
  }
  while (!raw.empty()) {
    bool complete = false;
    auto const length = utf8_sequence(raw, complete);
    out += complete ? raw.substr(0, length) : kReplacement;
    raw.remove_prefix(length);
  }
  return false;
}

bool append_ascii(std::string& out, std::string_view raw) {
  bool clean = true;
  for (char const c : raw) {
    if (static_cast<unsigned char>(c) < 128) {
      out += c;
    } else {
      clean = false;
      out += kReplacement;
    }
  }
  return clean;
}

}  // namespace

bool is_ascii(std::string_view bytes) {
  std::uint64_t seen = 0;
  auto const* at = bytes.data();
  auto left = bytes.size();
  for (; left >= 8; left -= 8, at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    seen |= word;
  }
  for (; left > 0; --left, ++at) seen |= static_cast<unsigned char>(*at);
  return (seen & 0x8080808080808080u) == 0;
}

std::optional<Encoding> find_encoding(std::string_view name) {
  std::array<char, 24> buffer;
  std::size_t used = 0;
  for (char const c : name) {
    if (!is_ascii_alpha(c) && !is_ascii_digit(c)) continue;
    if (used == buffer.size()) return std::nullopt;
    buffer[used++] = to_ascii_upper(c);
  }
  std::string_view const key(buffer.data(), used);
  auto const row = std::ranges::lower_bound(kNames, key, {}, &NameRow::name);
  if (row == kNames.end() || row->name != key) return std::nullopt;
  return row->encoding;
}

bool hides_delimiters(Encoding encoding) {
  switch (encoding) {
    case Encoding::gb18030:
    case Encoding::big5:
    case Encoding::shift_jis:
    case Encoding::iso2022:
      return true;
    default:
      return false;
  }
}

bool append_from_utf8(std::string& out, std::string_view utf8, Encoding encoding) {
  bool const unicode = encoding == Encoding::utf8 || encoding == Encoding::undeclared;
  if (unicode || is_ascii(utf8)) {
    out += utf8;
    return true;
  }
  if (*kConverters[static_cast<std::size_t>(encoding)] == '\0') return false;
  thread_local Converters converters(true);
  auto const handle = converters.open(encoding);
  if (!handle) return false;
  auto const before = out.size();
  auto* from = const_cast<char*>(utf8.data());  // iconv takes it so, and does not write to it
  auto left = utf8.size();
  while (left > 0) {
    std::array<char, 512> buffer;
    auto* to = buffer.data();
    auto room = buffer.size();
    errno = 0;
    auto const done = iconv(*handle, &from, &left, &to, &room);
    out.append(buffer.data(), buffer.size() - room);
    if (done == std::size_t(-1) && errno != E2BIG) {
      out.resize(before);
      return false;
    }
  }
  return true;
}

bool append_utf8(std::string& out, std::string_view raw, Encoding encoding) {
  if (raw.empty()) return true;
  bool const unicode = encoding == Encoding::utf8 || encoding == Encoding::undeclared;
  if (!unicode && std::memchr(raw.data(), '\x1B', raw.size()) != nullptr) {
    return append_iso2022(out, raw, encoding);
  }
  return append_encoded(out, raw, encoding);
}

bool append_encoded(std::string& out, std::string_view raw, Encoding encoding) {
  if (is_ascii(raw)) {
    out += raw;
    return true;
  }
  switch (encoding) {
    case Encoding::utf8:
      return append_checked_utf8(out, raw);
    case Encoding::undeclared:
    case Encoding::iso2022:  // high bytes that no escape sequence explains
      if (is_utf8(raw)) {
        out += raw;
        return true;
      }
      return append_single_bytes(out, raw, Encoding::latin1);
    case Encoding::ascii:
      return append_ascii(out, raw);
    case Encoding::euc_jp:
    case Encoding::gb18030:
    case Encoding::euc_kr:
    case Encoding::euc_tw:
    case Encoding::big5:
    case Encoding::shift_jis:
      return append_converted(out, raw, encoding);
    default:
      return append_single_bytes(out, raw, encoding);
  }
}

}  // namespace sinew::hl7v2
