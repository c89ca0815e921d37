#include "api/graphql/execute.h"

#include <memory>

#include "api/graphql/check.h"
#include "api/graphql/collect.h"
#include "api/graphql/output.h"
#include "api/graphql/resolve.h"

namespace sinew::graphql {
namespace {

using Groups = std::shared_ptr<std::vector<Group> const>;

/// An object of the answer that is being filled.
struct Frame {
  Source source;
  Index out = kNone;
  Groups groups;
  bool is_flat = false;        ///< below @flatten: fields of several values come together
  bool inherits_list = false;  ///< they become lists by that
  std::string suffix = {};     ///< by @slice, for the names of fields

  std::size_t group = 0;            ///< under way
  std::vector<Source> values = {};  ///< of its field; empty: not begun
  std::size_t value = 0;            ///< the next of them
  Field field = {};
};

/// Goes through the query with a stack of its own: one step is one field or one value of it.
class Execution {
 public:
  Execution(rest::Context const& context, Query const& query)
      : query_(query), resolver_(context, query) {}

  Result<std::string> run() {
    Source root;
    root.type = {TypeKind::query};
    if (query_.resource) root = Resolver::source_of(query_.resource, {});
    TRY(open({root, Output::root(), {}}, {query_.operation.first}));
    for (std::size_t steps = 0; !open_.empty(); ++steps) {
      if (steps > kStepsMax) {
        return fail_at(kNone, "the query costs too much", ErrorCode::too_large);
      }
      TRY(step());
    }
    return output_.json();
  }

 private:
  Result<> open(Frame frame, std::vector<Index> const& firsts);
  Result<> step();
  Result<> begin(Frame& frame, Selection const& selection);
  Result<> write_leaves(Frame& frame, Selection const& selection);
  Result<> descend(Group const& group, Selection const& selection);
  [[nodiscard]] static Shape shape_of(Frame const& frame, Selection const& selection);
  Result<Groups> groups_of(Type const& type, std::vector<Index> const& firsts);

  Query const& query_;
  Resolver resolver_;
  Output output_;
  std::vector<Frame> open_;
  std::map<std::pair<std::pair<TypeKind, fhir::TypeId>, std::vector<Index>>, Groups> collected_;
};

Result<Groups> Execution::groups_of(Type const& type, std::vector<Index> const& firsts) {
  auto& known = collected_[{{type.kind, type.id}, firsts}];
  if (!known) {
    known = std::make_shared<std::vector<Group> const>(
        TRY(collect(query_.document, query_.variables, type, firsts)));
  }
  return known;
}

Result<> Execution::open(Frame frame, std::vector<Index> const& firsts) {
  if (open_.size() == kAnswerDepthMax) {
    return fail_at(kNone, "the answer is nested too deep", ErrorCode::too_large);
  }
  frame.groups = TRY(groups_of(frame.source.type, firsts));
  open_.push_back(std::move(frame));
  return {};
}

Result<> Execution::step() {
  auto& frame = open_.back();
  if (frame.group == frame.groups->size()) {
    open_.pop_back();
    return {};
  }
  auto const& group = (*frame.groups)[frame.group];
  auto const& selection = query_.document.selections[group.selection];
  if (frame.values.empty()) return begin(frame, selection);
  if (frame.value < frame.values.size()) return descend(group, selection);
  frame.values.clear();
  ++frame.group;
  return {};
}

Shape Execution::shape_of(Frame const& frame, Selection const& selection) {
  if (find_directive(selection, "singleton")) return Shape::singleton;
  bool const is_list = frame.field.is_list && !find_directive(selection, "first");
  return is_list || frame.inherits_list ? Shape::list : Shape::single;
}

Result<> Execution::begin(Frame& frame, Selection const& selection) {
  auto const field = find_field(frame.source.type, selection.name);
  if (!field) return no_such_field(selection, frame.source.type);
  TRY(check_field(query_.document, selection, frame.source.type, *field));
  frame.field = *field;
  if (frame.source.type.kind == TypeKind::json) {
    auto const value = frame.source.value[selection.name];
    if (!value) return no_such_field(selection, frame.source.type);
    frame.field.is_list = value.is_array();
    frame.field.is_leaf = !value.is_object() && !value.at(0).is_object();
  }
  if (frame.field.is_leaf) {
    ++frame.group;
    return write_leaves(frame, selection);
  }
  frame.value = 0;
  frame.values = TRY(resolver_.objects(selection, *field, frame.source));
  if (find_directive(selection, "first") && frame.values.size() > 1) frame.values.resize(1);
  if (!frame.values.empty()) return {};
  ++frame.group;
  // A search that finds nothing has an answer; an element that is not there has none.
  bool const is_search = field->kind == FieldKind::list;
  bool const is_plain =
      !find_directive(selection, "flatten") && !find_directive(selection, "slice");
  if (is_search && is_plain) {
    TRY(output_.field(frame.out, selection.alias + frame.suffix, shape_of(frame, selection), 0,
                      frame.is_flat, selection.at));
  }
  return {};
}

Result<> Execution::write_leaves(Frame& frame, Selection const& selection) {
  auto found = TRY(resolver_.leaves(selection, frame.field, frame.source));
  bool const is_empty_list = frame.source.type.kind == TypeKind::json && frame.field.is_list;
  if (found.empty() && !is_empty_list) return {};
  if (!found.empty() && find_directive(selection, "first")) found.resize(1);
  auto const type = frame.field.element ? frame.field.element->type : fhir::TypeId{0};
  auto const into =
      TRY(output_.field(frame.out, selection.alias + frame.suffix, shape_of(frame, selection), type,
                        frame.is_flat, selection.at));
  for (auto const& json : found) TRY(output_.add_json(into, json));
  return {};
}

/// Opens the next value of the field under way.
Result<> Execution::descend(Group const& group, Selection const& selection) {
  auto& frame = open_.back();
  auto const index = frame.value++;
  Frame child{frame.values[index], frame.out, {}};
  auto suffix = frame.suffix;
  if (auto const* const slice = find_directive(selection, "slice")) {
    suffix += '.' + TRY(resolver_.slice_name(*slice, child.source, index));
  }
  if (find_directive(selection, "flatten")) {
    bool const is_list = frame.field.is_list && !find_directive(selection, "first");
    child.is_flat = true;
    child.inherits_list = frame.inherits_list || is_list;
    child.suffix = std::move(suffix);
  } else {
    auto const type = child.source.type.kind == TypeKind::element && frame.field.element
                          ? child.source.type.id
                          : fhir::TypeId{0};
    auto const into =
        TRY(output_.field(frame.out, selection.alias + suffix, shape_of(frame, selection), type,
                          frame.is_flat, selection.at));
    child.out = TRY(output_.add_object(into));
  }
  return open(std::move(child), group.firsts);
}

}  // namespace

Result<std::string> execute(rest::Context const& context, Query const& query) {
  return Execution(context, query).run();
}

}  // namespace sinew::graphql
