// Every expression of R4's own definitions: search parameters and invariants compile, and the
// invariants hold on the official examples but for those listed, with the reason.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "fhir/corpus_test.h"
#include "fhirpath/evaluator.h"
#include "fhirpath/location.h"

namespace sinew::fhirpath {
namespace {

constexpr auto kDefinitions = "packages/hl7.fhir.r4.core-4.0.1-definitions.tar.zst";

struct Invariant {
  std::string key;
  Expression expression;
};

/// The invariants by the place they are on: "Patient", "Patient.contact", "Bundle.entry".
using Invariants = std::map<std::string, std::vector<Invariant>, std::less<>>;

std::string text_of(json::Value value) { return value.text(); }

/// Constraints of one element of a snapshot, without those copied from the types it is made of.
void read_element(json::Value element, std::string const& root, Invariants& out,
                  std::size_t& failures) {
  auto path = text_of(element["path"]);
  if (path.ends_with("[x]")) path.resize(path.size() - 3);
  for (auto const constraint : element["constraint"].elements()) {
    auto const source = text_of(constraint["source"]);
    bool const is_copied =
        !source.empty() && source != root && !source.ends_with("/StructureDefinition/" + root);
    auto const text = text_of(constraint["expression"]);
    if (is_copied || text.empty()) continue;
    auto const expression = Expression::compile(text, definition_options());
    if (!expression) {
      ++failures;
      MESSAGE(text_of(constraint["key"]), " ", text, ": ", to_string(expression.error()));
      continue;
    }
    out[path].push_back({text_of(constraint["key"]), *expression});
  }
}

struct Definitions {
  Invariants invariants;
  std::size_t search_expressions = 0, failures = 0, invariant_count = 0;
};

bool read_definitions(Definitions& out) {
  return fhir::for_each_in_corpus(kDefinitions, [&](auto, std::string_view content) {
    auto const document = json::Document::parse(std::string(content));
    if (!document) return;
    auto const root = document->root();
    auto const type = text_of(root["resourceType"]);
    if (type == "SearchParameter" && root["expression"].exists()) {
      ++out.search_expressions;
      auto const text = text_of(root["expression"]);
      auto const expression = Expression::compile(text, definition_options());
      if (expression) return;
      ++out.failures;
      MESSAGE(text, ": ", to_string(expression.error()));
    }
    if (type != "StructureDefinition" || text_of(root["derivation"]) == "constraint") return;
    for (auto const element : root["snapshot"]["element"].elements()) {
      read_element(element, text_of(root["type"]), out.invariants, out.failures);
    }
  });
}

/// Invariants that examples break, how often, and why. The examples are published so; those of
/// severity `warning` say "should".
struct Exception {
  std::string_view key;
  std::size_t count;
  std::string_view reason;
};
constexpr auto kExceptions = std::to_array<Exception>({
    {"csd-0", 436, "warning: names such as v2.0164"},
    {"dom-6", 4890, "warning: no narrative"},
    {"nsd-0", 436, "warning: names such as v2.0164"},
    {"pdf-0", 6, "warning: names with spaces and lower case"},
    {"sdf-0", 204, "warning: names such as reviewer"},
    {"sdf-4", 4, "logical models without a base definition"},
    {"spd-0", 2767, "warning: names such as url"},
    {"tst-0", 1, "warning: a name with spaces"},
    {"txt-1", 4, "a narrative without content"},
    {"txt-2", 4, "a narrative without content"},
    {"vsd-0", 440, "warning: names such as v2.0232"},
});

/// Walks a resource and evaluates whatever applies to each node.
class Walk {
 public:
  Walk(Invariants const& invariants, Evaluator& evaluator)
      : invariants_(invariants), evaluator_(evaluator) {
    children_ = *Expression::compile("children()");
  }

  void resource(Item const& root, Item const& container) {
    struct Open {
      Item item, resource, root;
      std::string path;  ///< of the element it is a value of; empty for a resource
    };
    std::vector<Open> open{{root, root, container, {}}};
    while (!open.empty()) {
      auto const at = open.back();
      open.pop_back();
      std::span<Item const> const one(&at.item, 1);
      auto const focus = Focus{one, at.resource, at.root, {}};
      for (auto type = at.item.type; type != 0; type = fhir::type(type).base) {
        check(fhir::type(type).name.view(), focus, root.node.value);
      }
      if (!at.path.empty()) check(at.path, focus, root.node.value);
      auto const children = evaluator_.evaluate(*children_, focus);
      if (!children) continue;
      for (auto const& child : *children) {
        bool const is_resource =
            child.type != 0 && fhir::type(child.type).kind == fhir::TypeKind::resource;
        auto const is_entry =
            is_resource && child.element != nullptr && child.element->name == "resource";
        auto path = std::string(type_name(at.item)) + "." +
                    std::string(child.element == nullptr ? "" : child.element->name.view());
        open.push_back({child, is_resource ? child : at.resource, is_entry ? child : at.root,
                        is_resource ? std::string() : std::move(path)});
      }
    }
  }

  std::map<std::string, std::pair<std::size_t, std::string>> broken;
  std::size_t evaluated = 0;
  std::string_view name;

 private:
  void check(std::string_view place, Focus const& focus, json::Value root) {
    auto const found = invariants_.find(place);
    if (found == invariants_.end()) return;
    for (auto const& invariant : found->second) {
      ++evaluated;
      auto const result = evaluator_.test(invariant.expression, focus);
      if (result && result->value_or(true)) continue;
      auto& record = broken[invariant.key];
      if (record.first++ > 0) continue;
      record.second = std::string(name) + " at " + location_of(root, focus.items[0]) + ": " +
                      (result ? "false" : to_string(result.error()));
    }
  }

  Invariants const& invariants_;
  Evaluator& evaluator_;
  std::optional<Expression> children_;
};

TEST_CASE(
    "the expressions of the R4 definitions compile, and its invariants hold on its examples") {
  Definitions definitions;
  if (!read_definitions(definitions)) return;
  CHECK(definitions.failures == 0);
  std::size_t count = 0;
  for (auto const& [path, invariants] : definitions.invariants) count += invariants.size();
  std::printf("R4 definitions: %zu search expressions, %zu invariants compile\n",
              definitions.search_expressions, count);
  CHECK(definitions.search_expressions > 1000);
  CHECK(count > 200);

  Environment environment;
  environment.now = moment_of(system_clock().now());
  Evaluator evaluator(environment);
  Walk walk(definitions.invariants, evaluator);
  std::size_t examples = 0;
  fhir::for_each_in_corpus("fhir/r4-examples.tar.zst", [&](auto name, std::string_view content) {
    auto const document = json::Document::parse(std::string(content));
    if (!document) return;
    auto const root = item_of(document->root());
    if (root.type == 0) return;
    ++examples;
    walk.name = name;
    walk.resource(root, root);
  });
  std::printf("R4 examples: %zu, %zu invariants evaluated\n", examples, walk.evaluated);
  for (auto const& [key, record] : walk.broken) {
    auto const known = std::ranges::find(kExceptions, key, &Exception::key);
    CHECK_MESSAGE((known != kExceptions.end() && known->count == record.first), key, " is broken ",
                  record.first, " times: ", record.second);
  }
  CHECK(walk.broken.size() == kExceptions.size());
}

}  // namespace
}  // namespace sinew::fhirpath
