#include <algorithm>

#include "engine/delivery/channel.h"
#include "wire/hl7v2/text.h"

namespace sinew::engine {
namespace {

bool holds(Condition const& condition, hl7v2::Message const& message) {
  auto const charset = hl7v2::Charset::of(message);
  std::string scratch;
  bool has_value = false, has_match = false;
  for (auto const& found : hl7v2::find_all(message, condition.path)) {
    if (found.bytes.empty()) continue;
    has_value = true;
    auto const text = hl7v2::text_of(found.bytes, message.delimiters(), charset, scratch);
    has_match = has_match || std::ranges::find(condition.values, text) != condition.values.end();
  }
  switch (condition.test) {
    case Condition::Test::is:
      return has_match;
    case Condition::Test::is_not:
      return !has_match;
    case Condition::Test::exists:
      return has_value;
    case Condition::Test::absent:
      return !has_value;
  }
  return false;
}

}  // namespace

bool holds(std::vector<Condition> const& conditions, hl7v2::Message const& message) {
  return std::ranges::all_of(conditions,
                             [&](Condition const& condition) { return holds(condition, message); });
}

}  // namespace sinew::engine
