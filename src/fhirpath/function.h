#pragma once

#include <cstdint>
#include <string_view>

namespace sinew::fhirpath {

class Machine;
struct Call;

/// How a function takes its arguments.
enum class Style : std::uint8_t {
  values,  ///< evaluated before, in the context that the function is called in
  bodies,  ///< evaluated by the function itself, as often as it likes
  type,    ///< a type's name
};

/// What can be said of the result before evaluation.
enum class Returns : std::uint8_t {
  unknown,
  input,  ///< items of the input
  body,   ///< what the last argument gives
  boolean,
  integer,
  decimal,
  string,
  date,
  date_time,
  time,
  quantity,
  reference_target,
  extension,
  type,  ///< the type named
};

/// What the input has to be.
enum class Takes : std::uint8_t { anything, ordered, text };

struct Function {
  std::string_view name;
  Style style;
  std::uint8_t arguments_min;
  std::uint8_t arguments_max;
  Returns returns;
  Takes takes;
  bool (*run)(Machine&, Call const&);
};

inline constexpr std::size_t kArgumentsMax = 8;

/// The function of that name, or nullptr.
[[nodiscard]] Function const* find_function(std::string_view name);
[[nodiscard]] Function const& function_at(std::uint16_t index);
[[nodiscard]] std::uint16_t index_of(Function const& function);

}  // namespace sinew::fhirpath
