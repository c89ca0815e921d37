#include <fmt/format.h>

#include <map>

#include "app/commands.h"
#include "app/console.h"
#include "app/mapper.h"
#include "base/text.h"
#include "json/json.h"
#include "json/write.h"

namespace sinew::app {
namespace {

constexpr std::string_view kCaseFolder = "test/";
constexpr std::size_t kDifferencesShown = 8;

/// A message and the Bundle it must become, by name.
struct Case {
  std::string message, expected;
};

/// The cases beside the tables of every layer.
std::map<std::string, Case> find_cases(std::vector<mapping::Layer> const& layers) {
  std::map<std::string, Case> cases;
  for (auto const& layer : layers) {
    for (auto const& file : layer.files) {
      if (!file.path.starts_with(kCaseFolder)) continue;
      auto const dot = file.path.rfind('.');
      auto& found =
          cases[layer.name + "/" + file.path.substr(kCaseFolder.size(), dot - kCaseFolder.size())];
      if (file.path.ends_with(".hl7")) found.message = file.content;
      if (file.path.ends_with(".json")) found.expected = file.content;
    }
  }
  return cases;
}

Result<std::string> indented(std::string text) {
  auto const document = TRY(json::Document::parse(std::move(text)));
  return json::print(document.root(), json::Writer::Style::pretty);
}

Result<std::string> convert_case(mapping::Program const& program, mapping::Feed const& feed,
                                 std::string const& message) {
  Mapped mapped;
  mapping::RunOptions options;
  options.urn_references = true;
  TRY(map_message(program, feed, message, options, mapped));
  std::string bundle;
  mapping::write_bundle(mapped.output, mapping::BundleType::transaction, bundle);
  return indented(std::move(bundle));
}

/// The first lines in which the two differ; empty when they do not.
std::string differences(std::string_view expected, std::string_view actual) {
  auto const want = split(expected, '\n');
  auto const have = split(actual, '\n');
  std::string text;
  std::size_t shown = 0;
  for (std::size_t i = 0; i < std::max(want.size(), have.size()) && shown < kDifferencesShown;
       ++i) {
    auto const wanted = i < want.size() ? want[i] : "(end)";
    auto const got = i < have.size() ? have[i] : "(end)";
    if (wanted == got) continue;
    text += fmt::format("    line {}\n      expected {}\n      got      {}\n", i + 1, trim(wanted),
                        trim(got));
    ++shown;
  }
  return text;
}

/// What is wrong with a case; empty when it passes.
std::string run_case(mapping::Program const& program, mapping::Feed const& feed, Case const& one) {
  if (one.message.empty()) return "    no .hl7 beside the .json\n";
  if (one.expected.empty()) return "    no .json beside the .hl7\n";
  auto const expected = indented(one.expected);
  if (!expected) return "    the .json cannot be read: " + to_string(expected.error()) + "\n";
  auto const actual = convert_case(program, feed, one.message);
  if (!actual) return "    " + to_string(actual.error()) + "\n";
  return differences(*expected, *actual);
}

}  // namespace

int map_test(MapCheckSettings const& settings) {
  auto const layers = open_layers(settings.map);
  if (!layers) return complain(layers.error()), kExitFailed;
  auto const program = compile_tables(settings.map);
  if (!program) return complain(program.error()), kExitFailed;
  auto const feed = make_feed(settings.map);
  if (!feed) return complain(feed.error()), kExitUsage;
  auto const cases = find_cases(*layers);
  std::size_t failed = 0;
  for (auto const& [name, one] : cases) {
    auto const wrong = run_case(**program, *feed, one);
    if (!wrong.empty()) {
      ++failed;
      print(fmt::format("FAIL  {}\n{}", name, wrong));
    } else if (!settings.json) {
      print(fmt::format("pass  {}\n", name));
    }
  }
  print(settings.json
            ? fmt::format("{{\"passed\":{},\"failed\":{}}}\n", cases.size() - failed, failed)
            : fmt::format("{} passed, {} failed\n", cases.size() - failed, failed));
  return failed == 0 ? kExitSuccess : kExitFailed;
}

}  // namespace sinew::app
