#pragma once

#include <optional>
#include <string_view>

#include "wire/hl7v2/overlay.h"

namespace sinew::script {

// What scripts mean by a place. In reading, what is not numbered is the first; in counting and
// setting, every one. A field of which no component is asked counts its repetitions.

/// The raw bytes of the first place; empty when there is none.
[[nodiscard]] std::string_view first_raw(hl7v2::Overlay const& message, hl7v2::Path const& place);
[[nodiscard]] std::size_t count_places(hl7v2::Overlay const& message, hl7v2::Path const& place);
/// The place of that index (from zero), with its occurrence and repetition.
[[nodiscard]] std::optional<hl7v2::Path> nth_place(hl7v2::Overlay const& message,
                                                   hl7v2::Path const& place, std::size_t index);

/// Sets every place. A segment that is not there is added at the end, as E4X does.
Result<> set_place(hl7v2::Overlay& message, hl7v2::Path const& place, std::string_view text);
/// The same with ER7, given as UTF-8.
Result<> set_raw_place(hl7v2::Overlay& message, hl7v2::Path const& place, std::string_view utf8);
/// Adds a segment behind another, or at the end when `after` is empty. Returns its occurrence.
Result<std::size_t> insert_after(hl7v2::Overlay& message, std::string_view id,
                                 std::string_view after, std::size_t occurrence);

}  // namespace sinew::script
