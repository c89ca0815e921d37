#include "wire/hl7v2/write.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "wire/hl7v2/structure.h"
#include "wire/hl7v2/text.h"

namespace sinew::hl7v2 {
namespace {

constexpr std::size_t kCharacterSetField = 18;

/// Copies field contents in other delimiters. A character that becomes a delimiter is escaped, and
/// an escape sequence keeps its letters and gets the new escape character.
class Translator {
 public:
  Translator(Delimiters const& from, Delimiters const& to) : from_(from), to_(to) {}

  void append(std::string& out, std::string_view field) const {
    bool in_escape = false;
    for (std::size_t i = 0; i < field.size(); ++i) {
      auto const c = field[i];
      if (c == from_.escape) {
        // Only a pair of escape characters is a sequence; a lone one is text.
        bool const closes = in_escape;
        bool const opens = !in_escape && field.find(from_.escape, i + 1) != std::string_view::npos;
        if (closes || opens || from_.escape == to_.escape) {
          out += to_.escape;
          in_escape = opens;
          continue;
        }
      }
      append_character(out, c);
    }
  }

 private:
  void append_character(std::string& out, char c) const {
    if (c == from_.component) return void(out += to_.component);
    if (c == from_.repetition) return void(out += to_.repetition);
    if (c == from_.subcomponent) return void(out += to_.subcomponent);
    if (c == from_.truncation && c != '\0') return void(out += to_.truncation);
    append_escaped_if_new(out, c);
  }
  void append_escaped_if_new(std::string& out, char c) const {
    if (c == to_.truncation && c != '\0') {
      out += {to_.escape, 'P', to_.escape};
    } else if (c == to_.field) {
      out += {to_.escape, 'F', to_.escape};
    } else if (c == to_.component) {
      out += {to_.escape, 'S', to_.escape};
    } else if (c == to_.subcomponent) {
      out += {to_.escape, 'T', to_.escape};
    } else if (c == to_.repetition) {
      out += {to_.escape, 'R', to_.escape};
    } else if (c == to_.escape) {
      out += {to_.escape, 'E', to_.escape};
    } else if (c == '\0' || c == '\x0B' || c == '\x1A' || c == '\x1C') {
      // Framing and padding would be taken off the end of a message.
      constexpr std::string_view kHex = "0123456789ABCDEF";
      auto const byte = static_cast<unsigned char>(c);
      out += {to_.escape, 'X', kHex[byte >> 4], kHex[byte & 15], to_.escape};
    } else if (c == '\r' || c == '\n') {
      out += {to_.escape, '.', 'b', 'r', to_.escape};
    } else {
      out += c;
    }
  }

  Delimiters from_, to_;
};

/// Drops the empty parts at the end of every repetition, component and of the field.
std::string trimmed(std::string_view field, Delimiters const& delimiters) {
  std::string out;
  out.reserve(field.size());
  char const separators[] = {delimiters.subcomponent, delimiters.component, delimiters.repetition};
  auto rank_of = [&](char c) {
    return std::ranges::find(separators, c) - std::begin(separators);  // 3: no separator
  };
  auto drop_below = [&](std::ptrdiff_t rank) {
    while (!out.empty() && rank_of(out.back()) < rank) out.pop_back();
  };
  for (char const c : field) {
    auto const rank = rank_of(c);
    if (rank < 3) drop_below(rank);
    out += c;
  }
  drop_below(3);
  return out;
}

void append_segment(std::string& out, Message const& message, std::size_t segment,
                    Delimiters const& to) {
  auto const& from = message.delimiters();
  Translator const translator(from, to);
  auto const id = to_upper(message.segment_id(segment));
  bool const header = is_header_id(pack_id(id));
  out += id;
  std::size_t first = 1;
  if (header) {
    out += to.field + encoding_characters(to);
    first = 3;
  }
  auto const start = out.size();
  auto kept = start;
  std::string value;
  for (auto number = first; number <= message.field_count(segment); ++number) {
    out += to.field;
    value.clear();
    translator.append(value, message.field(segment, number));
    auto const text = trimmed(value, to);
    if (header && number == kCharacterSetField && message.is_transcoded()) {
      out += "UNICODE UTF-8";
      kept = out.size();
      continue;
    }
    out += text;
    if (!text.empty()) kept = out.size();
  }
  out.resize(kept);
  out += '\r';
}

}  // namespace

std::string encoding_characters(Delimiters const& delimiters) {
  std::string text = {delimiters.component, delimiters.repetition, delimiters.escape,
                      delimiters.subcomponent};
  if (delimiters.truncation != '\0') text += delimiters.truncation;
  return text;
}

std::string normalized(Message const& message) {
  Delimiters to;
  if (message.delimiters().truncation != '\0') to.truncation = '#';
  std::string out;
  out.reserve(message.bytes().size());
  for (std::size_t i = 0; i < message.segment_count(); ++i) append_segment(out, message, i, to);
  return out;
}

MessageBuilder& MessageBuilder::begin(std::string_view id) {
  SINEW_CHECK(id.size() == Message::kSegmentIdBytes);
  end_segment();
  out_ += id;
  open_ = true;
  if (is_header_id(pack_id(id))) {
    out_ += delimiters_.field + encoding_characters(delimiters_);
    field_ = 2;
  }
  return *this;
}

void MessageBuilder::reach(std::size_t number) {
  SINEW_CHECK(open_ && number > field_);
  out_.append(number - field_, delimiters_.field);
  field_ = number;
}

MessageBuilder& MessageBuilder::text(std::size_t number, std::string_view value) {
  if (value.empty()) return *this;
  reach(number);
  append_escaped(out_, value, delimiters_);
  return *this;
}

MessageBuilder& MessageBuilder::raw(std::size_t number, std::string_view value) {
  if (value.empty()) return *this;
  reach(number);
  out_ += value;
  return *this;
}

MessageBuilder& MessageBuilder::segment(std::string_view bytes) {
  end_segment();
  out_ += bytes;
  open_ = true;
  return *this;
}

void MessageBuilder::end_segment() {
  if (open_) out_ += '\r';
  open_ = false;
  field_ = 0;
}

std::string MessageBuilder::finish() && {
  end_segment();
  return std::move(out_);
}

}  // namespace sinew::hl7v2
