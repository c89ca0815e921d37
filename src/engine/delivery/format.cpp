#include "engine/delivery/format.h"

#include <array>

#include "base/text.h"
#include "json/write.h"
#include "wire/hl7v2/text.h"

namespace sinew::engine {
namespace {

using hl7v2::Message;

struct MediaRow {
  FormatKind kind;
  std::string_view type;
};
constexpr auto kMediaTypes = std::to_array<MediaRow>({
    {FormatKind::hl7v2, "x-application/hl7-v2+er7; charset=utf-8"},
    {FormatKind::json, "application/json"},
    {FormatKind::xml, "application/xml"},
    {FormatKind::fhir, "application/fhir+json"},
    {FormatKind::csv, "text/csv; charset=utf-8"},
});

/// Writes one message as JSON.
class JsonFormat {
 public:
  explicit JsonFormat(Message const& message)
      : message_(message), charset_(hl7v2::Charset::of(message)) {}

  std::string write() {
    out_ = "{\"type\":";
    append_text(message_.first("MSH", 9));
    out_ += ",\"segments\":[";
    for (std::size_t i = 0; i < message_.segment_count(); ++i) {
      if (i > 0) out_ += ',';
      append_segment(i);
    }
    return std::move(out_) + "]}";
  }

 private:
  void append_text(std::string_view raw) {
    json::append_string(out_, hl7v2::text_of(raw, message_.delimiters(), charset_, scratch_));
  }
  void append_segment(std::size_t segment) {
    auto const id = to_upper(message_.segment_id(segment));
    out_ += "{\"segment\":";
    json::append_string(out_, id);
    for (std::size_t number = 1; number <= message_.field_count(segment); ++number) {
      auto const field = message_.field(segment, number);
      if (field.empty()) continue;
      auto const name = id + '.' + std::to_string(number);
      ((out_ += ",\"") += name) += "\":";
      if (id == "MSH" && number <= 2) {
        json::append_string(out_, field);
        continue;
      }
      out_ += '[';
      char const* comma = "";
      for (auto const repetition : split(field, message_.delimiters().repetition)) {
        out_ += comma;
        append_parts(repetition, name, message_.delimiters().component, true);
        comma = ",";
      }
      out_ += ']';
    }
    out_ += '}';
  }
  /// The components of a repetition, or the subcomponents of a component that has several.
  void append_parts(std::string_view text, std::string const& name, char separator,
                    bool are_components) {
    out_ += '{';
    std::size_t number = 0;
    char const* comma = "";
    for (auto const part : split(text, separator)) {
      ++number;
      if (part.empty()) continue;
      auto const inner = name + '.' + std::to_string(number);
      (((out_ += comma) += '"') += inner) += "\":";
      comma = ",";
      auto const divider = message_.delimiters().subcomponent;
      if (are_components && part.find(divider) != std::string_view::npos) {
        append_parts(part, inner, divider, false);  // no deeper than this
      } else {
        append_text(part);
      }
    }
    out_ += '}';
  }

  Message const& message_;
  hl7v2::Charset charset_;
  std::string out_, scratch_;
};

void append_cell(std::string& out, std::string_view text, char comma) {
  char const special[] = {comma, '"', '\r', '\n'};
  if (text.find_first_of({special, std::size(special)}) == std::string_view::npos) {
    out += text;
    return;
  }
  out += '"';
  for (char const c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

std::string_view media_type(FormatKind kind) {
  return kMediaTypes[static_cast<std::size_t>(kind)].type;
}

std::string format_json(Message const& message) { return JsonFormat(message).write(); }

std::string format_csv(Format const& format, Message const& message) {
  std::string out;
  auto const append_row = [&](auto const& cell_of) {
    bool is_first = true;
    for (auto const& column : format.columns) {
      if (!is_first) out += format.comma;
      append_cell(out, cell_of(column), format.comma);
      is_first = false;
    }
    out += "\r\n";
  };
  if (format.has_header) append_row([](Format::Column const& column) { return column.name; });
  hl7v2::Overlay const fields(message);
  if (format.each.empty()) {
    append_row([&](Format::Column const& column) { return column.value.fill(fields); });
    return out;
  }
  std::size_t occurrence = 0;
  for (auto i = message.find_segment(format.each); i < message.segment_count();
       i = message.find_segment(format.each, i + 1)) {
    ++occurrence;
    append_row([&](Format::Column const& column) {
      return column.value.fill(fields, format.each, occurrence);
    });
  }
  return out;
}

Result<std::string> format_message(Format const& format, Message const& message) {
  switch (format.kind) {
    case FormatKind::json:
      return format_json(message);
    case FormatKind::xml:
      return format_xml(message);
    case FormatKind::csv:
      return format_csv(format, message);
    default:
      return fail(ErrorCode::internal, "the format is no text of the message");
  }
}

}  // namespace sinew::engine
