#include <fmt/format.h>

#include <filesystem>

#include "app/commands.h"
#include "app/console.h"
#include "app/mapper.h"
#include "app/messages.h"
#include "app/report.h"
#include "base/file.h"
#include "json/json.h"
#include "json/write.h"
#include "wire/hl7v2/write.h"

namespace sinew::app {
namespace {

mapping::BundleType bundle_type(std::string_view name) {
  if (name == "message") return mapping::BundleType::message;
  if (name == "collection") return mapping::BundleType::collection;
  return mapping::BundleType::transaction;
}

/// Where converted text goes: standard output, or a file per message.
class Sink {
 public:
  explicit Sink(ConvertSettings const& settings) : settings_(settings) {
    std::error_code ignored;  // the first write says what is wrong
    if (!settings.out_folder.empty()) {
      std::filesystem::create_directories(settings.out_folder, ignored);
    }
  }

  Result<> write(std::string const& input, std::size_t index, std::string const& text) {
    if (settings_.out_folder.empty()) {
      print(text);
      return {};
    }
    auto const stem = input == "-" ? "stdin" : std::filesystem::path(input).stem().string();
    auto const number = index == 0 ? std::string() : fmt::format("-{}", index + 1);
    auto const ending = settings_.to == "hl7v2"    ? "hl7"
                        : settings_.to == "ndjson" ? "ndjson"
                                                   : "json";
    return write_file(fmt::format("{}/{}{}.{}", settings_.out_folder, stem, number, ending), text);
  }

 private:
  ConvertSettings const& settings_;
};

/// A resource per line.
std::string as_ndjson(mapping::Output const& output) {
  std::string text;
  for (auto const& resource : output.resources) {
    if (resource.verb == mapping::Verb::remove) continue;
    text.append(output.json, resource.begin, resource.end - resource.begin);
    text += '\n';
  }
  return text;
}

Result<std::string> as_bundle(ConvertSettings const& settings, mapping::Output const& output) {
  std::string bundle;
  mapping::write_bundle(output, bundle_type(settings.bundle), bundle);
  if (!settings.pretty) return bundle;
  auto const document = TRY(json::Document::parse(std::move(bundle)));
  return json::print(document.root(), json::Writer::Style::pretty);
}

Result<> convert_to_fhir(ConvertSettings const& settings, mapping::Program const& program,
                         mapping::Feed const& feed, MessageText const& message, Sink& sink) {
  mapping::RunOptions options;
  options.ledger = settings.ledger || settings.json;
  options.provenance = settings.provenance || settings.json;
  options.urn_references = settings.to == "fhir";
  Mapped mapped;
  TRY(map_message(program, feed, message.bytes, options, mapped));
  for (auto const& issue : mapped.message.issues()) {
    complain(message.name + ": " + issue.where + ": " + issue.what);
  }
  if (settings.to == "ndjson") {
    TRY(sink.write(message.file, message.index, as_ndjson(mapped.output)));
  } else if (settings.json) {
    TRY(sink.write(
        message.file, message.index,
        report_json(message.name, program, mapped, TRY(as_bundle(settings, mapped.output)))));
  } else {
    TRY(sink.write(message.file, message.index, TRY(as_bundle(settings, mapped.output)) + "\n"));
  }
  if (settings.json) return {};
  if (settings.ledger) complain(ledger_text(message.name, program, mapped));
  if (settings.provenance) complain(provenance_text(message.name, program, mapped));
  return {};
}

Result<> convert_to_hl7v2(ConvertSettings const& settings, MessageText const& message, Sink& sink) {
  if (!settings.normalize) {
    return sink.write(message.file, message.index, std::string(message.bytes));
  }
  auto const parsed = TRY(hl7v2::parse_message(message.bytes));
  return sink.write(message.file, message.index, hl7v2::normalized(parsed));
}

}  // namespace

int convert(ConvertSettings const& settings) {
  std::shared_ptr<mapping::Program const> program;
  mapping::Feed feed;
  if (settings.to != "hl7v2") {
    auto compiled = compile_tables(settings.map);
    if (!compiled) return complain(compiled.error()), kExitFailed;
    program = *compiled;
    auto made = make_feed(settings.map);
    if (!made) return complain(made.error()), kExitUsage;
    feed = *made;
  }
  auto const files = expand_inputs(settings.inputs);
  if (!files) return complain(files.error()), kExitFailed;

  Sink sink(settings);
  Progress progress("converted files", files->size());
  std::size_t failures = 0;
  for (auto const& file : *files) {
    auto const one = [&](MessageText const& message) -> Result<> {
      return program ? convert_to_fhir(settings, *program, feed, message, sink)
                     : convert_to_hl7v2(settings, message, sink);
    };
    failures += for_each_message(file, one);
    progress.advance();
  }
  if (failures > 0) complain(fmt::format("sinew: {} could not be converted", failures));
  return failures == 0 ? kExitSuccess : kExitFailed;
}

}  // namespace sinew::app
