#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include "base/text.h"
#include "wire/hl7v2/dictionary.h"
#include "wire/hl7v2/message.h"
#include "wire/hl7v2/scan.h"
#include "wire/hl7v2/structure.h"
#include "wire/hl7v2/text.h"

namespace sinew::hl7v2 {
namespace {

/// Every tolerance has a row: what is said when it was needed.
enum class Fault : std::uint8_t {
  byte_order_mark,
  white_space_before_header,
  text_before_header,
  lower_case_header,
  framing_bytes,
  short_encoding_characters,
  ambiguous_delimiters,
  missing_terminator,
  line_feed,
  carriage_return_line_feed,
  blank_line,
  line_break_in_field,
  indented_segment,
  lower_case_id,
  second_header,
  transcoded,
  count
};

struct FaultRow {
  Fault fault;
  Severity severity;
  std::string_view what;
};

// clang-format off
constexpr auto kFaults = std::to_array<FaultRow>({
    {Fault::byte_order_mark,           Severity::information, "byte order mark before the message"},
    {Fault::white_space_before_header, Severity::information, "white space before the message"},
    {Fault::text_before_header,        Severity::warning,     "text before the message is ignored"},
    {Fault::lower_case_header,         Severity::warning,     "segment id is in lower case"},
    {Fault::framing_bytes,             Severity::information, "framing bytes are part of the message"},
    {Fault::short_encoding_characters, Severity::information, "fewer than four encoding characters: the rest are the default"},
    {Fault::ambiguous_delimiters,      Severity::warning,     "one character is declared for two delimiters"},
    {Fault::missing_terminator,        Severity::information, "last segment has no terminator"},
    {Fault::line_feed,                 Severity::information, "segments end with LF instead of CR"},
    {Fault::carriage_return_line_feed, Severity::information, "segments end with CR LF instead of CR"},
    {Fault::blank_line,                Severity::information, "blank line between segments"},
    {Fault::line_break_in_field,       Severity::warning,     "line break inside a field"},
    {Fault::indented_segment,          Severity::information, "white space before a segment id"},
    {Fault::lower_case_id,             Severity::warning,     "segment id is in lower case"},
    {Fault::second_header,             Severity::warning,     "more than one MSH: this is a batch"},
    {Fault::transcoded,                Severity::information, "read by way of UTF-8: delimiters can hide in the declared character set"},
});
// clang-format on
static_assert(kFaults.size() == static_cast<std::size_t>(Fault::count));

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
/// What senders and files leave behind the last segment: framing, NUL, the end-of-file of DOS.
constexpr std::string_view kTrailing{"\r\n\x0B\x1C\x1A\0 \t", 8};
constexpr std::string_view kFraming{"\x0B\x1C\x1A\0", 4};
constexpr std::string_view kWhiteSpace{" \t\r\n\x0B\0\f", 7};

constexpr std::size_t kPrefetchBytes = 2048;

/// Gives the memory of an unusually long message back to the system.
constexpr std::size_t kLongMessageBytes = std::size_t{1} << 20;

bool is_trailing(char c) {
  return static_cast<unsigned char>(c) <= ' ' && kTrailing.find(c) != std::string_view::npos;
}

/// What may stand in a segment id: 2 for the capital letters, 1 for the digits.
constexpr auto kIdCharacters = [] {
  std::array<std::uint8_t, 256> classes{};
  for (auto c = 'A'; c <= 'Z'; ++c) classes[static_cast<std::size_t>(c)] = 2;
  for (auto c = '0'; c <= '9'; ++c) classes[static_cast<std::size_t>(c)] = 1;
  return classes;
}();

/// `[A-Z][A-Z0-9]{2}` at the four bytes there.
inline bool is_plain_id(char const* at) {
  auto const of = [at](int i) { return kIdCharacters[static_cast<unsigned char>(at[i])]; };
  return of(0) == 2 && of(1) != 0 && of(2) != 0;
}

inline bool is_header_at(char const* at) {
  return (at[1] == 'S' || at[1] == 'H') && is_header_id(pack_id({at, 3}));
}

}  // namespace

/// Builds the index of one Message.
class Parser {
 public:
  Parser(Message& message, ScanBuffer& found) : message_(message), found_(found) {}

  Result<> parse(std::string_view bytes, ParseOptions const& options);

 private:
  enum class Line : std::uint8_t { segment, blank, text };

  Result<> index(std::string_view bytes);
  Result<> transcoded(std::string text);
  std::optional<std::size_t> find_header();
  std::size_t find_end(std::size_t begin);
  void index_segments(std::size_t begin, std::size_t end);
  void open_segment(std::size_t offset, std::uint32_t first_field);
  void close_segment(std::size_t end, std::uint32_t fields_before);
  Line line_at(std::size_t& offset, std::size_t end, bool after_carriage_return);
  void note_terminator(std::size_t from, std::size_t to);
  void check_delimiters();
  void report(Fault fault, std::size_t segment = 0);
  void collect_issues();

  Message& message_;
  ScanBuffer& found_;
  std::string_view bytes_;
  std::array<std::uint32_t, static_cast<std::size_t>(Fault::count)> counts_{};
  std::array<std::uint32_t, static_cast<std::size_t>(Fault::count)> segments_{};
  bool any_fault_ = false;
};

void Parser::report(Fault fault, std::size_t segment) {
  auto const row = static_cast<std::size_t>(fault);
  if (counts_[row]++ == 0) segments_[row] = static_cast<std::uint32_t>(segment);
  any_fault_ = true;
}

/// The offset of the header segment: at the start, else at the start of a line, else anywhere.
std::optional<std::size_t> Parser::find_header() {
  auto is_header = [this](std::size_t at) {
    if (bytes_.size() - at <= 4) return false;
    auto const delimiters = read_delimiters(bytes_.substr(at));
    if (delimiters) message_.delimiters_ = *delimiters;
    return bool(delimiters);
  };
  std::size_t at = 0;
  if (bytes_.starts_with(kByteOrderMark)) {
    report(Fault::byte_order_mark);
    at = kByteOrderMark.size();
  }
  auto const text = bytes_.find_first_not_of(kWhiteSpace, at);
  if (text == std::string_view::npos) return std::nullopt;
  if (text > at) report(Fault::white_space_before_header);
  if (equals_ignoring_case(bytes_.substr(text, 3), "MSH") && is_header(text)) return text;

  report(Fault::text_before_header);
  std::optional<std::size_t> inside;
  for (at = bytes_.find("MSH", text); at != std::string_view::npos;
       at = bytes_.find("MSH", at + 1)) {
    if (!is_header(at)) continue;
    if (at == 0 || kWhiteSpace.find(bytes_[at - 1]) != std::string_view::npos) return at;
    if (!inside) inside = at;
  }
  return inside;
}

/// The end of the last segment, without its terminator.
std::size_t Parser::find_end(std::size_t begin) {
  auto end = bytes_.size();
  while (end > begin && is_trailing(bytes_[end - 1])) --end;
  if (bytes_.substr(end) == "\r") return end;
  auto const trailing = bytes_.substr(end);
  // White space that no terminator follows or precedes belongs to the last field.
  auto const spaces = trailing.find_first_not_of(" \t");
  end += spaces == std::string_view::npos ? trailing.size() : spaces;
  auto const terminator = bytes_.substr(end);
  if (terminator.find_first_of("\r\n") == std::string_view::npos) report(Fault::missing_terminator);
  if (terminator.find_first_of(kFraming) != std::string_view::npos) report(Fault::framing_bytes);
  return end;
}

/// What the line at `offset` is. Moves `offset` over the white space in front of a segment.
Parser::Line Parser::line_at(std::size_t& offset, std::size_t end, bool after_carriage_return) {
  auto const* at = bytes_.data() + offset;
  auto const* const stop = bytes_.data() + end;
  while (at != stop && (*at == ' ' || *at == '\t')) ++at;
  if (at == stop || *at == '\r' || *at == '\n') return Line::blank;
  if (stop - at < 3) return Line::text;
  bool const closed =
      stop - at == 3 || at[3] == message_.delimiters_.field || at[3] == '\r' || at[3] == '\n';
  if (!closed) return Line::text;
  if (!is_plain_id(at)) {
    auto is_letter_or_digit = [](char c) { return is_ascii_alpha(c) || is_ascii_digit(c); };
    bool const lower =
        is_ascii_alpha(at[0]) && is_letter_or_digit(at[1]) && is_letter_or_digit(at[2]);
    // QUIRK(hand-written feeds): ids in lower case. After a bare LF, which occurs inside text, only
    // those that the standard knows.
    if (!lower) return Line::text;
    if (!after_carriage_return && segment_name(Version::v2_5_1, to_upper({at, 3})).empty()) {
      return Line::text;
    }
    report(Fault::lower_case_id, message_.segments_.size());
  }
  auto const start = static_cast<std::size_t>(at - bytes_.data());
  if (start != offset) report(Fault::indented_segment, message_.segments_.size());
  offset = start;
  return Line::segment;
}

void Parser::note_terminator(std::size_t from, std::size_t to) {
  auto const terminator = bytes_.substr(from, to - from);
  if (terminator == "\r") return;
  if (terminator == "\n") {
    report(Fault::line_feed);
  } else if (terminator == "\r\n") {
    report(Fault::carriage_return_line_feed);
  } else {
    report(Fault::blank_line, message_.segments_.size());
  }
}

void Parser::open_segment(std::size_t offset, std::uint32_t first_field) {
  auto const header = is_header_at(bytes_.data() + offset);
  if (header && !message_.segments_.empty()) report(Fault::second_header);
  message_.segments_.push_back({static_cast<std::uint32_t>(offset), 0, first_field, 0, header});
}

void Parser::close_segment(std::size_t end, std::uint32_t fields_before) {
  auto& segment = message_.segments_.back();
  segment.length = static_cast<std::uint32_t>(end) - segment.offset;
  segment.separators = (fields_before - segment.first_field) & 0x7FFFFFFFu;
}

/// Walks the line ends: the CRs and LFs between two segments end the first; all others are text.
void Parser::index_segments(std::size_t begin, std::size_t end) {
  auto const field_starts = found_.field_starts();
  auto const line_ends = found_.line_ends();
  message_.field_starts_.assign(field_starts.begin(), field_starts.end());
  message_.segments_.reserve(line_ends.size() + 1);
  open_segment(begin, 0);
  std::size_t run = 0;  // the first line end since the last text
  auto const separator = message_.delimiters_.field;
  for (std::size_t i = 0; i < line_ends.size(); ++i) {
    std::size_t next = line_ends[i].offset + 1;
    auto const* line = bytes_.data() + next;
    // OPTIMIZATION: what nearly every line of every message is, decided without the rest.
    if (run == i && line[-1] == '\r' && next + 3 < end && line[3] == separator &&
        is_plain_id(line)) {
      close_segment(next - 1, line_ends[i].fields_before);
      open_segment(next, line_ends[i].fields_before);
      run = i + 1;
      continue;
    }
    switch (line_at(next, end, bytes_[next - 1] == '\r' || bytes_[line_ends[run].offset] == '\r')) {
      case Line::blank:
        break;  // the run goes on
      case Line::text:
        report(Fault::line_break_in_field, message_.segments_.size() - 1);
        run = i + 1;
        break;
      case Line::segment: {
        auto const stop = line_ends[run].offset;
        note_terminator(stop, line_ends[i].offset + 1);
        close_segment(stop, line_ends[run].fields_before);
        open_segment(next, line_ends[i].fields_before);
        run = i + 1;
        break;
      }
    }
  }
  close_segment(end, static_cast<std::uint32_t>(field_starts.size()));
}

void Parser::check_delimiters() {
  auto const& delimiters = message_.delimiters_;
  std::array const all{delimiters.field,  delimiters.component,    delimiters.repetition,
                       delimiters.escape, delimiters.subcomponent, delimiters.truncation};
  auto const several = [&](char c) { return std::ranges::count(all, c) > 1; };
  if (std::ranges::any_of(all, several)) report(Fault::ambiguous_delimiters);
}

Result<> Parser::index(std::string_view bytes) {
  bytes_ = bytes;
  message_.bytes_ = bytes;
  // OPTIMIZATION: a message seldom is in the cache when it arrives; fetching its lines side by
  // side, before the first byte is looked at, hides part of the latency (1.08 times faster).
  auto const soon = std::min(bytes.size(), kPrefetchBytes);
  for (std::size_t at = 0; at < soon; at += 64) __builtin_prefetch(bytes.data() + at);
  if (!bytes.empty()) __builtin_prefetch(&bytes.back());
  message_.segments_.clear();
  auto const begin = find_header();
  if (!begin) {
    // The most exact reason there is: `MSH` is there but unusable, or it is not there at all.
    auto const msh = bytes.find("MSH");
    if (msh == std::string_view::npos) return fail(ErrorCode::malformed, "no MSH segment", "MSH");
    auto why = read_delimiters(bytes.substr(msh));
    if (!why) return std::move(why).failure();
    return fail(ErrorCode::malformed, "the message ends inside MSH", "MSH");
  }
  auto const end = find_end(*begin);
  found_.field_count = 0;
  found_.line_count = 0;
  best_scanner()(bytes.substr(0, end), *begin, message_.delimiters_.field, found_);
  index_segments(*begin, end);

  auto& header = message_.segments_.front();
  if (bytes.substr(header.offset, 3) != "MSH") report(Fault::lower_case_header);
  if (message_.delimiters_ != Delimiters{}) check_delimiters();
  if (message_.field(0, 2).size() < 4) report(Fault::short_encoding_characters);
  return {};
}

/// `OBX[3]`: the third OBX; the segments of one id are counted from one.
std::string place_of(Message const& message, std::size_t segment) {
  if (segment >= message.segment_count()) return "MSH";
  auto const id = message.segment_id(segment);
  std::size_t occurrence = 0;
  for (std::size_t i = 0; i <= segment; ++i) occurrence += message.segment_id(i) == id;
  return std::string(id) + "[" + std::to_string(occurrence) + "]";
}

void Parser::collect_issues() {
  message_.has_lower_case_ids_ = counts_[static_cast<std::size_t>(Fault::lower_case_id)] > 0 ||
                                 counts_[static_cast<std::size_t>(Fault::lower_case_header)] > 0;
  message_.issues_.clear();
  if (!any_fault_) return;
  for (auto const& row : kFaults) {
    auto const at = static_cast<std::size_t>(row.fault);
    if (counts_[at] == 0) continue;
    std::string what(row.what);
    if (counts_[at] > 1 && segments_[at] > 0)
      what += " (" + std::to_string(counts_[at]) + " times)";
    message_.issues_.push_back({row.severity, ErrorCode::invalid, std::move(what),
                                segments_[at] == 0 ? "MSH" : place_of(message_, segments_[at])});
  }
}

/// Indexes the UTF-8 form instead of the bytes that came.
Result<> Parser::transcoded(std::string text) {
  message_.transcoded_ = std::make_shared<std::string const>(std::move(text));
  report(Fault::transcoded);
  return index(*message_.transcoded_);
}

Result<> Parser::parse(std::string_view bytes, ParseOptions const& options) {
  if (bytes.size() > options.message_bytes_max ||
      bytes.size() > std::numeric_limits<std::uint32_t>::max() - ScanBuffer::kSlack) {
    return fail(ErrorCode::too_large, "message of " + std::to_string(bytes.size()) + " bytes");
  }
  message_.transcoded_.reset();
  if (auto narrow = utf8_of_wide_message(bytes)) {
    if (transcoded(*std::move(narrow))) {
      collect_issues();
      return {};
    }
    message_.transcoded_.reset();  // bytes that only begin as UTF-16 does
    counts_ = {};
  }
  TRY(index(bytes));
  if (auto safe = utf8_of_unsafe_message(message_, options.charset_override)) {
    counts_ = {};
    TRY(transcoded(*std::move(safe)));
  }
  collect_issues();
  return {};
}

Result<> parse_message_into(Message& message, std::string_view bytes, ParseOptions options) {
  // Scratch memory of the thread: what a message needs is known only when it has been scanned.
  thread_local ScanBuffer found;
  auto result = Parser(message, found).parse(bytes, options);
  if (bytes.size() > kLongMessageBytes) found.shrink();
  return result;
}

Result<Message> parse_message(std::string_view bytes, ParseOptions options) {
  Message message;
  TRY(parse_message_into(message, bytes, options));
  return message;
}

}  // namespace sinew::hl7v2
