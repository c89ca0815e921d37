#include "wire/hl7v2/continuation.h"

#include <algorithm>

#include "base/text.h"
#include "wire/hl7v2/structure.h"

namespace sinew::hl7v2 {
namespace {

constexpr std::size_t kContinuationPointerField = 14;

std::string key_of(Message const& message, std::string_view pointer) {
  std::string key(message.first("MSH", 3));
  key += '\r';
  key += message.first("MSH", 4);
  key += '\r';
  key += pointer;
  return key;
}

/// Appends the segments of a fragment: without DSC, without the header of a continuation, and with
/// the text of ADD put behind the segment that it continues.
void append_fragment(std::string& text, Message const& fragment, bool first) {
  for (std::size_t i = first ? 0 : 1; i < fragment.segment_count(); ++i) {
    auto const id = pack_id(fragment.segment_id(i));
    auto const bytes = fragment.segment_bytes(i);
    if (id == pack_id("DSC")) continue;
    if (id == pack_id("ADD") && text.ends_with('\r')) {
      text.pop_back();
      text += bytes.substr(std::min<std::size_t>(bytes.size(), 4));  // what follows `ADD|`
    } else {
      text += bytes;
    }
    text += '\r';
  }
}

}  // namespace

bool is_continued(Message const& message) {
  return !message.first("DSC", 1).empty() && trim(message.first("DSC", 2)) != "I";
}

Result<std::optional<std::string>> Continuations::add(Message const& fragment) {
  auto const continues = fragment.first("MSH", kContinuationPointerField);
  std::string text;
  if (!continues.empty()) {
    auto const key = key_of(fragment, continues);
    auto const found = std::ranges::find(waiting_, key, &Waiting::key);
    if (found == waiting_.end()) {
      return fail(ErrorCode::not_found, "the beginning of this continuation is not known",
                  "MSH-14");
    }
    text = std::move(found->text);
    waiting_.erase(found);
  }
  if (text.size() + fragment.bytes().size() > options_.message_bytes_max) {
    return fail(ErrorCode::too_large, "continued message of more than the limit", "DSC");
  }
  append_fragment(text, fragment, continues.empty());
  if (!is_continued(fragment)) return std::optional(std::move(text));
  if (waiting_.size() >= options_.messages_max) waiting_.pop_front();
  waiting_.push_back({key_of(fragment, fragment.first("DSC", 1)), std::move(text)});
  return std::optional<std::string>();
}

}  // namespace sinew::hl7v2
