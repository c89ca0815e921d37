#pragma once

#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew::hl7v2 {

/// One BHS … BTS of a file. The views point into the file.
struct BatchPart {
  std::string_view header, trailer;  ///< the BHS and BTS segments; empty when left out
  std::size_t first_message = 0, message_count = 0;
};

struct BatchMessage {
  static constexpr auto kNoBatch = std::numeric_limits<std::size_t>::max();
  std::string_view bytes;        ///< with its terminator; parse_message reads it, or says
                                 ///< that its header breaks off
  std::size_t offset = 0;        ///< in the file
  std::size_t batch = kNoBatch;  ///< index into `batches`
};

/// `[FHS] {[BHS] {message} [BTS]} [FTS]`, or messages one after another without any of these.
struct Batch {
  std::string_view file_header, file_trailer;  ///< the FHS and FTS segments; empty when left out
  std::vector<BatchPart> batches;
  std::vector<BatchMessage> messages;
  bool stray_trailer = false;  ///< a BTS without its BHS
  std::vector<Issue> issues;   ///< counts that do not agree, a trailer without its header, …

  /// True when the file is more than one message.
  [[nodiscard]] bool is_batch() const {
    return !file_header.empty() || !file_trailer.empty() || !batches.empty() || stray_trailer ||
           messages.size() != 1;
  }
};

struct BatchOptions {
  std::size_t messages_max = 1'000'000;
};

/// Takes a file apart. A file of one message is a Batch of one, its bytes the whole file.
/// Fails    `malformed` at "MSH" when there is no message and no batch header, `too_large` beyond
///          the limit.
/// Source: HL7 v2.5.1 §2.10.3 (batch protocol), §2.15.2, §2.15.3, §2.15.6, §2.15.7.
[[nodiscard]] Result<Batch> split_batch(std::string_view bytes, BatchOptions options = {});

}  // namespace sinew::hl7v2
