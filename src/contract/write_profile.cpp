#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "contract/profile_file.h"
#include "json/write.h"
#include "wire/hl7v2/dictionary.h"

namespace sinew::contract {
namespace {

constexpr auto kDays =
    std::to_array<std::string_view>({"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"});

/// One object a line.
std::string line_of(std::function<void(json::Writer&)> const& fill) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  fill(writer);
  writer.end_object();
  return out;
}

void number(json::Writer& writer, std::string_view name, std::uint64_t value) {
  writer.key(name);
  writer.integer(static_cast<std::int64_t>(value));
}

void numbers(json::Writer& writer, std::string_view name,
             std::initializer_list<std::uint64_t> values) {
  writer.key(name);
  writer.begin_array();
  for (auto const value : values) writer.integer(static_cast<std::int64_t>(value));
  writer.end_array();
}

void range(json::Writer& writer, std::string_view name, Range const& range) {
  writer.key(name);
  writer.raw(fmt::format("[{},{},{:.2f}]", range.min, range.max, range.mean()));
}

std::string counts_line(Counts const& counts) {
  return line_of([&](json::Writer& writer) {
    auto rows = counts.rows;
    std::ranges::sort(rows);
    for (auto const& [text, count] : rows) number(writer, text, count);
    if (counts.others != 0) number(writer, "(others)", counts.others);
  });
}

void write_codes(json::Writer& writer, CodeSet const& set) {
  auto hidden = set.others;
  bool const keeps_all_back = set.names_things();
  std::vector<Code const*> shown;
  for (auto const& code : set.codes) {
    if (code.may_be_written() && !keeps_all_back) {
      shown.push_back(&code);
    } else {
      hidden += code.count;
    }
  }
  std::ranges::sort(shown, {}, [](Code const* code) -> std::string_view { return code->text; });
  writer.key("codes");
  writer.begin_object();
  for (auto const* const code : shown) number(writer, code->text, code->count);
  writer.end_object();
  if (hidden != 0) number(writer, "otherCodes", hidden);
  number(writer, "distinct", std::max<std::uint64_t>(set.distinct_estimate(), shown.size()));
}

std::string element_line(Element const& element, std::string const& at, std::string_view name) {
  return line_of([&](json::Writer& writer) {
    writer.member("at", at);
    if (!name.empty()) writer.member("name", name);
    if (!element.type.empty()) writer.member("type", element.type);
    number(writer, "seen", element.count);
    if (element.nulls != 0) number(writer, "nulls", element.nulls);
    if (element.repeats.max > 1) range(writer, "repeats", element.repeats);
    range(writer, "length", element.length);
    bool has_form = false;
    for (std::size_t i = 0; i < kFormCount; ++i) {
      if (element.forms[i] == 0) continue;
      if (!has_form) writer.key("forms"), writer.begin_object();
      has_form = true;
      number(writer, to_string(static_cast<Form>(i)), element.forms[i]);
    }
    if (has_form) writer.end_object();
    if (element.codes) write_codes(writer, *element.codes);
  });
}

class Printer {
 public:
  std::string print(Profile const& profile) {
    out_ = "{\n";
    header(profile);
    volumes(profile.volumes);
    out_ += "  \"messages\": [";
    std::vector<MessageProfile const*> types;
    types.reserve(profile.types.size());
    for (auto const& type : profile.types) types.push_back(&type);
    std::ranges::sort(types, {}, &MessageProfile::type);
    bool first = true;
    for (auto const* const type : types) {
      out_ += first ? "\n" : ",\n";
      first = false;
      message(*type);
    }
    out_ += "\n  ]\n}\n";
    return std::move(out_);
  }

 private:
  void member(std::string_view name, std::string_view json) {
    out_ += "  ";
    json::append_string(out_, name);
    out_ += ": ";
    out_ += json;
    out_ += ",\n";
  }
  static std::string quoted(std::string_view text) {
    std::string out;
    json::append_string(out, text);
    return out;
  }

  void header(Profile const& profile) {
    member("sinewContract", std::to_string(kFormatVersion));
    member("feed", quoted(profile.feed));
    member("learned", line_of([&](json::Writer& writer) {
             number(writer, "messages", profile.messages);
             number(writer, "unreadable", profile.unreadable);
             if (profile.from.ms != 0) writer.member("from", to_string(profile.from));
             if (profile.to.ms != 0) writer.member("to", to_string(profile.to));
             if (profile.left_out != 0) number(writer, "leftOut", profile.left_out);
           }));
    member("senders", counts_line(profile.senders));
    member("versions", counts_line(profile.versions));
    member("charsets", counts_line(profile.charsets));
    member("delimiters", counts_line(profile.delimiters));
    member("escapes", counts_line(profile.escapes));
    member("faults", counts_line(profile.faults));
  }

  void volumes(Volumes const& volumes) {
    out_ += "  \"volumes\": {";
    bool first = true;
    for (std::size_t i = 0; i < kHoursOfWeek; ++i) {
      auto const& hour = volumes.hours[i];
      if (hour.hours == 0 && hour.gap_s == 0) continue;
      out_ += fmt::format(
          "{}\n    \"{} {:02}\": {{\"hours\":{},\"messages\":{},\"min\":{},\"max\":{},"
          "\"silence\":{}}}",
          first ? "" : ",", kDays[i / 24], i % 24, hour.hours, hour.messages, hour.min, hour.max,
          hour.gap_s);
      first = false;
    }
    out_ += first ? "},\n" : "\n  },\n";
  }

  void message(MessageProfile const& type) {
    version_ = hl7v2::nearest_version(type.version);
    out_ += "    {\"type\": " + quoted(type.type) + ", \"structure\": " + quoted(type.structure) +
            ", \"version\": " + quoted(type.version) +
            ", \"seen\": " + std::to_string(type.count()) +
            fmt::format(", \"bytes\": [{},{},{:.2f}],\n     \"segments\": [", type.bytes.min,
                        type.bytes.max, type.bytes.mean());
    first_node_ = true;
    nodes(type);
    out_ += "\n     ]}";
  }

  /// Each group before what is in it. The depth is that of the standard's structures.
  void nodes(MessageProfile const& type) {
    std::vector<std::uint32_t> left(type.nodes[0].children.rbegin(), type.nodes[0].children.rend());
    while (!left.empty()) {
      auto const at = left.back();
      left.pop_back();
      auto const& node = type.nodes[at];
      write_node(type, at);
      left.insert(left.end(), node.children.rbegin(), node.children.rend());
    }
  }

  void write_node(MessageProfile const& type, std::uint32_t at) {
    auto const& node = type.nodes[at];
    out_ += first_node_ ? "\n" : ",\n";
    first_node_ = false;
    auto line = line_of([&](json::Writer& writer) {
      writer.member(node.is_group ? "group" : "segment", path_of(type, at));
      if (!node.is_group) writer.member("name", hl7v2::segment_name(version_, node.name));
      number(writer, "messages", node.messages);
      number(writer, "within", node.within);
      number(writer, "total", node.total);
      numbers(writer, "times", {node.min, node.max});
      if (node.unplaced != 0) number(writer, "unplaced", node.unplaced);
    });
    out_ += "      " + line;
    if (node.is_group) return;
    out_.pop_back();
    out_ += ",\"fields\":[";
    first_field_ = true;
    for (std::size_t i = 0; i < node.fields.size(); ++i) {
      if (node.fields[i].count == 0) continue;
      auto const* const field = hl7v2::find_field(version_, node.name, i + 1);
      write_element(node.fields[i], std::to_string(i + 1), field ? field->name : "");
    }
    out_ += "]}";
  }

  void write_line(std::string const& line) {
    out_ += first_field_ ? "\n        " : ",\n        ";
    first_field_ = false;
    out_ += line;
  }

  /// A field, its components, their subcomponents: three levels and no more.
  void write_element(Element const& element, std::string const& at, std::string_view name) {
    write_line(element_line(element, at, name));
    auto const* const types = hl7v2::find_type(version_, element.type);
    for (std::size_t i = 0; i < element.parts.size(); ++i) {
      if (element.parts[i].count == 0) continue;
      std::string_view part_name;
      if (types != nullptr && i < types->size()) part_name = (*types)[i].name;
      write_element(element.parts[i], at + "." + std::to_string(i + 1), part_name);
    }
  }

  std::string out_;
  hl7v2::Version version_{};
  bool first_node_ = true, first_field_ = true;
};

}  // namespace

std::string print_contract(Profile const& profile) { return Printer().print(profile); }

}  // namespace sinew::contract
