#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "base/file.h"
#include "fhir/check.h"
#include "mapping/program.h"

// Every message of the shared corpora goes through the built-in tables: the output has to be JSON,
// structurally valid R4 without a dangling reference, and the same when it is made again.
// With SINEW_MAPPING_REPORT set, what stays unmapped is printed by field.

using namespace sinew;

namespace {

std::string const kCorpora = SINEW_SOURCE_DIR "/../shared/corpora/";

struct Totals {
  std::size_t messages = 0, refused = 0, unsupported = 0, resources = 0, wrong = 0;
  std::size_t mapped = 0, ignored = 0, unmapped = 0;
  std::map<std::string, std::size_t> fields, types, faults;
};

void check_message(mapping::Program const& program, std::string const& path, std::string_view bytes,
                   mapping::Output& output, Totals& totals) {
  CAPTURE(path);
  ++totals.messages;
  auto const message = hl7v2::parse_message(bytes);
  if (!message) return void(++totals.refused);
  auto const groups = hl7v2::group_segments(*message);
  mapping::RunOptions const options{true, true, true};
  auto const done = mapping::run(program, *message, groups, {}, options, output);
  if (!done) {
    CHECK(done.error().code == ErrorCode::not_supported);
    ++totals.types[std::string(message->first("MSH", 9))];
    return void(++totals.unsupported);
  }
  totals.resources += output.resources.size();
  totals.mapped += output.mapped;
  totals.ignored += output.ignored;
  totals.unmapped += output.unmapped;
  for (auto const& entry : output.ledger) {
    if (entry.fate != mapping::Fate::unmapped) continue;
    ++totals.fields[std::string(message->segment_id(entry.segment)) + "-" +
                    std::to_string(entry.field) + "." + std::to_string(entry.component)];
  }
  for (auto const& leaf : output.leaves) {
    REQUIRE(leaf.out_begin < leaf.out_end);
    REQUIRE(leaf.out_end <= output.json.size());
    REQUIRE(leaf.source_end <= message->bytes().size());
    auto const value =
        std::string_view(output.json).substr(leaf.out_begin, leaf.out_end - leaf.out_begin);
    bool const is_text = value.size() >= 2 && value.front() == '"' && value.back() == '"';
    bool const is_other = value.find_first_of("\",:[") == std::string_view::npos || value[0] == '{';
    REQUIRE((is_text || is_other));
  }
  std::string json;
  mapping::write_bundle(output, mapping::BundleType::transaction, json);
  auto const bundle = json::Document::parse(json);
  if (!bundle) FAIL_CHECK("not JSON: " << to_string(bundle.error()) << "\n" << json);
  if (!bundle) return;
  auto const issues = fhir::check_bundle(bundle->root());
  bool const is_wrong = std::ranges::any_of(
      issues, [](Issue const& issue) { return issue.severity == Severity::error; });
  totals.wrong += is_wrong;
  for (auto const& issue : issues) {
    if (issue.severity == Severity::error)
      ++totals.faults[issue.where + ": " + issue.what + " " + path];
  }
  auto const first = output.json;
  REQUIRE(mapping::run(program, *message, groups, {}, options, output));
  CHECK(first == output.json);
}

void print_top(char const* title, std::map<std::string, std::size_t> const& counts) {
  std::vector<std::pair<std::size_t, std::string>> sorted;
  for (auto const& [name, count] : counts) sorted.emplace_back(count, name);
  std::ranges::sort(sorted, std::greater{});
  constexpr std::size_t kShown = 60;
  std::printf("%s\n", title);
  for (std::size_t i = 0; i < std::min(kShown, sorted.size()); ++i) {
    std::printf("  %6zu %s\n", sorted[i].first, sorted[i].second.c_str());
  }
}

}  // namespace

TEST_CASE("every message of the corpora becomes a valid bundle, and the same one each time") {
  auto const compiled = mapping::compile(std::vector{mapping::built_in_layer()});
  REQUIRE(compiled.program);
  Totals totals;
  mapping::Output output;
  for (std::string const folder : {"hl7v2/msg", "hl7v2/src", "v2fhir"}) {
    auto const files = list_files(kCorpora + folder);
    if (!files) {
      MESSAGE("skipped: no corpus " << folder);
      continue;
    }
    for (auto const& file : *files) {
      if (!file.ends_with(".hl7")) continue;
      auto const bytes = read_file(kCorpora + folder + "/" + file);
      REQUIRE(bytes);
      check_message(*compiled.program, file, *bytes, output, totals);
    }
  }
  auto const known = totals.mapped + totals.ignored;
  std::printf(
      "%zu messages, %zu refused, %zu without a table, %zu resources, %zu wrong; "
      "%zu atoms mapped, %zu ignored, %zu unmapped (%.2f%% accounted for)\n",
      totals.messages, totals.refused, totals.unsupported, totals.resources, totals.wrong,
      totals.mapped, totals.ignored, totals.unmapped,
      100.0 * static_cast<double>(known) /
          static_cast<double>(std::max<std::size_t>(1, known + totals.unmapped)));
  if (std::getenv("SINEW_MAPPING_REPORT") != nullptr) {
    print_top("unmapped", totals.fields);
    print_top("without a table", totals.types);
  }
  print_top("wrong", totals.faults);
  CHECK(totals.wrong == 0);
}
