#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fhir/check.h"
#include "json/write.h"
#include "mapping/program.h"

namespace sinew::mapping {

/// A table written for reading: `!` between cells (but not in `!=`), one row a line.
inline std::string table_of(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool const is_operator = i + 1 < text.size() && text[i + 1] == '=';
    out += text[i] == '!' && !is_operator ? '\t' : text[i];
  }
  return out;
}

inline Layer layer_of(std::string name,
                      std::initializer_list<std::pair<std::string_view, std::string_view>> files) {
  Layer layer{std::move(name), {}};
  for (auto const& [path, text] : files) layer.files.push_back({std::string(path), table_of(text)});
  return layer;
}

/// Everything a test wants to see of a mapped message.
struct TestRun {
  Output output;
  std::string bundle;
  std::vector<Issue> issues;  ///< of check_bundle
  [[nodiscard]] std::string resource(std::string_view type) const {
    auto const found = std::ranges::find(output.resources, type, &MappedResource::type);
    if (found == output.resources.end()) return {};
    return output.json.substr(found->begin, found->end - found->begin);
  }
};

inline TestRun run_text(Program const& program, std::string const& text, Feed const& feed = {}) {
  TestRun run;
  auto const message = hl7v2::parse_message(text);
  if (!message) return run;
  auto const groups = hl7v2::group_segments(*message);
  if (!mapping::run(program, *message, groups, feed, {true, true, true}, run.output)) return run;
  write_bundle(run.output, BundleType::transaction, run.bundle);
  auto const document = json::Document::parse(run.bundle);
  if (document) run.issues = fhir::check_bundle(document->root());
  if (!document) run.issues.push_back({Severity::error, ErrorCode::malformed, "not JSON", {}});
  return run;
}

}  // namespace sinew::mapping
