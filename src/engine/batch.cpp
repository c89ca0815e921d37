#include "engine/batch.h"

#include <algorithm>

#include "base/text.h"
#include "wire/hl7v2/acknowledge.h"

namespace sinew::engine {
namespace {

/// The line begins with this segment id: what follows it is a separator.
bool is_segment(std::string_view line, std::string_view id) {
  return line.starts_with(id) && line.size() > id.size() && !is_ascii_alpha(line[id.size()]) &&
         !is_ascii_digit(line[id.size()]);
}

/// FHS and BHS alike: fields 3 to 6 exchanged, 11 ours, 12 the control id of the header answered.
std::string answer_header(std::string_view header, std::string_view control_id, Instant now) {
  constexpr std::size_t kSender = 2, kReceiver = 4, kControlId = 10;  // indexes: field 1 is `|`
  char const separator = header[3];
  auto const fields = split(header, separator);
  auto const field = [&](std::size_t index) {
    return index < fields.size() ? fields[index] : std::string_view();
  };
  std::string out;
  auto const add = [&](std::string_view value) {
    if (!out.empty()) out += separator;
    out += value;
  };
  add(field(0));
  add(field(1));
  add(field(kReceiver));
  add(field(kReceiver + 1));
  add(field(kSender));
  add(field(kSender + 1));
  add(hl7v2::to_dtm(now));
  for (int empty = 8; empty <= 10; ++empty) add({});
  add(control_id);
  add(field(kControlId));
  out += '\r';
  return out;
}

}  // namespace

bool may_be_batch(std::string_view frame) {
  while (!frame.empty() && is_ascii_space(frame.front())) frame.remove_prefix(1);
  return is_segment(frame, "FHS") || is_segment(frame, "BHS") ||
         frame.find("\rMSH") != std::string_view::npos ||
         frame.find("\nMSH") != std::string_view::npos;
}

std::string answer_batch(hl7v2::Batch const& batch, std::string_view control_id, Instant now,
                         std::span<std::string const> acknowledgements) {
  auto const batch_header =
      batch.batches.empty() ? std::string_view() : batch.batches.front().header;
  std::string out;
  if (!batch.file_header.empty()) out += answer_header(batch.file_header, control_id, now);
  if (!batch_header.empty()) out += answer_header(batch_header, control_id, now);
  std::size_t count = 0;
  for (auto const& acknowledgement : acknowledgements) {
    out += acknowledgement;
    count += !acknowledgement.empty();
  }
  auto const trailer = [&](std::string_view id, std::string_view header, std::size_t number) {
    if (header.empty()) return;
    out += id;
    out += header[3];
    out += std::to_string(number) + '\r';
  };
  trailer("BTS", batch_header, count);
  trailer("FTS", batch.file_header, 1);
  return out;
}

}  // namespace sinew::engine
