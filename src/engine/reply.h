#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "engine/engine.h"

namespace sinew::engine {

/// When the outcome of the mapping is reported, and how.
enum class Later : std::uint8_t {
  nothing,
  answer,  ///< it is the answer to the frame, which waits for it
  report,  ///< it follows the answer, as a message of its own
};

/// What a sender is to be told of one message, worked out while its bytes are at hand.
struct Replies {
  std::string durable;  ///< once it is in the journal; empty: nothing
  std::string refused;  ///< when it cannot be written there; empty: nothing
  Later later = Later::nothing;
};

/// Makes acknowledgements with message control ids of their own.
class Replier {
 public:
  /// `instance`  sets the control ids of this process apart from those of every other.
  Replier(Clock& clock, std::string instance) : clock_(clock), instance_(std::move(instance)) {}

  /// Original mode by `policy`, enhanced mode by MSH-15 and MSH-16.
  [[nodiscard]] Replies plan(std::string_view message, AckPolicy policy);
  /// The application acknowledgement: positive, or with the error that the mapping met. Empty when
  /// the sender does not ask for it.
  [[nodiscard]] std::string application(std::string_view message, Error const* error);
  /// Unique among all processes.
  [[nodiscard]] std::string next_control_id();

 private:
  Clock& clock_;
  std::string instance_;
  std::atomic<std::uint64_t> count_ = 0;
};

}  // namespace sinew::engine
