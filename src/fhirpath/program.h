#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "fhirpath/expression.h"
#include "fhirpath/item.h"
#include "fhirpath/pattern.h"

namespace sinew::fhirpath {

/// What one instruction does to the stack of collections.
enum class OpCode : std::uint8_t {
  constant,       ///< push constants[x]
  empty,          ///< push {}
  focus,          ///< push $this
  index,          ///< push $index
  total,          ///< push $total
  context,        ///< push %context
  resource,       ///< push %resource
  root_resource,  ///< push %rootResource
  external,       ///< push the caller's variable names[x]
  defined,        ///< push what defineVariable stored in slot x
  child,          ///< replace by the elements names[x]
  focus_child,    ///< push the elements names[x] of $this
  type_or_child,  ///< push $this where it is of the type names[x], else its elements of that name
  item_at,        ///< [index]: pop the index
  call,           ///< functions[x] with `count` arguments on the stack above the input
  call_bodies,    ///< functions[x] with `count` bodies following; the next instruction is at y
  body,           ///< the code of an argument, up to y
  is_type,        ///< types[x]
  as_type,        ///< types[x]
  keep_if_false,  ///< `and`: jump to y when the top is false
  keep_if_true,   ///< `or`
  true_if_false,  ///< `implies`: false becomes true
  logical_and,
  logical_or,
  logical_xor,
  logical_implies,
  combine,  ///< |
  add,
  subtract,
  multiply,
  divide,
  divide_whole,
  remainder,
  concatenate,
  equal,
  equivalent,
  not_equal,
  not_equivalent,
  less,
  less_or_equal,
  greater,
  greater_or_equal,
  is_in,
  contains,
  negate,
  plus,
};

struct Op {
  OpCode code;
  std::uint8_t count = 0;
  bool is_descending = false;  ///< body of a sort key
  std::uint16_t x = 0;
  std::uint32_t y = 0;
  std::uint32_t position = 0;  ///< in the text, for errors
};

/// What a name leads to from one type, as `find_step` found it last. Threads may overwrite each
/// other's, so it is read and written whole.
/// OPTIMIZATION: most names meet one type only; saves hashing and comparing the name (paths 1.2x).
struct StepCache {
  std::atomic<std::uint64_t> packed{0};
  StepCache() = default;
  StepCache(StepCache const& other) : packed(other.packed.load(std::memory_order_relaxed)) {}
};

/// A name to navigate by, with all that can be known of it beforehand.
struct Name {
  std::string text;
  std::string twin;        ///< `_name`
  bool is_choice = false;  ///< some type has a choice of this name (`value`)
  fhir::TypeId type = 0;   ///< the type so called
  mutable StepCache cache{};
  mutable StepCache choice_cache{};  ///< which of a choice stood there last
};

/// The type behind `is`, `as`, `ofType`.
struct TypeSpecifier {
  std::string name;
  fhir::TypeId fhir_type = 0;
  bool may_be_system = false;
  bool may_be_fhir = false;
  bool is_known = false;
};

struct Program {
  std::string text;
  std::vector<Op> ops;
  std::vector<Item> constants;
  std::deque<std::string> strings;  ///< what constants point into
  std::deque<Name> names;
  std::vector<TypeSpecifier> types;
  std::vector<std::unique_ptr<Pattern>> patterns;  ///< of regular expressions given as literals
  std::uint16_t slots = 0;                         ///< of defineVariable
  bool is_r4_definition = false;
  bool takes_json_names = false;
};

/// True where some type has a choice of elements with this name: `value`, `onset`.
[[nodiscard]] bool is_choice_name(std::string_view name);
/// `value` of a row such as `valueQuantity`; the row's own name where it is no choice.
[[nodiscard]] std::string_view choice_name(fhir::Element const& element);

/// The type of an element's values. The tables give Resource.id as a string; to FHIRPath it is an
/// id. Source: FHIR R4 resource-definitions.html#Resource.id
[[nodiscard]] fhir::TypeId type_of_child(fhir::TypeId owner, fhir::Element const& element);

/// Looks up a type; `space` is `System`, `FHIR` or empty for either.
[[nodiscard]] TypeSpecifier specify_type(std::string_view space, std::string_view name);

/// Finds faults that need no data. Source: FHIRPath N1 #type-safety-and-strict-evaluation.
[[nodiscard]] Result<> check_program(Program const& program, CompileOptions const& options);

}  // namespace sinew::fhirpath
