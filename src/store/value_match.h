#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fhir/search_index.h"
#include "store/search_value.h"

namespace sinew::store {

/// One value of a search parameter, ready to be compared with values taken from a body. Says the
/// same as the index does; it is asked where the index alone cannot tell.
class ValueMatch {
 public:
  /// `value`  one alternative, with its prefix, still escaped.
  /// Fails `invalid` at the parameter for a value or a modifier that it does not take.
  [[nodiscard]] static Result<ValueMatch> make(fhir::SearchParameter const& parameter,
                                               std::string_view modifier, std::string_view value,
                                               Instant now);

  /// `stored` is of a path of the parameter.
  [[nodiscard]] bool holds(fhir::IndexValue const& stored) const;

 private:
  struct Text {
    std::string whole, folded;
    enum class How : std::uint8_t { starts, contains, exact, above, below } how;
  };
  struct Target {
    std::string text;                 ///< "Patient/1", "1", a URL
    std::vector<fhir::TypeId> types;  ///< empty: any
  };
  using State =
      std::variant<TokenCondition, DateCondition, NumberCondition, QuantityCondition, Text, Target>;
  explicit ValueMatch(State state) : state_(std::move(state)) {}
  static bool holds_text(Text const& text, fhir::IndexValue const& stored);
  static bool holds_target(Target const& target, fhir::IndexValue const& stored);

  State state_;
};

}  // namespace sinew::store
