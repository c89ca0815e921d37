#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace sinew {

/// What kind of thing went wrong. `error_row` gives each one its answer in every protocol.
enum class ErrorCode : std::uint8_t {
  malformed,      ///< the bytes do not follow the grammar
  invalid,        ///< well-formed, but against a rule of the standard or the profile
  not_supported,  ///< legal, but this system does not do it
  not_found,
  gone,          ///< existed and was deleted
  conflict,      ///< a version or uniqueness rule stands against it
  precondition,  ///< the state the caller asked for is not the state found
  too_large,
  forbidden,
  unavailable,  ///< try again later
  internal,     ///< our fault
};

/// How each protocol says an ErrorCode.
/// Sources: FHIR R4 valueset-issue-type; HL7 v2.5.1 tables 0008 and 0357.
struct ErrorRow {
  ErrorCode code;
  std::string_view name;
  int http_status;
  std::string_view issue_type;  ///< OperationOutcome.issue.code
  std::string_view msa1;        ///< acknowledgement code, original mode
  std::string_view hl7_0357;    ///< ERR-3 message error condition
};

[[nodiscard]] ErrorRow const& error_row(ErrorCode code);

/// The operation did not happen.
struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string what;   ///< for the operator: lower case, no full stop, no patient data
  std::string where;  ///< in the sender's own path syntax: `PID-3.1`, `Patient.name[0].given`
};

/// `what`, with `where` in front of it when there is one.
[[nodiscard]] std::string to_string(Error const& error);

enum class Severity : std::uint8_t { information, warning, error };

/// The operation happened, and the data has a fault. Collected beside the value.
struct Issue {
  Severity severity = Severity::warning;
  ErrorCode code = ErrorCode::invalid;
  std::string what;
  std::string where;
};

/// The error half of a Result, so that `return fail(...)` works for every Result<T>.
struct Failure {
  Error error;
};

[[nodiscard]] inline Failure fail(ErrorCode code, std::string what, std::string where = {}) {
  return {{code, std::move(what), std::move(where)}};
}

/// A value, or the Error that says why there is none.
template <class T = void>
class [[nodiscard]] Result {
 public:
  using Value = T;

  template <std::convertible_to<T> U = T>
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}

  explicit operator bool() const { return state_.index() == 0; }
  T& operator*() & { return *std::get_if<0>(&state_); }
  T const& operator*() const& { return *std::get_if<0>(&state_); }
  T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
  T* operator->() { return std::get_if<0>(&state_); }
  T const* operator->() const { return std::get_if<0>(&state_); }
  Error const& error() const& { return *std::get_if<1>(&state_); }
  Failure failure() && { return {std::move(*std::get_if<1>(&state_))}; }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Failure failure) : error_(std::make_unique<Error>(std::move(failure.error))) {}

  explicit operator bool() const { return !error_; }
  void operator*() const {}
  Error const& error() const& { return *error_; }
  Failure failure() && { return {std::move(*error_)}; }

 private:
  std::unique_ptr<Error> error_;
};

}  // namespace sinew

#define SINEW_CONCAT_(a, b) a##b
#define SINEW_CONCAT(a, b) SINEW_CONCAT_(a, b)
// clang-format off
/// `auto x = TRY(f());` unwraps a Result or returns its failure from the enclosing function.
#define TRY(...) TRY_NAMED(SINEW_CONCAT(try_result_, __COUNTER__), __VA_ARGS__)
#define TRY_NAMED(result, ...)                                    \
  __extension__({                                                 \
    auto result = (__VA_ARGS__);                                  \
    if (!result) [[unlikely]] return std::move(result).failure(); \
    *std::move(result);                                           \
  })

/// The same for coroutines, as a declaration: `CO_TRY(auto frame, co_await read());`.
#define CO_TRY(declaration, ...) \
  CO_TRY_NAMED(SINEW_CONCAT(try_result_, __COUNTER__), declaration, __VA_ARGS__)
#define CO_TRY_NAMED(result, declaration, ...)                     \
  auto result = (__VA_ARGS__);                                     \
  if (!result) [[unlikely]] co_return std::move(result).failure(); \
  declaration = *std::move(result)
