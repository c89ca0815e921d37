#include "app/commands.h"
#include "app/console.h"
#include "base/file.h"
#include "base/text.h"
#include "fhir/xml.h"
#include "fhirpath/evaluator.h"
#include "fhirpath/location.h"
#include "json/write.h"

namespace sinew::app {
namespace {

Result<json::Document> read_resource(std::string const& file) {
  auto text = TRY(read_file(file));
  if (trim(text).starts_with('<')) text = TRY(fhir::json_from_xml(text));
  return json::Document::parse(std::move(text));
}

/// A line for each item: a text as it is, everything else as JSON.
void print_lines(std::string const& prefix, json::Value root, FhirpathSettings const& settings,
                 std::span<fhirpath::Item const> items) {
  for (auto const& item : items) {
    auto value = fhirpath::json_of(item);
    if (value.starts_with('"')) {
      if (auto const text = json::Document::parse(value)) value = text->root().text();
    }
    auto line = prefix;
    if (settings.locations) {
      auto const location = fhirpath::location_of(root, item);
      line += (location.empty() ? "-" : location) + "\t" + std::string(fhirpath::type_name(item)) +
              "\t";
    }
    print(line + value + "\n");
  }
}

void print_object(std::string const& file, json::Value root,
                  std::span<fhirpath::Item const> items) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("input", file);
  writer.key("result");
  writer.begin_array();
  for (auto const& item : items) {
    writer.begin_object();
    auto const type = fhirpath::type_name(item);
    if (!type.empty()) {
      writer.member("type", std::string(fhirpath::type_space(item)) + "." + std::string(type));
    }
    auto const location = fhirpath::location_of(root, item);
    if (!location.empty()) writer.member("location", location);
    writer.key("value");
    writer.raw(fhirpath::json_of(item));
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  print(out + "\n");
}

/// Keeps what trace() saw for standard error.
class TraceToConsole : public fhirpath::Services {
 public:
  void trace(std::string_view name, std::span<fhirpath::Item const> items) override {
    for (auto const& item : items) {
      complain("trace " + std::string(name) + ": " + fhirpath::json_of(item));
    }
  }
};

Result<> evaluate(std::string const& file, std::string const& prefix,
                  FhirpathSettings const& settings, fhirpath::Evaluator& evaluator) {
  auto const document = TRY(read_resource(file));
  auto const root = document.root();
  fhirpath::CompileOptions options;
  options.is_strict = settings.strict;
  options.context = fhirpath::item_of(root).type;
  auto const expression = TRY(fhirpath::Expression::compile(settings.expression, options));
  auto const items = TRY(evaluator.evaluate(expression, root));
  if (settings.json) {
    print_object(file, root, items);
  } else {
    print_lines(prefix, root, settings, items);
  }
  return {};
}

}  // namespace

int fhirpath(FhirpathSettings const& settings) {
  auto const files = expand_inputs(settings.inputs);
  if (!files) return complain(files.error()), kExitFailed;
  TraceToConsole services;
  fhirpath::Environment environment;
  environment.services = &services;
  environment.now = fhirpath::moment_of(system_clock().now());
  fhirpath::Evaluator evaluator(environment);
  int status = kExitSuccess;
  for (auto const& file : *files) {
    auto const prefix = files->size() > 1 ? file + "\t" : std::string();
    if (auto const done = evaluate(file, prefix, settings, evaluator); !done) {
      auto error = done.error();
      error.where =
          files->size() > 1 || error.where.empty() ? file + " " + error.where : error.where;
      complain(error);
      status = kExitFailed;
    }
  }
  return status;
}

}  // namespace sinew::app
