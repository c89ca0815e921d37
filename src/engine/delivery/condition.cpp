#include <algorithm>

#include "engine/delivery/channel.h"
#include "engine/delivery/lookup.h"
#include "wire/hl7v2/text.h"

namespace sinew::engine {
namespace {

using Test = Condition::Test;

bool is_match(Condition const& condition, std::string_view text) {
  if (condition.pattern) return condition.pattern->found_in(text);
  if (condition.table) return condition.table->find(text) != nullptr;
  return std::ranges::find(condition.values, text) != condition.values.end();
}

/// `Source` is a message, or one that is being edited. As deep as the channel file goes.
template <class Source>
bool holds_one(Condition const& condition, Source const& source) {
  auto const part = [&source](Condition const& each) { return holds_one(each, source); };
  if (condition.test == Test::all) return std::ranges::all_of(condition.parts, part);
  if (condition.test == Test::any) return std::ranges::any_of(condition.parts, part);
  if (condition.test == Test::none) return std::ranges::none_of(condition.parts, part);
  auto const charset = source.charset();
  std::string scratch;
  bool has_value = false, has_match = false;
  for (auto const& found : source.find_all(condition.path)) {
    if (found.bytes.empty()) continue;
    has_value = true;
    auto const text = hl7v2::text_of(found.bytes, source.delimiters(), charset, scratch);
    has_match = has_match || is_match(condition, text);
  }
  switch (condition.test) {
    case Test::is:
    case Test::matches:
    case Test::in:
      return has_match;
    case Test::is_not:
    case Test::not_in:
      return !has_match;
    case Test::exists:
      return has_value;
    default:
      return !has_value;
  }
}

/// A message as a source of fields.
struct Unedited {
  hl7v2::Message const& message;
  [[nodiscard]] hl7v2::Charset charset() const { return hl7v2::Charset::of(message); }
  [[nodiscard]] hl7v2::Delimiters const& delimiters() const { return message.delimiters(); }
  [[nodiscard]] std::vector<hl7v2::Found> find_all(hl7v2::Path const& path) const {
    return hl7v2::find_all(message, path);
  }
};

}  // namespace

bool holds(std::vector<Condition> const& conditions, hl7v2::Message const& message) {
  Unedited const source{message};
  return std::ranges::all_of(
      conditions, [&source](Condition const& condition) { return holds_one(condition, source); });
}

bool holds(std::vector<Condition> const& conditions, hl7v2::Overlay const& message) {
  return std::ranges::all_of(
      conditions, [&message](Condition const& condition) { return holds_one(condition, message); });
}

}  // namespace sinew::engine
