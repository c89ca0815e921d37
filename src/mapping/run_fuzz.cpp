#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "fhir/check.h"
#include "json/json.h"
#include "mapping/program.h"

// Any bytes as a message, with the built-in tables: the output is JSON, a structurally valid
// bundle, every leaf and ledger entry lies within it and within the message, and what comes from
// memory is what a fresh run gives.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew;
  static auto const compiled = mapping::compile(std::vector{mapping::built_in_layer()});
  SINEW_CHECK(compiled.program != nullptr);
  std::string_view const bytes(reinterpret_cast<char const*>(data), size);
  auto const message = hl7v2::parse_message(bytes);
  if (!message) return 0;
  static mapping::Output output;
  mapping::Feed feed;
  if (size % 2 == 0) feed.zone_offset_minutes = 60;
  auto const done = mapping::run(*compiled.program, *message, hl7v2::group_segments(*message), feed,
                                 {true, true, true}, output);
  if (!done) return 0;
  // What earlier inputs left in memory changes nothing.
  mapping::Output cold;
  SINEW_CHECK(
      static_cast<bool>(mapping::run(*compiled.program, *message, hl7v2::group_segments(*message),
                                     feed, {true, true, true}, cold)));
  SINEW_CHECK(cold.json == output.json && cold.leaves.size() == output.leaves.size());
  SINEW_CHECK(cold.mapped == output.mapped && cold.ignored == output.ignored);
  for (auto const& leaf : output.leaves) {
    SINEW_CHECK(leaf.out_begin < leaf.out_end && leaf.out_end <= output.json.size());
    SINEW_CHECK(leaf.source_begin <= leaf.source_end && leaf.source_end <= message->bytes().size());
  }
  for (auto const& entry : output.ledger) SINEW_CHECK(entry.end <= message->bytes().size());
  for (auto const type : {mapping::BundleType::transaction, mapping::BundleType::message}) {
    std::string json;
    mapping::write_bundle(output, type, json);
    auto const bundle = json::Document::parse(json);
    if (!bundle) std::fprintf(stderr, "%s\n%s\n", to_string(bundle.error()).c_str(), json.c_str());
    SINEW_CHECK(static_cast<bool>(bundle));
    for (auto const& issue : fhir::check_bundle(bundle->root())) {
      if (issue.severity != Severity::error) continue;
      std::fprintf(stderr, "%s: %s\n", issue.where.c_str(), issue.what.c_str());
      SINEW_CHECK(issue.severity != Severity::error);
    }
  }
  return 0;
}
