#include <algorithm>
#include <vector>

#include "fhir/resource.h"
#include "fhir/xml.h"
#include "xml/write.h"
#include "xml/xml.h"

namespace sinew::fhir {
namespace {

constexpr std::string_view kFhirSpace = "http://hl7.org/fhir";
constexpr std::string_view kXhtmlSpace = "http://www.w3.org/1999/xhtml";
constexpr std::size_t kDepthMax = 128;

/// A JSON property with what stands beside it: `birthDate` and `_birthDate`.
struct Property {
  Element const* element;
  json::Value value;
  json::Value sibling;
};

/// An object on the way down.
struct Frame {
  std::vector<Property> properties;  ///< in the order of the definition
  std::size_t at = 0;
  bool in_list = false;
  json::Value::Elements::Iterator item, item_end, twin, twin_end;
  int open_tags = 1;  ///< 2 for a resource inside an element
};

class Printer {
 public:
  explicit Printer(std::string& out) : writer_(out) {}

  Result<> print(json::Value resource) {
    auto const id = resource_type(resource);
    if (id == 0) return fail(ErrorCode::invalid, "unknown resource type", "resourceType");
    writer_.declaration();
    writer_.begin(type(id).name);
    writer_.attribute("xmlns", kFhirSpace);
    TRY(push(resource, id, 1));
    while (!stack_.empty()) TRY(step());
    return {};
  }

 private:
  Result<> step() {
    auto& frame = stack_.back();
    if (frame.in_list && (frame.item != frame.item_end || frame.twin != frame.twin_end)) {
      return print_item(frame.properties[frame.at], next(frame.item, frame.item_end),
                        next(frame.twin, frame.twin_end));
    }
    if (frame.in_list) {
      frame.in_list = false;
      ++frame.at;
    }
    if (frame.at == frame.properties.size()) {
      for (int i = 0; i < frame.open_tags; ++i) writer_.end();
      stack_.pop_back();
      return {};
    }
    auto const& property = frame.properties[frame.at];
    if (!property.element->is_list) {
      ++frame.at;
      return print_item(property, property.value, property.sibling);
    }
    bool const is_list = (!property.value || property.value.is_array()) &&
                         (!property.sibling || property.sibling.is_array());
    if (!is_list) return fault("must be an array", property.element->name);
    frame.in_list = true;
    frame.item = property.value.elements().begin();
    frame.item_end = property.value.elements().end();
    frame.twin = property.sibling.elements().begin();
    frame.twin_end = property.sibling.elements().end();
    return {};
  }

  static json::Value next(json::Value::Elements::Iterator& at,
                          json::Value::Elements::Iterator const& end) {
    if (at == end) return {};
    auto const value = *at;
    ++at;
    return value;
  }

  /// One element. `property` lies in the top frame and may move: it is not used after a push.
  Result<> print_item(Property const& property, json::Value value, json::Value sibling) {
    auto const& element = *property.element;
    auto const name = element.name.view();
    if (type(element.type).kind == TypeKind::primitive) {
      return print_primitive(element, value, sibling);
    }
    if (!value.is_object()) return fault("must be an object", name);
    writer_.begin(name);
    static TypeId const kResource = find_type("Resource");
    if (element.type == kResource) {
      auto const id = resource_type(value);
      if (id == 0) return fault("unknown resource type", name);
      writer_.begin(type(id).name);
      return push(value, id, 2);
    }
    return push(value, element.type, 1);
  }

  Result<> print_primitive(Element const& element, json::Value value, json::Value sibling) {
    static TypeId const kXhtml = find_type("xhtml");
    auto const name = element.name.view();
    bool const has_value = value.exists() && value.kind() != json::Kind::null;
    if (has_value && (value.is_object() || value.is_array())) {
      return fault("must be a primitive value", name);
    }
    if (element.type == kXhtml) return print_xhtml(name, value.text());
    writer_.begin(name);
    if (!sibling.is_object()) {
      if (has_value) writer_.attribute("value", value.text());
      writer_.end();
      return {};
    }
    return push_primitive(sibling, has_value ? &value : nullptr);
  }

  /// Narrative goes in as it is, once it is known to be one well-formed element.
  Result<> print_xhtml(std::string_view name, std::string text) {
    auto const document = xml::Document::parse(std::move(text));
    if (!document) return fault("narrative is not well-formed: " + document.error().what, name);
    if (!document->root().is(kXhtmlSpace, "div")) return fault("narrative is not a div", name);
    writer_.raw(document->root().source());
    return {};
  }

  /// Opens the frame of an object whose tag is open. `id` and an extension's `url` are attributes.
  Result<> push(json::Value object, TypeId type_id, int open_tags) {
    static TypeId const kExtension = find_type("Extension");
    bool const is_resource = type(type_id).kind == TypeKind::resource;
    Frame frame;
    frame.open_tags = open_tags;
    for (auto const [name, value] : object.members()) {
      if (is_resource && name == "resourceType") continue;
      bool const is_attribute =
          (!is_resource && name == "id") || (type_id == kExtension && name == "url");
      if (is_attribute) continue;
      TRY(add_property(frame, type_id, name, value));
    }
    if (!is_resource) write_attribute("id", object["id"]);
    if (type_id == kExtension) write_attribute("url", object["url"]);
    return push(std::move(frame));
  }

  /// The same for a primitive with an id or extensions.
  Result<> push_primitive(json::Value sibling, json::Value const* value) {
    static TypeId const kElement = find_type("Element");
    Frame frame;
    for (auto const [name, member] : sibling.members()) {
      if (name != "id") TRY(add_property(frame, kElement, name, member));
    }
    write_attribute("id", sibling["id"]);
    if (value != nullptr) writer_.attribute("value", value->text());
    return push(std::move(frame));
  }

  Result<> push(Frame frame) {
    if (stack_.size() == kDepthMax) return fault("nested too deeply", {});
    std::ranges::sort(frame.properties, {}, &Property::element);
    merge_siblings(frame.properties);
    stack_.push_back(std::move(frame));
    return {};
  }

  Result<> add_property(Frame& frame, TypeId type_id, std::string_view name, json::Value value) {
    bool const is_sibling = name.starts_with('_');
    auto const* element = find_element(type_id, is_sibling ? name.substr(1) : name);
    if (element == nullptr) return fault("unknown element", name);
    frame.properties.push_back(is_sibling ? Property{element, {}, value}
                                          : Property{element, value, {}});
    return {};
  }

  /// `birthDate` and `_birthDate` stand next to each other now; they become one.
  static void merge_siblings(std::vector<Property>& properties) {
    std::size_t kept = 0;
    for (auto const& property : properties) {
      if (kept > 0 && properties[kept - 1].element == property.element) {
        auto& same = properties[kept - 1];
        if (property.value) same.value = property.value;
        if (property.sibling) same.sibling = property.sibling;
      } else {
        properties[kept++] = property;
      }
    }
    properties.resize(kept);
  }

  void write_attribute(std::string_view name, json::Value value) {
    if (value.is_string()) writer_.attribute(name, value.text());
  }

  Failure fault(std::string what, std::string_view name) const {
    std::string where;
    for (auto const& frame : stack_) {
      if (frame.at < frame.properties.size()) {
        where += std::string(frame.properties[frame.at].element->name) + ".";
      }
    }
    return fail(ErrorCode::invalid, std::move(what), where + std::string(name));
  }

  xml::Writer writer_;
  std::vector<Frame> stack_;
};

}  // namespace

Result<std::string> xml_from_json(json::Value resource) {
  std::string out;
  TRY(Printer(out).print(resource));
  return out;
}

}  // namespace sinew::fhir
