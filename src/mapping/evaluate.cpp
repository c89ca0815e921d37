#include <charconv>

#include "base/text.h"
#include "mapping/mapper.h"
#include "wire/hl7v2/dictionary.h"

namespace sinew::mapping {
namespace {

bool matches(std::string_view text, std::string_view pattern) {
  std::size_t t = 0, p = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++t;
      ++p;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::optional<double> number_of(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_order(Op op) {
  return op == Op::less || op == Op::less_or_equal || op == Op::greater ||
         op == Op::greater_or_equal;
}

bool is_ordered(Op op, double a, double b) {
  switch (op) {
    case Op::less:
      return a < b;
    case Op::less_or_equal:
      return a <= b;
    case Op::greater:
      return a > b;
    default:
      return a >= b;
  }
}

/// The number of characters (not bytes) of UTF-8.
std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// The byte at which character `index` begins.
std::size_t offset_of(std::string_view text, std::size_t index) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    if ((static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) continue;
    if (index-- == 0) break;
  }
  return at;
}

}  // namespace

std::string& Mapper::new_text() {
  if (texts_used_ == work_.texts.size()) work_.texts.emplace_back();
  auto& text = work_.texts[texts_used_++];
  text.clear();
  return text;
}

Node const& Mapper::argument(Node const& node, Index i) const {
  return program_.nodes[argument_index(node, i)];
}

Index Mapper::argument_index(Node const& node, Index i) const {
  return program_.arguments[node.first_argument + i];
}

void Mapper::read(std::string_view raw) {
  if (!recording_ || raw.empty()) return;
  auto const begin = static_cast<std::uint32_t>(raw.data() - base_);
  work_.reads.emplace_back(begin, begin + static_cast<std::uint32_t>(raw.size()));
}

std::string_view Mapper::whole_field(Source const& source, Context const& context,
                                     std::uint32_t& segment) const {
  segment = context.segment;
  if (source.base == Source::Base::other && work_.keys[segment] != source.segment) {
    auto const nearest = nearest_segment(source.segment, segment);
    if (!nearest) return {};
    segment = *nearest;
  }
  return message_.field(segment, source.field);
}

/// True when a field holds more than one repetition.
bool Mapper::repeats(std::uint32_t segment, std::uint16_t field) const {
  if (work_.present[segment] == 0) static_cast<void>(context_of(segment));
  return (work_.repeated[segment] >> std::min<std::uint16_t>(field, 63) & 1) != 0;
}

Found Mapper::find(Source const& source, Context const& context) const {
  Found found;
  found.segment = context.segment;
  std::size_t next_part = 0;
  if (source.base == Source::Base::value) {
    found.raw = context.value;
    found.level = context.level;
    if (auto const first = source.parts[0]; first != 0 && context.parts != nullptr) {
      next_part = 1;
      found.level = static_cast<std::uint8_t>(found.level + 1);
      if (first <= context.part_count) {
        found.raw = context.parts[first - 1];
      } else if (context.part_count < kPartsMax) {
        return {{}, found.level, found.segment};
      } else {
        found.raw = part_of(context.value, context.level, first, delimiters_);
      }
    }
  } else if (source.base == Source::Base::none) {
    return found;
  } else {
    auto const field = whole_field(source, context, found.segment);
    if (field.empty()) return found;
    found.raw = field;
    // The separators that MSH-1 and MSH-2 announce do not cut them.
    bool const is_header = source.field <= 2 && message_.segment_id(found.segment) == "MSH";
    if (!is_header && repeats(found.segment, source.field)) {
      auto const index = source.repetition == 0 ? 0 : source.repetition - 1U;
      found.raw = hl7v2::part(field, delimiters_.repetition, index);
      if (source.repetition == 0) {
        for (auto const* b = context.binding; b != nullptr; b = b->outer) {
          if (b->segment != found.segment || b->field != source.field) continue;
          found.raw = b->value;
          break;
        }
      }
    } else if (source.repetition > 1) {
      found.raw = {};
    }
  }
  for (; next_part < 3 && source.parts[next_part] != 0; ++next_part) {
    found.raw = part_of(found.raw, found.level, source.parts[next_part], delimiters_);
    found.level = static_cast<std::uint8_t>(found.level + 1);
  }
  return found;
}

std::string_view Mapper::type_of_value(std::uint32_t segment) const {
  constexpr std::uint16_t kValueType = 2;  // OBX-2
  if (message_.segment_id(segment) != "OBX") return {};
  return trim(message_.field(segment, kValueType));
}

std::string_view Mapper::first_atom(std::string_view raw, std::uint8_t level) const {
  if (level == 0) raw = raw.substr(0, raw.find(delimiters_.component));
  if (level <= 1) raw = raw.substr(0, raw.find(delimiters_.subcomponent));
  return raw;
}

std::string_view Mapper::decode(std::string_view raw) {
  raw = trim(raw);
  if (raw.empty() || hl7v2::is_null(raw)) return {};
  if (is_plain_) return raw;
  // OPTIMIZATION: most values need no decoding and cost no string.
  bool plain = true;
  for (char const c : raw) {
    if (static_cast<unsigned char>(c) >= 0x80 || c == delimiters_.escape || c == 0x1B) {
      plain = false;
      break;
    }
  }
  if (plain) return raw;
  auto& text = new_text();
  return trim(hl7v2::text_of(raw, delimiters_, charset_, text));
}

std::string_view Mapper::text_of(Source const& source, Found const& found) {
  auto raw = found.raw;
  if (raw.empty()) return {};
  auto reading = source.reading;
  if (reading == Reading::varies) {
    auto const type = type_of_value(found.segment);
    reading = type == "ST" || type == "TX" || type == "FT" || type.empty() ? Reading::whole
                                                                           : Reading::first;
  }
  if (reading == Reading::first) raw = first_atom(raw, found.level);
  auto const text = decode(raw);
  if (!text.empty()) read(raw);
  return text;
}

std::string_view Mapper::text_of(Source const& source, Context const& context) {
  return text_of(source, find(source, context));
}

CodeRow const* Mapper::find_code(CodeMap const& map, std::string_view code) {
  if (auto const found = map.exact.find(code); found != map.exact.end()) return &found->second;
  auto& folded = new_text();
  for (char const c : code) folded += to_ascii_lower(c);
  if (auto const found = map.folded.find(folded); found != map.folded.end()) return &found->second;
  return map.fallback;
}

std::string_view Mapper::evaluate_join(Node const& node, Context const& context) {
  auto& text = new_text();
  bool const joins = node.op == Op::join;
  auto const separator = joins ? argument(node, 0).text : std::string_view{};
  // Literals alone are no value: `concat('urn:', PID-3.1)` without PID-3.1 is nothing.
  bool found = false, all_literal = true;
  for (Index i = joins ? 1 : 0; i < node.argument_count; ++i) {
    auto const value = evaluate(argument_index(node, i), context);
    bool const is_literal = argument(node, i).op == Op::literal;
    all_literal = all_literal && is_literal;
    if (value.empty()) continue;
    found = found || !is_literal;
    if (joins && !text.empty()) text += separator;
    text += value;
  }
  return found || all_literal ? std::string_view(text) : std::string_view{};
}

std::string_view Mapper::evaluate_cut(Node const& node, Context const& context) {
  auto const text = evaluate(argument_index(node, 0), context);
  if (text.empty()) return {};
  auto const second = argument(node, 1).text;
  switch (node.op) {
    case Op::before: {
      auto const at = text.find(second);
      return at == std::string_view::npos ? std::string_view{} : trim(text.substr(0, at));
    }
    case Op::after: {
      auto const at = text.find(second);
      return at == std::string_view::npos ? std::string_view{}
                                          : trim(text.substr(at + second.size()));
    }
    case Op::substring: {
      auto const from = argument(node, 1).value;
      if (from < 1) return {};
      auto const rest = text.substr(offset_of(text, static_cast<std::size_t>(from) - 1));
      if (node.argument_count < 3) return rest;
      auto const length = std::max(0.0, argument(node, 2).value);
      return rest.substr(0, offset_of(rest, static_cast<std::size_t>(length)));
    }
    case Op::replace: {
      auto const with = argument(node, 2).text;
      if (second.empty()) return text;
      auto& out = new_text();
      for (std::size_t at = 0; at <= text.size();) {
        auto const found = text.find(second, at);
        out += text.substr(at, found - at);
        if (found == std::string_view::npos) break;
        out += with;
        at = found + second.size();
      }
      return out;
    }
    default: {  // pad
      constexpr std::size_t kWidthMax = 256;
      auto const wanted = std::clamp(argument(node, 1).value, 0.0, double{kWidthMax});
      auto const width = static_cast<std::size_t>(wanted);
      auto const fill = argument(node, 2).text;
      auto& out = new_text();
      for (auto n = length_of(text); n < width && !fill.empty(); ++n) out += fill.substr(0, 1);
      out += text;
      return out;
    }
  }
}

/// The texts of a field in every segment of its name, in the group at hand and below, a line each.
/// Values of OBX-5 that are no text (OBX-2) are left out.
std::string_view Mapper::join_lines(Source const& source, Context const& context) {
  auto& text = new_text();
  auto const scope = work_.scopes[context.segment];
  auto const id = source.base == Source::Base::other ? program_.segments[source.segment]
                                                     : message_.segment_id(context.segment);
  for (auto s = work_.first_segments[scope]; s <= work_.last_segments[scope]; ++s) {
    if (message_.segment_id(s) != id || text.size() > kJsonBytesMax) continue;
    auto const type = type_of_value(s);
    bool const is_text = type.empty() || type == "TX" || type == "FT" || type == "ST";
    if (source.reading == Reading::varies && !is_text) continue;
    auto const used = texts_used_;
    each_repetition(message_.field(s, source.field), delimiters_.repetition,
                    [&](std::string_view raw) {
                      if (!text.empty()) text += '\n';
                      text += text_of(source, {raw, 0, s});
                      return false;
                    });
    texts_used_ = used;
  }
  return text;
}

std::size_t Mapper::count_values(Source const& source, Context const& context) const {
  if (source.base == Source::Base::value) return find(source, context).raw.empty() ? 0 : 1;
  std::uint32_t segment = 0;
  std::size_t count = 0;
  each_repetition(whole_field(source, context, segment), delimiters_.repetition,
                  [&](std::string_view) { return ++count, false; });
  return count;
}

std::string_view Mapper::evaluate_reference_function(Node const& node, Context const& context) {
  auto const& source = program_.sources[argument(node, 0).index];
  switch (node.op) {
    case Op::raw: {
      auto const found = find(source, context);
      read(found.raw);
      return found.raw;
    }
    case Op::count: {
      auto& text = new_text();
      text = std::to_string(count_values(source, context));
      return text;
    }
    case Op::authority:
      return authority_uri(find(source, context));
    case Op::lines:
      return join_lines(source, context);
    default:
      return identifier_text(node, context);
  }
}

std::string_view Mapper::evaluate(Index index, Context const& context) {
  auto const& node = program_.nodes[index];
  switch (node.op) {
    case Op::literal:
      return node.text;
    case Op::reference:
      return text_of(program_.sources[node.index], context);
    case Op::concat:
    case Op::join:
      return evaluate_join(node, context);
    case Op::first:
      for (Index i = 0; i < node.argument_count; ++i) {
        auto const value = evaluate(argument_index(node, i), context);
        if (!value.empty()) return value;
      }
      return {};
    case Op::substring:
    case Op::before:
    case Op::after:
    case Op::replace:
    case Op::pad:
      return evaluate_cut(node, context);
    case Op::count:
    case Op::raw:
    case Op::authority:
    case Op::cx:
    case Op::ei:
    case Op::xcn:
    case Op::xon:
    case Op::lines:
      return evaluate_reference_function(node, context);
    default:
      break;
  }
  auto const text = evaluate(argument_index(node, node.op == Op::v2table ? 1 : 0), context);
  if (text.empty() && node.op != Op::length) return {};
  switch (node.op) {
    case Op::upper:
    case Op::lower:
    case Op::digits: {
      auto& out = new_text();
      for (char const c : text) {
        if (node.op == Op::digits && !is_ascii_digit(c)) continue;
        out += node.op == Op::upper ? to_ascii_upper(c) : to_ascii_lower(c);
      }
      return out;
    }
    case Op::trim:
      return trim(text);
    case Op::base64: {
      auto& out = new_text();
      append_base64_of(out, text);
      return out;
    }
    case Op::lookup:
    case Op::display: {
      auto const* const row = find_code(program_.code_maps[node.index], text);
      if (row == nullptr) return {};
      return node.op == Op::lookup ? row->to : row->display;
    }
    case Op::system:
      return system_uri(text);
    case Op::date: {
      auto const end = text.find_first_not_of("0123456789");
      return text.substr(0, std::min<std::size_t>(end, 8));
    }
    case Op::number:
      return clean_number(text, new_text());
    case Op::v2table: {
      auto const table = argument(node, 0).value;
      if (table < 0 || table > 9999) return {};
      return hl7v2::table_display(static_cast<std::uint16_t>(table), text).value_or("");
    }
    case Op::length: {
      auto& out = new_text();
      out = std::to_string(length_of(text));
      return out;
    }
    default:
      return {};
  }
}

bool Mapper::is_one_of(std::string_view left, Node const& node, Context const& context) {
  // OPTIMIZATION: lists of codes are long, and nearly all codes are short.
  auto const packed = pack(left);
  for (Index i = 1; i < node.argument_count; ++i) {
    auto const& choice = argument(node, i);
    if (choice.packed != 0) {
      if (choice.packed == packed) return true;
    } else if (left == (choice.op == Op::literal ? choice.text
                                                 : evaluate(argument_index(node, i), context))) {
      return true;
    }
  }
  return false;
}

bool Mapper::compare(Node const& node, Context const& context) {
  if (auto const& counted = argument(node, 0); counted.op == Op::count) {
    auto const& limit = argument(node, 1);
    if (limit.op == Op::literal && is_order(node.op)) {
      auto const& source = program_.sources[argument(counted, 0).index];
      return is_ordered(node.op, static_cast<double>(count_values(source, context)), limit.value);
    }
  }
  auto const left = evaluate(argument_index(node, 0), context);
  bool const negative = node.op == Op::not_equal || node.op == Op::not_in;
  if (left.empty()) return negative;
  switch (node.op) {
    case Op::equal:
      return left == evaluate(argument_index(node, 1), context);
    case Op::not_equal:
      return left != evaluate(argument_index(node, 1), context);
    case Op::in:
    case Op::not_in:
      return is_one_of(left, node, context) != negative;
    case Op::matches:
      return matches(left, node.text);
    default:
      break;
  }
  auto const a = number_of(left);
  auto const b = number_of(evaluate(argument_index(node, 1), context));
  return a && b && is_ordered(node.op, *a, *b);
}

/// The segment that a stable node depends on: its home, or else the one at hand.
std::uint32_t Mapper::home_segment(Node const& node, std::uint32_t segment) const {
  if (node.home == kNoHome || work_.keys[segment] == node.home) return segment;
  return nearest_segment(node.home, segment).value_or(kNone);
}

bool Mapper::holds(Index index, Context const& context) {
  if (index == kNone) return true;
  if (!program_.nodes[index].is_stable) return evaluate_condition(index, context);
  // OPTIMIZATION: rows share conditions; each is decided once for a segment (a fifth of the time).
  auto& decided = work_.decided[index];
  auto const segment = home_segment(program_.nodes[index], context.segment);
  auto const key = (work_.epoch << 32 | segment) << 1;
  if ((decided & ~std::uint64_t{1}) == key) return (decided & 1) != 0;
  bool const result = evaluate_condition(index, context);
  decided = key | (result ? 1 : 0);
  return result;
}

bool Mapper::evaluate_condition(Index index, Context const& context) {
  auto const& node = program_.nodes[index];
  auto const texts = texts_used_;
  bool result = false;
  switch (node.op) {
    case Op::both:
      result = true;
      for (Index i = 0; result && i < node.argument_count; ++i) {
        result = holds(argument_index(node, i), context);
      }
      break;
    case Op::either:
      for (Index i = 0; !result && i < node.argument_count; ++i) {
        result = holds(argument_index(node, i), context);
      }
      break;
    case Op::negation:
      result = !holds(argument_index(node, 0), context);
      break;
    case Op::valued:
    case Op::empty: {
      auto const& operand = argument(node, 0);
      bool there;
      if (operand.op == Op::reference) {
        auto const raw = trim(find(program_.sources[operand.index], context).raw);
        there = !raw.empty() && !hl7v2::is_null(raw);
      } else {
        there = !evaluate(argument_index(node, 0), context).empty();
      }
      result = there == (node.op == Op::valued);
      break;
    }
    case Op::null: {
      auto const& operand = argument(node, 0);
      result = operand.op == Op::reference &&
               hl7v2::is_null(find(program_.sources[operand.index], context).raw);
      break;
    }
    default:
      result = compare(node, context);
      break;
  }
  texts_used_ = texts;
  return result;
}

/// True when the condition names, other than to exclude it, a value that is there.
bool Mapper::is_evidence(Index index, Context const& context) {
  if (index == kNone) return false;
  auto const& node = program_.nodes[index];
  switch (node.op) {
    case Op::both:
    case Op::either:
      for (Index i = 0; i < node.argument_count; ++i) {
        if (is_evidence(argument_index(node, i), context)) return true;
      }
      return false;
    case Op::equal:
    case Op::in:
    case Op::matches:
    case Op::less:
    case Op::less_or_equal:
    case Op::greater:
    case Op::greater_or_equal:
    case Op::valued:
      return argument(node, 0).op != Op::literal && holds(index, context);
    default:
      return false;
  }
}

}  // namespace sinew::mapping
