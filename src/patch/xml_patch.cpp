#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "patch/patch.h"
#include "patch/xml_select.h"
#include "patch/xml_tree.h"

namespace sinew::patch {
namespace {

constexpr std::string_view kFhir = "http://hl7.org/fhir";
constexpr std::string_view kXhtml = "http://www.w3.org/1999/xhtml";
constexpr std::uint64_t kNodeVisitsMax = 500'000'000;

/// The value of `xmlns:prefix` (or `xmlns`) in the start tag that `source` begins with. The text is
/// well-formed, so quotes and '>' are where they seem to be.
std::optional<std::string> declaration(std::string_view source, std::string_view prefix) {
  auto const wanted = prefix.empty() ? "xmlns" : "xmlns:" + std::string(prefix);
  std::size_t at = source.find_first_of(" \t\r\n>/", 1);
  while (at < source.size()) {
    at = source.find_first_not_of(" \t\r\n", at);
    if (at == source.npos || source[at] == '>' || source[at] == '/') return {};
    auto const equals = source.find('=', at);
    auto const quote = source.find_first_of("\"'", equals);
    if (equals == source.npos || quote == source.npos) return {};
    auto const end = source.find(source[quote], quote + 1);
    if (trim(source.substr(at, equals - at)) == wanted) {
      return std::string(source.substr(quote + 1, end - quote - 1));
    }
    at = end + 1;
  }
  return {};
}

/// What a prefix means at a node of the patch.
std::optional<std::string> namespace_at(xml::Node node, std::string_view prefix) {
  for (; node.exists(); node = node.parent()) {
    if (auto found = declaration(node.source(), prefix)) return found;
  }
  if (prefix == "f" || prefix.empty()) return std::string(kFhir);
  if (prefix == "h") return std::string(kXhtml);
  return {};
}

bool is_blank(std::string_view text) { return trim(text).empty(); }

class XmlPatching {
 public:
  explicit XmlPatching(XmlTree tree) : tree_(std::move(tree)) {}
  Result<> apply(xml::Node operation);
  [[nodiscard]] std::string text() const { return tree_.print(); }

 private:
  Result<> add(xml::Node operation, Selected at);
  Result<> replace(xml::Node operation, Selected at);
  Result<> remove(xml::Node operation, Selected at);
  Result<> add_attribute(xml::Node operation, Selected at, std::string_view name);
  Result<std::vector<XmlId>> content_of(xml::Node operation);
  void remove_blank(XmlId parent, std::size_t index);

  XmlTree tree_;
};

/// The children of an operation, grafted. White space round elements is layout.
Result<std::vector<XmlId>> XmlPatching::content_of(xml::Node operation) {
  bool const has_elements = !operation.elements().empty();
  std::vector<XmlId> made;
  for (auto const child : operation.children()) {
    if (has_elements && child.is_text() && is_blank(child.text())) continue;
    made.push_back(TRY(tree_.graft(child)));
  }
  return made;
}

/// Source: RFC 5261 §4.3.
Result<> XmlPatching::add_attribute(xml::Node operation, Selected at, std::string_view name) {
  if (!tree_.is_element(at.node)) return fail(ErrorCode::invalid, "no element to add to", "sel");
  XmlAttribute made;
  auto const colon = name.find(':');
  if (colon != name.npos) {
    auto space = namespace_at(operation, name.substr(0, colon));
    if (!space) return fail(ErrorCode::malformed, "a prefix is not declared", "type");
    made.space = *std::move(space);
    name.remove_prefix(colon + 1);
  }
  made.name = name;
  made.value = operation.text();
  auto& attributes = tree_.at(at.node).attributes;
  bool const exists = std::ranges::any_of(attributes, [&](XmlAttribute const& attribute) {
    return attribute.name == made.name && attribute.space == made.space;
  });
  if (made.name.empty()) return fail(ErrorCode::malformed, "an attribute needs a name", "type");
  if (exists) return fail(ErrorCode::invalid, "the attribute is there already", "type");
  attributes.push_back(std::move(made));
  return {};
}

/// Source: RFC 5261 §4.3.
Result<> XmlPatching::add(xml::Node operation, Selected at) {
  auto const type = operation.attribute("type").value_or("");
  if (type.starts_with('@')) return add_attribute(operation, at, std::string_view(type).substr(1));
  // A declaration changes no name that is there, and what is printed declares what it needs.
  if (type.starts_with("namespace::")) return {};
  if (!type.empty()) return fail(ErrorCode::malformed, "unknown type", "type");
  if (at.attribute != Selected::kNone) {
    return fail(ErrorCode::invalid, "nothing is added to an attribute", "sel");
  }
  auto const position = operation.attribute("pos").value_or("");
  auto const made = TRY(content_of(operation));
  bool const is_inside = position.empty() || position == "prepend";
  bool const is_beside = position == "before" || position == "after";
  if (!is_inside && !is_beside) return fail(ErrorCode::malformed, "unknown position", "pos");
  auto const parent = is_inside ? at.node : tree_.at(at.node).parent;
  // The document has one element, and text nothing inside.
  if (parent == 0 || (is_inside && !tree_.is_element(at.node))) {
    return fail(ErrorCode::invalid, "nothing can be added there", "sel");
  }
  std::size_t index = 0;
  if (position.empty()) index = tree_.at(parent).children.size();
  if (is_beside) index = tree_.index_of(at.node) + (position == "after" ? 1 : 0);
  for (auto const node : made) tree_.insert(parent, index++, node);
  return {};
}

/// Source: RFC 5261 §4.4.
Result<> XmlPatching::replace(xml::Node operation, Selected at) {
  if (at.attribute != Selected::kNone) {
    tree_.at(at.node).attributes[at.attribute].value = operation.text();
    return {};
  }
  auto const made = TRY(content_of(operation));
  bool const is_element = tree_.is_element(at.node);
  if (is_element && (made.size() != 1 || !tree_.is_element(made.front()))) {
    return fail(ErrorCode::invalid, "an element is replaced by one element", "sel");
  }
  if (!is_element && (made.size() > 1 || (made.size() == 1 && tree_.is_element(made.front())))) {
    return fail(ErrorCode::invalid, "text is replaced by text", "sel");
  }
  auto const parent = tree_.at(at.node).parent;
  auto const index = tree_.index_of(at.node);
  tree_.detach(at.node);
  for (auto const node : made) tree_.insert(parent, index, node);
  return {};
}

void XmlPatching::remove_blank(XmlId parent, std::size_t index) {
  auto const& children = tree_.at(parent).children;
  if (index >= children.size() || tree_.is_element(children[index])) return;
  if (is_blank(tree_.at(children[index]).text)) tree_.detach(children[index]);
}

/// Source: RFC 5261 §4.5.
Result<> XmlPatching::remove(xml::Node operation, Selected at) {
  auto const space = operation.attribute("ws").value_or("");
  if (!space.empty() && space != "before" && space != "after" && space != "both") {
    return fail(ErrorCode::malformed, "unknown value", "ws");
  }
  if (at.attribute != Selected::kNone) {
    auto& attributes = tree_.at(at.node).attributes;
    attributes.erase(attributes.begin() + static_cast<std::ptrdiff_t>(at.attribute));
    return {};
  }
  auto const parent = tree_.at(at.node).parent;
  if (parent == 0) return fail(ErrorCode::invalid, "the root cannot be removed", "sel");
  auto const index = tree_.index_of(at.node);
  tree_.detach(at.node);
  if (space == "after" || space == "both") remove_blank(parent, index);
  if (index > 0 && (space == "before" || space == "both")) remove_blank(parent, index - 1);
  return {};
}

Result<> XmlPatching::apply(xml::Node operation) {
  using Step = Result<> (XmlPatching::*)(xml::Node, Selected);
  struct StepRow {
    std::string_view name;
    Step step;
  };
  static constexpr auto kSteps = std::to_array<StepRow>({
      {"add", &XmlPatching::add},
      {"replace", &XmlPatching::replace},
      {"remove", &XmlPatching::remove},
  });
  auto const* const row = std::ranges::find(kSteps, operation.name(), &StepRow::name);
  if (row == kSteps.end()) return fail(ErrorCode::malformed, "unknown operation");
  auto const selector = operation.attribute("sel");
  if (!selector) return fail(ErrorCode::malformed, "an operation needs sel", "sel");
  auto const at = TRY(select(
      tree_, *selector, [&](std::string_view prefix) { return namespace_at(operation, prefix); }));
  return (this->*row->step)(operation, at);
}

}  // namespace

Result<std::string> apply_xml_patch(std::string_view target, std::string_view patch) {
  auto const document = TRY(xml::Document::parse(std::string(patch)));
  auto tree = XmlTree::parse(target);
  if (!tree) return fail(ErrorCode::invalid, "there is no document to patch");
  XmlPatching patching(*std::move(tree));
  std::size_t index = 0;
  std::uint64_t visits = 0;
  for (auto const operation : document.root().elements()) {
    auto const where = "[" + std::to_string(index++) + "] " + std::string(operation.name());
    visits += target.size();
    if (index > kOperationsMax || visits > kNodeVisitsMax) {
      return fail(ErrorCode::too_large, "too many operations", where);
    }
    if (auto done = patching.apply(operation); !done) {
      return fail(done.error().code, done.error().what, where);
    }
  }
  if (index == 0) return fail(ErrorCode::malformed, "a patch without operations");
  return patching.text();
}

}  // namespace sinew::patch
