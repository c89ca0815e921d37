#include "app/report.h"

#include <fmt/format.h>

#include "app/where.h"
#include "json/write.h"

namespace sinew::app {
namespace {

using mapping::Fate;

std::string_view fate_name(Fate fate) {
  switch (fate) {
    case Fate::mapped:
      return "mapped";
    case Fate::ignored:
      return "ignored";
    case Fate::unmapped:
      return "unmapped";
  }
  return {};
}

std::string_view bytes_of(Mapped const& mapped, std::uint32_t begin, std::uint32_t end) {
  return mapped.message.bytes().substr(begin, end - begin);
}

std::string rule_name(mapping::Program const& program, std::uint32_t rule) {
  return rule == mapping::kNoRule ? std::string() : mapping::rule_info(program, rule).name;
}

/// The resource of `output` that holds a byte of its JSON.
mapping::MappedResource const* resource_at(mapping::Output const& output, std::uint32_t offset) {
  for (auto const& resource : output.resources) {
    if (resource.begin <= offset && offset < resource.end) return &resource;
  }
  return nullptr;
}

void write_ledger(json::Writer& writer, mapping::Program const& program, Mapped const& mapped) {
  writer.key("ledger");
  writer.begin_array();
  for (auto const& entry : mapped.output.ledger) {
    writer.begin_object();
    writer.member("path", atom_path(mapped.message, entry));
    writer.member("fate", fate_name(entry.fate));
    writer.member("text", bytes_of(mapped, entry.begin, entry.end));
    writer.key("begin"), writer.integer(entry.begin);
    writer.key("end"), writer.integer(entry.end);
    if (entry.rule != mapping::kNoRule) writer.member("rule", rule_name(program, entry.rule));
    if (!entry.reason.empty()) writer.member("reason", entry.reason);
    writer.end_object();
  }
  writer.end_array();
}

void write_provenance(json::Writer& writer, mapping::Program const& program, Mapped const& mapped) {
  writer.key("provenance");
  writer.begin_array();
  for (auto const& leaf : mapped.output.leaves) {
    auto const* const resource = resource_at(mapped.output, leaf.out_begin);
    if (resource == nullptr) continue;
    writer.begin_object();
    writer.member("resource", std::string(resource->type) + "/" + resource->id);
    writer.member(
        "value",
        std::string_view(mapped.output.json).substr(leaf.out_begin, leaf.out_end - leaf.out_begin));
    if (leaf.source_end > leaf.source_begin) {
      writer.member("path", path_at(mapped.message, leaf.source_begin));
      writer.key("begin"), writer.integer(leaf.source_begin);
      writer.key("end"), writer.integer(leaf.source_end);
    }
    writer.member("rule", rule_name(program, leaf.rule));
    writer.end_object();
  }
  writer.end_array();
}

}  // namespace

std::string ledger_text(std::string_view name, mapping::Program const& program,
                        Mapped const& mapped) {
  auto const& output = mapped.output;
  auto text = fmt::format("{}: {} mapped, {} ignored on purpose, {} unmapped\n", name,
                          output.mapped, output.ignored, output.unmapped);
  for (auto const fate : {Fate::unmapped, Fate::ignored, Fate::mapped}) {
    for (auto const& entry : output.ledger) {
      if (entry.fate != fate) continue;
      text += fmt::format("  {:<8}  {:<14}  {}", fate_name(fate), atom_path(mapped.message, entry),
                          bytes_of(mapped, entry.begin, entry.end));
      if (!entry.reason.empty()) text += fmt::format("  ({})", entry.reason);
      if (entry.rule != mapping::kNoRule) text += "  " + rule_name(program, entry.rule);
      text += '\n';
    }
  }
  text.pop_back();
  return text;
}

std::string provenance_text(std::string_view name, mapping::Program const& program,
                            Mapped const& mapped) {
  auto text = fmt::format("{}: {} values\n", name, mapped.output.leaves.size());
  for (auto const& leaf : mapped.output.leaves) {
    auto const* const resource = resource_at(mapped.output, leaf.out_begin);
    if (resource == nullptr) continue;
    auto const value =
        std::string_view(mapped.output.json).substr(leaf.out_begin, leaf.out_end - leaf.out_begin);
    auto const source =
        leaf.source_end > leaf.source_begin
            ? fmt::format("{} (bytes {}-{})", path_at(mapped.message, leaf.source_begin),
                          leaf.source_begin, leaf.source_end)
            : std::string("constant");
    text += fmt::format("  {}/{}  {}  <-  {}  {}\n", resource->type, resource->id.substr(0, 8),
                        value, source, rule_name(program, leaf.rule));
  }
  text.pop_back();
  return text;
}

std::string report_json(std::string_view name, mapping::Program const& program,
                        Mapped const& mapped, std::string_view bundle) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  writer.member("input", name);
  writer.member("program", mapping::digest(program));
  writer.key("mapped"), writer.integer(mapped.output.mapped);
  writer.key("ignored"), writer.integer(mapped.output.ignored);
  writer.key("unmapped"), writer.integer(mapped.output.unmapped);
  writer.key("bundle"), writer.raw(bundle);
  write_ledger(writer, program, mapped);
  write_provenance(writer, program, mapped);
  writer.key("issues");
  writer.begin_array();
  for (auto const* issues : {&mapped.message.issues(), &mapped.output.issues}) {
    for (auto const& issue : *issues) {
      writer.begin_object();
      writer.member("where", issue.where);
      writer.member("what", issue.what);
      writer.end_object();
    }
  }
  writer.end_array();
  writer.end_object();
  return text + "\n";
}

}  // namespace sinew::app
