#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sinew::net {

/// What a framer forgave or refused, for counters and logs.
struct MllpFaults {
  std::uint64_t end_without_return = 0;  ///< FS not followed by CR
  std::uint64_t space_between = 0;       ///< runs of white space or NUL between frames
  std::uint64_t text_between = 0;  ///< runs of other bytes outside a frame: a message whose VT
                                   ///< is missing is never guessed at
  std::uint64_t empty = 0;         ///< frames without payload: probes, not answered
  std::uint64_t truncated = 0;     ///< frames cut off by a VT or by the end of the stream
  std::uint64_t oversized = 0;

  /// Frames that somebody may have meant as a message, and that got no answer.
  [[nodiscard]] std::uint64_t rejected() const { return text_between + truncated + oversized; }
};

/// Cuts a byte stream into MLLP frames, without touching a socket.
/// Source: HL7 Implementation Support Guide, MLLP Release 1 (`0B payload 1C 0D`).
class MllpFramer {
 public:
  explicit MllpFramer(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}

  enum class Event : std::uint8_t {
    need_more,  ///< all bytes taken, no frame complete
    frame,      ///< `take_payload` has it; bytes after it are untaken
    broken,     ///< a limit was passed: the stream cannot be followed any further
  };

  /// Takes bytes from the front of `bytes`, at most up to the end of one frame. A frame is complete
  /// at its FS: waiting for the CR would hang on senders that leave it out.
  Event feed(std::string_view& bytes);

  [[nodiscard]] std::string take_payload();
  /// The stream ended: a frame begun and not finished counts as truncated.
  void end();
  [[nodiscard]] MllpFaults const& faults() const { return faults_; }

  /// Outside a frame so many bytes in one run are no accident: the peer does not speak MLLP.
  static constexpr std::size_t kTextBetweenBytesMax = 4096;

 private:
  enum class State : std::uint8_t { between, after_end, spaces, text, inside, broken };
  Event feed_outside(std::string_view& bytes);
  Event feed_inside(std::string_view& bytes);

  std::size_t frame_bytes_max_;
  State state_ = State::between;
  std::size_t text_bytes_ = 0;
  std::string payload_;
  MllpFaults faults_;
};

/// Appends `0B payload 1C 0D`.
void append_frame(std::string& out, std::string_view payload);

}  // namespace sinew::net
