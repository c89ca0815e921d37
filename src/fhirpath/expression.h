#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fhir/definitions.h"

namespace sinew::fhirpath {

inline constexpr std::size_t kExpressionBytesMax = 64 * 1024;
inline constexpr int kNestingMax = 100;  ///< parentheses, arguments and right operands

struct Program;

struct CompileOptions {
  /// Checks names and types as far as they can be known before evaluation: an element that the
  /// type has not, a root type that is not the context's, a function on a value it never takes.
  bool is_strict = false;
  /// With is_strict: refuses `first()`, `skip()` ... on collections without an order.
  bool check_order = false;
  /// Reads what R4's own definitions rely on and FHIRPath N1 forbids: `as` on several items keeps
  /// those of the type instead of failing (dom-3), `is Boolean` holds for a FHIR boolean (que-7),
  /// and several items count as true for `and` and `or` (US Core's pd-1: `telecom or endpoint`).
  bool is_r4_definition = false;
  /// Lets `valueQuantity` name what FHIRPath calls `value`.
  bool takes_json_names = false;
  /// Type of the item that the expression is for, for is_strict; 0 when not known.
  fhir::TypeId context = 0;
};

/// How R4's own definitions want to be read: invariants and search parameters.
[[nodiscard]] CompileOptions definition_options(fhir::TypeId context = 0);

/// A compiled FHIRPath expression: immutable, cheap to copy, usable by several threads at once.
///
/// Source: FHIRPath N1 (2.0.0) with the STU functions of the official suite; FHIR R4 fhirpath.html.
class Expression {
 public:
  /// Fails `malformed` (grammar) or `invalid` (meaning) with line and column as `where`.
  [[nodiscard]] static Result<Expression> compile(std::string_view text,
                                                  CompileOptions const& options = {});

  [[nodiscard]] std::string const& text() const;
  [[nodiscard]] Program const& program() const { return *program_; }

 private:
  explicit Expression(std::shared_ptr<Program const> program);
  std::shared_ptr<Program const> program_;
};

}  // namespace sinew::fhirpath
