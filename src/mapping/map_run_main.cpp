#include <cstdio>
#include <string>
#include <vector>

#include "base/file.h"
#include "fhir/check.h"
#include "json/write.h"
#include "mapping/program.h"

namespace {

using namespace sinew;

std::string path_of(hl7v2::Message const& message, mapping::LedgerEntry const& entry) {
  auto path = std::string(message.segment_id(entry.segment)) + "-" + std::to_string(entry.field);
  if (entry.repetition > 1) path += "[" + std::to_string(entry.repetition) + "]";
  path += "." + std::to_string(entry.component);
  if (entry.subcomponent > 1) path += "." + std::to_string(entry.subcomponent);
  return path;
}

void print_ledger(mapping::Program const& program, hl7v2::Message const& message,
                  mapping::Output const& output) {
  std::printf("mapped %u, ignored %u, unmapped %u\n", output.mapped, output.ignored,
              output.unmapped);
  for (auto const& entry : output.ledger) {
    if (entry.fate != mapping::Fate::unmapped) continue;
    auto const value = message.bytes().substr(entry.begin, entry.end - entry.begin);
    auto const rule = entry.rule == mapping::kNoRule ? std::string()
                                                     : mapping::rule_info(program, entry.rule).name;
    std::printf("unmapped %s\t%.*s\t%.*s %s\n", path_of(message, entry).c_str(),
                static_cast<int>(value.size()), value.data(), static_cast<int>(entry.reason.size()),
                entry.reason.data(), rule.c_str());
  }
}

}  // namespace

// Maps one message with a folder of tables: map_run FOLDER MESSAGE.hl7
// Prints the bundle, what is wrong with it, and what of the message was not mapped.
int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: map_run FOLDER MESSAGE.hl7\n");
    return 2;
  }
  auto layer = mapping::read_layer(argv[1]);
  auto const text = read_file(argv[2]);
  if (!layer || !text) {
    std::fprintf(stderr, "cannot read %s\n", layer ? argv[2] : argv[1]);
    return 2;
  }
  auto const compiled = mapping::compile({&*layer, 1});
  if (!compiled.program) {
    std::fprintf(stderr, "the tables have mistakes: see map_check\n");
    return 2;
  }
  auto const message = hl7v2::parse_message(*text);
  if (!message) {
    std::fprintf(stderr, "%s\n", to_string(message.error()).c_str());
    return 1;
  }
  auto const groups = hl7v2::group_segments(*message);
  mapping::Output output;
  mapping::RunOptions const options{true, true, true};
  if (auto const done = mapping::run(*compiled.program, *message, groups, {}, options, output);
      !done) {
    std::fprintf(stderr, "%s\n", to_string(done.error()).c_str());
    return 1;
  }
  std::string json;
  mapping::write_bundle(output, mapping::BundleType::transaction, json);
  auto const bundle = json::Document::parse(json);
  if (!bundle) {
    std::printf("%s\nnot JSON: %s\n", json.c_str(), to_string(bundle.error()).c_str());
    return 1;
  }
  std::printf("%s\n", json::print(bundle->root(), json::Writer::Style::pretty).c_str());
  auto const issues = fhir::check_bundle(bundle->root());
  for (auto const& issue : issues) {
    std::printf("wrong: %s: %s\n", issue.where.c_str(), issue.what.c_str());
  }
  print_ledger(*compiled.program, *message, output);
  return issues.empty() ? 0 : 1;
}
