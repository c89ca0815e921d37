#include "base/text.h"
#include "contract/conformance.h"
#include "xml/xml.h"

namespace sinew::contract {
namespace {

constexpr std::size_t kDefinitionsMax = 20'000;
constexpr std::size_t kElementsOfOneMax = 1000;
constexpr std::size_t kValuesMax = 5'000'000;
/// Groups are read by functions that call themselves.
constexpr std::size_t kDepthMax = 32;

std::string text_of(xml::Node node, std::string_view name) {
  return node.attribute(name).value_or("");
}

/// A number; `*`, `NA` and nothing are 0.
std::size_t number_of(xml::Node node, std::string_view name) {
  return parse_integer<std::size_t>(text_of(node, name)).value_or(0);
}

Failure wrong(xml::Node node, std::string what) {
  return fail(ErrorCode::invalid, std::move(what), xml::path_of(node));
}

ProfiledElement read_element(xml::Node node) {
  ProfiledElement element;
  element.name = text_of(node, "Name");
  element.usage = text_of(node, "Usage");
  element.datatype = text_of(node, "Datatype");
  element.min = number_of(node, "Min");
  element.max = node.attribute("Max") ? number_of(node, "Max") : 1;
  element.length_min = number_of(node, "MinLength");
  element.length_max = number_of(node, "MaxLength");
  element.constant = text_of(node, "ConstantValue");
  auto conformance = text_of(node, "ConfLength");
  while (conformance.ends_with('#') || conformance.ends_with('=')) conformance.pop_back();
  element.conformance_length = parse_integer<std::size_t>(conformance).value_or(0);
  if (auto const binding = text_of(node, "Binding"); !binding.empty()) {
    for (auto const set : split(binding, ':')) element.value_sets.emplace_back(set);
  }
  if (auto const strength = text_of(node, "BindingStrength"); !strength.empty())
    element.strength = strength.front();
  if (auto const location = text_of(node, "BindingLocation"); !location.empty()) {
    for (auto const part : split(location, ':')) {
      if (auto const number = parse_integer<std::size_t>(part))
        element.code_components.push_back(*number);
    }
  }
  return element;
}

}  // namespace

class ConformanceReader {
 public:
  Result<> read_profile(std::string text) {
    auto const document = TRY(xml::Document::parse(std::move(text), {.depth_max = kDepthMax}));
    auto const root = document.root();
    if (root.name() != "ConformanceProfile") return wrong(root, "is no ConformanceProfile");
    for (auto const node : root["Datatypes"].elements()) TRY(read_datatype(node));
    for (auto const node : root["Segments"].elements()) TRY(read_segment(node));
    for (auto const node : root["Messages"].elements()) TRY(read_message(node));
    if (made_.messages_.empty()) return wrong(root, "has no message");
    return {};
  }

  Result<> read_values(std::string text) {
    auto const document = TRY(xml::Document::parse(std::move(text), {.depth_max = kDepthMax}));
    auto const root = document.root();
    if (root.name() != "ValueSetLibrary") return wrong(root, "is no ValueSetLibrary");
    for (auto const node : root["NoValidation"].elements())
      made_.not_validated_[std::string(trim(node.text()))] = true;
    std::size_t count = 0;
    for (auto const section : root.elements()) {
      if (section.name() != "ValueSetDefinitions") continue;
      for (auto const node : section.elements()) {
        auto& set = made_.value_sets_[text_of(node, "BindingIdentifier")];
        set.is_open = text_of(node, "Extensibility") == "Open";
        for (auto const value : node.elements()) {
          if (++count > kValuesMax) return wrong(node, "is one set too many");
          auto const usage = text_of(value, "Usage");
          set.values[text_of(value, "Value")] = usage.empty() ? 'R' : usage.front();
        }
      }
    }
    return {};
  }

  void take_rules(Rules rules) { made_.rules_ = std::move(rules); }
  Conformance take() { return std::move(made_); }

 private:
  Result<> read_datatype(xml::Node node) {
    ProfiledDatatype datatype;
    datatype.id = text_of(node, "ID");
    datatype.name = text_of(node, "Name");
    for (auto const part : node.elements()) {
      if (part.name() == "Component") datatype.components.push_back(read_element(part));
    }
    if (datatype.id.empty() || datatype.components.size() > kElementsOfOneMax ||
        made_.datatypes_.size() >= kDefinitionsMax)
      return wrong(node, "is no datatype");
    auto const id = datatype.id;
    if (!made_.datatypes_.emplace(id, std::move(datatype)).second)
      return wrong(node, "has the ID of another datatype");
    return {};
  }

  Result<> read_segment(xml::Node node) {
    ProfiledSegment segment;
    segment.id = text_of(node, "ID");
    segment.name = text_of(node, "Name");
    for (auto const part : node.elements()) {
      if (part.name() == "Field") segment.fields.push_back(read_element(part));
      if (part.name() != "DynamicMapping") continue;
      for (auto const mapping : part.elements()) {
        DynamicType type;
        type.position = number_of(mapping, "Position");
        type.reference = number_of(mapping, "Reference");
        for (auto const each : mapping.elements())
          type.datatypes[text_of(each, "Value")] = text_of(each, "Datatype");
        segment.dynamic.push_back(std::move(type));
      }
    }
    if (segment.id.empty() || segment.name.size() != hl7v2::Message::kSegmentIdBytes ||
        segment.fields.size() > kElementsOfOneMax || made_.segments_.size() >= kDefinitionsMax)
      return wrong(node, "is no segment");
    auto const id = segment.id;
    if (!made_.segments_.emplace(id, std::move(segment)).second)
      return wrong(node, "has the ID of another segment");
    return {};
  }

  Result<> read_message(xml::Node node) {
    ProfiledMessage message;
    message.type = text_of(node, "Type");
    message.event = text_of(node, "Event");
    message.root = TRY(read_group(node));
    message.root.name = text_of(node, "StructID");
    made_.messages_.push_back(std::move(message));
    return {};
  }

  Result<ProfiledNode> read_group(xml::Node node) {
    ProfiledNode group;
    group.is_group = true;
    group.id = text_of(node, "ID");
    group.name = text_of(node, "Name");
    group.usage = text_of(node, "Usage");
    group.min = number_of(node, "Min");
    group.max = number_of(node, "Max");
    for (auto const child : node.elements()) {
      if (group.children.size() >= kElementsOfOneMax) return wrong(node, "has too many children");
      if (child.name() == "Group") group.children.push_back(TRY(read_group(child)));
      if (child.name() != "Segment") continue;
      ProfiledNode segment;
      segment.id = text_of(child, "Ref");
      auto const definition = made_.segments_.find(segment.id);
      if (definition == made_.segments_.end())
        return wrong(child, "refers to segment '" + segment.id + "', which is not defined");
      segment.name = definition->second.name;
      segment.usage = text_of(child, "Usage");
      segment.min = number_of(child, "Min");
      segment.max = number_of(child, "Max");
      group.children.push_back(std::move(segment));
    }
    return group;
  }

  Conformance made_;
};

Result<Conformance> Conformance::read(std::string profile, std::string constraints,
                                      std::string values) {
  ConformanceReader reader;
  TRY(reader.read_profile(std::move(profile)));
  if (!constraints.empty()) reader.take_rules(TRY(read_rules(std::move(constraints))));
  if (!values.empty()) TRY(reader.read_values(std::move(values)));
  return reader.take();
}

}  // namespace sinew::contract
