#include "wire/hl7v2/batch.h"

#include <array>
#include <optional>
#include <string>

#include "base/text.h"
#include "wire/hl7v2/message.h"
#include "wire/hl7v2/scan.h"

namespace sinew::hl7v2 {
namespace {

constexpr std::string_view kBeforeSegment{" \t\x0B\x1C\0\xEF\xBB\xBF", 8};
constexpr std::string_view kTerminators = "\r\n";
constexpr std::size_t kIssuesMax = 100;

enum class Line : std::uint8_t {
  other,
  file_header,
  batch_header,
  message,
  batch_trailer,
  file_trailer
};

struct LineRow {
  std::string_view id;
  Line line;
};
constexpr auto kLines = std::to_array<LineRow>({
    {"BHS", Line::batch_header},
    {"BTS", Line::batch_trailer},
    {"FHS", Line::file_header},
    {"FTS", Line::file_trailer},
    {"MSH", Line::message},
});

bool is_header(Line line) {
  return line == Line::file_header || line == Line::batch_header || line == Line::message;
}

/// Reads a file line by line; only the lines that begin with one of five ids matter.
class Splitter {
 public:
  Splitter(std::string_view bytes, BatchOptions options) : bytes_(bytes), options_(options) {}
  Result<Batch> split();

 private:
  Line line_at(std::string_view text) const;
  void take(Line line, std::size_t start, std::size_t end);
  void end_message(std::size_t at);
  void end_batch(std::string_view trailer);
  void end_file(std::string_view trailer);
  void check_count(std::string_view segment, std::size_t count, std::string_view place);
  void report(std::string what, std::string where);
  Failure too_many() const {
    return fail(ErrorCode::too_large,
                "more than " + std::to_string(options_.messages_max) + " messages in a file");
  }

  std::string_view bytes_;
  BatchOptions options_;
  Batch batch_;
  char separator_ = '|';
  std::optional<std::size_t> message_start_;
  bool in_batch_ = false;
};

void Splitter::report(std::string what, std::string where) {
  if (batch_.issues.size() >= kIssuesMax) return;
  batch_.issues.push_back(
      {Severity::warning, ErrorCode::invalid, std::move(what), std::move(where)});
}

Line Splitter::line_at(std::string_view text) const {
  if (text.size() < Message::kSegmentIdBytes) return Line::other;
  // Most lines are others: one comparison tells most of them.
  auto const last = text[2];
  if (last != 'S' && last != 'H') return Line::other;
  for (auto const& row : kLines) {
    if (!text.starts_with(row.id)) continue;
    if (is_header(row.line)) return read_delimiters(text) ? row.line : Line::other;
    bool const ends = text.size() == 3 || text[3] == separator_ ||
                      kTerminators.find(text[3]) != std::string_view::npos;
    return ends ? row.line : Line::other;
  }
  return Line::other;
}

void Splitter::check_count(std::string_view segment, std::size_t count, std::string_view place) {
  auto const declared = trim(part(part(segment, separator_, 1), '^', 0));
  if (declared.empty()) return;
  auto const number = parse_integer<std::size_t>(declared);
  if (number && *number == count) return;
  report("the count says " + std::string(number ? declared : "no number") + ", there are " +
             std::to_string(count),
         std::string(place));
}

void Splitter::end_message(std::size_t at) {
  if (!message_start_) return;
  auto text = bytes_.substr(*message_start_, at - *message_start_);
  // Up to and with one terminator: blank lines and framing behind it belong to nobody.
  auto const last = text.find_last_not_of(std::string_view("\r\n\x0B\x1C\0 \t", 7));
  auto end = last == std::string_view::npos ? 0 : last + 1;
  if (text.substr(end).starts_with("\r\n")) {
    end += 2;
  } else if (end < text.size() && kTerminators.find(text[end]) != std::string_view::npos) {
    ++end;
  }
  auto const index = in_batch_ ? batch_.batches.size() - 1 : BatchMessage::kNoBatch;
  batch_.messages.push_back({text.substr(0, end), *message_start_, index});
  if (in_batch_) ++batch_.batches.back().message_count;
  message_start_.reset();
}

void Splitter::end_batch(std::string_view trailer) {
  if (!in_batch_) {
    batch_.stray_trailer = true;
    if (!trailer.empty()) report("batch trailer without a batch header", "BTS");
    return;
  }
  auto& current = batch_.batches.back();
  current.trailer = trailer;
  if (trailer.empty()) {
    report("batch header without a batch trailer",
           "BHS[" + std::to_string(batch_.batches.size()) + "]");
  } else {
    check_count(trailer, current.message_count, "BTS-1");
  }
  in_batch_ = false;
}

void Splitter::end_file(std::string_view trailer) {
  if (in_batch_) end_batch({});
  if (batch_.file_header.empty()) report("file trailer without a file header", "FTS");
  batch_.file_trailer = trailer;
  // Without BHS the messages are one batch.
  auto const count = batch_.batches.empty() && !batch_.messages.empty() ? 1 : batch_.batches.size();
  check_count(trailer, count, "FTS-1");
}

void Splitter::take(Line line, std::size_t start, std::size_t end) {
  auto const segment = bytes_.substr(start, end - start);
  end_message(start);
  if (is_header(line)) separator_ = segment[3];
  switch (line) {
    case Line::file_header:
      if (!batch_.file_header.empty()) report("more than one file header", "FHS");
      batch_.file_header = segment;
      break;
    case Line::batch_header:
      if (in_batch_) end_batch({});
      batch_.batches.push_back({segment, {}, batch_.messages.size(), 0});
      in_batch_ = true;
      break;
    case Line::message:
      message_start_ = start;
      break;
    case Line::batch_trailer:
      end_batch(segment);
      break;
    case Line::file_trailer:
      end_file(segment);
      break;
    case Line::other:
      break;
  }
}

Result<Batch> Splitter::split() {
  if (bytes_.size() > std::numeric_limits<std::uint32_t>::max() - ScanBuffer::kSlack) {
    return fail(ErrorCode::too_large, "file of " + std::to_string(bytes_.size()) + " bytes");
  }
  ScanBuffer found;
  best_scanner()(bytes_, 0, '\r', found);  // only the line ends matter here
  std::size_t line_start = 0;
  for (std::size_t i = 0; i <= found.line_count; ++i) {
    auto const line_end = i < found.line_count ? found.line_ends()[i].offset : bytes_.size();
    auto const skipped =
        bytes_.substr(line_start, line_end - line_start).find_first_not_of(kBeforeSegment);
    if (skipped != std::string_view::npos) {
      auto const start = line_start + skipped;
      auto const line = line_at(bytes_.substr(start, line_end - start));
      if (line != Line::other) take(line, start, line_end);
      if (batch_.messages.size() > options_.messages_max) return too_many();
    }
    line_start = line_end + 1;
  }
  end_message(bytes_.size());
  if (batch_.messages.size() > options_.messages_max) return too_many();
  if (in_batch_) end_batch({});
  if (batch_.messages.empty() && batch_.file_header.empty() && batch_.batches.empty()) {
    // Perhaps a message in UTF-16, in lower case, or after text on its line: one message, if any.
    TRY(parse_message(bytes_, {.message_bytes_max = bytes_.size()}));
    batch_.messages.push_back({bytes_, 0, BatchMessage::kNoBatch});
  }
  if (!batch_.is_batch()) batch_.messages.front() = {bytes_, 0, BatchMessage::kNoBatch};
  if (!batch_.file_header.empty() && batch_.file_trailer.empty()) {
    report("file header without a file trailer", "FHS");
  }
  return std::move(batch_);
}

}  // namespace

Result<Batch> split_batch(std::string_view bytes, BatchOptions options) {
  return Splitter(bytes, options).split();
}

}  // namespace sinew::hl7v2
