#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew::graphql {

// A GraphQL document as it was written. Nested parts are in one vector each and refer to each other
// by index, so that neither reading nor walking them needs recursion.
// Source: GraphQL, October 2021, section 2.

inline constexpr std::size_t kQueryBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kTokensMax = 100'000;
inline constexpr std::size_t kSelectionDepthMax = 64;  ///< selection sets inside each other
inline constexpr std::size_t kValueDepthMax = 16;      ///< lists and objects inside each other

using Index = std::uint32_t;
inline constexpr Index kNone = 0xFFFFFFFF;
using Offset = std::uint32_t;  ///< in bytes, from the start of the text

enum class ValueKind : std::uint8_t {
  null,
  boolean,
  integer,
  number,
  string,
  enumeration,
  variable,
  list,
  object,
};

struct Value {
  ValueKind kind = ValueKind::null;
  std::string text;     ///< of a scalar without quotes and escapes; the name of a variable
  std::string name;     ///< where it is a field of an object
  Index first = kNone;  ///< of the items of a list, of the fields of an object
  Index next = kNone;   ///< in the same list or object
  Offset at = 0;
};

struct Argument {
  std::string name;
  Index value = kNone;
  Offset at = 0;
};

struct Directive {
  std::string name;
  std::vector<Argument> arguments;
  Offset at = 0;
};

enum class SelectionKind : std::uint8_t { field, inline_fragment, spread };

struct Selection {
  SelectionKind kind = SelectionKind::field;
  std::string name;            ///< of the field or the fragment
  std::string alias;           ///< what a field is called in the answer; its name when not given
  std::string type_condition;  ///< of an inline fragment; may be empty
  std::vector<Argument> arguments;
  std::vector<Directive> directives;
  bool has_set = false;  ///< whether a selection set was written
  Index first = kNone;   ///< of the selection set
  Index next = kNone;    ///< in the set that it is in
  Offset at = 0;
};

struct VariableDefinition {
  std::string name;
  std::string type;  ///< without its last '!': "Int", "[String!]"
  bool is_required = false;
  Index fallback = kNone;
  Offset at = 0;
};

enum class OperationKind : std::uint8_t { query, mutation, subscription };

struct OperationDefinition {
  OperationKind kind = OperationKind::query;
  std::string name;
  std::vector<VariableDefinition> variables;
  std::vector<Directive> directives;
  Index first = kNone;
  Offset at = 0;
};

struct FragmentDefinition {
  std::string name;
  std::string type_condition;
  std::vector<Directive> directives;
  Index first = kNone;
  Offset at = 0;
};

struct Document {
  std::vector<Value> values;
  std::vector<Selection> selections;
  std::vector<OperationDefinition> operations;
  std::vector<FragmentDefinition> fragments;

  /// Or nullptr.
  [[nodiscard]] FragmentDefinition const* fragment(std::string_view name) const;
};

/// What is wrong with a request, and where in the text of the query. A Result cannot hold an
/// offset, so `where` of its Error does, as a number.
[[nodiscard]] Failure fail_at(Offset at, std::string what, ErrorCode code = ErrorCode::invalid);
/// The offset of such an error; kNone of another.
[[nodiscard]] Offset offset_of(Error const& error);

/// Reads executable documents: operations and fragments. Fails `malformed` at the place.
[[nodiscard]] Result<Document> parse_document(std::string_view text);

}  // namespace sinew::graphql
