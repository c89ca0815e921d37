#include "json/json.h"

#include "json/escape.h"
#include "json/nodes.h"

namespace sinew::json {

Document::Document(std::unique_ptr<Nodes> nodes) : nodes_(std::move(nodes)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Value Document::root() const { return {nodes_.get(), 0}; }
std::string_view Document::text() const { return nodes_->text; }

Kind Value::kind() const { return nodes_ ? node_kind(nodes_->nodes[index_]) : Kind::null; }

std::string_view Value::source() const {
  return nodes_ ? nodes_->source(index_) : std::string_view{};
}

std::string_view Value::raw() const {
  if (!nodes_) return {};
  auto const& node = nodes_->nodes[index_];
  auto const source = nodes_->source(index_);
  switch (node_kind(node)) {
    case Kind::string:
      return source.substr(1, source.size() - 2);
    case Kind::number:
    case Kind::boolean:
      return source;
    default:
      return {};
  }
}

std::string Value::text() const {
  std::string scratch;
  auto const view = text(scratch);
  return view.data() == scratch.data() ? scratch : std::string(view);
}

std::string_view Value::text(std::string& scratch) const {
  auto const written = raw();
  if (!nodes_ || !(nodes_->nodes[index_].meta & kEscapedFlag)) return written;
  scratch.clear();
  unescape(written, scratch);
  return scratch;
}

bool Value::boolean() const { return nodes_ && kind() == Kind::boolean && source() == "true"; }

std::size_t Value::size() const {
  if (!nodes_ || !is_container(nodes_->nodes[index_])) return 0;
  return nodes_->extra_of(index_).count;
}

Value Value::operator[](std::string_view name) const {
  if (!is_object()) return {};
  auto const key = name_key(name.data(), name.size());
  auto const end = nodes_->nodes[index_].extent;
  for (auto child = index_ + 2; child != end; child = nodes_->after(child)) {
    auto const& node = nodes_->nodes[child];
    if ((node.meta & kKeyMask) == key && nodes_->name(node) == name) return {nodes_, child};
  }
  return {};
}

Value Value::at(std::size_t index) const {
  if (!is_array() || index >= size()) return {};
  auto child = index_ + 2;
  while (index-- > 0) child = nodes_->after(child);
  return {nodes_, child};
}

Value::Elements Value::elements() const {
  if (!is_array()) return {nodes_, 0, 0};
  return {nodes_, index_ + 2, nodes_->nodes[index_].extent};
}

Value::Members Value::members() const {
  if (!is_object()) return Members({nodes_, 0, 0});
  return Members({nodes_, index_ + 2, nodes_->nodes[index_].extent});
}

Value::Elements::Iterator& Value::Elements::Iterator::operator++() {
  index_ = nodes_->after(index_);
  return *this;
}

Value::Elements::Iterator Value::Elements::Iterator::operator++(int) {
  auto const before = *this;
  ++*this;
  return before;
}

Member Value::Members::Iterator::operator*() const {
  Value const value = *at_;
  return {value.nodes_->name(value.nodes_->nodes[value.index_]), value};
}

}  // namespace sinew::json
