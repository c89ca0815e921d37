#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fhirpath/arena.h"
#include "fhirpath/evaluator.h"
#include "fhirpath/function.h"
#include "fhirpath/item_stack.h"
#include "fhirpath/program.h"
#include "fhirpath/quantity.h"

namespace sinew::fhirpath {

/// A collection on the stack of items.
struct Range {
  std::uint32_t begin = 0, end = 0;
  [[nodiscard]] std::uint32_t size() const { return end - begin; }
  [[nodiscard]] bool empty() const { return begin == end; }
};

/// The code of an argument that the function evaluates itself.
struct Body {
  std::uint32_t begin = 0, end = 0;
  std::uint16_t slot = 0;  ///< of defineVariable
  bool is_descending = false;
};

/// What a function is called with. What it pushes beyond the arguments is its result.
struct Call {
  Op const& op;
  Range input;
  std::size_t count = 0;                         ///< of arguments
  std::array<Range, kArgumentsMax> arguments{};  ///< Style::values
  std::array<Body, kArgumentsMax> bodies{};      ///< Style::bodies
  TypeSpecifier const* type = nullptr;           ///< Style::type
};

/// Three-valued logic. Source: FHIRPath N1 #boolean-logic.
enum class Truth : std::uint8_t { no, yes, unknown };
[[nodiscard]] inline Truth truth_of(bool value) { return value ? Truth::yes : Truth::no; }

/// What reading a single value out of a collection came to.
enum class Got : std::uint8_t { value, nothing, failure };

/// Runs programs on a stack of collections: one vector of items, and the places where each
/// collection begins.
class Machine {
 public:
  [[nodiscard]] bool start(Program const& program, Focus const& focus,
                           Environment const& environment);
  [[nodiscard]] std::span<Item const> result() const;
  [[nodiscard]] Error take_error() { return std::move(error_); }

  // For functions and operators.

  [[nodiscard]] Item const& at(std::uint32_t index) const { return items_[index]; }
  [[nodiscard]] std::uint32_t size() const { return items_.size(); }
  void push(Item const& item) {
    if (has_room()) items_.add() = item;
  }
  void push(bool value) = delete;
  void push_boolean(bool value) {
    if (!has_room()) return;
    auto& item = items_.add();
    item.kind = ItemKind::boolean;
    item.boolean = value;
    item.element = nullptr;
    item.type = 0;
  }
  void push_truth(Truth truth) {
    if (truth != Truth::unknown) push_boolean(truth == Truth::yes);
  }
  void push_text(std::string_view text) { push(Item::of_string(texts_.keep(text))); }
  void push_range(Range range) {
    for (auto i = range.begin; i < range.end; ++i) push(Item(items_[i]));
  }
  /// Drops the items above `size`.
  void cut(std::uint32_t size) { items_.cut(size); }
  /// Moves the items from `begin` on down to `to`.
  void move_down(std::uint32_t begin, std::uint32_t to);
  void set(std::uint32_t index, Item const& item) { items_[index] = item; }

  /// Counts work; false when there was too much of it.
  [[nodiscard]] bool spend(std::uint64_t steps) {
    constexpr std::uint64_t kLook = 64;  // the other limits are looked at now and then
    if (steps_left_ % kLook < steps || steps_left_ < steps) return spend_slowly(steps);
    steps_left_ -= steps;
    return true;
  }
  /// Records what went wrong at the instruction under way. Always false.
  bool fail(ErrorCode code, std::string what);

  /// Evaluates an argument with `focus` as $this; its result is the Range returned, on top of the
  /// stack: the caller cuts it. `index`: $index, or -1 to leave that as it is.
  [[nodiscard]] std::optional<Range> evaluate(Body const& body, Range focus,
                                              std::int64_t index = -1);
  [[nodiscard]] std::optional<Range> evaluate_with_total(Body const& body, Range focus,
                                                         std::int64_t index, Range total);
  [[nodiscard]] Range this_range() const { return frame_.focus; }
  void define(std::uint16_t slot, Range value);

  /// The children of a node called `name`, pushed.
  void push_children(Item const& from, Name const& name);
  /// All children, pushed.
  void push_all_children(Item const& from);

  /// A primitive node or FHIR Quantity as a value of FHIRPath's own types; other items as they are.
  [[nodiscard]] Item plain(Item const& item);
  /// The same without a copy of what is plain already; `made` holds what is not.
  [[nodiscard]] Item const& plain(Item const& item, Item& made) {
    return item.is_node() ? made = plain(item) : item;
  }
  /// A primitive's text as written; nothing for others.
  [[nodiscard]] std::optional<std::string_view> lexical(Item const& item);

  // Reads a collection of at most one item. `failure`: there are more, or it is something else.
  [[nodiscard]] Got single(Range range, Item& out);
  /// The same without a copy; the pointer is valid until something is pushed.
  [[nodiscard]] Got single(Range range, Item& made, Item const*& out) {
    if (range.size() == 1 && !items_[range.begin].is_node()) [[likely]] {
      return out = &items_[range.begin], Got::value;
    }
    return out = &made, single(range, made);
  }
  [[nodiscard]] Got text(Range range, std::string_view& out);
  [[nodiscard]] Got integer(Range range, std::int64_t& out);
  [[nodiscard]] Got decimal(Range range, Decimal& out);
  /// Singleton evaluation: any single item that is no boolean counts as true.
  [[nodiscard]] bool truth(Range range, Truth& out);

  [[nodiscard]] Program const& program() const { return *program_; }
  [[nodiscard]] Environment const& environment() const { return *environment_; }
  [[nodiscard]] Services& services() const;
  [[nodiscard]] Focus const& focus() const { return *focus_; }
  [[nodiscard]] TextArena& texts() { return texts_; }
  [[nodiscard]] UnitPairs& units() { return units_; }
  /// The pattern of a call: compiled with the expression, or kept from an earlier call.
  [[nodiscard]] Pattern const* pattern(Op const& op, std::string_view text);

 private:
  struct Frame {
    Range focus;
    std::int64_t index = -1;
    Range total;
    bool has_total = false;
  };

  [[nodiscard]] bool run(std::uint32_t pc, std::uint32_t end);
  [[nodiscard]] bool step(Op const& op);
  [[nodiscard]] bool push_variable(Op const& op);
  [[nodiscard]] bool navigate(Op const& op);
  [[nodiscard]] bool navigate_from_focus(Op const& op);
  [[nodiscard]] bool index_into();
  [[nodiscard]] bool call(Op const& op);
  [[nodiscard]] bool call_bodies(Op const& op, std::uint32_t pc);
  [[nodiscard]] bool type_operator(Op const& op);
  [[nodiscard]] bool decide_early(Op const& op, bool& decided);
  [[nodiscard]] bool binary(Op const& op);
  [[nodiscard]] bool sign(Op const& op);

  /// False, and an error at the next look, when there are too many items.
  [[nodiscard]] bool has_room() {
    if (items_.size() < items_max_) [[likely]]
      return true;
    overflowed_ = true;
    return false;
  }
  [[nodiscard]] bool judge(OpCode code, Range left, Range right, Truth& out);
  void mark() { marks_.push_back(size()); }
  [[nodiscard]] Range top() const { return {marks_.back(), size()}; }
  /// Puts what stands from `begin` on in the place of the top `collections` collections.
  void replace(std::size_t collections, std::uint32_t begin);
  [[nodiscard]] bool spend_slowly(std::uint64_t steps);
  /// What is known of values before they are looked at.
  struct Place {
    fhir::Element const* element;
    fhir::TypeId type;
    bool has_no_twins;
  };
  void push_value(json::Value value, json::Value twin, Place const& place);
  void push_values(json::Value value, json::Value twin, Place const& place);
  void push_untyped(json::Value value, json::Value twin, bool has_no_twins);
  void push_member(Item const& from, json::Value object, json::Member member);
  void push_choice(Item const& from, Name const& name);
  void push_part(Item const& from, std::string_view name);

  Environment const* environment_ = nullptr;
  Program const* program_ = nullptr;
  Focus const* focus_ = nullptr;
  ItemStack items_;
  std::vector<std::uint32_t> marks_;
  std::vector<std::vector<Item>> defined_;
  Frame frame_;
  Op const* current_ = nullptr;
  std::uint64_t steps_left_ = 0;
  std::size_t items_max_ = 0;
  bool overflowed_ = false;
  bool failed_ = false;
  Error error_;
  UnitPairs units_;
  TextArena texts_;
  std::string scratch_;
  std::map<std::string, std::unique_ptr<Pattern>, std::less<>> patterns_;
  Services default_services_;
};

// Operators on values, in operators.cpp and equality.cpp.

/// Source: FHIRPath N1 #equals. Unknown where precision or units forbid an answer.
[[nodiscard]] Truth equals(Machine& machine, Item const& a, Item const& b);
[[nodiscard]] bool are_equivalent(Machine& machine, Item const& a, Item const& b);
/// Whole collections, in order (equals) or in any order (equivalent).
[[nodiscard]] Truth equals(Machine& machine, Range a, Range b);
[[nodiscard]] bool are_equivalent(Machine& machine, Range a, Range b);
/// Equal items have equal hashes, but for a number and a quantity in the unit '1'.
[[nodiscard]] std::uint64_t hash_of(Machine& machine, Item const& item);
[[nodiscard]] bool is_in(Machine& machine, Item const& item, Range range);
/// Nothing where no order is known; sets an error where the types have none.
[[nodiscard]] Got compare(Machine& machine, Item const& a, Item const& b,
                          std::strong_ordering& order);
/// Pushes the items of a range without those equal to an earlier one. False: too much work.
[[nodiscard]] bool push_distinct(Machine& machine, Range range);
/// The same for two ranges, one behind the other.
[[nodiscard]] bool push_union(Machine& machine, Range a, Range b);

[[nodiscard]] bool arithmetic(Machine& machine, OpCode code, Item const& a, Item const& b);

/// Whether an item is of a type; `exactly`: no other primitive that comes from it.
[[nodiscard]] bool is_of_type(Item const& item, TypeSpecifier const& type, bool exactly);

/// A value as toString() gives it; nothing for what has no text.
[[nodiscard]] std::optional<std::string> to_text(Machine& machine, Item const& item);

}  // namespace sinew::fhirpath
