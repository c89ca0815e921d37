#include "api/operations/part_writer.h"

#include <string>
#include <vector>

#include "base/text.h"

namespace sinew::rest {
namespace {

/// `valueHumanName`, or nothing where value[x] does not take the type.
std::string value_name(fhir::Element const& element) {
  auto name = std::string(fhir::type(element.type).name.view());
  if (name == "xhtml") name = "string";  // as the patch reads it: text that stands for itself
  if (name.empty()) return {};
  name[0] = to_ascii_upper(name[0]);
  auto value = "value" + name;
  static auto const parameter = fhir::find_type("Parameters.parameter");
  return fhir::find_element(parameter, value) ? value : std::string();
}

/// An object whose elements are being written as parts.
struct Open {
  json::Value object;
  std::span<fhir::Element const> elements;
  std::size_t next = 0;       ///< element
  std::size_t next_item = 0;  ///< of that element, where it is a list
};

/// The next value of the object, in the order of the definition; without an element at the end.
ElementValue next_value(Open& open) {
  while (open.next < open.elements.size()) {
    auto const& element = open.elements[open.next];
    auto const value = open.object[element.name];
    auto const twin = open.object['_' + std::string(element.name.view())];
    if (!element.is_list) {
      ++open.next;
      if (value.exists() || twin.exists()) return {value, twin, &element};
      continue;
    }
    auto const at = open.next_item++;
    if (at < std::max(value.size(), twin.size())) return {value.at(at), twin.at(at), &element};
    open.next_item = 0;
    ++open.next;
  }
  return {};
}

/// True: the value is written as parts, which are to follow.
bool begin_part(json::Writer& writer, std::string_view name, ElementValue const& value) {
  writer.begin_object();
  writer.member("name", name);
  if (value.value["resourceType"].is_string()) {
    writer.key("resource");
    writer.value(value.value);
    return false;
  }
  auto const member = value_name(*value.element);
  if (member.empty()) return true;
  bool const has_value = value.value.exists() && value.value.kind() != json::Kind::null;
  if (has_value) {
    writer.key(member);
    writer.value(value.value);
  }
  if (value.twin.is_object()) {
    writer.key('_' + member);
    writer.value(value.twin);
  }
  return false;
}

}  // namespace

std::string_view path_name(fhir::Element const& element) {
  auto const name = element.name.view();
  if (element.choice == 0) return name;
  return name.substr(0, name.size() - fhir::type(element.type).name.size());
}

void write_part(json::Writer& writer, std::string_view name, ElementValue const& value) {
  std::vector<Open> open;
  auto const begin = [&](std::string_view part, ElementValue const& content) {
    if (!begin_part(writer, part, content)) {
      writer.end_object();
      return;
    }
    writer.key("part");
    writer.begin_array();
    open.push_back({content.value, fhir::elements(content.element->type)});
  };
  begin(name, value);
  while (!open.empty()) {
    auto const next = next_value(open.back());
    if (next.element) {
      begin(path_name(*next.element), next);
      continue;
    }
    writer.end_array();
    writer.end_object();
    open.pop_back();
  }
}

}  // namespace sinew::rest
