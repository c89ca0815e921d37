// The official FHIRPath test suite for R4, every test of it, from the shared corpora. The names of
// tests that are not met stand in kDifferences with the reason, and in docs/conformance.md.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "base/file.h"
#include "fhir/xml.h"
#include "fhirpath/evaluator.h"
#include "fhirpath/machine.h"
#include "xml/xml.h"

namespace sinew::fhirpath {
namespace {

struct Difference {
  std::string_view name, reason;
};
constexpr std::array<Difference, 0> kDifferences{};

std::string folder() {
  if (auto const* const other = std::getenv("SINEW_FHIRPATH_SUITE")) return other;
  return SINEW_SOURCE_DIR "/../shared/corpora/fhirpath";
}

struct Case {
  std::string name, input, expression, invalid, mode, predicate;
  bool check_order = false, any_order = false;
  std::vector<std::pair<std::string, std::string>> outputs;  ///< type, text
};

Case read_case(xml::Node node) {
  Case test;
  test.name = node.attribute("name").value_or("");
  test.input = node.attribute("inputfile").value_or("");
  test.mode = node.attribute("mode").value_or("");
  test.predicate = node.attribute("predicate").value_or("");
  test.check_order = node.attribute("checkOrderedFunctions") == "true";
  test.any_order = node.attribute("ordered") == "false";
  auto const expression = node["expression"];
  test.expression = expression.text();
  test.invalid = expression.attribute("invalid").value_or("");
  for (auto const child : node.elements()) {
    if (child.name() != "output") continue;
    test.outputs.emplace_back(child.attribute("type").value_or(""), child.text());
  }
  return test;
}

class Inputs {
 public:
  json::Value find(std::string const& name) {
    auto const known = documents_.find(name);
    if (known != documents_.end()) return known->second.root();
    auto const stem = name.substr(0, name.rfind('.'));
    for (auto const* const ending : {".json", ".xml"}) {
      auto text = read_file(folder() + "/input/" + stem + ending);
      if (!text) continue;
      if (std::string_view(ending) == ".xml") text = fhir::json_from_xml(*text);
      if (!text) {
        MESSAGE(name, ": ", to_string(text.error()));
        return {};
      }
      auto document = json::Document::parse(*std::move(text));
      if (!document) return {};
      return documents_.emplace(name, *std::move(document)).first->second.root();
    }
    return {};
  }

 private:
  std::map<std::string, json::Document> documents_;
};

bool is_same_output(Machine& machine, Item const& item, std::string const& type,
                    std::string expected) {
  auto actual = to_text(machine, item).value_or("(no text)");
  if (expected.starts_with("@T")) expected.erase(0, 2);
  if (expected.starts_with('@')) expected.erase(0, 1);
  auto const a = parse_decimal(actual);
  auto const b = parse_decimal(expected);
  bool const is_number = a && b && (a->scale == b->scale || type == "decimal");
  if (is_number ? compare(*a, *b) != 0 : actual != expected) return false;
  if (type.empty()) return true;
  auto const name = type_name(item);
  return name == type || (!item.is_node() && std::ranges::equal(name, type, [](char x, char y) {
           return std::tolower(x) == std::tolower(y);
         }));
}

/// What is wrong, or nothing.
std::string run(Case const& test, Inputs& inputs, Evaluator& evaluator) {
  auto const resource = test.input.empty() ? json::Value() : inputs.find(test.input);
  if (!test.input.empty() && !resource.exists()) return "no input " + test.input;
  CompileOptions options;
  options.is_strict = test.invalid == "semantic" || test.mode == "strict";
  options.check_order = test.check_order;
  auto const root = item_of(resource);
  options.context = resource.exists() ? root.type : fhir::TypeId{0};
  auto const expression = Expression::compile(test.expression, options);
  if (!expression) return test.invalid.empty() ? to_string(expression.error()) : "";
  auto const items = resource.exists() ? evaluator.evaluate(*expression, resource)
                                       : evaluator.evaluate(*expression, Focus{});
  if (!items) return test.invalid.empty() ? to_string(items.error()) : "";
  if (!test.invalid.empty()) return "an error was expected: " + test.invalid;
  Machine machine;
  Environment const environment;
  static auto const nothing = Expression::compile("{}");
  static_cast<void>(machine.start(nothing->program(), {}, environment));
  if (test.predicate == "true") {
    return items->empty() == (test.outputs.at(0).second == "true") ? "wrong" : "";
  }
  std::string found;
  for (auto const& item : *items) {
    found += " " + std::string(type_name(item)) + ":" + to_text(machine, item).value_or("?");
  }
  if (items->size() != test.outputs.size()) return "gives" + found;
  std::vector<bool> used(items->size());
  for (std::size_t i = 0; i < items->size(); ++i) {
    bool is_good = false;
    for (std::size_t k = 0; k < items->size() && !is_good; ++k) {
      if (used[k] || (!test.any_order && k != i)) continue;
      is_good = is_same_output(machine, (*items)[i], test.outputs[k].first, test.outputs[k].second);
      if (is_good) used[k] = true;
    }
    if (!is_good) return "gives" + found;
  }
  return "";
}

/// Strict mode must not refuse what is right. True when it does not.
bool is_strictly_right(Case const& test, Inputs& inputs) {
  if (!test.invalid.empty()) return true;
  auto const resource = test.input.empty() ? json::Value() : inputs.find(test.input);
  CompileOptions options;
  options.is_strict = true;
  options.context = resource.exists() ? item_of(resource).type : fhir::TypeId{0};
  auto const expression = Expression::compile(test.expression, options);
  if (!expression) MESSAGE(test.name, ": ", to_string(expression.error()));
  return bool(expression);
}

TEST_CASE("the official suite") {
  auto const text = read_file(folder() + "/tests-fhir-r4.xml");
  if (!text) {
    MESSAGE("skipped: no corpus fhirpath");
    return;
  }
  auto const document = xml::Document::parse(*text);
  REQUIRE(document);
  Inputs inputs;
  Environment environment;
  environment.now = moment_of(system_clock().now());
  Evaluator evaluator(environment);
  std::size_t passed = 0, total = 0;
  for (auto const group : document->root().elements()) {
    if (group.name() != "group") continue;
    for (auto const node : group.elements()) {
      if (node.name() != "test") continue;
      auto const test = read_case(node);
      auto const wrong = run(test, inputs, evaluator);
      CHECK(is_strictly_right(test, inputs));
      ++total;
      passed += wrong.empty() ? 1 : 0;
      auto const known = std::ranges::find(kDifferences, test.name, &Difference::name);
      CAPTURE(test.expression);
      if (known == kDifferences.end()) {
        CHECK_MESSAGE(wrong.empty(), test.name, ": ", wrong);
      } else {
        CHECK_MESSAGE(!wrong.empty(), test.name, " is met; take it from the list");
      }
    }
  }
  std::printf("official FHIRPath suite: %zu of %zu tests\n", passed, total);
  CHECK(total > 900);
}

}  // namespace
}  // namespace sinew::fhirpath
