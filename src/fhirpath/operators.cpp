#include <algorithm>

#include "fhirpath/machine.h"
#include "fhirpath/quantity.h"

namespace sinew::fhirpath {
namespace {

Truth logic(OpCode code, Truth a, Truth b) {
  switch (code) {
    case OpCode::logical_and:
      if (a == Truth::no || b == Truth::no) return Truth::no;
      return a == Truth::yes && b == Truth::yes ? Truth::yes : Truth::unknown;
    case OpCode::logical_or:
      if (a == Truth::yes || b == Truth::yes) return Truth::yes;
      return a == Truth::no && b == Truth::no ? Truth::no : Truth::unknown;
    case OpCode::logical_xor:
      if (a == Truth::unknown || b == Truth::unknown) return Truth::unknown;
      return truth_of(a != b);
    default:  // implies
      if (a == Truth::no || b == Truth::yes) return Truth::yes;
      return a == Truth::yes && b == Truth::no ? Truth::no : Truth::unknown;
  }
}

bool holds(OpCode code, std::strong_ordering order) {
  switch (code) {
    case OpCode::less:
      return order < 0;
    case OpCode::less_or_equal:
      return order <= 0;
    case OpCode::greater:
      return order > 0;
    default:
      return order >= 0;
  }
}

Truth negated(Truth truth) {
  if (truth == Truth::unknown) return truth;
  return truth == Truth::yes ? Truth::no : Truth::yes;
}

std::optional<Decimal> compute(OpCode code, Decimal a, Decimal b) {
  switch (code) {
    case OpCode::add:
      return add(a, b);
    case OpCode::subtract:
      return subtract(a, b);
    case OpCode::multiply:
      return multiply(a, b);
    case OpCode::divide:
      return divide(a, b);
    case OpCode::divide_whole:
      return divide_whole(a, b);
    default:
      return remainder(a, b);
  }
}

bool push_number(Machine& machine, OpCode code, Item const& a, Item const& b) {
  auto const result = compute(code, a.decimal(), b.decimal());
  if (!result) return true;
  bool const is_whole = is_integer(a) && is_integer(b) && code != OpCode::divide;
  if (!is_whole && code != OpCode::divide_whole) {
    machine.push(Item::of_decimal(*result));
    return true;
  }
  auto const value = result->coefficient;
  bool const is_long = a.kind == ItemKind::long_integer || b.kind == ItemKind::long_integer;
  auto const limit = is_long ? Int128{INT64_MAX} : kIntegerMax;
  if (value > limit || value < -limit - 1) return true;  // overflow is no value
  auto const whole = static_cast<std::int64_t>(value);
  machine.push(is_long ? Item::of_long(whole) : Item::of_integer(whole));
  return true;
}

/// `@2014-01-31 + 1 month`. Source: FHIRPath N1 #datetime-arithmetic.
bool push_moved(Machine& machine, OpCode code, Item const& moment, Item const& quantity) {
  auto amount = quantity.decimal();
  auto unit = calendar_unit(quantity.number.unit);
  if (!unit) {
    unit = definite_unit(quantity.number.unit);
    // DEVIATION: the fraction of UCUM seconds is dropped, as the official suite has it
    // (testPlusDate19); that of the calendar's seconds counts.
    amount = round(amount, 0, Rounding::toward_zero);
  }
  if (!unit) return machine.fail(ErrorCode::invalid, "dates and times move by units of time alone");
  if (code == OpCode::subtract) amount.coefficient = -amount.coefficient;
  auto const moved = add(moment.moment, moment.moment_kind(), amount, *unit);
  if (moved) machine.push(Item::of_moment(*moved, moment.moment_kind()));
  return true;
}

/// The unit of a product or quotient, written with UCUM's operators.
std::string combined_unit(OpCode code, std::string_view a, std::string_view b) {
  bool const divides = code == OpCode::divide;
  if (divides && a == b) return "1";
  bool const is_compound = b.find_first_of("./") != b.npos;
  auto const right = is_compound ? "(" + std::string(b) + ")" : std::string(b);
  if (a == "1") return "/" + right;
  return std::string(a) + (divides ? "/" : ".") + right;
}

bool push_quantity(Machine& machine, OpCode code, Item const& a, Item const& b) {
  if (code == OpCode::multiply || code == OpCode::divide) {
    auto const value = compute(code, a.decimal(), b.decimal());
    if (!value) return true;
    if (b.number.unit == "1") {
      machine.push(Item::of_quantity(*value, a.number.unit, a.is_calendar));
      return true;
    }
    if (a.number.unit == "1" && code == OpCode::multiply) {
      machine.push(Item::of_quantity(*value, b.number.unit, b.is_calendar));
      return true;
    }
    auto const unit = combined_unit(code, unit_code(a), unit_code(b));
    if (unit.size() > ucum::kUnitBytesMax) return true;
    machine.push(Item::of_quantity(*value, machine.texts().keep(unit), false));
    return true;
  }
  if (code != OpCode::add && code != OpCode::subtract) {
    return machine.fail(ErrorCode::invalid, "div and mod take numbers");
  }
  // The result has the unit of the left operand. Source: FHIRPath N1 #addition.
  auto const* const units = machine.units().find(a, b);
  auto const right =
      units != nullptr ? ucum::convert(b.decimal(), units->b, units->a) : std::nullopt;
  auto const value = right ? compute(code, a.decimal(), *right) : std::nullopt;
  if (value) machine.push(Item::of_quantity(*value, a.number.unit, a.is_calendar));
  return true;
}

Item quantity_of(Item const& item) {
  return is_number(item) ? Item::of_quantity(item.decimal(), "1", false) : item;
}

}  // namespace

bool arithmetic(Machine& machine, OpCode code, Item const& a, Item const& b) {
  if (is_number(a) && is_number(b)) return push_number(machine, code, a, b);
  if (code == OpCode::add && a.kind == ItemKind::string && b.kind == ItemKind::string) {
    machine.push_text(std::string(a.text) + std::string(b.text));
    return machine.spend(a.text.size() + b.text.size());
  }
  bool const moves = code == OpCode::add || code == OpCode::subtract;
  if (moves && is_moment(a) && b.kind == ItemKind::quantity) {
    return push_moved(machine, code, a, b);
  }
  bool const has_quantity = a.kind == ItemKind::quantity || b.kind == ItemKind::quantity;
  if (has_quantity && (is_number(a) || a.kind == ItemKind::quantity) &&
      (is_number(b) || b.kind == ItemKind::quantity)) {
    return push_quantity(machine, code, quantity_of(a), quantity_of(b));
  }
  return machine.fail(ErrorCode::invalid, "the operator does not take these types");
}

bool Machine::sign(Op const& op) {
  auto const range = top();
  Item item;
  auto const got = single(range, item);
  if (got != Got::value) return got == Got::nothing && (cut(range.begin), true);
  if (!is_number(item) && item.kind != ItemKind::quantity) {
    return fail(ErrorCode::invalid, "a sign takes a number or a quantity");
  }
  if (op.code == OpCode::negate) {
    if (is_integer(item)) {
      if (item.integer == INT64_MIN) return cut(range.begin), true;
      item.integer = -item.integer;
    } else {
      item.number.coefficient = -item.number.coefficient;
    }
  }
  items_[range.begin] = item;
  return true;
}

/// The operators whose result is a boolean or nothing.
bool Machine::judge(OpCode code, Range left, Range right, Truth& out) {
  switch (code) {
    case OpCode::logical_and:
    case OpCode::logical_or:
    case OpCode::logical_xor:
    case OpCode::logical_implies: {
      Truth a{}, b{};
      if (!truth(left, a) || !truth(right, b)) return false;
      return out = logic(code, a, b), true;
    }
    case OpCode::equal:
      return out = equals(*this, left, right), true;
    case OpCode::not_equal:
      return out = negated(equals(*this, left, right)), true;
    case OpCode::equivalent:
      return out = truth_of(are_equivalent(*this, left, right)), true;
    case OpCode::not_equivalent:
      return out = truth_of(!are_equivalent(*this, left, right)), true;
    case OpCode::is_in:
    case OpCode::contains: {
      auto const one = code == OpCode::is_in ? left : right;
      auto const many = code == OpCode::is_in ? right : left;
      if (one.size() > 1) return fail(ErrorCode::invalid, "only a single item is in a collection");
      if (one.empty()) return true;
      return out = truth_of(fhirpath::is_in(*this, items_[one.begin], many)), true;
    }
    default:
      break;
  }
  Item made_a, made_b;
  Item const *a = nullptr, *b = nullptr;
  auto const got_a = single(left, made_a, a);
  auto const got_b = single(right, made_b, b);
  if (got_a == Got::failure || got_b == Got::failure) return false;
  if (got_a == Got::nothing || got_b == Got::nothing) return true;
  auto order = std::strong_ordering::equal;
  auto const got = fhirpath::compare(*this, *a, *b, order);
  if (got == Got::value) out = truth_of(holds(code, order));
  return got != Got::failure;
}

bool Machine::binary(Op const& op) {
  auto const right = top();
  auto const left = Range{marks_[marks_.size() - 2], right.begin};
  auto const code = op.code;
  bool const is_judgement = (code >= OpCode::logical_and && code <= OpCode::logical_implies) ||
                            (code >= OpCode::equal && code <= OpCode::contains);
  if (is_judgement) {
    auto truth = Truth::unknown;
    if (!judge(code, left, right, truth) || failed_) return false;
    marks_.pop_back();
    cut(left.begin);
    push_truth(truth);
    return true;
  }
  auto const begin = size();
  if (code == OpCode::combine) {
    if (!push_union(*this, left, right)) return false;
  } else if (code == OpCode::concatenate) {
    std::string_view a, b;
    if (text(left, a) == Got::failure || text(right, b) == Got::failure) return false;
    push_text(std::string(a) + std::string(b));
    if (!spend(a.size() + b.size())) return false;
  } else {
    Item a, b;
    auto const got_a = single(left, a);
    auto const got_b = single(right, b);
    if (got_a == Got::failure || got_b == Got::failure) return false;
    bool const has_both = got_a == Got::value && got_b == Got::value;
    if (has_both && !arithmetic(*this, code, a, b)) return false;
  }
  if (failed_) return false;
  replace(2, begin);
  return true;
}

}  // namespace sinew::fhirpath
