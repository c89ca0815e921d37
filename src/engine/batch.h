#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/time.h"
#include "wire/hl7v2/batch.h"

namespace sinew::engine {

/// The frame may hold more than one message: it begins with FHS or BHS, or a second MSH begins a
/// line. A quick look; `hl7v2::split_batch` has the last word.
[[nodiscard]] bool may_be_batch(std::string_view frame);

/// A batch of acknowledgements, one a message, under headers like those of the batch they answer,
/// with sender and receiver exchanged. An empty acknowledgement leaves no trace.
/// Source: HL7 v2.5.1 §2.10.3.3 (acknowledging batches), §2.15.2 (BHS).
/// `control_id`  of the batch of acknowledgements, unique.
[[nodiscard]] std::string answer_batch(hl7v2::Batch const& batch, std::string_view control_id,
                                       Instant now, std::span<std::string const> acknowledgements);

}  // namespace sinew::engine
