#include "contract/specification.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "wire/hl7v2/dictionary.h"

namespace sinew::contract {
namespace {

constexpr auto kDays = std::to_array<std::string_view>(
    {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"});
constexpr std::size_t kCodesShownMax = 60;

std::string share(std::uint64_t part, std::uint64_t all) {
  if (all == 0) return "";
  return fmt::format("{:.3g} %", 100.0 * static_cast<double>(part) / static_cast<double>(all));
}

std::string usage(std::uint64_t part, std::uint64_t all) {
  if (part >= all) return "R";
  return part * 2 >= all ? "RE" : part > 0 ? "O" : "X";
}

std::string times(std::uint32_t min, std::uint32_t max) {
  return fmt::format("[{}..{}]", min, max);
}

std::string counted(Counts const& counts) {
  std::string out;
  auto const all = counts.total();
  for (auto const& [text, count] : counts.rows) {
    if (!out.empty()) out += ", ";
    out += fmt::format("{} ({})", text.empty() ? "none" : text, share(count, all));
  }
  if (counts.others != 0) out += fmt::format(", others ({})", share(counts.others, all));
  return out.empty() ? "none" : out;
}

std::vector<Code const*> shown_codes(CodeSet const& set) {
  std::vector<Code const*> shown;
  if (set.names_things()) return shown;
  for (auto const& code : set.codes) {
    if (code.may_be_written()) shown.push_back(&code);
  }
  std::ranges::sort(shown, [](Code const* a, Code const* b) {
    return a->count != b->count ? a->count > b->count : a->text < b->text;
  });
  return shown;
}

std::string forms(Element const& element) {
  std::string out;
  for (std::size_t i = 0; i < kFormCount; ++i) {
    if (element.forms[i] == 0) continue;
    out += (out.empty() ? "" : ", ") + std::string(to_string(static_cast<Form>(i)));
  }
  return out;
}

class Writer {
 public:
  Writer(Profile const& profile, Page::Format format)
      : profile_(profile),
        page_(format, "Interface of feed " + (profile.feed.empty() ? "(unnamed)" : profile.feed)) {}

  std::string write() {
    overview();
    std::vector<MessageProfile const*> types;
    types.reserve(profile_.types.size());
    for (auto const& type : profile_.types) types.push_back(&type);
    std::ranges::sort(types, [](MessageProfile const* a, MessageProfile const* b) {
      return a->count() != b->count() ? a->count() > b->count() : a->type < b->type;
    });
    for (auto const* const type : types) message(*type);
    volumes();
    return page_.finish();
  }

 private:
  void overview() {
    auto text = fmt::format("Learned from {} messages", profile_.messages);
    if (profile_.from.ms != 0)
      text += ", " + to_string(profile_.from) + " to " + to_string(profile_.to);
    page_.paragraph(text + ". Usage is what was seen: R in all, RE in at least half, O in fewer.");
    page_.table({"", ""}, {{"Senders (MSH-3|MSH-4)", counted(profile_.senders)},
                           {"Versions (MSH-12)", counted(profile_.versions)},
                           {"Character sets (MSH-18)", counted(profile_.charsets)},
                           {"Delimiters", counted(profile_.delimiters)},
                           {"Escape sequences", counted(profile_.escapes)},
                           {"Faults", counted(profile_.faults)},
                           {"No messages at all", std::to_string(profile_.unreadable)}});
    std::vector<std::vector<std::string>> rows;
    for (auto const& type : profile_.types) {
      rows.push_back({type.type, type.structure, std::to_string(type.count()),
                      share(type.count(), profile_.messages),
                      fmt::format("{} to {}, mean {:.0f}", type.bytes.min, type.bytes.max,
                                  type.bytes.mean())});
    }
    std::ranges::sort(rows);
    page_.table({"Message", "Structure", "Count", "Share", "Bytes"}, rows);
  }

  void message(MessageProfile const& type) {
    version_ = hl7v2::nearest_version(type.version);
    page_.heading(2, type.type);
    page_.code(skeleton(type));
    segments(type);
    for_each_segment(type, [&](std::uint32_t at) { fields(type, at); });
    codes(type);
  }

  /// Each group before what is in it.
  template <class Each>
  static void for_each_node(MessageProfile const& type, Each const& each) {
    std::vector<std::pair<std::uint32_t, std::size_t>> left = {{0, 0}};
    while (!left.empty()) {
      auto const [at, depth] = left.back();
      left.pop_back();
      if (at != 0) each(at, depth);
      auto const& children = type.nodes[at].children;
      for (auto child = children.rbegin(); child != children.rend(); ++child)
        left.emplace_back(*child, depth + 1);
    }
  }
  template <class Each>
  static void for_each_segment(MessageProfile const& type, Each const& each) {
    for_each_node(type, [&](std::uint32_t at, std::size_t) {
      if (!type.nodes[at].is_group) each(at);
    });
  }

  void segments(MessageProfile const& type) {
    std::vector<std::vector<std::string>> rows;
    for_each_node(type, [&](std::uint32_t at, std::size_t depth) {
      auto const& node = type.nodes[at];
      auto const all = type.nodes[node.parent].closed;
      auto name = std::string(node.is_group ? "group" : hl7v2::segment_name(version_, node.name));
      if (node.unplaced != 0) name += " (out of place)";
      rows.push_back(
          {std::string(2 * (depth - 1), '.') + node.name, name, usage(node.within, all),
           times(node.min, node.max), share(node.messages, type.count()),
           fmt::format("{:.2f}", static_cast<double>(node.total) /
                                     static_cast<double>(std::max<std::uint64_t>(all, 1)))});
    });
    page_.table({"Segment", "Name", "Usage", "Cardinality", "Messages with it", "Mean"}, rows);
  }

  void fields(MessageProfile const& type, std::uint32_t at) {
    auto const& node = type.nodes[at];
    page_.heading(3,
                  path_of(type, at) + " " + std::string(hl7v2::segment_name(version_, node.name)));
    rows_.clear();
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      auto const* const field = hl7v2::find_field(version_, node.name, i + 1);
      element(node.fields[i], node.name + "-" + std::to_string(i + 1), field ? field->name : "",
              node.total, true);
    }
    page_.table({"Place", "Name", "Type", "Usage", "Seen", "Cardinality", "Length", "Values"},
                rows_);
    unused(node);
  }

  void unused(Node const& node) {
    auto const* const fields = hl7v2::find_segment(version_, node.name);
    if (fields == nullptr) return;
    std::string never;
    for (auto const& field : *fields) {
      auto const is_seen =
          field.number <= node.fields.size() && node.fields[field.number - 1].count != 0;
      bool const is_header = node.name == "MSH" && field.number <= 2;
      if (is_seen || is_header) continue;
      never += (never.empty() ? "" : ", ") + std::to_string(field.number);
    }
    if (!never.empty()) page_.paragraph("X, never seen: fields " + never + ".");
  }

  /// Three levels: field, component, subcomponent.
  void element(Element const& element_, std::string const& place, std::string_view name,
               std::uint64_t all, bool is_field) {
    if (element_.count == 0) return;
    auto values = forms(element_);
    if (element_.codes) {
      auto const shown = shown_codes(*element_.codes);
      values += fmt::format("{}{} code{}", values.empty() ? "" : "; ", shown.size(),
                            shown.size() == 1 ? "" : "s");
      if (!element_.codes->is_closed()) values += " and others";
    }
    if (element_.nulls != 0) values += fmt::format("; \"\" {} times", element_.nulls);
    rows_.push_back({place, std::string(name), std::string(element_.type),
                     usage(element_.count, all), share(element_.count, all),
                     is_field ? times(element_.count < all ? 0 : 1, element_.repeats.max) : "",
                     fmt::format("{}..{}", element_.length.min, element_.length.max), values});
    auto const* const parts = hl7v2::find_type(version_, element_.type);
    auto const within = is_field ? element_.length.count : element_.count;
    for (std::size_t i = 0; i < element_.parts.size(); ++i) {
      std::string_view part_name;
      if (parts != nullptr && i < parts->size()) part_name = (*parts)[i].name;
      element(element_.parts[i], place + "." + std::to_string(i + 1), part_name, within, false);
    }
  }

  void codes(MessageProfile const& type) {
    rows_.clear();
    for_each_segment(type, [&](std::uint32_t at) {
      auto const& node = type.nodes[at];
      for (std::size_t i = 0; i < node.fields.size(); ++i)
        code_rows(node.fields[i], path_of(type, at) + "-" + std::to_string(i + 1));
    });
    if (rows_.empty()) return;
    page_.heading(3, "Value sets of " + type.type);
    page_.table({"Place", "Table", "Codes (times)"}, rows_);
  }

  void code_rows(Element const& element, std::string const& place) {
    if (element.codes) {
      std::string text;
      auto const shown = shown_codes(*element.codes);
      for (std::size_t i = 0; i < std::min(shown.size(), kCodesShownMax); ++i) {
        text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", shown[i]->text, shown[i]->count);
      }
      if (shown.size() > kCodesShownMax)
        text += fmt::format(", {} more", shown.size() - kCodesShownMax);
      auto const table = element.table == 0 ? "" : fmt::format("{:04}", element.table);
      if (!text.empty()) rows_.push_back({place, table, text});
    }
    for (std::size_t i = 0; i < element.parts.size(); ++i)
      code_rows(element.parts[i], place + "." + std::to_string(i + 1));
  }

  void volumes() {
    std::vector<std::vector<std::string>> rows;
    for (std::size_t day = 0; day < kDays.size(); ++day) {
      std::vector<std::string> row = {std::string(kDays[day])};
      bool is_known = false;
      for (std::size_t hour = 0; hour < 24; ++hour) {
        auto const& seen = profile_.volumes.hours[day * 24 + hour];
        is_known = is_known || seen.hours != 0;
        row.push_back(seen.hours == 0
                          ? ""
                          : fmt::format("{:.3g}", static_cast<double>(seen.messages) / seen.hours));
      }
      if (is_known) rows.push_back(std::move(row));
    }
    if (rows.empty()) return;
    page_.heading(2, "Messages per hour");
    std::vector<std::string> columns = {""};
    for (int hour = 0; hour < 24; ++hour) columns.push_back(std::to_string(hour));
    page_.table(columns, rows);
  }

  Profile const& profile_;
  Page page_;
  hl7v2::Version version_{};
  std::vector<std::vector<std::string>> rows_;
};

/// What stands for a value: the commonest code, else its type or length.
std::string placeholder(Element const& element) {
  if (element.codes) {
    auto const shown = shown_codes(*element.codes);
    if (!shown.empty()) return shown.front()->text;
  }
  std::string out;
  for (std::size_t i = 0; i < element.parts.size(); ++i) {
    auto const& part = element.parts[i];
    bool const is_usual = part.count * 2 >= element.length.count;
    if (i > 0) out += '^';
    // Subcomponents are not drawn.
    if (!is_usual || part.count == 0) continue;
    auto const shown = part.codes ? shown_codes(*part.codes) : std::vector<Code const*>();
    out += shown.empty() ? "<" + std::string(part.type.empty() ? "text" : part.type) + ">"
                         : shown.front()->text;
  }
  while (out.ends_with('^')) out.pop_back();
  if (!out.empty()) return out;
  return "<" + std::string(element.type.empty() ? "text" : element.type) + ">";
}

}  // namespace

std::string skeleton(MessageProfile const& message) {
  std::string out;
  std::vector<std::uint32_t> left(message.nodes[0].children.rbegin(),
                                  message.nodes[0].children.rend());
  while (!left.empty()) {
    auto const& node = message.nodes[left.back()];
    left.pop_back();
    if (node.within * 2 < message.nodes[node.parent].closed) continue;
    left.insert(left.end(), node.children.rbegin(), node.children.rend());
    if (node.is_group) continue;
    if (!out.empty()) out += '\n';
    auto line = node.name;
    bool const is_header = node.name == "MSH";
    for (std::size_t i = is_header ? 1 : 0; i < node.fields.size(); ++i) {
      line += '|';
      if (is_header && i == 1) {
        line += "^~\\&";
        continue;
      }
      if (node.fields[i].count * 2 >= node.total && node.fields[i].count > 0)
        line += placeholder(node.fields[i]);
    }
    while (line.ends_with('|')) line.pop_back();
    out += line;
  }
  return out;
}

std::string specification(Profile const& profile, Page::Format format) {
  return Writer(profile, format).write();
}

}  // namespace sinew::contract
