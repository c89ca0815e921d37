#include "contract/learner.h"

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "contract/code_rule.h"
#include "wire/hl7v2/dictionary.h"
#include "wire/hl7v2/text.h"

namespace sinew::contract {
namespace {

constexpr int kFieldDepth = 0;
constexpr int kComponentDepth = 1;

/// What a message says it is: upper-case words, never anything else.
std::string type_text(hl7v2::Message const& message) {
  constexpr std::size_t kTypeBytesMax = 16;
  auto const msh9 = message.first("MSH", 9);
  auto const& delimiters = message.delimiters();
  auto text = std::string(hl7v2::part(msh9, delimiters.component, 0));
  if (auto const event = hl7v2::part(msh9, delimiters.component, 1); !event.empty()) {
    text += '^';
    text += event;
  }
  bool const is_type =
      !text.empty() && text.size() <= kTypeBytesMax && std::ranges::all_of(text, [](char c) {
        return is_ascii_alpha(c) || is_ascii_digit(c) || c == '^' || c == '_';
      });
  return is_type ? text : "?";
}

/// Which escape sequences a sender uses, each told once a message: `\T\`, `\.br\`, `\X..\`.
void count_escapes(std::string_view bytes, char escape, Counts& escapes) {
  constexpr std::size_t kSequenceMax = 6;
  constexpr std::size_t kPerMessageMax = 256;
  std::array<bool, 128> told{};
  // The first one is in MSH-2.
  auto at = bytes.find(escape);
  for (std::size_t i = 0; i < kPerMessageMax && at != bytes.npos; ++i) {
    auto const begin = bytes.find(escape, at + 1);
    if (begin == bytes.npos) return;
    auto const end = bytes.find(escape, begin + 1);
    at = begin;
    if (end == bytes.npos || end == begin + 1 || end - begin > kSequenceMax) continue;
    auto const first = static_cast<unsigned char>(bytes[begin + 1]);
    at = end;
    if (first >= told.size() || told[first]) continue;
    told[first] = true;
    bool const has_more = end - begin > 2 && first != '.';
    auto name = has_more ? std::string(1, static_cast<char>(first)) + ".."
                         : std::string(bytes.substr(begin + 1, end - begin - 1));
    escapes.add("\\" + name + "\\");
  }
}

}  // namespace

std::optional<Instant> sent_at(hl7v2::Message const& message) {
  auto const text = hl7v2::part(message.first("MSH", 7), message.delimiters().component, 0);
  if (text.size() < 8) return std::nullopt;
  auto const number = [&](std::size_t at, std::size_t count) {
    return text.size() < at + count ? std::optional(0) : parse_integer<int>(text.substr(at, count));
  };
  auto const year = number(0, 4), month = number(4, 2), day = number(6, 2);
  if (!year || !month || !day || *month < 1 || *month > 12 || *day < 1 || *day > 31 || *year < 1900)
    return std::nullopt;
  bool const has_clock = text.size() >= 12 && is_ascii_digit(text[8]);
  auto const hour = has_clock ? number(8, 2) : 0, minute = has_clock ? number(10, 2) : 0;
  auto const second =
      has_clock && text.size() >= 14 && is_ascii_digit(text[12]) ? number(12, 2) : 0;
  if (!hour || !minute || !second) return std::nullopt;
  std::int64_t seconds =
      days_from_civil(*year, *month, *day) * 86'400 + *hour * 3600 + *minute * 60 + *second;
  auto const sign = text.find_first_of("+-", 8);
  if (sign != text.npos && text.size() >= sign + 5) {
    auto const hours = number(sign + 1, 2), minutes = number(sign + 3, 2);
    if (!hours || !minutes) return std::nullopt;
    auto const offset = *hours * 3600 + *minutes * 60;
    seconds -= text[sign] == '-' ? -offset : offset;
  }
  return Instant{seconds * 1000};
}

void Learner::learn(std::string_view bytes, Instant at) {
  thread_local hl7v2::Message message;
  if (!hl7v2::parse_message_into(message, bytes)) {
    ++profile_.unreadable;
    return;
  }
  learn(message, hl7v2::group_segments(message), at);
}

void Learner::learn(hl7v2::Message const& message, hl7v2::GroupTree const& groups, Instant at) {
  ordinal_ = ++profile_.messages;
  delimiters_ = message.delimiters();
  learn_header(message, groups);
  if (at.ms == 0) at = sent_at(message).value_or(Instant{});
  if (at.ms != 0) learn_time(at);
  auto* const type = type_of(message, groups);
  if (type == nullptr) {
    ++profile_.left_out;
    return;
  }
  type->bytes.add(message.bytes().size());
  version_ = hl7v2::nearest_version(type->version);
  learn_groups(*type, message, groups);
}

/// One patient's messages count once: PID-3, or without one the message itself.
void Learner::learn_header(hl7v2::Message const& message, hl7v2::GroupTree const& groups) {
  auto const pid = message.first("PID", 3);
  patient_ = pid.empty() ? hash64(message.first("MSH", 10), ordinal_) : hash64(pid);
  auto const sender =
      std::string(message.first("MSH", 3)) + "|" + std::string(message.first("MSH", 4));
  profile_.senders.add(sender);
  profile_.versions.add(trim(message.first("MSH", 12)));
  profile_.charsets.add(message.first("MSH", 18));
  profile_.delimiters.add(std::string(1, delimiters_.field) + std::string(message.first("MSH", 2)));
  count_escapes(message.bytes(), delimiters_.escape, profile_.escapes);
  for (auto const& issue : message.issues()) profile_.faults.add(issue.what);
  for (auto const& issue : groups.issues) profile_.faults.add(issue.what);
}

MessageProfile* Learner::type_of(hl7v2::Message const& message, hl7v2::GroupTree const& groups) {
  auto const text = type_text(message);
  auto const found = std::ranges::find(profile_.types, text, &MessageProfile::type);
  if (found != profile_.types.end()) return &*found;
  if (profile_.types.size() >= kMessageTypesMax) return nullptr;
  MessageProfile type;
  type.type = text;
  type.structure = std::string(groups.structure);
  constexpr std::size_t kVersionBytesMax = 16;
  type.version = std::string(trim(message.first("MSH", 12)).substr(0, kVersionBytesMax));
  type.first = ordinal_;
  Node root;
  root.is_group = true;
  root.name = type.structure;
  type.nodes.push_back(std::move(root));
  return &profile_.types.emplace_back(std::move(type));
}

/// Walks the message's tree and the profile's side by side. A parent stands before its children.
void Learner::learn_groups(MessageProfile& type, hl7v2::Message const& message,
                           hl7v2::GroupTree const& groups) {
  constexpr auto kNone = hl7v2::GroupTree::kNone;
  places_.assign(groups.nodes.size(), Node::kNone);
  places_[0] = 0;
  auto& root = type.nodes[0];
  ++root.total;
  ++root.messages;
  for (std::uint32_t at = 0; at < groups.nodes.size(); ++at) {
    auto const place = places_[at];
    if (place == Node::kNone || groups.nodes[at].segment != kNone) continue;
    seen_in_.assign(type.nodes.size(), 0);
    std::size_t hint = 0;
    for (auto child = groups.nodes[at].first_child; child != kNone;
         child = groups.nodes[child].next_sibling) {
      auto const& node = groups.nodes[child];
      bool const is_group = node.segment == kNone;
      // What a sender wrote in lower case is the same segment.
      auto const name = is_group ? std::string(node.name) : to_upper(node.name);
      auto const found = child_of(type, place, name, is_group, hint);
      places_[child] = found;
      if (found == Node::kNone) {
        ++profile_.left_out;
        continue;
      }
      seen_in_.resize(type.nodes.size());
      ++seen_in_[found];
      auto& known = type.nodes[found];
      ++known.total;
      known.unplaced += node.unplaced;
      if (known.last != ordinal_) ++known.messages;
      known.last = ordinal_;
      if (!is_group) learn_segment(known, message, node.segment);
    }
    close_group(type, place);
  }
}

void Learner::close_group(MessageProfile& type, std::uint32_t place) {
  auto& parent = type.nodes[place];
  ++parent.closed;
  for (auto const child : parent.children) {
    auto& node = type.nodes[child];
    auto const seen = seen_in_[child];
    node.within += seen > 0;
    node.max = std::max(node.max, seen);
    node.min = parent.closed == 1 ? seen : std::min(node.min, seen);
  }
}

/// `hint`  where in the parent's children the former one stood; a new one goes behind it.
std::uint32_t Learner::child_of(MessageProfile& type, std::uint32_t parent, std::string_view name,
                                bool is_group, std::size_t& hint) {
  auto const& children = type.nodes[parent].children;
  for (std::size_t i = 0; i < children.size(); ++i) {
    auto const position = (hint + i) % children.size();
    auto const& node = type.nodes[children[position]];
    if (node.name == name && node.is_group == is_group) {
      hint = position;
      return children[position];
    }
  }
  if (type.nodes.size() >= kNodesMax) return Node::kNone;
  auto const made = static_cast<std::uint32_t>(type.nodes.size());
  Node node;
  node.name = std::string(name);
  node.is_group = is_group;
  node.parent = parent;
  node.first = ordinal_;
  type.nodes.push_back(std::move(node));
  auto& list = type.nodes[parent].children;
  auto const position = list.empty() ? 0 : std::min(hint + 1, list.size());
  list.insert(list.begin() + static_cast<std::ptrdiff_t>(position), made);
  hint = position;
  return made;
}

void Learner::learn_segment(Node& node, hl7v2::Message const& message, std::size_t segment) {
  bool const is_header = node.name == "MSH";
  bool const is_result = node.name == "OBX";
  auto const sent = message.field_count(segment);
  if (sent > kFieldsMax) ++profile_.left_out;
  for (std::size_t number = is_header ? 3 : 1; number <= std::min(sent, kFieldsMax); ++number) {
    auto const bytes = message.field(segment, number);
    if (bytes.empty()) continue;
    while (node.fields.size() < number) {
      if (profile_.elements >= kElementsMax) break;
      ++profile_.elements;
      node.fields.push_back(make_field(version_, node.name, node.fields.size() + 1));
    }
    if (node.fields.size() < number) {
      ++profile_.left_out;
      continue;
    }
    bool const varies = is_result && number == 5;
    learn_field(node.fields[number - 1], bytes, varies ? message.field(segment, 2) : "");
  }
}

/// `dynamic_type`  of a field whose type another field tells (OBX-5 by OBX-2).
void Learner::learn_field(Element& field, std::string_view bytes, std::string_view dynamic_type) {
  ++field.count;
  if (field.first == 0) field.first = ordinal_;
  if (!dynamic_type.empty()) {
    bool const is_coded = dynamic_type == "CE" || dynamic_type == "CWE" || dynamic_type == "CNE";
    field.is_composite = is_coded;
    if (is_coded) field.type = "CWE";
  }
  std::uint64_t repeats = 0;
  for (std::size_t begin = 0; begin <= bytes.size();) {
    auto const end = std::min(bytes.find(delimiters_.repetition, begin), bytes.size());
    ++repeats;
    learn_value(field, bytes.substr(begin, end - begin), kFieldDepth);
    begin = end + 1;
  }
  field.repeats.add(repeats);
}

Element* Learner::part_of(Element& element, std::string_view type, std::size_t number) {
  if (number > kPartsMax) return nullptr;
  while (element.parts.size() < number) {
    if (profile_.elements >= kElementsMax) return nullptr;
    ++profile_.elements;
    element.parts.push_back(
        make_part(version_, type, element.parts.size() + 1, element.is_of_person));
  }
  return &element.parts[number - 1];
}

/// Depth 0 is a repetition of a field, 1 a component, 2 a subcomponent: the recursion ends there.
void Learner::learn_value(Element& element, std::string_view bytes, int depth) {
  if (bytes.empty()) return;
  if (bytes.size() > element.length.max) element.longest = ordinal_;
  element.length.add(bytes.size());
  if (hl7v2::is_null(bytes)) {
    ++element.nulls;
    return;
  }
  auto const separator = depth == kFieldDepth ? delimiters_.component : delimiters_.subcomponent;
  bool const is_split =
      depth <= kComponentDepth &&
      (element.is_composite || (element.type != "varies" && bytes.find(separator) != bytes.npos));
  if (!is_split) {
    ++element.forms[static_cast<std::size_t>(
        form_of(bytes, reading_of(element.type), !element.type.empty()))];
    if (element.is_coded) learn_code(element, bytes);
    return;
  }
  std::size_t number = 1;
  for (std::size_t begin = 0; begin <= bytes.size(); ++number) {
    auto const end = std::min(bytes.find(separator, begin), bytes.size());
    if (auto const part = bytes.substr(begin, end - begin); !part.empty()) {
      auto* const known = part_of(element, element.type, number);
      if (known == nullptr) {
        ++profile_.left_out;
      } else {
        ++known->count;
        if (known->first == 0) known->first = ordinal_;
        learn_value(*known, part, depth + 1);
      }
    }
    begin = end + 1;
  }
}

void Learner::learn_code(Element& element, std::string_view value) {
  if (!element.codes) element.codes = std::make_unique<CodeSet>();
  auto& set = *element.codes;
  ++set.count;
  auto const digest = hash64(value);
  auto const found = std::ranges::find(set.digests, digest);
  auto index = static_cast<std::size_t>(found - set.digests.begin());
  if (found == set.digests.end()) {
    set.distinct.add(digest);
    if (!is_code_like(value) || set.codes.size() >= kCodesMax) {
      ++set.others;
      return;
    }
    Code code;
    code.text = std::string(value);
    code.first = ordinal_;
    code.is_public =
        !element.is_of_person || (element.table != 0 && hl7v2::table_display(element.table, value));
    set.codes.push_back(std::move(code));
    set.digests.push_back(digest);
  }
  auto& code = set.codes[index];
  ++code.count;
  if (code.is_public || code.patient_count >= kPatientsMin) return;
  auto const known = code.patients.begin() + code.patient_count;
  if (std::find(code.patients.begin(), known, patient_) != known) return;
  code.patients[code.patient_count++] = patient_;
}

void Learner::count_only(Instant at) {
  ++profile_.messages;
  learn_time(at);
}

void Learner::learn_time(Instant at) {
  constexpr std::int64_t kHour = 3'600'000;
  constexpr std::int64_t kSecond = 1000;
  constexpr std::int64_t kHoursBetweenMax = 4 * static_cast<std::int64_t>(kHoursOfWeek);
  if (profile_.from.ms == 0 || at < profile_.from) profile_.from = at;
  profile_.to = std::max(profile_.to, at);
  auto const hour = at.ms / kHour;
  if (last_.ms == 0) {
    hour_ = hour;
  } else if (hour > hour_ && hour - hour_ <= kHoursBetweenMax) {
    auto const gap = static_cast<std::uint32_t>((at.ms - last_.ms) / kSecond);
    for (; hour_ < hour; ++hour_) {
      close_hour();
      auto& over = profile_.volumes.hours[hour_of_week({hour_ * kHour})];
      over.gap_s = std::max(over.gap_s, gap);
    }
  } else if (hour != hour_) {
    // Another time altogether: files in no order. What was counted of the hour is not all of it.
    hour_ = hour;
    hour_messages_ = 0;
    last_ = at;
    return;
  }
  if (last_.ms != 0 && at >= last_) {
    auto& now = profile_.volumes.hours[hour_of_week(at)];
    now.gap_s = std::max(now.gap_s, static_cast<std::uint32_t>((at.ms - last_.ms) / kSecond));
  }
  last_ = std::max(last_, at);
  ++hour_messages_;
}

void Learner::close_hour() {
  constexpr std::int64_t kHour = 3'600'000;
  auto& over = profile_.volumes.hours[hour_of_week({hour_ * kHour})];
  over.min = over.hours == 0 ? hour_messages_ : std::min(over.min, hour_messages_);
  over.max = std::max(over.max, hour_messages_);
  over.messages += hour_messages_;
  ++over.hours;
  hour_messages_ = 0;
}

}  // namespace sinew::contract
