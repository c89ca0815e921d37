#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/graphql/document.h"
#include "json/json.h"

namespace sinew::graphql {

/// The variables of one request, as Values of its document.
class Variables {
 public:
  /// Reads what was given for an operation; its values are added to the document.
  /// Fails `invalid` at a variable that is required and missing, unknown, or not of its type.
  /// Source: GraphQL, October 2021, section 6.1.2.
  [[nodiscard]] static Result<Variables> read(OperationDefinition const& operation,
                                              json::Value given, Document& document);

  /// The value, with a variable replaced by what it stands for; nullptr for one without a value.
  [[nodiscard]] Value const* resolve(Document const& document, Index value) const;
  /// The texts of a scalar or of a list of them, with their kinds; empty for null. Fails `invalid`
  /// for an object and for a list in a list.
  struct Text {
    ValueKind kind;
    std::string text;
  };
  [[nodiscard]] Result<std::vector<Text>> texts(Document const& document,
                                                Argument const& argument) const;
  /// The one text of an argument, or nothing for null. Fails `invalid` for several.
  [[nodiscard]] Result<std::optional<Text>> text(Document const& document,
                                                 Argument const& argument) const;

  [[nodiscard]] bool is_declared(std::string_view name) const {
    return values_.find(name) != values_.end();
  }

 private:
  std::map<std::string, Index, std::less<>> values_;
};

}  // namespace sinew::graphql
