#include "mapping/merge.h"

#include <algorithm>

namespace sinew::mapping {
namespace {

/// What stands for a required element that a mention has not: it gives way to a value.
constexpr std::string_view kAbsent =
    R"({"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason",)"
    R"("valueCode":"unknown"}]})";

struct Span {
  std::uint32_t begin, end;
};
struct JsonMember {
  std::string_view name;
  Span whole;  ///< `"name":value`
  Span value;
};

/// The end of the string, number, object or array that begins at `at`. Iterative.
std::uint32_t end_of_value(std::string_view text, std::uint32_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    char const c = text[at];
    if (c == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) at += text[at] == '\\';
      if (depth == 0) return at + 1;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;  // the end of what holds a bare number
      if (--depth == 0) return at + 1;
    } else if (c == ',' && depth == 0) {
      return at;
    }
  }
  return at;
}

std::vector<JsonMember> members_of(std::string_view text, Span object) {
  std::vector<JsonMember> members;
  auto at = object.begin + 1;
  while (at + 1 < object.end) {
    auto const name_end = end_of_value(text, at);
    auto const value_end = end_of_value(text, name_end + 1);
    members.push_back(
        {text.substr(at + 1, name_end - at - 2), {at, value_end}, {name_end + 1, value_end}});
    at = value_end + 1;
  }
  return members;
}

std::vector<Span> entries_of(std::string_view text, Span array) {
  std::vector<Span> entries;
  auto at = array.begin + 1;
  while (at + 1 < array.end) {
    auto const end = end_of_value(text, at);
    entries.push_back({at, end});
    at = end + 1;
  }
  return entries;
}

std::string_view plain_name(std::string_view name) {
  return name.starts_with('_') ? name.substr(1) : name;
}

class Merge {
 public:
  Merge(std::string_view first, std::string_view second, std::string& out, MergeTrace& trace)
      : first_(first), second_(second), out_(out), trace_(trace) {}

  // Recursion goes as deep as the tables nest elements, whatever the message.
  void object(Span a, Span b, fhir::TypeId type) {
    auto const as = members_of(first_, a);
    auto const bs = members_of(second_, b);
    out_ += '{';
    for (auto const& member : as) {
      if (out_.back() != '{') out_ += ',';
      auto const other = std::ranges::find(bs, member.name, &JsonMember::name);
      if (other == bs.end()) {
        copy_first(member.whole);
      } else {
        copy_first({member.whole.begin, member.value.begin});
        value(member, *other, type, as, bs);
      }
    }
    for (auto const& member : bs) {
      if (std::ranges::find(as, member.name, &JsonMember::name) != as.end()) continue;
      if (has_rival(member, as, type) && !extends_equal(member, as, bs)) {
        trace_.different.push_back({member.value.begin, member.value.end, 0});
        continue;
      }
      if (out_.back() != '{') out_ += ',';
      copy_second(member.whole);
    }
    out_ += '}';
  }

 private:
  static fhir::Element const* element_of(fhir::TypeId type, std::string_view name) {
    return type == 0 ? nullptr : fhir::find_element(type, plain_name(name));
  }

  /// The same element with or without its underscore, or another type of the same choice.
  static bool has_rival(JsonMember const& member, std::vector<JsonMember> const& as,
                        fhir::TypeId type) {
    auto const* const element = element_of(type, member.name);
    if (element == nullptr) return true;
    return std::ranges::any_of(as, [&](JsonMember const& other) {
      if (plain_name(other.name) == plain_name(member.name)) return true;
      auto const* const rival = element_of(type, other.name);
      return element->choice != 0 && rival != nullptr && rival->choice == element->choice;
    });
  }

  /// `_name` beside a `name` that both mentions have alike.
  bool extends_equal(JsonMember const& member, std::vector<JsonMember> const& as,
                     std::vector<JsonMember> const& bs) const {
    if (!member.name.starts_with('_')) return false;
    auto const name = plain_name(member.name);
    auto const mine = std::ranges::find(as, name, &JsonMember::name);
    auto const other = std::ranges::find(bs, name, &JsonMember::name);
    return mine != as.end() && other != bs.end() &&
           text(first_, mine->value) == text(second_, other->value);
  }

  static bool has_extensions(std::vector<JsonMember> const& members, std::string_view name) {
    return std::ranges::any_of(members, [&](JsonMember const& member) {
      return member.name.starts_with('_') && plain_name(member.name) == plain_name(name);
    });
  }

  void value(JsonMember const& a, JsonMember const& b, fhir::TypeId type,
             std::vector<JsonMember> const& as, std::vector<JsonMember> const& bs) {
    char const kind = first_[a.value.begin];
    bool const same_kind = kind == second_[b.value.begin];
    auto const* const element = element_of(type, a.name);
    // A primitive with extensions, and lists whose entries are matched by place, stay as they are.
    bool const is_fixed = has_extensions(as, a.name) || has_extensions(bs, b.name);
    bool const is_reference =
        element != nullptr && fhir::type(element->type).name == std::string_view("Reference");
    if (text(first_, a.value) == kAbsent && text(second_, b.value) != kAbsent) {
      copy_second(b.value);
    } else if (same_kind && text(second_, b.value) == kAbsent) {
      copy_first(a.value);
      drop(b.value, true);
    } else if (same_kind && kind == '{' && element != nullptr && !is_fixed && !is_reference) {
      object(a.value, b.value, element->type);
    } else if (same_kind && kind == '[' && is_one_forecast(type, a, b)) {
      out_ += '[';
      object(entries_of(first_, a.value)[0], entries_of(second_, b.value)[0], element->type);
      out_ += ']';
    } else if (same_kind && kind == '[' && !is_fixed) {
      array(a.value, b.value);
    } else {
      copy_first(a.value);
      drop(b.value, text(first_, a.value) == text(second_, b.value));
    }
  }

  /// Values of one forecast come one by one, and each mention has one recommendation.
  bool is_one_forecast(fhir::TypeId type, JsonMember const& a, JsonMember const& b) const {
    return fhir::type(type).name == std::string_view("ImmunizationRecommendation") &&
           a.name == "recommendation" && entries_of(first_, a.value).size() == 1 &&
           entries_of(second_, b.value).size() == 1;
  }

  void array(Span a, Span b) {
    auto const as = entries_of(first_, a);
    out_ += '[';
    for (auto const& entry : as) {
      if (out_.back() != '[') out_ += ',';
      copy_first(entry);
    }
    for (auto const& entry : entries_of(second_, b)) {
      bool const there = std::ranges::any_of(
          as, [&](Span const& other) { return text(first_, other) == text(second_, entry); });
      if (there) {
        drop(entry, true);
        continue;
      }
      if (out_.back() != '[') out_ += ',';
      copy_second(entry);
    }
    out_ += ']';
  }

  static std::string_view text(std::string_view from, Span span) {
    return from.substr(span.begin, span.end - span.begin);
  }
  void copy_first(Span span) {
    trace_.first.push_back({span.begin, span.end, static_cast<std::uint32_t>(out_.size())});
    out_ += text(first_, span);
  }
  void copy_second(Span span) {
    trace_.second.push_back({span.begin, span.end, static_cast<std::uint32_t>(out_.size())});
    out_ += text(second_, span);
  }
  void drop(Span span, bool equal) {
    (equal ? trace_.equal : trace_.different).push_back({span.begin, span.end, 0});
  }

  std::string_view first_, second_;
  std::string& out_;
  MergeTrace& trace_;
};

}  // namespace

bool is_part_of(std::string_view object, std::string_view other) {
  auto const whole = [](std::string_view text) {
    return members_of(text, {0, static_cast<std::uint32_t>(text.size())});
  };
  auto const others = whole(other);
  return std::ranges::all_of(whole(object), [&](JsonMember const& member) {
    auto const found = std::ranges::find(others, member.name, &JsonMember::name);
    return found != others.end() &&
           object.substr(member.value.begin, member.value.end - member.value.begin) ==
               other.substr(found->value.begin, found->value.end - found->value.begin);
  });
}

namespace {

/// An organization known by two names keeps the one that gave way as its alias.
void keep_name_as_alias(std::string_view first, std::string_view second, std::string& out,
                        MergeTrace& trace) {
  auto const whole = [](std::string_view text) {
    return Span{0, static_cast<std::uint32_t>(text.size())};
  };
  auto const find = [](std::vector<JsonMember> const& members, std::string_view name) {
    auto const found = std::ranges::find(members, name, &JsonMember::name);
    return found == members.end() ? Span{0, 0} : found->value;
  };
  auto const text = [](std::string_view from, Span span) {
    return from.substr(span.begin, span.end - span.begin);
  };
  auto const kept = find(members_of(first, whole(first)), "name");
  auto const other = find(members_of(second, whole(second)), "name");
  if (kept.end == 0 || other.end == 0 || text(first, kept) == text(second, other)) return;
  auto const alias = find(members_of(out, whole(out)), "alias");
  if (text(out, alias).find(text(second, other)) != std::string_view::npos) return;
  std::string addition(alias.end == 0 ? ",\"alias\":[" : ",");
  auto const at = (alias.end == 0 ? static_cast<std::uint32_t>(out.size()) : alias.end) - 1;
  auto const place = at + static_cast<std::uint32_t>(addition.size());
  addition += text(second, other);
  if (alias.end == 0) addition += ']';
  auto const shift = static_cast<std::uint32_t>(addition.size());
  for (auto* ranges : {&trace.first, &trace.second}) {
    for (auto& range : *ranges) range.out += range.out >= at ? shift : 0;
  }
  out.insert(at, addition);
  std::erase_if(trace.different, [&](auto const& range) { return range.begin == other.begin; });
  trace.second.push_back({other.begin, other.end, place});
}

}  // namespace

void merge_resources(std::string_view first, std::string_view second, fhir::TypeId type,
                     std::string& out, MergeTrace& trace) {
  out.clear();
  Merge(first, second, out, trace)
      .object({0, static_cast<std::uint32_t>(first.size())},
              {0, static_cast<std::uint32_t>(second.size())}, type);
  if (fhir::type(type).name == std::string_view("Organization")) {
    keep_name_as_alias(first, second, out, trace);
  }
}

}  // namespace sinew::mapping
