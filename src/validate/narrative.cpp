// What a profile asks of the languages and sources of a narrative.

#include <algorithm>
#include <array>

#include "base/text.h"
#include "validate/walker.h"
#include "xml/xml.h"

namespace sinew::validate {
namespace {

/// Where a text is from. Source: extension narrative-source-control.
constexpr auto kSources = std::to_array<std::string_view>({"boilerplate", "generated", "original"});

bool names_source(xml::Node element) {
  auto const classes = element.attribute("class").value_or("");
  return std::ranges::any_of(split(classes, ' '), [](std::string_view one) {
    return std::ranges::find(kSources, one) != kSources.end();
  });
}

/// Whether every text below `div` stands in an element that names its source.
bool has_sources(xml::Node div) {
  std::vector<xml::Node> open{div};
  while (!open.empty()) {
    auto const at = open.back();
    open.pop_back();
    for (auto const child : at.children()) {
      if (child.is_text() && !trim(child.text()).empty()) return false;
      if (child.is_element() && !names_source(child)) open.push_back(child);
    }
  }
  return true;
}

/// The languages of the sections of a narrative: its `div` elements with `lang`.
std::vector<std::string> section_languages(xml::Node div) {
  std::vector<std::string> languages;
  for (auto const child : div.elements()) {
    if (child.name() != "div") continue;
    if (auto language = child.attribute("lang")) languages.push_back(*std::move(language));
  }
  return languages;
}

/// What is wrong, or nothing. Source: extension narrative-language-control.
std::string_view language_fault(std::string_view asked, std::vector<std::string> const& sections,
                                std::string const& language) {
  if (asked == "_no") return sections.empty() ? "" : "may have no sections by language";
  if (asked == "_yes") return sections.empty() ? "needs sections by language" : "";
  auto const wanted = asked == "_resource" ? std::string_view(language) : asked;
  bool const is_there = wanted.empty() || std::ranges::find(sections, wanted) != sections.end();
  return is_there ? "" : "needs a section in another language";
}

json::Value part_of(json::Value extension, std::string_view url) {
  for (auto const part : extension["extension"].elements()) {
    if (part["url"].text() != url) continue;
    for (auto const [name, value] : part.members()) {
      if (name.starts_with("value")) return value;
    }
  }
  return {};
}

std::unordered_set<std::string> ids_in(xml::Node root) {
  std::unordered_set<std::string> ids;
  std::vector<xml::Node> open{root};
  while (!open.empty()) {
    auto const at = open.back();
    open.pop_back();
    if (auto id = at.attribute("id")) ids.insert(*std::move(id));
    for (auto const child : at.elements()) open.push_back(child);
  }
  return ids;
}

}  // namespace

/// The extension textLink ties a part of a narrative to an element: the part has to be there.
void Walker::check_text_links(Node const& node) {
  auto const document = xml::Document::parse(node.value["div"].text());
  if (!document) return;  // another rule says so
  auto const ids = ids_in(document->root());
  for (auto const& extension : children_of(node, "extension")) {
    if (!extension.value["url"].text().ends_with("/StructureDefinition/textLink")) continue;
    auto const id = part_of(extension.value, "htmlid").text();
    if (!id.empty() && !ids.contains(id)) {
      refuse(FindingCode::not_found, "the narrative has no element with this id", extension);
    }
  }
}

void Walker::check_narrative(NarrativeRule const& asked, Node const& node, Scope const& scope,
                             Profile const& profile) {
  auto const document = xml::Document::parse(node.value["div"].text());
  if (!document) return;  // another rule says so
  auto const fault = [&](std::string_view text) {
    refuse(FindingCode::structure, "the narrative " + std::string(text), node, &profile);
  };
  auto const sections = section_languages(document->root());
  for (auto const& language : asked.languages) {
    auto const text = language_fault(language, sections, scope.resource["language"].text());
    if (!text.empty()) fault(text);
  }
  if (asked.needs_source && !has_sources(document->root())) {
    fault("has a text without a class that names its source");
  }
}

}  // namespace sinew::validate
