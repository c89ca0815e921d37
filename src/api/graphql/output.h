#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/graphql/document.h"
#include "base/result.h"
#include "fhir/definitions.h"

namespace sinew::graphql {

inline constexpr std::size_t kOutputItemsMax = 1'000'000;
inline constexpr std::size_t kOutputBytesMax = std::size_t{128} << 20;

/// What a field of the answer becomes however many values it gets.
enum class Shape : std::uint8_t {
  single,     ///< one value; a second one is an error
  list,       ///< an array
  singleton,  ///< one value, as @singleton asks: this wins over `list`
};

/// The answer while it is put together: objects whose fields come from several places of the query,
/// because @flatten puts what stands below a node into the object above it.
class Output {
 public:
  Output();

  [[nodiscard]] static constexpr Index root() { return 0; }

  /// The field of an object, made when it is not there. `type` is that of its values, checked to be
  /// one and the same where `is_collated`; 0 is not checked.
  [[nodiscard]] Result<Index> field(Index object, std::string_view name, Shape shape,
                                    fhir::TypeId type, bool is_collated, Offset at);
  /// Fails `invalid` at a second value of what is no list, `too_large` beyond the limits.
  Result<> add_json(Index field, std::string_view json);
  Result<> add_string(Index field, std::string_view text);
  /// A new object as the value of a field.
  [[nodiscard]] Result<Index> add_object(Index field);

  [[nodiscard]] std::string json() const;

 private:
  struct Item {
    std::string json;
    Index object = kNone;
  };
  struct OutputField {
    std::string name;
    Shape shape;
    fhir::TypeId type;
    Offset at;
    std::vector<Item> items;
  };
  struct Object {
    std::vector<Index> fields;
  };
  Result<> add(Index field, Item item);

  std::vector<Object> objects_;
  std::vector<OutputField> fields_;
  std::size_t items_ = 0, bytes_ = 0;
};

}  // namespace sinew::graphql
