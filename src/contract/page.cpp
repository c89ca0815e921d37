#include "contract/page.h"

#include <fmt/format.h>

#include "xml/write.h"

namespace sinew::contract {
namespace {

constexpr std::string_view kStyle =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;"
    "color-scheme:light dark}table{border-collapse:collapse;margin:1rem 0;display:block;"
    "overflow-x:auto}th,td{border:1px solid #8886;padding:.2rem .5rem;text-align:left;"
    "vertical-align:top}th{background:#8882}pre{overflow-x:auto;padding:.6rem;background:#8882}";

std::string html(std::string_view text) {
  std::string out;
  xml::append_text(out, text);
  return out;
}

/// What a cell of a Markdown table must not hold bare.
std::string markdown(std::string_view text) {
  std::string out;
  for (char const c : text) {
    if (c == '|' || c == '\\' || c == '<' || c == '*' || c == '_' || c == '`' || c == '[')
      out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

}  // namespace

Page::Page(Format format, std::string_view title) : format_(format) {
  if (format_ == Format::html) {
    out_ = fmt::format(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\"><title>{}</title>"
        "<style>{}</style></head><body>\n",
        html(title), kStyle);
  }
  heading(1, title);
}

void Page::heading(int level, std::string_view text) {
  if (format_ == Format::html) {
    out_ += fmt::format("<h{0}>{1}</h{0}>\n", level, html(text));
  } else {
    out_ += fmt::format("{}{} {}\n\n", out_.empty() ? "" : "\n",
                        std::string(static_cast<std::size_t>(level), '#'), markdown(text));
  }
}

void Page::paragraph(std::string_view text) {
  out_ += format_ == Format::html ? "<p>" + html(text) + "</p>\n" : markdown(text) + "\n\n";
}

void Page::code(std::string_view text) {
  if (format_ == Format::html) {
    out_ += "<pre>" + html(text) + "</pre>\n";
  } else {
    out_ += "```\n" + std::string(text) + "\n```\n\n";
  }
}

void Page::table(std::vector<std::string> const& columns,
                 std::vector<std::vector<std::string>> const& rows) {
  bool const is_html = format_ == Format::html;
  auto const line = [&](std::vector<std::string> const& cells, std::string_view tag) {
    out_ += is_html ? "<tr>" : "|";
    for (auto const& cell : cells) {
      out_ +=
          is_html ? fmt::format("<{0}>{1}</{0}>", tag, html(cell)) : " " + markdown(cell) + " |";
    }
    out_ += is_html ? "</tr>\n" : "\n";
  };
  if (is_html) out_ += "<table>\n";
  line(columns, "th");
  if (!is_html) {
    out_ += "|";
    for (std::size_t i = 0; i < columns.size(); ++i) out_ += "---|";
    out_ += "\n";
  }
  for (auto const& row : rows) line(row, "td");
  out_ += is_html ? "</table>\n" : "\n";
}

std::string Page::finish() {
  if (format_ == Format::html) out_ += "</body></html>\n";
  return std::move(out_);
}

}  // namespace sinew::contract
