// The strict mode: runs a program on types instead of items, and names what can never be right.
// Where a type is not known it stays silent. Source: FHIRPath N1 #type-safety-and-strict-evaluation

#include <algorithm>

#include "fhirpath/function.h"
#include "fhirpath/lexer.h"
#include "fhirpath/program.h"

namespace sinew::fhirpath {
namespace {

/// What a collection can hold.
struct Shape {
  bool is_open = false;  ///< anything
  bool is_ordered = true;
  std::vector<fhir::TypeId> types;  ///< of nodes
  std::vector<ItemKind> kinds;      ///< of values

  static Shape open(bool ordered = true) { return {true, ordered, {}, {}}; }
  static Shape of(ItemKind kind) { return {false, true, {}, {kind}}; }
  static Shape of(fhir::TypeId type) {
    // What stands where any resource may stand is known when it is met.
    static auto const kResource = fhir::find_type("Resource");
    if (type == 0 || fhir::type(type).is_abstract || type == kResource) return open();
    return {false, true, {type}, {}};
  }

  bool is_empty() const { return !is_open && types.empty() && kinds.empty(); }
  bool has(ItemKind kind) const { return std::ranges::find(kinds, kind) != kinds.end(); }
  void add(Shape const& other) {
    is_open = is_open || other.is_open;
    is_ordered = is_ordered && other.is_ordered;
    for (auto const type : other.types) {
      if (std::ranges::find(types, type) == types.end()) types.push_back(type);
    }
    for (auto const kind : other.kinds) {
      if (!has(kind)) kinds.push_back(kind);
    }
  }
};

Shape result_shape(Returns returns) {
  switch (returns) {
    case Returns::boolean:
      return Shape::of(ItemKind::boolean);
    case Returns::integer:
      return Shape::of(ItemKind::integer);
    case Returns::decimal:
      return Shape::of(ItemKind::decimal);
    case Returns::string:
      return Shape::of(ItemKind::string);
    case Returns::date:
      return Shape::of(ItemKind::date);
    case Returns::date_time:
      return Shape::of(ItemKind::date_time);
    case Returns::time:
      return Shape::of(ItemKind::time);
    case Returns::quantity:
      return Shape::of(ItemKind::quantity);
    case Returns::extension:
      return Shape::of(fhir::find_type("Extension"));
    default:
      return Shape::open();
  }
}

class Checker {
 public:
  Checker(Program const& program, CompileOptions const& options)
      : program_(program), options_(options) {}

  Result<Shape> run(std::size_t begin, std::size_t end, Shape const& focus) {
    std::vector<Shape> stack;
    for (auto pc = begin; pc < end;) {
      auto const& op = program_.ops[pc];
      if (op.code == OpCode::call_bodies) {
        stack.back() = TRY(call_bodies(op, pc, stack.back(), focus));
        pc = op.y;
        continue;
      }
      TRY(step(op, stack, focus));
      ++pc;
    }
    return stack.empty() ? Shape{} : std::move(stack.back());
  }

 private:
  Result<> step(Op const& op, std::vector<Shape>& stack, Shape const& focus) {
    switch (op.code) {
      case OpCode::constant:
        stack.push_back(Shape::of(program_.constants[op.x].kind));
        return {};
      case OpCode::empty:
        return stack.push_back({}), Result<>();
      case OpCode::focus:
        return stack.push_back(focus), Result<>();
      case OpCode::index:
        return stack.push_back(Shape::of(ItemKind::integer)), Result<>();
      case OpCode::total:
      case OpCode::resource:
      case OpCode::root_resource:
      case OpCode::external:
      case OpCode::defined:
        return stack.push_back(Shape::open()), Result<>();
      case OpCode::context:
        return stack.push_back(Shape::of(options_.context)), Result<>();
      case OpCode::child:
        return navigate(op, stack.back());
      case OpCode::focus_child:
        stack.push_back(focus);
        return navigate(op, stack.back());
      case OpCode::type_or_child:
        return head(op, stack, focus);
      case OpCode::item_at:
        stack.pop_back();
        return check_order(op, stack.back(), "[ ]");
      case OpCode::call:
        return call(op, stack);
      case OpCode::is_type:
        return stack.back() = Shape::of(ItemKind::boolean), Result<>();
      case OpCode::as_type:
        return keep_type(op, program_.types[op.x], stack.back());
      case OpCode::keep_if_false:
      case OpCode::keep_if_true:
      case OpCode::true_if_false:
      case OpCode::negate:
      case OpCode::plus:
        return {};
      default:
        return binary(op, stack);
    }
  }

  Result<> binary(Op const& op, std::vector<Shape>& stack) {
    auto const right = std::move(stack.back());
    stack.pop_back();
    auto& left = stack.back();
    if (op.code == OpCode::combine) {
      left.add(right);
    } else if (op.code >= OpCode::add && op.code <= OpCode::concatenate) {
      left = Shape::open();
    } else {
      left = Shape::of(ItemKind::boolean);
    }
    return {};
  }

  Result<> navigate(Op const& op, Shape& shape) {
    auto const& name = program_.names[op.x];
    if (shape.is_open || shape.is_empty()) return {};
    Shape result;
    result.is_ordered = shape.is_ordered;
    for (auto const type : shape.types) add_elements(type, name, result);
    if (shape.has(ItemKind::quantity) || shape.has(ItemKind::type_info)) result.is_open = true;
    if (result.is_empty()) {
      auto const owner = shape.types.empty() ? std::string("a value")
                                             : std::string(fhir::type(shape.types[0]).name.view());
      return fail_at(op, owner + " has no element " + name.text);
    }
    shape = std::move(result);
    return {};
  }

  static void add_elements(fhir::TypeId type, Name const& name, Shape& result) {
    for (auto const& element : fhir::elements(type)) {
      if (choice_name(element) == name.text) result.add(Shape::of(type_of_child(type, element)));
    }
  }

  Result<> head(Op const& op, std::vector<Shape>& stack, Shape const& focus) {
    auto const& name = program_.names[op.x];
    stack.push_back(focus);
    if (focus.is_open || focus.is_empty()) {
      if (name.type != 0) stack.back() = Shape::of(name.type);
      return {};
    }
    Shape kept;
    for (auto const type : focus.types) {
      if (name.type != 0 && is_subtype(type, name.type)) kept.add(Shape::of(type));
    }
    if (kept.is_empty()) {
      for (auto const type : focus.types) add_elements(type, name, kept);
    }
    if (kept.is_empty()) return fail_at(op, "the context is no " + name.text);
    stack.back() = std::move(kept);
    return {};
  }

  Result<> check_order(Op const& op, Shape const& input, std::string_view what) {
    if (!options_.check_order || input.is_ordered) return {};
    return fail_at(op, std::string(what) + " needs a collection with an order");
  }

  Result<> check_input(Op const& op, Function const& function, Shape const& input) {
    if (function.takes == Takes::ordered) return check_order(op, input, function.name);
    if (function.takes != Takes::text || input.is_open || input.is_empty()) return {};
    bool const may_be_text =
        input.has(ItemKind::string) || std::ranges::any_of(input.types, [](auto type) {
          return fhir::type(type).kind == fhir::TypeKind::primitive;
        });
    if (may_be_text) return {};
    return fail_at(op, std::string(function.name) + "() takes a text");
  }

  Result<> keep_type(Op const& op, TypeSpecifier const& type, Shape& shape) {
    if (!type.is_known) return fail_at(op, "there is no type " + type.name);
    bool const ordered = shape.is_ordered;
    // The type of that name comes first; a value of FHIRPath's own type is left open.
    shape = type.may_be_fhir ? Shape::of(type.fhir_type) : Shape::open();
    shape.is_ordered = ordered;
    return {};
  }

  Result<> call(Op const& op, std::vector<Shape>& stack) {
    auto const& function = function_at(op.x);
    stack.resize(stack.size() - op.count);
    auto& input = stack.back();
    TRY(check_input(op, function, input));
    bool const loses_order = function.name == "children" || function.name == "descendants";
    switch (function.returns) {
      case Returns::input:
        break;
      case Returns::type:
        return keep_type(op, program_.types[op.y - 1], input);
      default:
        input = result_shape(function.returns);
    }
    if (loses_order) input.is_ordered = false;
    return {};
  }

  Result<Shape> call_bodies(Op const& op, std::size_t pc, Shape const& input, Shape const& focus) {
    auto const& function = function_at(op.x);
    TRY(check_input(op, function, input));
    Shape last;
    auto at = pc + 1;
    for (std::size_t i = 0; i < op.count; ++i) {
      auto const& body = program_.ops[at];
      // These are evaluated where the function is called, not on its input.
      bool const keeps_focus = function.name == "coalesce" ||
                               (function.name == "trace" && i == 0) ||
                               (function.name == "aggregate" && i == 1);
      // repeat() meets what it finds itself.
      auto const& inner = function.name == "repeat" ? (i == 0 ? kOpen : input) : input;
      last = TRY(run(at + 1, body.y, keeps_focus ? focus : inner));
      if (function.name == "iif" && i == 0 && !last.is_open && !last.is_empty() &&
          !last.has(ItemKind::boolean) && last.types.empty()) {
        return fail_at(body, "the criterion of iif() is no boolean");
      }
      at = body.y;
    }
    if (function.returns == Returns::input) return input;
    if (function.returns == Returns::body) return last;
    return result_shape(function.returns);
  }

  Failure fail_at(Op const& op, std::string what) const {
    return fail(ErrorCode::invalid, std::move(what), place_in(program_.text, op.position));
  }

  inline static Shape const kOpen = Shape::open();
  Program const& program_;
  CompileOptions const& options_;
};

}  // namespace

Result<> check_program(Program const& program, CompileOptions const& options) {
  auto const focus = options.context == 0 ? Shape::open() : Shape::of(options.context);
  TRY(Checker(program, options).run(0, program.ops.size(), focus));
  return {};
}

}  // namespace sinew::fhirpath
