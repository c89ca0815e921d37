#include "patch/xml_select.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace sinew::patch {
namespace {

constexpr std::size_t kStepsMax = 128;
constexpr std::size_t kPredicatesMax = 16;

Failure unreadable() { return fail(ErrorCode::malformed, "the selector cannot be read", "sel"); }

/// A name as the tree has it.
struct QualifiedName {
  std::string space, name;
  bool is_any = false;  ///< '*'
};

struct Predicate {
  std::optional<std::size_t> position;  ///< from 1
  std::vector<QualifiedName> path;      ///< child steps, from the node the predicate is about
  std::optional<QualifiedName> attribute;
  std::string value;
};

enum class StepKind : std::uint8_t { element, attribute, text, nothing };

struct Step {
  StepKind kind = StepKind::element;
  QualifiedName name;
  std::vector<Predicate> predicates;
};

class Parser {
 public:
  Parser(std::string_view text, NamespaceOf const& namespace_of)
      : rest_(text), namespace_of_(namespace_of) {}

  Result<std::vector<Step>> parse();

 private:
  bool take(std::string_view token) {
    skip_blanks();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  void skip_blanks() {
    while (!rest_.empty() && is_ascii_space(rest_.front())) rest_.remove_prefix(1);
  }
  std::string_view word();
  Result<QualifiedName> name(bool is_attribute);
  Result<Step> step();
  Result<Predicate> predicate();
  Result<std::string> literal();

  std::string_view rest_;
  NamespaceOf const& namespace_of_;
};

std::string_view Parser::word() {
  skip_blanks();
  auto const is_name = [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_' || c == '-' || c == '.' ||
           static_cast<unsigned char>(c) >= 0x80;
  };
  auto const end = std::ranges::find_if_not(rest_, is_name);
  auto const found = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
  rest_.remove_prefix(found.size());
  return found;
}

Result<QualifiedName> Parser::name(bool is_attribute) {
  QualifiedName found;
  if (take("*")) {
    found.is_any = true;
    return found;
  }
  std::string_view prefix;
  auto local = word();
  if (!local.empty() && take(":")) {
    prefix = local;
    local = word();
  }
  if (local.empty()) return unreadable();
  found.name = local;
  if (is_attribute && prefix.empty()) return found;
  auto space = namespace_of_(prefix);
  if (!space) return fail(ErrorCode::malformed, "a prefix is not declared", "sel");
  found.space = *std::move(space);
  return found;
}

Result<std::string> Parser::literal() {
  skip_blanks();
  if (rest_.empty() || (rest_[0] != '\'' && rest_[0] != '"')) return unreadable();
  auto const end = rest_.find(rest_[0], 1);
  if (end == rest_.npos) return unreadable();
  auto text = std::string(rest_.substr(1, end - 1));
  rest_.remove_prefix(end + 1);
  return text;
}

Result<Predicate> Parser::predicate() {
  Predicate found;
  skip_blanks();
  if (!rest_.empty() && is_ascii_digit(rest_[0])) {
    found.position = parse_integer<std::size_t>(word());
    if (!found.position || *found.position == 0 || !take("]")) return unreadable();
    return found;
  }
  if (!take(".")) {
    do {
      if (take("@")) {
        found.attribute = TRY(name(true));
        break;
      }
      if (found.path.size() == kStepsMax) return unreadable();
      found.path.push_back(TRY(name(false)));
    } while (take("/"));
  }
  if (!take("=")) return unreadable();
  found.value = TRY(literal());
  if (!take("]")) return unreadable();
  return found;
}

Result<Step> Parser::step() {
  Step found;
  if (take("@")) {
    found.kind = StepKind::attribute;
    found.name = TRY(name(true));
  } else if (take("text()")) {
    found.kind = StepKind::text;
  } else if (take("comment()") || take("processing-instruction(")) {
    found.kind = StepKind::nothing;
    rest_ = {};
  } else {
    found.name = TRY(name(false));
  }
  while (take("[")) {
    if (found.predicates.size() == kPredicatesMax) return unreadable();
    found.predicates.push_back(TRY(predicate()));
  }
  return found;
}

Result<std::vector<Step>> Parser::parse() {
  std::vector<Step> steps;
  take("/");
  do {
    if (steps.size() == kStepsMax) return unreadable();
    // Nothing follows what is no element.
    if (!steps.empty() && steps.back().kind != StepKind::element) return unreadable();
    steps.push_back(TRY(step()));
  } while (take("/"));
  skip_blanks();
  if (!rest_.empty()) return unreadable();
  return steps;
}

bool is_named(XmlNode const& node, QualifiedName const& name) {
  return !node.name.empty() &&
         (name.is_any || (node.name == name.name && node.space == name.space));
}

std::size_t find_attribute(XmlNode const& node, QualifiedName const& name) {
  for (std::size_t i = 0; i < node.attributes.size(); ++i) {
    auto const& attribute = node.attributes[i];
    if (name.is_any || (attribute.name == name.name && attribute.space == name.space)) return i;
  }
  return Selected::kNone;
}

/// Every child of the nodes that has the name.
std::vector<XmlId> children_named(XmlTree const& tree, std::vector<XmlId> const& nodes,
                                  QualifiedName const& name) {
  std::vector<XmlId> found;
  for (auto const node : nodes) {
    for (auto const child : tree.at(node).children) {
      if (is_named(tree.at(child), name)) found.push_back(child);
    }
  }
  return found;
}

bool holds(XmlTree const& tree, XmlId node, Predicate const& predicate) {
  std::vector<XmlId> nodes = {node};
  for (auto const& name : predicate.path) nodes = children_named(tree, nodes, name);
  return std::ranges::any_of(nodes, [&](XmlId each) {
    if (!predicate.attribute) return tree.text_of(each) == predicate.value;
    auto const index = find_attribute(tree.at(each), *predicate.attribute);
    return index != Selected::kNone && tree.at(each).attributes[index].value == predicate.value;
  });
}

void filter(XmlTree const& tree, std::vector<XmlId>& nodes, Predicate const& predicate) {
  if (predicate.position) {
    // Positions count among the children of one parent, in document order.
    std::vector<XmlId> kept;
    std::size_t seen = 0;
    XmlId parent = kNoXml;
    for (auto const node : nodes) {
      if (tree.at(node).parent != parent) seen = 0;
      parent = tree.at(node).parent;
      if (++seen == *predicate.position) kept.push_back(node);
    }
    nodes = std::move(kept);
    return;
  }
  std::erase_if(nodes, [&](XmlId node) { return !holds(tree, node, predicate); });
}

std::vector<XmlId> text_children(XmlTree const& tree, std::vector<XmlId> const& nodes) {
  std::vector<XmlId> found;
  for (auto const node : nodes) {
    for (auto const child : tree.at(node).children) {
      if (!tree.is_element(child)) found.push_back(child);
    }
  }
  return found;
}

}  // namespace

Result<Selected> select(XmlTree const& tree, std::string_view selector,
                        NamespaceOf const& namespace_of) {
  auto const steps = TRY(Parser(selector, namespace_of).parse());
  std::vector<XmlId> nodes = {0};
  std::vector<Selected> found;
  for (auto const& step : steps) {
    if (step.kind == StepKind::attribute) {
      for (auto const node : nodes) {
        auto const index = find_attribute(tree.at(node), step.name);
        if (index != Selected::kNone) found.push_back({node, index});
      }
      nodes.clear();
      break;
    }
    nodes = step.kind == StepKind::nothing ? std::vector<XmlId>()
            : step.kind == StepKind::text  ? text_children(tree, nodes)
                                           : children_named(tree, nodes, step.name);
    for (auto const& predicate : step.predicates) filter(tree, nodes, predicate);
  }
  for (auto const node : nodes) found.push_back({node, Selected::kNone});
  if (found.empty()) return fail(ErrorCode::invalid, "the selector names nothing", "sel");
  if (found.size() > 1) return fail(ErrorCode::invalid, "the selector names several nodes", "sel");
  return found.front();
}

}  // namespace sinew::patch
