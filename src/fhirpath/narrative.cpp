#include "fhirpath/narrative.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/text.h"
#include "xml/xml.h"

namespace sinew::fhirpath {
namespace {

constexpr std::string_view kXhtml = "http://www.w3.org/1999/xhtml";

/// Sorted. Source: FHIR R4 narrative.html#xhtml: HTML 4.0 chapters 7 to 11 (without section 4 of
/// chapter 9) and 15, `a`, images.
constexpr auto kElements = std::to_array<std::string_view>(
    {"a",       "abbr",  "acronym", "area",   "b",        "bdo", "big",   "blockquote", "br",
     "caption", "cite",  "code",    "col",    "colgroup", "dd",  "dfn",   "div",        "dl",
     "dt",      "em",    "h1",      "h2",     "h3",       "h4",  "h5",    "h6",         "hr",
     "i",       "img",   "kbd",     "li",     "map",      "ol",  "p",     "pre",        "q",
     "samp",    "small", "span",    "strong", "sub",      "sup", "table", "tbody",      "td",
     "tfoot",   "th",    "thead",   "tr",     "tt",       "u",   "ul",    "var"});
static_assert(std::ranges::is_sorted(kElements));

/// Of any element; sorted.
constexpr auto kAttributes = std::to_array<std::string_view>(
    {"abbr",    "accesskey", "align",    "axis",  "char",   "charoff", "class",
     "colspan", "dir",       "headers",  "id",    "lang",   "rowspan", "scope",
     "span",    "style",     "tabindex", "title", "valign", "width"});
static_assert(std::ranges::is_sorted(kAttributes));

/// Of one element; sorted.
constexpr auto kOwnAttributes = std::to_array<std::string_view>({"a.charset",
                                                                 "a.coords",
                                                                 "a.href",
                                                                 "a.hreflang",
                                                                 "a.name",
                                                                 "a.rel",
                                                                 "a.rev",
                                                                 "a.shape",
                                                                 "a.type",
                                                                 "area.alt",
                                                                 "area.coords",
                                                                 "area.href",
                                                                 "area.nohref",
                                                                 "area.shape",
                                                                 "blockquote.cite",
                                                                 "img.alt",
                                                                 "img.border",
                                                                 "img.height",
                                                                 "img.ismap",
                                                                 "img.longdesc",
                                                                 "img.src",
                                                                 "img.usemap",
                                                                 "img.width",
                                                                 "map.name",
                                                                 "ol.start",
                                                                 "ol.type",
                                                                 "pre.space",
                                                                 "q.cite",
                                                                 "table.border",
                                                                 "table.cellpadding",
                                                                 "table.cellspacing",
                                                                 "table.frame",
                                                                 "table.rules",
                                                                 "table.summary",
                                                                 "td.nowrap",
                                                                 "td.bgcolor",
                                                                 "tr.bgcolor",
                                                                 "ul.type"});

bool has(auto const& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// Links that run something when they are followed.
bool is_active_link(std::string_view name, std::string const& value) {
  if (name != "href" && name != "src") return false;
  auto const text = to_lower(trim(value));
  return text.starts_with("javascript:") || text.starts_with("vbscript:") ||
         text.starts_with("data:text/html");
}

bool is_allowed(xml::Node element) {
  auto const name = element.name();
  if (element.space() != kXhtml || !has(kElements, name)) return false;
  for (auto const attribute : element.attributes()) {
    auto const own = std::string(name) + "." + std::string(attribute.name);
    if (!has(kAttributes, attribute.name) && !has(kOwnAttributes, own)) return false;
    if (is_active_link(attribute.name, attribute.value)) return false;
  }
  return true;
}

}  // namespace

bool is_safe_narrative(std::string_view xhtml) {
  auto const document = xml::Document::parse(std::string(xhtml));
  if (!document || document->root().name() != "div") return false;
  bool has_content = false;
  std::vector<xml::Node> open{document->root()};
  while (!open.empty()) {
    auto const node = open.back();
    open.pop_back();
    if (node.is_text()) {
      has_content = has_content || !trim(node.text()).empty();
      continue;
    }
    if (!is_allowed(node)) return false;
    has_content = has_content || node.name() == "img";
    for (auto const child : node.children()) open.push_back(child);
  }
  return has_content;
}

}  // namespace sinew::fhirpath
