#include "wire/hl7v2/sequence.h"

#include "base/text.h"

namespace sinew::hl7v2 {
namespace {

constexpr SequenceNumber kStart = 0;
constexpr SequenceNumber kResynchronize = -1;
/// An NM of 15 digits, as MSH-13 is defined.
constexpr SequenceNumber kNumberMax = 999'999'999'999'999;

}  // namespace

SequenceVerdict SequenceLink::check(std::string_view msh13) {
  auto const text = trim(msh13);
  if (text.empty() || text == "\"\"") return SequenceVerdict::not_used;
  auto const number = parse_integer<SequenceNumber>(text);
  if (!number || *number < kResynchronize || *number > kNumberMax)
    return SequenceVerdict::malformed;
  if (*number == kStart) return SequenceVerdict::start;
  if (*number == kResynchronize) {
    last_.reset();
    return SequenceVerdict::resynchronize;
  }
  if (!last_ || *number == *last_ + 1) return SequenceVerdict::expected;
  return *number == *last_ ? SequenceVerdict::duplicate : SequenceVerdict::mismatch;
}

}  // namespace sinew::hl7v2
