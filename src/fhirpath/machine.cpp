#include "fhirpath/machine.h"

#include <algorithm>

#include "fhirpath/lexer.h"

namespace sinew::fhirpath {

bool Machine::start(Program const& program, Focus const& focus, Environment const& environment) {
  environment_ = &environment;
  program_ = &program;
  focus_ = &focus;
  items_.clear();
  marks_.clear();
  texts_.clear();
  failed_ = overflowed_ = false;
  steps_left_ = environment.limits.steps_max;
  items_max_ = environment.limits.items_max;
  for (auto& slot : defined_) slot.clear();
  if (defined_.size() < program.slots) defined_.resize(program.slots);
  frame_ = {};
  for (auto const& item : focus.items) push(item);
  frame_.focus = {0, size()};
  return run(0, static_cast<std::uint32_t>(program.ops.size()));
}

std::span<Item const> Machine::result() const {
  auto const range = top();
  return items_.range(range.begin, range.end);
}

bool Machine::fail(ErrorCode code, std::string what) {
  if (failed_) return false;
  failed_ = true;
  error_ = {code, std::move(what),
            current_ == nullptr ? std::string() : place_in(program_->text, current_->position)};
  return false;
}

bool Machine::spend_slowly(std::uint64_t steps) {
  if (steps > steps_left_ || overflowed_ || texts_.bytes() > environment_->limits.text_bytes_max) {
    return fail(ErrorCode::too_large, "the evaluation costs more than its limit");
  }
  steps_left_ -= steps;
  return true;
}

Services& Machine::services() const {
  return environment_->services != nullptr ? *environment_->services
                                           : const_cast<Services&>(default_services_);
}

void Machine::move_down(std::uint32_t begin, std::uint32_t to) {
  if (begin != to) {
    items_.move_down(begin, to);
  }
}

void Machine::replace(std::size_t collections, std::uint32_t begin) {
  marks_.resize(marks_.size() - (collections - 1));
  move_down(begin, marks_.back());
}

void Machine::define(std::uint16_t slot, Range value) {
  auto const items = items_.range(value.begin, value.end);
  defined_[slot].assign(items.begin(), items.end());
}

std::optional<Range> Machine::evaluate(Body const& body, Range focus, std::int64_t index) {
  auto const outer = frame_;
  auto const* const instruction = current_;
  frame_.focus = focus;
  if (index >= 0) frame_.index = index;
  auto const is_good = run(body.begin, body.end);
  frame_ = outer;
  if (!is_good) return std::nullopt;
  current_ = instruction;
  auto const range = top();
  marks_.pop_back();
  return range;
}

std::optional<Range> Machine::evaluate_with_total(Body const& body, Range focus, std::int64_t index,
                                                  Range total) {
  auto const outer = frame_;
  frame_.total = total;
  frame_.has_total = true;
  auto const range = evaluate(body, focus, index);
  frame_ = outer;
  return range;
}

bool Machine::run(std::uint32_t pc, std::uint32_t end) {
  auto const* const ops = program_->ops.data();
  while (pc < end) {
    auto const& op = ops[pc];
    current_ = &op;
    if (!spend(1)) return false;
    switch (op.code) {
      case OpCode::call_bodies:
        if (!call_bodies(op, pc)) return false;
        pc = op.y;
        break;
      case OpCode::keep_if_false:
      case OpCode::keep_if_true:
      case OpCode::true_if_false: {
        bool decided = false;
        if (!decide_early(op, decided)) return false;
        pc = decided ? op.y : pc + 1;
        break;
      }
      default:
        if (!step(op)) return false;
        ++pc;
    }
  }
  return spend_slowly(0);
}

bool Machine::step(Op const& op) {
  switch (op.code) {
    case OpCode::constant:
      return mark(), push(program_->constants[op.x]), true;
    case OpCode::empty:
      return mark(), true;
    case OpCode::focus:
      return mark(), push_range(frame_.focus), true;
    case OpCode::index:
    case OpCode::total:
    case OpCode::context:
    case OpCode::resource:
    case OpCode::root_resource:
    case OpCode::external:
    case OpCode::defined:
      return push_variable(op);
    case OpCode::child:
      return navigate(op);
    case OpCode::focus_child:
    case OpCode::type_or_child:
      return navigate_from_focus(op);
    case OpCode::item_at:
      return index_into();
    case OpCode::call:
      return call(op);
    case OpCode::is_type:
    case OpCode::as_type:
      return type_operator(op);
    case OpCode::negate:
    case OpCode::plus:
      return sign(op);
    default:
      return binary(op);
  }
}

bool Machine::push_variable(Op const& op) {
  mark();
  switch (op.code) {
    case OpCode::index:
      if (frame_.index < 0) return fail(ErrorCode::invalid, "$index has no value here");
      return push(Item::of_integer(frame_.index)), true;
    case OpCode::total:
      if (!frame_.has_total) return fail(ErrorCode::invalid, "$total has no value here");
      return push_range(frame_.total), true;
    case OpCode::context:
      for (auto const& item : focus_->items) push(item);
      return true;
    case OpCode::resource:
    case OpCode::root_resource: {
      auto const& root = op.code == OpCode::resource ? focus_->resource : focus_->root_resource;
      if (root.is_node()) push(root);
      return true;
    }
    case OpCode::defined:
      for (auto const& item : defined_[op.x]) push(item);
      return true;
    default:
      break;
  }
  auto const& name = program_->names[op.x].text;
  for (auto const& variable : focus_->variables) {
    if (variable.first != name) continue;
    for (auto const& item : variable.second) push(item);
    return true;
  }
  return fail(ErrorCode::invalid, "there is no variable %" + name);
}

bool Machine::navigate(Op const& op) {
  auto const range = top();
  auto const& name = program_->names[op.x];
  if (range.size() == 1) {
    Item const from = items_[range.begin];
    cut(range.begin);
    push_children(from, name);
    return true;
  }
  for (auto i = range.begin; i < range.end; ++i) {
    Item const from = items_[i];
    push_children(from, name);
  }
  if (!spend(range.size())) return false;
  move_down(range.end, range.begin);
  return true;
}

bool Machine::navigate_from_focus(Op const& op) {
  auto const focus = frame_.focus;
  auto const& name = program_->names[op.x];
  mark();
  for (auto i = focus.begin; i < focus.end; ++i) {
    Item const from = items_[i];
    bool is_itself = false;
    if (op.code == OpCode::type_or_child && from.is_node()) {
      std::string scratch;
      is_itself = from.type != 0 ? name.type != 0 && is_subtype(from.type, name.type)
                                 : from.node.value["resourceType"].text(scratch) == name.text;
    }
    if (is_itself) {
      push(from);
    } else {
      push_children(from, name);
    }
  }
  return spend(focus.size());
}

bool Machine::index_into() {
  auto const index = top();
  std::int64_t number = 0;
  auto const got = integer(index, number);
  if (got == Got::failure) return false;
  marks_.pop_back();
  auto const input = Range{marks_.back(), index.begin};
  if (got == Got::nothing || number < 0 || number >= input.size()) return cut(input.begin), true;
  items_[input.begin] = items_[input.begin + static_cast<std::uint32_t>(number)];
  return cut(input.begin + 1), true;
}

bool Machine::call(Op const& op) {
  auto const& function = function_at(op.x);
  Call call{op, {}, op.count, {}, {}, nullptr};
  auto end = size();
  for (std::size_t i = op.count; i-- > 0;) {
    call.arguments[i] = {marks_.back(), end};
    end = marks_.back();
    marks_.pop_back();
  }
  call.input = {marks_.back(), end};
  if (function.style == Style::type && op.y != 0) {
    call.type = &program_->types[op.y - 1];
  }
  auto const begin = size();
  if (!function.run(*this, call)) return failed_ ? false : fail(ErrorCode::internal, "failed");
  move_down(begin, call.input.begin);
  return true;
}

bool Machine::call_bodies(Op const& op, std::uint32_t pc) {
  Call call{op, top(), op.count, {}, {}, nullptr};
  ++pc;
  for (std::size_t i = 0; i < op.count; ++i) {
    auto const& body = program_->ops[pc];
    call.bodies[i] = {pc + 1, body.y, body.x, body.is_descending};
    pc = body.y;
  }
  auto const begin = size();
  if (!function_at(op.x).run(*this, call)) {
    return failed_ ? false : fail(ErrorCode::internal, "failed");
  }
  move_down(begin, call.input.begin);
  return true;
}

bool Machine::decide_early(Op const& op, bool& decided) {
  auto const range = top();
  Truth left{};
  if (!truth(range, left)) return false;
  auto const wanted = op.code == OpCode::keep_if_true ? Truth::yes : Truth::no;
  decided = left == wanted;
  cut(range.begin);
  push_truth(op.code == OpCode::true_if_false && decided ? Truth::yes : left);
  return true;
}

bool Machine::type_operator(Op const& op) {
  auto const range = top();
  auto const& type = program_->types[op.x];
  if (range.size() > 1 && !(op.code == OpCode::as_type && program_->is_r4_definition)) {
    return fail(ErrorCode::invalid, "'is' and 'as' take a single item");
  }
  if (op.code == OpCode::is_type) {
    if (range.empty()) return true;
    items_[range.begin] = Item::of_boolean(is_of_type(items_[range.begin], type, false));
    return true;
  }
  if (!type.is_known) return fail(ErrorCode::invalid, "there is no type " + type.name);
  auto kept = range.begin;
  for (auto i = range.begin; i < range.end; ++i) {
    if (is_of_type(items_[i], type, true)) items_[kept++] = items_[i];
  }
  cut(kept);
  return true;
}

Pattern const* Machine::pattern(Op const& op, std::string_view text) {
  if (op.y != 0) return program_->patterns[op.y - 1].get();
  constexpr std::size_t kPatternsKept = 32;
  auto place = patterns_.find(text);
  if (place == patterns_.end()) {
    auto compiled = Pattern::compile(text);
    if (!compiled) return fail(compiled.error().code, compiled.error().what), nullptr;
    if (patterns_.size() >= kPatternsKept) patterns_.clear();
    place = patterns_.emplace(std::string(text), *std::move(compiled)).first;
  }
  return place->second.get();
}

}  // namespace sinew::fhirpath
