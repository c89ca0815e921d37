#include "engine/reply.h"

#include "wire/hl7v2/acknowledge.h"
#include "wire/hl7v2/message.h"

namespace sinew::engine {
namespace {

using hl7v2::AckOutcome;
using hl7v2::AckStage;

Error not_stored() {
  return {ErrorCode::unavailable, "the message could not be stored; send it again", {}};
}

bool wants_application(hl7v2::Message const& message, AckOutcome outcome) {
  return !hl7v2::ack_code(hl7v2::ack_condition(message.first("MSH", 15)),
                          hl7v2::ack_condition(message.first("MSH", 16)), AckStage::application,
                          outcome)
              .empty();
}

}  // namespace

std::string Replier::next_control_id() {
  return instance_ + '-' + std::to_string(count_.fetch_add(1, std::memory_order_relaxed) + 1);
}

Replies Replier::plan(std::string_view bytes, AckPolicy policy) {
  Replies replies;
  auto const id = next_control_id();
  auto const now = clock_.now();
  auto const message = hl7v2::parse_message(bytes);
  if (!message) {
    // It is kept all the same; but nobody is told that something unreadable was accepted.
    auto answer = hl7v2::refuse_unreadable(id, now, message.error());
    replies.durable = answer.bytes;
    replies.refused = std::move(answer.bytes);
    return replies;
  }
  bool const is_enhanced = hl7v2::is_enhanced_mode(*message);
  auto const stage = is_enhanced ? AckStage::commit : AckStage::application;
  replies.durable =
      hl7v2::write_acknowledgement(
          *message, {.stage = stage, .outcome = AckOutcome::accepted, .control_id = id, .now = now})
          .bytes;

  Error const error = not_stored();
  replies.refused = hl7v2::write_acknowledgement(*message, {.stage = stage,
                                                            .outcome = AckOutcome::error,
                                                            .control_id = id,
                                                            .now = now,
                                                            .errors = {&error, 1}})
                        .bytes;
  if (hl7v2::is_acknowledgement(*message)) return replies;
  if (!is_enhanced) {
    if (policy == AckPolicy::applied) replies.later = Later::answer;
  } else if (wants_application(*message, AckOutcome::accepted) ||
             wants_application(*message, AckOutcome::error)) {
    replies.later = replies.durable.empty() ? Later::answer : Later::report;
  }
  return replies;
}

std::string Replier::application(std::string_view bytes, Error const* error) {
  auto const id = next_control_id();
  auto const message = hl7v2::parse_message(bytes);
  if (!message) return hl7v2::refuse_unreadable(id, clock_.now(), message.error()).bytes;
  hl7v2::Acknowledgement what;
  what.control_id = id;
  what.now = clock_.now();
  if (error != nullptr) {
    what.outcome = AckOutcome::error;
    what.errors = {error, 1};
  }
  return hl7v2::write_acknowledgement(*message, what).bytes;
}

}  // namespace sinew::engine
