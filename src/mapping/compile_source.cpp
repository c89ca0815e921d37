#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "mapping/compiler.h"
#include "wire/hl7v2/dictionary.h"

namespace sinew::mapping {
namespace {

constexpr auto kVersionCount = static_cast<int>(hl7v2::Version::v2_9) + 1;
constexpr std::size_t kSegmentsMax = 250;
/// How far beyond the last field with a definition a table may read.
constexpr std::size_t kFieldsBeyondMax = 12;

hl7v2::Version version_at(int index) { return static_cast<hl7v2::Version>(index); }

/// Versions that withdraw a field or component keep its number and take its type away.
bool is_withdrawn(std::string_view type) { return type.empty() || type == "-" || type == "WD"; }

/// The definition of a field in the newest version that has it and gives it a type.
hl7v2::FieldDefinition const* newest_field(std::string_view segment, std::size_t number) {
  for (int v = kVersionCount - 1; v >= 0; --v) {
    auto const* const field = hl7v2::find_field(version_at(v), segment, number);
    if (field != nullptr && !is_withdrawn(field->type)) return field;
  }
  return nullptr;
}

/// A field may repeat when any version lets it: senders do not stop because a version said so.
bool may_repeat(std::string_view segment, std::size_t number) {
  for (int v = kVersionCount - 1; v >= 0; --v) {
    auto const* const field = hl7v2::find_field(version_at(v), segment, number);
    if (field != nullptr && field->repeat_max != 1) return true;
  }
  return false;
}

bool is_segment(std::string_view id) {
  for (int v = kVersionCount - 1; v >= 0; --v) {
    if (hl7v2::find_segment(version_at(v), id) != nullptr) return true;
  }
  return false;
}

Reading reading_of(std::string_view type) {
  if (type == "varies" || type == "*" || type == "VARIES") return Reading::varies;
  if (type.empty() || type == "ST" || type == "TX" || type == "FT") return Reading::whole;
  return Reading::first;
}

}  // namespace

/// The type of a component, in the newest version that has it. Types without components stand for
/// themselves: a sender of another version may cut them up, and then any component may be there.
std::string_view Compiler::component_type(std::string_view type, std::uint16_t number,
                                          bool& known) const {
  known = true;
  if (type.empty() || reading_of(type) == Reading::varies) return type.empty() ? type : "ST";
  bool is_composite = false;
  for (int v = kVersionCount - 1; v >= 0; --v) {
    auto const* const components = hl7v2::find_type(version_at(v), type);
    if (components == nullptr || components->empty()) continue;
    is_composite = is_composite || components->size() > 1;
    for (auto const& component : *components) {
      if (component.number == number && !is_withdrawn(component.type)) return component.type;
    }
  }
  known = !is_composite;
  return number == 1 ? type : "ST";
}

Index Compiler::segment_index(std::string_view id) {
  auto const next = static_cast<std::uint8_t>(program_.segments.size());
  if (next >= kSegmentsMax) return 0;
  auto const [entry, fresh] = program_.segment_keys.try_emplace(id, next);
  if (fresh) program_.segments.push_back(id);
  return entry->second;
}

Compiler::FieldFacts const& Compiler::field_facts(std::string_view segment, std::uint16_t number) {
  auto const [entry, fresh] = fields_.try_emplace(std::string(segment) + std::to_string(number));
  if (fresh) entry->second = {newest_field(segment, number), may_repeat(segment, number)};
  return entry->second;
}

/// A number a little beyond the last known field is taken for that of a later version or of a
/// sender that adds fields: a warning. Returns false when it is a mistake.
bool Compiler::explain_unknown_field(SourcePath const& path, TableRow const& row) {
  if (!is_segment(path.segment)) {
    error(row, "no version has a segment " + std::string(path.segment));
    return false;
  }
  auto text = std::string(path.segment) + " has no field " + std::to_string(path.field);
  std::size_t last = 0;
  for (std::size_t number = 1; number < path.field; ++number) {
    if (newest_field(path.segment, number) != nullptr) last = number;
  }
  if (path.field > last + kFieldsBeyondMax) {
    error(row, std::move(text));
    return false;
  }
  warn(row, std::move(text) + " in any version with definitions");
  return true;
}

std::optional<TypedSource> Compiler::resolve(SourcePath const& path, TableContext const& context,
                                             TableRow const& row) {
  TypedSource out;
  auto& source = out.source;
  std::size_t part_count = 0;
  if (path.segment.empty()) {
    if (context.v2_type.empty() && context.prefix.base == Source::Base::none) {
      error(row, "there is no value at hand here: name the segment and field");
      return std::nullopt;
    }
    source = context.prefix;
    source.base = Source::Base::value;
    while (part_count < 3 && source.parts[part_count] != 0) ++part_count;
    out.v2_type = context.v2_type;
  } else {
    source.base = path.segment == context.segment ? Source::Base::own : Source::Base::other;
    source.segment = static_cast<std::uint8_t>(segment_index(path.segment));
    source.field = path.field;
    source.repetition = path.repetition;
    bool const is_site_defined = path.segment[0] == 'Z';
    FieldFacts const none{nullptr, true};
    auto const& facts = is_site_defined ? none : field_facts(path.segment, path.field);
    auto const* const field = facts.newest;
    if (field == nullptr && !is_site_defined && !explain_unknown_field(path, row)) {
      return std::nullopt;
    }
    out.v2_type = field == nullptr ? std::string_view{} : field->type;
    source.repeats = path.repetition == 0 && (field == nullptr || facts.may_repeat);
  }
  for (auto const part : path.parts) {
    if (part == 0) break;
    bool known = true;
    auto const type = component_type(out.v2_type, part, known);
    if (part_count == 3) {
      error(row, "the path goes deeper than a v2 value does");
      return std::nullopt;
    }
    if (!known) {
      warn(row, std::string(out.v2_type) + " has no component " + std::to_string(part) +
                    " in any version with definitions");
    }
    out.v2_type = type;
    source.parts[part_count++] = part;
  }
  source.reading = reading_of(out.v2_type);
  return out;
}

std::optional<TypedSource> Compiler::resolve_text(std::string_view text,
                                                  TableContext const& context,
                                                  TableRow const& row) {
  auto const path = parse_source_path(text);
  if (!path) {
    error(row, path.error().what);
    return std::nullopt;
  }
  return resolve(*path, context, row);
}

Index Compiler::compile_node(Expression const& expression, TableContext const& context,
                             TypedSource const* it, TableRow const& row) {
  Node node;
  node.op = expression.op;
  switch (expression.op) {
    case Op::it:
      if (it == nullptr) {
        error(row, "`it` needs a source in the row");
        return kNone;
      }
      node.op = Op::reference;
      node.index = source_index(it->source);
      break;
    case Op::reference: {
      auto const source = resolve(expression.path, context, row);
      if (!source) return kNone;
      node.index = source_index(source->source);
      break;
    }
    case Op::lookup:
    case Op::display:
      node.index = code_map(expression.text);
      if (node.index == kNone) error(row, "there is no table code/" + expression.text);
      break;
    default:
      node.text = keep(expression.text);
      std::from_chars(node.text.data(), node.text.data() + node.text.size(), node.value);
      break;
  }
  if (expression.arguments.size() > 255) {
    error(row, "more than 255 arguments");
    return kNone;
  }
  std::vector<Index> arguments;
  for (auto const& argument : expression.arguments) {
    arguments.push_back(compile_node(*argument, context, it, row));
    if (arguments.back() == kNone) return kNone;
  }
  bool const needs_reference = node.op == Op::count || node.op == Op::raw ||
                               node.op == Op::authority || node.op == Op::lines ||
                               (node.op >= Op::cx && node.op <= Op::xon);
  if (needs_reference && program_.nodes[arguments[0]].op != Op::reference) {
    error(row, "the function takes a source path");
    return kNone;
  }
  return intern(node, arguments);
}

Index Compiler::source_index(Source const& source) {
  std::string key;
  for (unsigned const part :
       {static_cast<unsigned>(source.base), static_cast<unsigned>(source.reading),
        unsigned{source.segment}, unsigned{source.repeats}, unsigned{source.field},
        unsigned{source.repetition}, unsigned{source.parts[0]}, unsigned{source.parts[1]},
        unsigned{source.parts[2]}}) {
    key += static_cast<char>(part & 0xFF);
    key += static_cast<char>(part >> 8);
  }
  auto const [entry, fresh] =
      sources_.try_emplace(std::move(key), static_cast<Index>(program_.sources.size()));
  if (fresh) program_.sources.push_back(source);
  return entry->second;
}

/// True when the value is the same for a segment whichever of its values is at hand.
bool Compiler::is_stable(Node const& node, std::vector<Index> const& arguments) const {
  if (node.op == Op::reference) {
    auto const& source = program_.sources[node.index];
    return source.base != Source::Base::value && !source.repeats;
  }
  if (node.op == Op::count || node.op == Op::lines) {
    auto const& counted = program_.nodes[arguments[0]];
    return program_.sources[counted.index].base != Source::Base::value;
  }
  return std::ranges::all_of(arguments, [&](Index a) { return program_.nodes[a].is_stable; });
}

/// The one segment that a node reads, wherever it is asked from; kNoHome when there are others.
std::uint8_t Compiler::home_of(Node const& node, std::vector<Index> const& arguments) const {
  if (!node.is_stable) return kNoHome;
  if (node.op == Op::reference) {
    auto const& source = program_.sources[node.index];
    bool const is_home = source.base == Source::Base::other && source.reading != Reading::varies;
    return is_home ? source.segment : kNoHome;
  }
  auto home = kNoHome;
  for (auto const a : arguments) {
    auto const& argument = program_.nodes[a];
    if (argument.op == Op::literal) continue;
    if (argument.home == kNoHome || (home != kNoHome && home != argument.home)) return kNoHome;
    home = argument.home;
  }
  return home;
}

Index Compiler::intern(Node node, std::vector<Index> const& arguments) {
  auto key = std::to_string(static_cast<int>(node.op)) + " " + std::to_string(node.index);
  for (auto const argument : arguments) key.append(" ").append(std::to_string(argument));
  key.append("'").append(node.text);
  auto const [entry, fresh] = nodes_.try_emplace(std::move(key));
  if (!fresh) return entry->second;
  node.is_stable = is_stable(node, arguments);
  node.home = home_of(node, arguments);
  if (node.op == Op::literal) node.packed = pack(node.text);
  node.argument_count = static_cast<std::uint8_t>(arguments.size());
  node.first_argument = static_cast<Index>(program_.arguments.size());
  program_.arguments.insert(program_.arguments.end(), arguments.begin(), arguments.end());
  program_.nodes.push_back(node);
  return entry->second = static_cast<Index>(program_.nodes.size() - 1);
}

Index Compiler::compile_value(std::string_view text, TableContext const& context,
                              TypedSource const* it, TableRow const& row) {
  auto const parsed = parse_expression(text);
  if (!parsed) {
    error(row, parsed.error().what);
    return kNone;
  }
  return compile_node(**parsed, context, it, row);
}

Index Compiler::compile_condition(std::string_view text, TableContext const& context,
                                  TypedSource const* it, TableRow const& row) {
  if (text.empty()) return kNone;
  auto const parsed = parse_condition(text);
  if (!parsed) {
    error(row, parsed.error().what);
    return kNone;
  }
  return compile_node(**parsed, context, it, row);
}

}  // namespace sinew::mapping
