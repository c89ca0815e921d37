#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/hl7v2/message.h"

namespace sinew::hl7v2 {

struct ContinuationOptions {
  std::size_t messages_max = 64;                          ///< unfinished messages at a time
  std::size_t message_bytes_max = std::size_t{64} << 20;  ///< of one joined message
};

/// Joins a message that came in fragments: DSC-1 of one is MSH-14 of the next, and what an ADD
/// segment brings is the rest of the segment that the fragment before broke off.
/// Source: HL7 v2.5.1 §2.10.2 (continuation messages and segments), §2.15.1 (ADD), §2.15.4 (DSC).
class Continuations {
 public:
  explicit Continuations(ContinuationOptions options = {}) : options_(options) {}

  /// The whole message, when this fragment completes it (or it never was a fragment); nothing while
  /// more is to come. The oldest unfinished message gives way when there are too many.
  /// Fails `not_found` at MSH-14 for a fragment whose beginning is not known, `too_large` beyond
  /// the limit; the fragment is then dropped, and what was joined so far with it.
  [[nodiscard]] Result<std::optional<std::string>> add(Message const& fragment);

  [[nodiscard]] std::size_t unfinished() const { return waiting_.size(); }

 private:
  struct Waiting {
    std::string key;   ///< sender and the pointer that the next fragment must carry
    std::string text;  ///< joined so far, every segment with its CR
  };
  std::deque<Waiting> waiting_;
  ContinuationOptions options_;
};

/// True when the message says that another one continues it: DSC-1 is valued and DSC-2 is not I
/// (interactive continuation is asked for by a query, and is not a fragment).
[[nodiscard]] bool is_continued(Message const& message);

}  // namespace sinew::hl7v2
