#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "patch/patch.h"
#include "patch/tree.h"

namespace sinew::patch {
namespace {

using Pointer = std::vector<std::string>;

/// Source: RFC 6901 §3.
Result<Pointer> read_pointer(json::Value value) {
  if (!value.is_string()) return fail(ErrorCode::malformed, "a pointer is a string");
  auto const text = value.text();
  Pointer segments;
  if (text.empty()) return segments;
  if (text[0] != '/') return fail(ErrorCode::malformed, "a pointer begins with '/'");
  for (auto const part : split(std::string_view(text).substr(1), '/')) {
    std::string segment;
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (part[i] != '~') {
        segment += part[i];
        continue;
      }
      auto const next = ++i < part.size() ? part[i] : '\0';
      if (next != '0' && next != '1') return fail(ErrorCode::malformed, "'~' is ~0 or ~1");
      segment += next == '0' ? '~' : '/';
    }
    segments.push_back(std::move(segment));
  }
  return segments;
}

/// Digits without a zero in front. Source: RFC 6901 §4.
std::optional<std::size_t> read_index(std::string const& segment) {
  if (segment.size() > 1 && segment[0] == '0') return {};
  if (segment.empty() || !std::ranges::all_of(segment, is_ascii_digit)) return {};
  return parse_integer<std::size_t>(segment);
}

/// One patch at work on one tree.
class Patching {
 public:
  explicit Patching(Tree tree) : tree_(std::move(tree)) {}

  Result<> apply(json::Value operation);
  std::string text(Emptied emptied) {
    if (emptied == Emptied::drop) tree_.drop_emptied();
    return tree_.print();
  }

 private:
  using Step = Result<> (Patching::*)(json::Value operation, Pointer const& path);
  struct StepRow {
    std::string_view name;
    Step step;
  };
  static std::array<StepRow, 6> const kSteps;

  Result<> add(json::Value operation, Pointer const& path);
  Result<> remove(json::Value operation, Pointer const& path);
  Result<> replace(json::Value operation, Pointer const& path);
  Result<> move(json::Value operation, Pointer const& path);
  Result<> copy(json::Value operation, Pointer const& path);
  Result<> test(json::Value operation, Pointer const& path);

  Result<NodeId> value_of(json::Value operation) {
    auto const value = operation["value"];
    if (!value.exists()) return fail(ErrorCode::malformed, "value is required");
    return tree_.graft(value);
  }
  [[nodiscard]] Result<NodeId> child(NodeId node, std::string const& segment) const;
  [[nodiscard]] Result<NodeId> resolve(Pointer const& path, std::size_t length) const;
  [[nodiscard]] Result<NodeId> resolve(Pointer const& path) const {
    return resolve(path, path.size());
  }
  Result<> put(Pointer const& path, NodeId node);

  Tree tree_;
};

/// Source: RFC 6902 §4.
constinit std::array<Patching::StepRow, 6> const Patching::kSteps = {{
    {"add", &Patching::add},
    {"remove", &Patching::remove},
    {"replace", &Patching::replace},
    {"move", &Patching::move},
    {"copy", &Patching::copy},
    {"test", &Patching::test},
}};

Failure not_there() { return fail(ErrorCode::invalid, "there is nothing at the path"); }

Result<NodeId> Patching::child(NodeId node, std::string const& segment) const {
  if (tree_.kind(node) == json::Kind::object) {
    auto const found = tree_.member(node, segment);
    if (found == kNoNode) return not_there();
    return found;
  }
  if (tree_.kind(node) != json::Kind::array) return not_there();
  auto const index = read_index(segment);
  if (!index || *index >= tree_.children(node).size()) return not_there();
  return tree_.children(node)[*index];
}

Result<NodeId> Patching::resolve(Pointer const& path, std::size_t length) const {
  auto node = tree_.root();
  for (std::size_t i = 0; i < length; ++i) node = TRY(child(node, path[i]));
  return node;
}

/// What `add`, `move` and `copy` end with.
Result<> Patching::put(Pointer const& path, NodeId node) {
  if (path.empty()) return tree_.set_root(node), Result<>();
  auto const parent = TRY(resolve(path, path.size() - 1));
  if (tree_.kind(parent) == json::Kind::object) {
    return tree_.set_member(parent, path.back(), node), Result<>();
  }
  if (tree_.kind(parent) != json::Kind::array) return not_there();
  auto const size = tree_.children(parent).size();
  auto const index = path.back() == "-" ? std::optional(size) : read_index(path.back());
  if (!index || *index > size) {
    return fail(ErrorCode::invalid, "the index lies outside of the list");
  }
  return tree_.insert(parent, *index, node), Result<>();
}

Result<> Patching::add(json::Value operation, Pointer const& path) {
  return put(path, TRY(value_of(operation)));
}

Result<> Patching::remove(json::Value, Pointer const& path) {
  auto const node = TRY(resolve(path));
  if (node == tree_.root()) return fail(ErrorCode::invalid, "the whole cannot be removed");
  return tree_.detach(node), Result<>();
}

Result<> Patching::replace(json::Value operation, Pointer const& path) {
  auto const node = TRY(resolve(path));
  return tree_.replace(node, TRY(value_of(operation))), Result<>();
}

Result<> Patching::move(json::Value operation, Pointer const& path) {
  auto const from = TRY(read_pointer(operation["from"]));
  auto const node = TRY(resolve(from));
  if (from == path) return {};
  // "The "from" location MUST NOT be a proper prefix of the "path" location"
  bool const is_prefix =
      from.size() < path.size() && std::equal(from.begin(), from.end(), path.begin());
  if (is_prefix) return fail(ErrorCode::invalid, "a value cannot be moved into itself");
  tree_.detach(node);
  return put(path, node);
}

Result<> Patching::copy(json::Value operation, Pointer const& path) {
  auto const from = TRY(read_pointer(operation["from"]));
  return put(path, TRY(tree_.copy(TRY(resolve(from)))));
}

Result<> Patching::test(json::Value operation, Pointer const& path) {
  auto const node = TRY(resolve(path));
  if (!tree_.equal(node, TRY(value_of(operation)))) {
    return fail(ErrorCode::invalid, "the test fails");
  }
  return {};
}

Result<> Patching::apply(json::Value operation) {
  if (!operation.is_object()) return fail(ErrorCode::malformed, "an operation is an object");
  auto const name = operation["op"].text();
  auto const* const row = std::ranges::find(kSteps, name, &StepRow::name);
  if (row == kSteps.end()) return fail(ErrorCode::malformed, "op is unknown or left out");
  auto const path = TRY(read_pointer(operation["path"]));
  TRY((this->*row->step)(operation, path));
  return tree_.check_limits();
}

}  // namespace

Result<std::string> apply_json_patch(json::Value target, json::Value patch, Emptied emptied) {
  if (!patch.is_array()) return fail(ErrorCode::malformed, "a JSON Patch is a list of operations");
  if (patch.size() > kOperationsMax) return fail(ErrorCode::too_large, "too many operations");
  Patching patching(TRY(Tree::of(target)));
  std::size_t index = 0;
  for (auto const operation : patch.elements()) {
    if (auto done = patching.apply(operation); !done) {
      auto error = done.error();
      error.where = "[" + std::to_string(index) + "] " + operation["path"].text();
      return Failure{std::move(error)};
    }
    ++index;
  }
  return patching.text(emptied);
}

}  // namespace sinew::patch
