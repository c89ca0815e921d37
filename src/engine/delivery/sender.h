#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "engine/delivery/channel.h"

namespace sinew::engine {

/// A message as it leaves.
struct Outgoing {
  std::uint64_t item = 0;  ///< of the outbox: the same at every attempt
  std::string_view bytes;
  std::string_view control_id;  ///< MSH-10
  std::string_view type;        ///< "ADT^A01"
  Instant received{};
};

/// What came back. `code` is what channel files decide by: MSA-1 ("AA"), the HTTP status ("503"),
/// "written"; "stored" of a queue, "busy" (try again) and "refused" of what has no codes of its
/// own; "unreachable" when nothing was sent because nobody was there; "none" when there was
/// no answer, which says nothing of whether the message arrived.
struct Reply {
  std::string code;
  std::string text;  ///< for people: what the receiver said, or why there was no answer
};
inline constexpr std::string_view kNoReply = "none";
inline constexpr std::string_view kUnreachable = "unreachable";
/// A step of the channel failed: nothing was sent.
inline constexpr std::string_view kNotTransformed = "transform";

/// Nothing came back, or nobody was there to send to.
[[nodiscard]] Reply no_reply(Error const& error);
[[nodiscard]] Reply unreachable(Error const& error);

/// The way to one receiver. Keeps its connection; makes a new one when it is lost.
class Sender {
 public:
  virtual ~Sender() = default;
  /// Blocks until the answer is there, or cannot be expected any more.
  [[nodiscard]] virtual Reply send(Outgoing const& message) = 0;
};

/// Gives a message to the feed of another channel; durable when it returns well.
using HandOver = std::function<Result<>(std::string_view channel, std::string message)>;

/// What senders may need beyond their settings.
struct SenderContext {
  std::string destination;  ///< "channel/destination"
  HandOver hand_over;
  std::string media_type = {};  ///< of what it sends
};

/// What is done about an answer: as the channel file says for the code, or for its class ("4xx"),
/// else as usual for the target.
[[nodiscard]] Reaction reaction_to(Destination const& destination, Reply const& reply);

}  // namespace sinew::engine
