#include <algorithm>
#include <set>

#include "fhir/checker.h"

namespace sinew::fhir {
namespace {

/// What a type of Bundle asks of its entries.
struct EntryRule {
  std::string_view bundle_type;
  bool needs_request;
  bool needs_response;
};

/// Source: FHIR R4 bundle.html#invs, bdl-3 and bdl-4: mandatory for these types, otherwise
/// prohibited.
constexpr auto kEntryRules = std::to_array<EntryRule>({
    // type                request  response
    {"batch", true, false},
    {"batch-response", false, true},
    {"history", true, true},
    {"transaction", true, false},
    {"transaction-response", false, true},
});

void check_part(bool needed, json::Value part, std::string_view name, std::string const& entry,
                Checker& checker) {
  if (needed == part.exists()) return;
  checker.add_root_issue(std::string(name) + (needed ? " is missing in" : " has no place in") +
                             " an entry of this type of Bundle",
                         entry);
}

}  // namespace

BundleUrls::BundleUrls(json::Value bundle) {
  for (auto entry : bundle["entry"].elements()) {
    if (auto const url = entry["fullUrl"]; url.is_string()) urls_.insert(url.raw());
  }
}

void check_bundle_rules(json::Value bundle, Checker& checker) {
  auto const type = bundle["type"].text();
  auto const* rule = std::find_if(kEntryRules.begin(), kEntryRules.end(),
                                  [&](EntryRule const& row) { return row.bundle_type == type; });
  bool const needs_request = rule != kEntryRules.end() && rule->needs_request;
  bool const needs_response = rule != kEntryRules.end() && rule->needs_response;
  std::set<std::pair<std::string_view, std::string_view>> names;
  std::size_t index = 0;
  for (auto entry : bundle["entry"].elements()) {
    auto const place = "Bundle.entry[" + std::to_string(index++) + "]";
    check_part(needs_request, entry["request"], "request", place, checker);
    check_part(needs_response, entry["response"], "response", place, checker);
    // bdl-5: "must be a resource unless there's a request or response"
    if (!entry["resource"] && !entry["request"] && !entry["response"]) {
      checker.add_root_issue("an entry needs a resource, a request or a response", place);
    }
    // bdl-7: "FullUrl must be unique in a bundle, or else entries with same fullUrl must have
    // different meta.versionId (except in history bundles)"
    auto const full_url = entry["fullUrl"].raw();
    auto const version = entry["resource"]["meta"]["versionId"].raw();
    if (!full_url.empty() && type != "history" && !names.insert({full_url, version}).second) {
      checker.add_root_issue("another entry has this fullUrl", place + ".fullUrl");
    }
  }
}

}  // namespace sinew::fhir
