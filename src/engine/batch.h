#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace sinew::engine {

/// The frame is a batch: its first segment is FHS or BHS.
[[nodiscard]] bool is_batch(std::string_view frame);

/// A batch taken apart. The views point into the frame.
/// Source: HL7 v2.5.1 §2.10.3 (batch protocol).
struct Batch {
  std::string_view file_header, batch_header;  ///< FHS and the first BHS; empty where there is none
  std::vector<std::string_view> messages;
};
[[nodiscard]] Batch split_batch(std::string_view frame);

/// A batch of acknowledgements, one a message, under headers like those of the batch they answer,
/// with sender and receiver exchanged. An empty acknowledgement leaves no trace.
/// Source: HL7 v2.5.1 §2.10.3.3 (acknowledging batches), §2.15.2 (BHS).
/// `control_id`  of the batch of acknowledgements, unique.
[[nodiscard]] std::string answer_batch(Batch const& batch, std::string_view control_id, Instant now,
                                       std::vector<std::string> const& acknowledgements);

}  // namespace sinew::engine
