#include "api/rest/format.h"

#include <algorithm>
#include <array>
#include <optional>

#include "api/rest/outcome.h"
#include "api/rest/subset.h"
#include "base/text.h"
#include "fhir/xml.h"
#include "json/write.h"

namespace sinew::rest {
namespace {

struct FormatRow {
  std::string_view name;
  Format format;
};

/// What Accept, Content-Type and `_format` may say. Source: FHIR R4 http.html#mime-type.
constexpr auto kFormats = std::to_array<FormatRow>({
    {"application/fhir+json", Format::json},
    {"application/json", Format::json},
    {"application/json+fhir", Format::json},  // QUIRK(DSTU2 clients): the older name
    {"text/json", Format::json},
    {"json", Format::json},
    {"application/fhir+xml", Format::xml},
    {"application/xml", Format::xml},
    {"application/xml+fhir", Format::xml},
    {"text/xml", Format::xml},
    {"xml", Format::xml},
    {"application/fhir+ndjson", Format::ndjson},
    {"application/ndjson", Format::ndjson},
    {"application/x-ndjson", Format::ndjson},
    {"ndjson", Format::ndjson},
});

struct SummaryRow {
  std::string_view name;
  Summary summary;
};
constexpr auto kSummaries = std::to_array<SummaryRow>({
    {"true", Summary::summary},
    {"text", Summary::text},
    {"data", Summary::data},
    {"count", Summary::count},
    {"false", Summary::none},
});

/// A media type without its parameters.
std::string_view without_parameters(std::string_view type) {
  return trim(type.substr(0, type.find(';')));
}

std::optional<Format> find_format(std::string_view type) {
  auto const wanted = without_parameters(type);
  auto const* const row = std::ranges::find_if(
      kFormats, [&](FormatRow const& known) { return equals_ignoring_case(known.name, wanted); });
  if (row == kFormats.end()) return {};
  return row->format;
}

Result<Format> accepted(std::string_view accept) {
  if (trim(accept).empty()) return Format::json;
  std::optional<Format> best;
  int best_quality = 0;
  for (auto const entry : split(accept, ',')) {
    auto const type = without_parameters(entry);
    auto format = find_format(type);
    if (type == "*/*" || type == "application/*") format = Format::json;
    if (!format || quality(entry) <= best_quality) continue;
    best = format;
    best_quality = quality(entry);
  }
  if (best) return *best;
  return fail(ErrorCode::not_supported, "neither JSON, XML nor NDJSON is accepted", "Accept");
}

/// The first of two preferences that contradict each other counts, as RFC 7240 §2 has it.
/// Source: FHIR R4 http.html#ops "return", search.html#errors "handling".
void take_preferences(std::string_view prefer, Presentation& into) {
  bool has_handling = false;
  for (auto const part : split(prefer, ',')) {
    for (auto token : split(part, ';')) {
      token = trim(token);
      if (into.prefer == Return::unsaid) {
        if (token == "return=minimal") into.prefer = Return::minimal;
        if (token == "return=representation") into.prefer = Return::representation;
        if (token == "return=OperationOutcome") into.prefer = Return::outcome;
      }
      if (!has_handling && (token == "handling=lenient" || token == "handling=strict")) {
        has_handling = true;
        into.handling = token.ends_with("lenient") ? Handling::lenient : Handling::strict;
      }
    }
  }
}

Result<> take_parameter(std::string const& name, std::string const& value, Presentation& into,
                        bool& taken) {
  taken = true;
  if (name == "_format") {
    // A plus in a query is a blank unless it was escaped, and few escape it.
    auto repaired = value;
    std::ranges::replace(repaired, ' ', '+');
    auto const format = find_format(repaired);
    if (!format) return fail(ErrorCode::not_supported, "unknown format", "_format");
    into.format = *format;
  } else if (name == "_pretty") {
    into.pretty = value == "true";
  } else if (name == "_summary") {
    auto const* const row = std::ranges::find(kSummaries, value, &SummaryRow::name);
    if (row == kSummaries.end()) return fail(ErrorCode::invalid, "unknown summary", "_summary");
    into.summary = row->summary;
  } else if (name == "_elements") {
    for (auto const element : split(value, ',')) into.elements.emplace_back(trim(element));
  } else {
    taken = false;
  }
  return {};
}

}  // namespace

int quality(std::string_view entry) {
  for (auto part : split(entry, ';')) {
    part = trim(part);
    if (!part.starts_with("q=") && !part.starts_with("Q=")) continue;
    part.remove_prefix(2);
    int thousandths = 0;
    int scale = 1000;
    for (char const c : part) {
      if (c == '.') continue;
      if (!is_ascii_digit(c) || scale == 0) break;
      thousandths += (c - '0') * scale;
      scale /= 10;
    }
    return thousandths;
  }
  return 1000;
}

Result<Presentation> take_presentation(net::Headers const& headers, Parameters& parameters) {
  Presentation presentation;
  bool format_given = false;
  Parameters kept;
  for (auto& [name, value] : parameters) {
    bool taken = false;
    TRY(take_parameter(name, value, presentation, taken));
    format_given |= name == "_format";
    if (!taken) kept.emplace_back(std::move(name), std::move(value));
  }
  parameters = std::move(kept);
  if (!format_given) presentation.format = TRY(accepted(headers.value("Accept")));
  take_preferences(headers.value("Prefer"), presentation);
  return presentation;
}

Result<json::Document> read_body(net::HttpRequest const& request) {
  auto const type = request.headers.value("Content-Type");
  auto const first = request.body.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first == std::string::npos) {
    return fail(ErrorCode::malformed, "the body is empty", "Content-Type");
  }
  auto format = find_format(type);
  if (type.empty()) format = request.body[first] == '<' ? Format::xml : Format::json;
  if (!format || *format == Format::ndjson) {
    return fail(ErrorCode::not_supported, "neither JSON nor XML", "Content-Type");
  }
  if (*format == Format::json) return json::Document::parse(request.body);
  return json::Document::parse(TRY(fhir::json_from_xml(request.body)));
}

namespace {

/// A line for every resource of a bundle, or for the one resource. Source: http://ndjson.org,
/// FHIR R4 nd-json.html.
std::string lines_of(json::Value resource) {
  if (resource["resourceType"].raw() != "Bundle") return json::print(resource) + '\n';
  std::string out;
  for (auto const entry : resource["entry"].elements()) {
    if (entry["resource"].exists()) out += json::print(entry["resource"]) + '\n';
  }
  return out;
}

Result<std::string> rendered(std::string body, Presentation const& presentation) {
  bool const keep =
      presentation.format == Format::json && !presentation.pretty && !is_subset(presentation);
  if (keep) return body;
  auto document = TRY(json::Document::parse(std::move(body)));
  if (is_subset(presentation)) {
    document = TRY(json::Document::parse(subset(document.root(), presentation)));
  }
  if (presentation.format == Format::xml) return fhir::xml_from_json(document.root());
  if (presentation.format == Format::ndjson) return lines_of(document.root());
  return json::print(document.root(), presentation.pretty ? json::Writer::Style::pretty
                                                          : json::Writer::Style::compact);
}

}  // namespace

std::string_view content_type(Format format) {
  switch (format) {
    case Format::xml:
      return "application/fhir+xml;charset=utf-8";
    case Format::ndjson:
      return "application/fhir+ndjson;charset=utf-8";
    case Format::json:
      break;
  }
  return "application/fhir+json;charset=utf-8";
}

net::HttpResponse render(Answer answer, Presentation const& wanted) {
  constexpr int kErrorsFrom = 400;
  net::HttpResponse response;
  response.status = answer.status;
  response.headers = std::move(answer.headers);
  response.body = std::move(answer.body);
  if (response.body.empty()) return response;
  if (!answer.media_type.empty()) {
    response.headers.add("Content-Type", answer.media_type);
    return response;
  }
  auto presentation = wanted;
  // A fault is one resource that a person reads, not a list for a loader.
  bool const is_fault = response.status >= kErrorsFrom;
  if (is_fault && presentation.format == Format::ndjson) presentation.format = Format::json;
  auto text = rendered(std::move(response.body), presentation);
  if (!text) return render(refuse(500, text.error()), {});
  response.body = *std::move(text);
  response.headers.add("Content-Type", std::string(content_type(presentation.format)));
  return response;
}

namespace {

constexpr auto kMonths = std::to_array<std::string_view>(
    {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"});

}  // namespace

std::string http_date(Instant instant) {
  constexpr std::int64_t kDayMs = 86'400'000;
  constexpr std::string_view kDays[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  auto days = instant.ms / kDayMs;
  if (instant.ms % kDayMs < 0) --days;
  auto const date = civil_from_days(days);
  auto const seconds = (instant.ms - days * kDayMs) / 1000;
  auto const two = [](std::int64_t number) {
    auto text = std::to_string(number);
    return number < 10 ? "0" + text : text;
  };
  std::string out(kDays[static_cast<std::size_t>((days % 7 + 7) % 7)]);
  out += ", " + two(date.day) + ' ';
  out += kMonths[static_cast<std::size_t>(date.month - 1)];
  out += ' ' + std::to_string(date.year) + ' ' + two(seconds / 3600) + ':' +
         two(seconds / 60 % 60) + ':' + two(seconds % 60) + " GMT";
  return out;
}

/// Source: RFC 9110 §5.6.7, IMF-fixdate.
std::optional<Instant> read_http_date(std::string_view text) {
  constexpr std::size_t kLength = 29;  // Sun, 06 Nov 1994 08:49:37 GMT
  if (text.size() != kLength || !text.ends_with(" GMT")) return {};
  auto const* const month = std::ranges::find(kMonths, text.substr(8, 3));
  if (month == kMonths.end()) return {};
  auto const number = static_cast<int>(month - kMonths.begin()) + 1;
  std::string iso(text.substr(12, 4));
  iso += number < 10 ? "-0" : "-";
  iso += std::to_string(number) + '-';
  iso.append(text.substr(5, 2)).append("T").append(text.substr(17, 8)).append("Z");
  auto const instant = parse_instant(iso);
  return instant ? std::optional(*instant) : std::nullopt;
}

bool names_version(std::string_view tags, std::uint64_t version) {
  for (auto const tag : split(tags, ',')) {
    if (trim(tag) == "*") return true;
    auto const named = read_entity_tag(tag);
    if (named && *named == version) return true;
  }
  return false;
}

std::string entity_tag(std::uint64_t version) { return "W/\"" + std::to_string(version) + '"'; }

Result<std::uint64_t> read_entity_tag(std::string_view tag) {
  tag = trim(tag);
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"') {
    tag = tag.substr(1, tag.size() - 2);
  }
  auto const version = parse_integer<std::uint64_t>(tag);
  if (!version) return fail(ErrorCode::invalid, "not an entity tag of ours", "If-Match");
  return *version;
}

}  // namespace sinew::rest
