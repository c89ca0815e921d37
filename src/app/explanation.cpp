#include "app/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "app/mapper.h"
#include "app/where.h"
#include "base/text.h"
#include "json/json.h"
#include "json/write.h"

namespace sinew::app {
namespace {

struct Range {
  std::size_t begin, end;
};

/// The bytes of `document` that the steps lead to: several when a step passes through a list
/// without an index.
std::vector<Range> find_ranges(json::Document const& document,
                               std::vector<std::string> const& steps) {
  std::vector<json::Value> values{document.root()};
  for (auto const& step : steps) {
    std::vector<json::Value> next;
    auto const index = parse_integer<std::size_t>(step);
    for (auto const value : values) {
      if (index) {
        if (auto const element = value.at(*index)) next.push_back(element);
      } else if (value.is_array()) {
        for (auto const element : value.elements()) {
          if (auto const member = element[step]) next.push_back(member);
        }
      } else if (auto const member = value[step]) {
        next.push_back(member);
      }
    }
    values = std::move(next);
  }
  std::vector<Range> ranges;
  for (auto const value : values) {
    auto const begin = static_cast<std::size_t>(value.source().data() - document.text().data());
    ranges.push_back({begin, begin + value.source().size()});
  }
  return ranges;
}

bool inside(std::vector<Range> const& ranges, std::size_t begin, std::size_t end) {
  return std::ranges::any_of(
      ranges, [&](Range const& range) { return range.begin <= begin && end <= range.end; });
}

ValueSource describe(mapping::Program const& program, Mapped const& mapped,
                     mapping::Leaf const& leaf) {
  ValueSource source;
  source.value = mapped.output.json.substr(leaf.out_begin, leaf.out_end - leaf.out_begin);
  source.rule = mapping::rule_info(program, leaf.rule);
  auto const segment = segment_at(mapped.message, leaf.source_begin);
  if (leaf.source_end > leaf.source_begin && segment < mapped.message.segment_count()) {
    auto const line = mapped.message.segment_bytes(segment);
    auto const begin = static_cast<std::size_t>(line.data() - mapped.message.bytes().data());
    source.segment_line = line;
    source.mark_begin = leaf.source_begin - begin;
    source.mark_end = std::min<std::size_t>(leaf.source_end - begin, line.size());
    source.source_path = path_at(mapped.message, leaf.source_begin);
  }
  return source;
}

/// A value that went through two tables is told once.
bool same_source(ValueSource const& a, ValueSource const& b) {
  return a.value == b.value && a.source_path == b.source_path && a.rule.name == b.rule.name;
}

/// What one message says of the element; nothing when it does not write it.
Result<std::vector<ValueSource>> sources_in_message(mapping::Program const& program,
                                                    mapping::Feed const& feed,
                                                    std::string_view bytes,
                                                    ElementPath const& what) {
  Mapped mapped;
  mapping::RunOptions options;
  options.provenance = true;
  TRY(map_message(program, feed, bytes, options, mapped));
  std::vector<ValueSource> sources;
  for (auto const& resource : mapped.output.resources) {
    if (resource.type != what.type || resource.id != what.id) continue;
    auto const document = TRY(json::Document::parse(
        mapped.output.json.substr(resource.begin, resource.end - resource.begin)));
    auto const ranges = find_ranges(document, what.steps);
    for (auto const& leaf : mapped.output.leaves) {
      if (leaf.out_begin < resource.begin || leaf.out_end > resource.end) continue;
      if (!inside(ranges, leaf.out_begin - resource.begin, leaf.out_end - resource.begin)) continue;
      auto source = describe(program, mapped, leaf);
      if (sources.empty() || !same_source(sources.back(), source)) {
        sources.push_back(std::move(source));
      }
    }
  }
  return sources;
}

}  // namespace

Result<ElementPath> parse_element_path(std::string_view text) {
  auto const wrong = [&] {
    return fail(ErrorCode::malformed,
                "this reads Type/id or Type/id.element, such as Observation/123.valueQuantity",
                std::string(text));
  };
  auto const slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0) return wrong();
  ElementPath path;
  path.type = text.substr(0, slash);
  text.remove_prefix(slash + 1);
  // An id may hold dots, but ours (UUIDs) and nearly all others do not: the first dot ends it.
  auto const dot = std::min(text.find('.'), text.size());
  path.id = text.substr(0, dot);
  if (path.id.empty()) return wrong();
  text.remove_prefix(dot);
  while (!text.empty()) {
    auto const bracket = text.front() == '[';
    text.remove_prefix(1);
    auto const end = bracket ? text.find(']') : std::min(text.find_first_of(".["), text.size());
    if (end == std::string_view::npos || end == 0) return wrong();
    path.steps.emplace_back(text.substr(0, end));
    text.remove_prefix(bracket ? end + 1 : end);
    if (!text.empty() && text.front() != '.' && text.front() != '[') return wrong();
  }
  return path;
}

Result<Explanation> explain_element(store::Store& store, TablesOf const& tables_of,
                                    ElementPath const& what) {
  auto const name = what.type + "/" + what.id;
  auto const versions = TRY(store.history(what.type, what.id));
  bool from_message = false;
  for (auto const& version : versions) {
    if (version.cause == 0) continue;
    from_message = true;
    Explanation explanation;
    explanation.resource = name;
    explanation.version = version.version;
    explanation.message = TRY(store.journal_record(version.cause));
    auto const tables = tables_of(explanation.message.entry.feed);
    explanation.same_tables = explanation.message.program == mapping::digest(*tables.program);
    explanation.values = TRY(
        sources_in_message(*tables.program, tables.feed, explanation.message.entry.bytes, what));
    if (!explanation.values.empty()) return explanation;
  }
  if (!from_message) {
    return fail(ErrorCode::not_supported, "no message wrote it; it came through the API", name);
  }
  return fail(ErrorCode::not_found, "no message wrote this element", name);
}

std::string explanation_text(Explanation const& explanation) {
  auto const& message = explanation.message;
  auto text =
      fmt::format("{} (version {})\nmessage {}  {}  MSH-10 {}  feed {}  received {}\n",
                  explanation.resource, explanation.version, message.id, message.entry.type,
                  message.entry.control_id, message.entry.feed, to_string(message.received));
  if (!explanation.same_tables) {
    text += "note: the mapping tables have changed since; this is what they say today\n";
  }
  for (auto const& source : explanation.values) {
    text += fmt::format("\n  {}\n", source.value);
    if (source.mark_end > source.mark_begin) {
      text += fmt::format("    from  {}\n", source.source_path);
      text += fmt::format("    line  {}\n", source.segment_line);
      text += fmt::format("          {}{}\n", std::string(source.mark_begin, ' '),
                          std::string(source.mark_end - source.mark_begin, '^'));
    } else {
      text += "    from  a constant of the rule\n";
    }
    text += fmt::format("    rule  {}  ({}, layer {})\n", source.rule.name, source.rule.where,
                        source.rule.layer);
    if (!source.rule.note.empty()) text += fmt::format("    note  {}\n", source.rule.note);
  }
  return text;
}

std::string explanation_json(Explanation const& explanation) {
  std::string text;
  json::Writer writer(text);
  auto const& message = explanation.message;
  writer.begin_object();
  writer.member("resource", explanation.resource);
  writer.key("version"), writer.integer(static_cast<std::int64_t>(explanation.version));
  writer.key("message");
  writer.begin_object();
  writer.key("journal"), writer.integer(static_cast<std::int64_t>(message.id));
  writer.member("type", message.entry.type);
  writer.member("controlId", message.entry.control_id);
  writer.member("feed", message.entry.feed);
  writer.member("received", to_string(message.received));
  writer.end_object();
  writer.key("sameTables"), writer.boolean(explanation.same_tables);
  writer.key("values");
  writer.begin_array();
  for (auto const& source : explanation.values) {
    writer.begin_object();
    writer.key("value"), writer.raw(source.value);
    if (source.mark_end > source.mark_begin) {
      writer.member("source", source.source_path);
      writer.member("line", source.segment_line);
      writer.key("begin"), writer.integer(static_cast<std::int64_t>(source.mark_begin));
      writer.key("end"), writer.integer(static_cast<std::int64_t>(source.mark_end));
    }
    writer.member("rule", source.rule.name);
    writer.member("where", source.rule.where);
    writer.member("layer", source.rule.layer);
    if (!source.rule.note.empty()) writer.member("note", source.rule.note);
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return text + "\n";
}

}  // namespace sinew::app
