#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "contract/drift.h"
#include "wire/hl7v2/dictionary.h"

namespace sinew::contract {
namespace {

/// Absence is told when it would be chance in less than one of a thousand cases.
constexpr double kSurprise = 6.9;  // -ln(0.001)

/// Whether none of `now` says something, when `had` of `all` had it before. One is added to `all`,
/// for a short past proves little: "always" of three messages is "three of four".
bool is_surprising(std::uint64_t had, std::uint64_t all, std::uint64_t now) {
  if (had == 0 || all == 0) return false;
  auto const share = static_cast<double>(std::min(had, all)) / (static_cast<double>(all) + 1);
  return -std::log1p(-share) * static_cast<double>(now) > kSurprise;
}

std::string share(std::uint64_t part, std::uint64_t all) {
  if (all == 0) return "0 %";
  return fmt::format("{:.3g} %", 100.0 * static_cast<double>(part) / static_cast<double>(all));
}

/// The dictionary's length of a field; 0: it gives none.
std::uint32_t standard_length(hl7v2::Version version, std::string_view segment,
                              std::size_t number) {
  auto const* const field = hl7v2::find_field(version, segment, number);
  return field == nullptr ? 0 : field->length_max;
}

class Comparison {
 public:
  Comparison(Profile const& contract, Profile const& observed)
      : contract_(contract), observed_(observed) {}

  std::vector<Drift> run() {
    counts(DriftKind::new_sender, contract_.senders, observed_.senders);
    counts(DriftKind::new_version, contract_.versions, observed_.versions);
    counts(DriftKind::new_charset, contract_.charsets, observed_.charsets);
    counts(DriftKind::new_delimiters, contract_.delimiters, observed_.delimiters);
    counts(DriftKind::new_fault, contract_.faults, observed_.faults);
    for (auto const& type : observed_.types) {
      if (type.count() == 0) continue;
      if (auto const* const known = contract_.find(type.type)) {
        compare_types(*known, type);
      } else {
        add({.kind = DriftKind::new_message_type,
             .type = type.type,
             .count = type.count(),
             .first = type.first});
      }
    }
    for (auto const& type : contract_.types) {
      auto const* const now = observed_.find(type.type);
      if (now != nullptr && now->count() > 0) continue;
      if (!is_surprising(type.count(), contract_.messages, observed_.messages)) continue;
      add({.kind = DriftKind::message_type_vanished,
           .type = type.type,
           .was = share(type.count(), contract_.messages) + " of the messages",
           .is = fmt::format("none of {}", observed_.messages)});
    }
    std::vector<Drift> sorted;
    for (auto const severity : {Severity::error, Severity::warning, Severity::information}) {
      for (auto& drift : drifts_) {
        if (drift.severity == severity) sorted.push_back(std::move(drift));
      }
    }
    return sorted;
  }

 private:
  void add(Drift drift) {
    if (drifts_.size() < kDriftsMax) drifts_.push_back(std::move(drift));
  }

  void counts(DriftKind kind, Counts const& before, Counts const& now) {
    if (before.others != 0) return;  // nobody knows what was among them
    for (auto const& [text, count] : now.rows) {
      if (before.of(text) != 0 || count == 0) continue;
      auto const is = text.empty() ? std::string("(none)") : text;
      add({.kind = kind,
           .severity = kind == DriftKind::new_fault ? Severity::information : Severity::warning,
           .is = is,
           .count = count});
    }
  }

  void compare_types(MessageProfile const& before, MessageProfile const& now) {
    type_ = before.type;
    version_ = hl7v2::nearest_version(now.version);
    // Pairs of groups; the depth is that of the standard's structures.
    std::vector<std::pair<std::uint32_t, std::uint32_t>> left = {{0, 0}};
    while (!left.empty()) {
      auto const [old_group, new_group] = left.back();
      left.pop_back();
      for (auto const child : now.nodes[new_group].children) {
        auto const& node = now.nodes[child];
        if (node.total == 0) continue;
        auto const known = find_child(before, old_group, node);
        if (known == Node::kNone || before.nodes[known].total == 0) {
          new_segments(now, child);
          continue;
        }
        compare_nodes(before.nodes[known], node, path_of(now, child));
        if (node.is_group) left.emplace_back(known, child);
      }
      vanished(before, old_group, now, new_group);
    }
  }

  static std::uint32_t find_child(MessageProfile const& type, std::uint32_t parent,
                                  Node const& wanted) {
    for (auto const child : type.nodes[parent].children) {
      auto const& node = type.nodes[child];
      if (node.name == wanted.name && node.is_group == wanted.is_group) return child;
    }
    return Node::kNone;
  }

  /// A group that is new is told as the segments in it.
  void new_segments(MessageProfile const& now, std::uint32_t top) {
    std::vector<std::uint32_t> left = {top};
    while (!left.empty()) {
      auto const at = left.back();
      left.pop_back();
      auto const& node = now.nodes[at];
      left.insert(left.end(), node.children.rbegin(), node.children.rend());
      if (node.is_group) continue;
      add({.kind = DriftKind::new_segment,
           .type = type_,
           .path = path_of(now, at),
           .name = std::string(hl7v2::segment_name(version_, node.name)),
           .count = node.total,
           .first = node.first});
    }
  }

  void vanished(MessageProfile const& before, std::uint32_t old_group, MessageProfile const& now,
                std::uint32_t new_group) {
    auto const instances = now.nodes[new_group].closed;
    for (auto const child : before.nodes[old_group].children) {
      auto const& node = before.nodes[child];
      auto const found = find_child(now, new_group, node);
      if (found != Node::kNone && now.nodes[found].total != 0) continue;
      if (!is_surprising(node.within, before.nodes[old_group].closed, instances)) continue;
      add({.kind = DriftKind::segment_vanished,
           .type = type_,
           .path = path_of(before, child),
           .name = std::string(node.is_group ? "" : hl7v2::segment_name(version_, node.name)),
           .was = "in " + share(node.within, before.nodes[old_group].closed),
           .is = fmt::format("in none of {}", instances)});
    }
  }

  void compare_nodes(Node const& before, Node const& now, std::string const& path) {
    // A list grows; what came once and comes twice is another thing.
    bool const is_more = before.max == 1 ? now.max > 1 : now.max > 2 * before.max;
    if (is_more) {
      add({.kind = DriftKind::more_segments,
           .severity = before.max == 1 ? Severity::warning : Severity::information,
           .type = type_,
           .path = path,
           .was = fmt::format("at most {}", before.max),
           .is = std::to_string(now.max)});
    }
    if (now.is_group) return;
    segment_ = now.name;
    for (std::size_t i = 0; i < std::max(before.fields.size(), now.fields.size()); ++i) {
      number_ = i + 1;
      compare_elements(i < before.fields.size() ? &before.fields[i] : nullptr,
                       i < now.fields.size() ? &now.fields[i] : nullptr, before.total, now.total,
                       path + "-" + std::to_string(i + 1), true);
    }
  }

  std::string name_here() const {
    auto const* const field = hl7v2::find_field(version_, segment_, number_);
    return field == nullptr ? std::string() : std::string(field->name);
  }

  /// `old_all`, `new_all`  how many could have had it.
  void compare_elements(Element const* before, Element const* now, std::uint64_t old_all,
                        std::uint64_t new_all, std::string const& path, bool is_field) {
    auto const had = before == nullptr ? 0 : before->count;
    auto const has = now == nullptr ? 0 : now->count;
    if (had == 0 && has == 0) return;
    if (had == 0) {
      constexpr std::uint64_t kEnough = 20;
      add({.kind = DriftKind::new_field,
           .severity = old_all >= kEnough ? Severity::warning : Severity::information,
           .type = type_,
           .path = path,
           .name = name_here(),
           .count = has,
           .first = now->first});
      return;
    }
    if (has == 0) {
      if (!is_surprising(had, old_all, new_all)) return;
      add({.kind = DriftKind::field_vanished,
           .type = type_,
           .path = path,
           .name = name_here(),
           .was = "in " + share(had, old_all),
           .is = fmt::format("in none of {}", new_all)});
      return;
    }
    compare_values(*before, *now, path, is_field);
    auto const old_values = is_field ? before->length.count : before->count;
    auto const new_values = is_field ? now->length.count : now->count;
    for (std::size_t i = 0; i < std::max(before->parts.size(), now->parts.size()); ++i) {
      compare_elements(i < before->parts.size() ? &before->parts[i] : nullptr,
                       i < now->parts.size() ? &now->parts[i] : nullptr, old_values, new_values,
                       path + "." + std::to_string(i + 1), false);
    }
  }

  void compare_values(Element const& before, Element const& now, std::string const& path,
                      bool is_field) {
    bool const is_more =
        before.repeats.max == 1 ? now.repeats.max > 1 : now.repeats.max > 2 * before.repeats.max;
    if (is_field && is_more) {
      add({.kind = DriftKind::more_repetitions,
           .severity = before.repeats.max == 1 ? Severity::warning : Severity::information,
           .type = type_,
           .path = path,
           .name = name_here(),
           .was = fmt::format("at most {}", before.repeats.max),
           .is = std::to_string(now.repeats.max)});
    }
    // Of a value in parts each part tells its own length and form.
    if (before.parts.empty() && now.parts.empty()) {
      compare_lengths(before, now, path, is_field);
      compare_forms(before, now, path);
    }
    if (before.codes && now.codes) compare_codes(*before.codes, *now.codes, path);
  }

  /// Longer by a quarter after a hundred values, or longer than the standard allows: a receiver's
  /// column may be too short.
  void compare_lengths(Element const& before, Element const& now, std::string const& path,
                       bool is_field) {
    constexpr std::uint64_t kEnough = 100;
    if (now.length.max <= before.length.max) return;
    auto const limit = is_field ? standard_length(version_, segment_, number_) : 0;
    bool const is_beyond = limit != 0 && now.length.max > limit && before.length.max <= limit;
    bool const is_far = before.length.count >= kEnough &&
                        std::uint64_t{now.length.max} * 4 > std::uint64_t{before.length.max} * 5;
    add({.kind = DriftKind::longer_value,
         .severity = is_beyond || is_far ? Severity::warning : Severity::information,
         .type = type_,
         .path = path,
         .name = name_here(),
         .was = fmt::format("at most {} bytes", before.length.max),
         .is = fmt::format("{}{}", now.length.max,
                           is_beyond ? fmt::format(" (the standard: {})", limit) : ""),
         .first = now.longest});
  }

  void compare_forms(Element const& before, Element const& now, std::string const& path) {
    constexpr std::uint64_t kEnough = 20;
    std::uint64_t all = 0;
    for (auto const count : before.forms) all += count;
    if (all < kEnough) return;
    for (std::size_t i = 0; i < kFormCount; ++i) {
      if (before.forms[i] != 0 || now.forms[i] == 0) continue;
      auto const form = static_cast<Form>(i);
      auto const most =
          static_cast<Form>(std::ranges::max_element(before.forms) - before.forms.begin());
      // A word where texts were says nothing; a text where numbers or times were does.
      bool const was_loose = most == Form::word || most == Form::text;
      add({.kind = DriftKind::new_form,
           .severity = was_loose ? Severity::information : Severity::warning,
           .type = type_,
           .path = path,
           .name = name_here(),
           .was = std::string(to_string(most)),
           .is = std::string(to_string(form)),
           .count = now.forms[i]});
    }
  }

  void compare_codes(CodeSet const& before, CodeSet const& now, std::string const& path) {
    if (before.names_things()) return;
    bool const is_closed = before.is_closed();
    for (auto const& code : now.codes) {
      if (code.count == 0 || before.find(code.text) != nullptr) continue;
      add({.kind = DriftKind::new_code,
           .severity = is_closed ? Severity::warning : Severity::information,
           .type = type_,
           .path = path,
           .name = name_here(),
           .is = code.text,
           .count = code.count,
           .first = code.first});
    }
  }

  Profile const& contract_;
  Profile const& observed_;
  std::vector<Drift> drifts_;
  std::string type_, segment_;
  std::size_t number_ = 0;
  hl7v2::Version version_{};
};

}  // namespace

std::vector<Drift> compare(Profile const& contract, Profile const& observed) {
  return Comparison(contract, observed).run();
}

}  // namespace sinew::contract
