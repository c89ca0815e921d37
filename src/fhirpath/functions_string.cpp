// Source: FHIRPath N1 #string-manipulation. Positions and lengths count characters, not bytes.

#include "base/text.h"
#include "fhirpath/functions.h"

namespace sinew::fhirpath::functions {
namespace {

bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::int64_t characters(std::string_view text) {
  std::int64_t count = 0;
  for (auto const c : text) count += continues_character(c) ? 0 : 1;
  return count;
}

/// The byte offset of a character; the size when there are fewer.
std::size_t offset_of(std::string_view text, std::int64_t character) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if (continues_character(text[at])) continue;
    if (character-- == 0) return at;
  }
  return at;
}

/// A function of a text and one text argument; nothing when either is missing.
template <class Function>
bool on_two_texts(Machine& m, Call const& c, Function function) {
  std::string_view text, argument;
  auto const got_text = m.text(c.input, text);
  auto const got_argument = m.text(c.arguments[0], argument);
  if (got_text == Got::failure || got_argument == Got::failure) return false;
  if (got_text == Got::nothing || got_argument == Got::nothing) return true;
  function(text, argument);
  return m.spend(text.size() / 64);
}

template <class Function>
bool on_text(Machine& m, Call const& c, Function function) {
  std::string_view text;
  auto const got = m.text(c.input, text);
  if (got != Got::value) return got == Got::nothing;
  function(text);
  return m.spend(text.size() / 64);
}

/// Pattern functions: the text and the compiled first argument.
template <class Function>
bool on_pattern(Machine& m, Call const& c, Function function) {
  Pattern const* pattern = nullptr;
  bool has_failed = false;
  std::string_view subject;
  auto const is_good = on_two_texts(m, c, [&](std::string_view text, std::string_view regex) {
    pattern = m.pattern(c.op, regex);
    has_failed = pattern == nullptr;
    subject = text;
  });
  if (!is_good || has_failed) return false;
  return pattern == nullptr || function(subject, *pattern);
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  if (from.empty()) {
    // Between all characters, and at both ends.
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (!continues_character(text[i])) out += to;
      out += text[i];
    }
    return out += to;
  }
  for (;;) {
    auto const at = text.find(from);
    out += text.substr(0, at);
    if (at == text.npos) return out;
    out += to;
    text.remove_prefix(at + from.size());
  }
}

}  // namespace

bool index_of(Machine& m, Call const& c) {
  return on_two_texts(m, c, [&](std::string_view text, std::string_view part) {
    auto const at = text.find(part);
    m.push(Item::of_integer(at == text.npos ? -1 : characters(text.substr(0, at))));
  });
}

bool last_index_of(Machine& m, Call const& c) {
  return on_two_texts(m, c, [&](std::string_view text, std::string_view part) {
    auto const at = text.rfind(part);
    m.push(Item::of_integer(at == text.npos ? -1 : characters(text.substr(0, at))));
  });
}

bool substring(Machine& m, Call const& c) {
  std::int64_t start = 0;
  auto const got = m.integer(c.arguments[0], start);
  if (got == Got::failure) return false;
  std::int64_t length = INT32_MAX;
  if (c.count > 1 && m.integer(c.arguments[1], length) == Got::failure) return false;
  return on_text(m, c, [&](std::string_view text) {
    if (got == Got::nothing || start < 0) return;
    auto const begin = offset_of(text, start);
    if (begin >= text.size()) return;
    auto const rest = text.substr(begin);
    m.push_text(length <= 0 ? std::string_view() : rest.substr(0, offset_of(rest, length)));
  });
}

bool starts_with(Machine& m, Call const& c) {
  return on_two_texts(m, c, [&](auto text, auto part) { m.push_boolean(text.starts_with(part)); });
}

bool ends_with(Machine& m, Call const& c) {
  return on_two_texts(m, c, [&](auto text, auto part) { m.push_boolean(text.ends_with(part)); });
}

bool contains(Machine& m, Call const& c) {
  return on_two_texts(m, c, [&](auto text, auto part) {
    m.push_boolean(text.find(part) != std::string_view::npos);
  });
}

/// DEVIATION: ASCII letters only.
bool upper(Machine& m, Call const& c) {
  return on_text(m, c, [&](std::string_view text) { m.push_text(to_upper(text)); });
}

bool lower(Machine& m, Call const& c) {
  return on_text(m, c, [&](std::string_view text) { m.push_text(to_lower(text)); });
}

bool replace(Machine& m, Call const& c) {
  std::string_view substitution;
  auto const got = m.text(c.arguments[1], substitution);
  if (got == Got::failure) return false;
  constexpr std::size_t kGrowthMax = std::size_t{16} << 20;
  bool is_too_long = false;
  auto const is_good = on_two_texts(m, c, [&](std::string_view text, std::string_view part) {
    if (got == Got::nothing) return;
    is_too_long = (text.size() + 1) * substitution.size() > kGrowthMax && substitution.size() > 1;
    if (!is_too_long) m.push_text(replaced(text, part, substitution));
  });
  if (is_too_long) return m.fail(ErrorCode::too_large, "the replacement makes too long a text");
  return is_good;
}

bool matches(Machine& m, Call const& c) {
  return on_pattern(m, c, [&](std::string_view text, Pattern const& pattern) {
    return m.push_boolean(pattern.found_in(text)), true;
  });
}

bool matches_full(Machine& m, Call const& c) {
  return on_pattern(m, c, [&](std::string_view text, Pattern const& pattern) {
    return m.push_boolean(pattern.is_whole(text)), true;
  });
}

bool replace_matches(Machine& m, Call const& c) {
  std::string_view substitution;
  auto const got = m.text(c.arguments[1], substitution);
  if (got == Got::failure) return false;
  return on_pattern(m, c, [&](std::string_view text, Pattern const& pattern) {
    if (got == Got::nothing) return true;
    // An empty expression replaces nothing: so the official suite has it.
    m.push_text(pattern.text().empty() ? std::string(text) : pattern.replace(text, substitution));
    return m.spend(text.size() / 64);
  });
}

bool length(Machine& m, Call const& c) {
  return on_text(m, c, [&](std::string_view text) { m.push(Item::of_integer(characters(text))); });
}

bool to_chars(Machine& m, Call const& c) {
  return on_text(m, c, [&](std::string_view text) {
    text = m.texts().keep(text);
    while (!text.empty()) {
      auto const size = offset_of(text, 1);
      m.push(Item::of_string(text.substr(0, size)));
      text.remove_prefix(size);
    }
  });
}

bool trim(Machine& m, Call const& c) {
  return on_text(m, c, [&](std::string_view text) { m.push_text(sinew::trim(text)); });
}

bool split(Machine& m, Call const& c) {
  return on_two_texts(m, c, [&](std::string_view text, std::string_view separator) {
    if (separator.empty()) return m.push_text(text);
    text = m.texts().keep(text);
    for (;;) {
      auto const at = text.find(separator);
      m.push(Item::of_string(text.substr(0, at)));
      if (at == text.npos) return;
      text.remove_prefix(at + separator.size());
    }
  });
}

bool join(Machine& m, Call const& c) {
  std::string_view separator;
  if (c.count > 0 && m.text(c.arguments[0], separator) == Got::failure) return false;
  if (c.input.empty()) return true;
  std::string out;
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    std::string_view part;
    if (m.text({i, i + 1}, part) == Got::failure) return false;
    if (i > c.input.begin) out += separator;
    out += part;
  }
  return m.push_text(out), m.spend(out.size() / 64);
}

}  // namespace sinew::fhirpath::functions
