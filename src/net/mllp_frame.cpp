#include "net/mllp_frame.h"

#include <algorithm>
#include <utility>

#include "net/mllp.h"

namespace sinew::net {
namespace {

bool is_filler(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\0'; }

/// The first FS or VT, or the end. Two passes of memchr: the second runs only as far as the first
/// found something, and both run at memory speed.
std::size_t find_control(std::string_view bytes) {
  auto const end = std::min(bytes.find(kMllpEnd), bytes.size());
  return std::min(bytes.substr(0, end).find(kMllpStart), end);
}

}  // namespace

MllpFramer::Event MllpFramer::feed(std::string_view& bytes) {
  while (!bytes.empty()) {
    if (state_ == State::broken) return Event::broken;
    auto const event = state_ == State::inside ? feed_inside(bytes) : feed_outside(bytes);
    if (event != Event::need_more) return event;
  }
  return Event::need_more;
}

MllpFramer::Event MllpFramer::feed_outside(std::string_view& bytes) {
  char const c = bytes.front();
  bytes.remove_prefix(1);
  bool const is_return = c == kMllpReturn;
  if (state_ == State::after_end && !is_return) ++faults_.end_without_return;
  if (c == kMllpStart) {
    state_ = State::inside;
    text_bytes_ = 0;
  } else if (state_ == State::after_end && is_return) {
    state_ = State::between;
  } else if (is_filler(c)) {
    if (state_ == State::between || state_ == State::after_end) {
      ++faults_.space_between;
      state_ = State::spaces;
    }
  } else {
    if (state_ != State::text) ++faults_.text_between;
    state_ = State::text;
    if (++text_bytes_ > kTextBetweenBytesMax) {
      state_ = State::broken;
      return Event::broken;
    }
  }
  return Event::need_more;
}

MllpFramer::Event MllpFramer::feed_inside(std::string_view& bytes) {
  auto const length = find_control(bytes);
  if (length > frame_bytes_max_ - payload_.size()) {
    ++faults_.oversized;
    payload_ = {};
    state_ = State::broken;
    return Event::broken;
  }
  payload_.append(bytes.substr(0, length));
  bytes.remove_prefix(length);
  if (bytes.empty()) return Event::need_more;

  char const control = bytes.front();
  bytes.remove_prefix(1);
  if (control == kMllpStart) {
    // The sender began again: what came before was cut off, and is never taken for a message.
    if (!payload_.empty()) ++faults_.truncated;
    payload_.clear();
    return Event::need_more;
  }
  state_ = State::after_end;
  if (payload_.empty()) {
    ++faults_.empty;
    return Event::need_more;
  }
  return Event::frame;
}

std::string MllpFramer::take_payload() { return std::exchange(payload_, {}); }

void MllpFramer::end() {
  if (state_ == State::inside && !payload_.empty()) ++faults_.truncated;
  if (state_ == State::after_end) ++faults_.end_without_return;
  payload_ = {};
  state_ = State::broken;
}

void append_frame(std::string& out, std::string_view payload) {
  out.reserve(out.size() + payload.size() + 3);
  out += kMllpStart;
  out += payload;
  out += kMllpEnd;
  out += kMllpReturn;
}

}  // namespace sinew::net
