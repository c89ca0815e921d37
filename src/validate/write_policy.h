#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "validate/validator.h"

namespace sinew::validate {

/// How much is asked of a resource before it is written, beyond its structure.
enum class WriteLevel : std::uint8_t {
  off,       ///< nothing
  base,      ///< what R4 asks of every resource: invariants, bindings, references, extensions
  profiles,  ///< and what the profiles ask that it names, or that its type has to obey here
};

/// What writes are checked against, by type.
class WritePolicy {
 public:
  /// Each rule is a level ("profiles"), the level of one type ("Observation=base"), or a profile
  /// that one type has to obey ("Patient=http://hl7.org/.../us-core-patient"), which also raises
  /// the type to `profiles`. Later rules of a type go before earlier ones; profiles add up.
  /// Fails `invalid` for what is none of these.
  [[nodiscard]] static Result<WritePolicy> parse(std::vector<std::string> const& rules);

  /// Whether nothing is asked of anything, so that nobody need ask.
  [[nodiscard]] bool is_off() const;
  /// Fails `not_found` when a profile that a type has to obey is not known: no write could pass.
  [[nodiscard]] Result<> check_known(Library const& library) const;

  [[nodiscard]] WriteLevel level_of(std::string_view type) const;

  /// What stands against writing a resource whose structure was checked.
  /// `text`  what the resource is a part of, for lines; empty when it was not sent as JSON.
  [[nodiscard]] std::vector<Finding> check(json::Value resource, std::string_view text,
                                           Library const& library, Instant now) const;

 private:
  struct TypeRule {
    WriteLevel level = WriteLevel::off;
    std::vector<std::string> profiles;
  };
  WriteLevel level_ = WriteLevel::off;
  std::map<std::string, TypeRule, std::less<>> types_;
};

}  // namespace sinew::validate
