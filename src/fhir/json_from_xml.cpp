#include <algorithm>
#include <vector>

#include "base/text.h"
#include "fhir/resource.h"
#include "fhir/xml.h"
#include "json/write.h"
#include "xml/xml.h"

namespace sinew::fhir {
namespace {

constexpr std::string_view kFhirSpace = "http://hl7.org/fhir";
constexpr std::string_view kXhtmlSpace = "http://www.w3.org/1999/xhtml";

struct KnownTypes {
  TypeId resource = find_type("Resource");
  TypeId extension = find_type("Extension");
  TypeId element = find_type("Element");
  TypeId xhtml = find_type("xhtml");
  TypeId boolean = find_type("boolean");
  TypeId decimal = find_type("decimal");
  TypeId integer = find_type("integer");
  TypeId unsigned_int = find_type("unsignedInt");
  TypeId positive_int = find_type("positiveInt");

  /// True for what JSON writes without quotes.
  bool is_bare(TypeId id) const {
    return id == boolean || id == decimal || id == integer || id == unsigned_int ||
           id == positive_int;
  }
};

KnownTypes const& known() {
  static KnownTypes const kKnown;
  return kKnown;
}

/// A child element and what the tables say about it.
struct Child {
  Element const* element;
  xml::Node node;
};

/// Something still to be written. Objects put the tasks of their members on the stack.
struct Task {
  enum class Kind : std::uint8_t {
    key,          ///< `"name":`
    sibling_key,  ///< `"_name":`
    object,       ///< of `type`, from `node`
    sibling,      ///< id and extensions of the primitive `node`, or null
    value,        ///< the value of the primitive `node`, or null
    begin_array,
    end_array,
    end_object,
  };
  Kind kind;
  TypeId type = 0;
  xml::Node node;
  std::string_view name;
};

using Kind = Task::Kind;

bool has_sibling(xml::Node primitive) {
  return primitive.attribute("id").has_value() || !primitive.elements().empty();
}

class Reader {
 public:
  Reader(std::string& out, std::string_view text) : writer_(out), text_(text) {}

  Result<> read(xml::Node root) {
    auto const id = TRY(find_resource(root));
    tasks_.push_back({Kind::object, id, root, {}});
    while (!tasks_.empty()) {
      auto const task = tasks_.back();
      tasks_.pop_back();
      TRY(run(task));
    }
    return {};
  }

 private:
  Result<> run(Task const& task) {
    switch (task.kind) {
      case Kind::key:
        writer_.key(task.name);
        return {};
      case Kind::sibling_key:
        writer_.key("_" + std::string(task.name));
        return {};
      case Kind::begin_array:
        writer_.begin_array();
        return {};
      case Kind::end_array:
        writer_.end_array();
        return {};
      case Kind::end_object:
        writer_.end_object();
        return {};
      case Kind::value:
        return write_value(task);
      case Kind::sibling:
        if (!has_sibling(task.node)) {
          writer_.null();
          return {};
        }
        return read_object(task.node, known().element);
      case Kind::object:
        return read_object(task.node, task.type);
    }
    return {};
  }

  Result<TypeId> find_resource(xml::Node node) {
    if (node.space() != kFhirSpace) return fault("not in the namespace of FHIR", node);
    auto const id = find_type(node.name());
    bool const is_resource =
        id != 0 && type(id).kind == TypeKind::resource && !type(id).is_abstract;
    if (!is_resource) return fault("unknown resource type", node);
    return id;
  }

  Result<> read_object(xml::Node node, TypeId id) {
    bool const is_resource = type(id).kind == TypeKind::resource;
    bool const is_primitive = id == known().element;
    auto children = TRY(find_children(node, id));
    TRY(check_attributes(node, id));
    writer_.begin_object();
    if (is_resource) writer_.member("resourceType", type(id).name);
    auto const id_attribute = node.attribute("id");
    auto const url = id == known().extension ? node.attribute("url") : std::nullopt;
    if (id_attribute) writer_.member("id", *id_attribute);
    if (url) writer_.member("url", *url);
    if (children.empty() && !id_attribute && !url && !is_primitive && !is_resource) {
      return fault("an element needs content", node);
    }
    tasks_.push_back({Kind::end_object, 0, {}, {}});
    auto const first = tasks_.size();
    for (auto at = children.begin(); at != children.end();) {
      auto const run_end = std::find_if(
          at, children.end(), [&](Child const& child) { return child.element != at->element; });
      TRY(add_run({at, run_end}));
      at = run_end;
    }
    std::reverse(tasks_.begin() + static_cast<std::ptrdiff_t>(first), tasks_.end());
    return {};
  }

  /// The tasks of all children with one name, in the order they are to be done.
  Result<> add_run(std::span<Child const> run) {
    auto const& element = *run.front().element;
    if (!element.is_list && run.size() > 1) return fault("must not repeat", run[1].node);
    if (type(element.type).kind != TypeKind::primitive) {
      return add_values(run, Kind::key, Kind::object);
    }
    auto const has_value = [](Child const& child) {
      return child.node.name() == "div" || child.node.attribute("value").has_value();
    };
    bool const values = std::ranges::any_of(run, has_value);
    bool const siblings =
        element.type != known().xhtml &&
        std::ranges::any_of(run, [](Child const& child) { return has_sibling(child.node); });
    if (!values && !siblings) return fault("neither a value nor an extension", run[0].node);
    if (values) TRY(add_values(run, Kind::key, Kind::value));
    if (siblings) TRY(add_values(run, Kind::sibling_key, Kind::sibling));
    return {};
  }

  Result<> add_values(std::span<Child const> run, Kind key, Kind kind) {
    auto const& element = *run.front().element;
    tasks_.push_back({key, 0, {}, element.name});
    if (element.is_list) tasks_.push_back({Kind::begin_array, 0, {}, {}});
    for (auto const& child : run) {
      auto node = child.node;
      auto id = element.type;
      if (id == known().resource) {
        auto const resources = child.node.elements();
        if (std::distance(resources.begin(), resources.end()) != 1) {
          return fault("must hold one resource", child.node);
        }
        node = *resources.begin();
        id = TRY(find_resource(node));
      }
      tasks_.push_back({kind, id, node, {}});
    }
    if (element.is_list) tasks_.push_back({Kind::end_array, 0, {}, {}});
    return {};
  }

  Result<> write_value(Task const& task) {
    if (task.type == known().xhtml) return write_xhtml(task.node);
    TRY(check_attributes(task.node, task.type));
    auto value = task.node.attribute("value");
    if (!value) {
      if (!has_sibling(task.node)) return fault("neither a value nor an extension", task.node);
      writer_.null();
      return {};
    }
    if (!known().is_bare(task.type)) {
      writer_.string(*value);
      return {};
    }
    if (!is_valid_primitive(task.type, *value)) {
      return fault("not a legal " + std::string(type(task.type).name), task.node);
    }
    if (value->starts_with('+')) value->erase(0, 1);  // legal in FHIR, not in JSON
    writer_.raw(*value);
    return {};
  }

  Result<> write_xhtml(xml::Node node) {
    constexpr std::string_view kStart = "<div";
    auto text = std::string(node.source());
    if (!text.starts_with(kStart)) {
      return fault("narrative with a namespace prefix is not supported", node);
    }
    auto const start_tag = std::string_view(text).substr(0, text.find('>'));
    if (start_tag.find("xmlns=") == start_tag.npos) {
      text.insert(kStart.size(), " xmlns=\"" + std::string(kXhtmlSpace) + "\"");
    }
    writer_.string(text);
    return {};
  }

  /// The children of an element, in the order of the definition.
  Result<std::vector<Child>> find_children(xml::Node node, TypeId id) {
    std::vector<Child> children;
    for (auto child : node.children()) {
      if (child.is_text()) {
        if (!trim(child.text()).empty()) return fault("text outside of narrative", node);
        continue;
      }
      auto const* element = find_element(id, child.name());
      bool const is_attribute = child.name() == "id" && type(id).kind != TypeKind::resource;
      if (element == nullptr || is_attribute) return fault("unknown element", child);
      auto const space = element->type == known().xhtml ? kXhtmlSpace : kFhirSpace;
      if (child.space() != space) return fault("in a wrong namespace", child);
      children.push_back({element, child});
    }
    std::ranges::sort(children, {}, [](Child const& child) {
      return std::pair(child.element, child.node.offset());
    });
    return children;
  }

  Result<> check_attributes(xml::Node node, TypeId id) {
    for (auto const attribute : node.attributes()) {
      if (!attribute.space.empty()) continue;  // xsi:schemaLocation and its like
      bool const is_primitive = type(id).kind == TypeKind::primitive || id == known().element;
      bool const is_known = (attribute.name == "id" && type(id).kind != TypeKind::resource) ||
                            (attribute.name == "url" && id == known().extension) ||
                            (attribute.name == "value" && is_primitive);
      if (!is_known) return fault("unknown attribute " + std::string(attribute.name), node);
    }
    return {};
  }

  Failure fault(std::string what, xml::Node node) const {
    auto const before = text_.substr(0, std::min(node.offset(), text_.size()));
    auto const line = 1 + std::count(before.begin(), before.end(), '\n');
    return fail(ErrorCode::malformed, std::move(what) + " (line " + std::to_string(line) + ")",
                xml::path_of(node));
  }

  json::Writer writer_;
  std::string_view text_;
  std::vector<Task> tasks_;
};

}  // namespace

Result<std::string> json_from_xml(std::string_view xml) {
  auto const document = TRY(xml::Document::parse(std::string(xml)));
  std::string out;
  out.reserve(xml.size());
  TRY(Reader(out, document.text()).read(document.root()));
  return out;
}

}  // namespace sinew::fhir
