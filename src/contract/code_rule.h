#pragma once

#include <cstdint>
#include <string_view>

#include "contract/profile.h"
#include "wire/hl7v2/dictionary.h"

namespace sinew::contract {

/// What the dictionary says of a place, as far as learning depends on it.
///
/// A value set is learned only where the dictionary's data type says that values are codes: ID and
/// IS, and the codes of CE, CWE, CNE and CF. Never of identifiers, names, addresses, telephone
/// numbers, dates, numbers and text; never where the dictionary knows nothing (Z segments).
/// docs/guides/feed-contracts.md says so to users.
[[nodiscard]] Element make_field(hl7v2::Version version, std::string_view segment,
                                 std::size_t number);
/// The part of a field or component of type `type`; its own type is looked up.
[[nodiscard]] Element make_part(hl7v2::Version version, std::string_view type, std::size_t number,
                                bool is_of_person);
/// Components of names, addresses, identifiers and the like may be codes too ("usual", "MRN").
[[nodiscard]] bool may_learn_codes(std::string_view composite, std::size_t number);

/// A code as senders write them: short, printable, few words.
[[nodiscard]] bool is_code_like(std::string_view value);

}  // namespace sinew::contract
