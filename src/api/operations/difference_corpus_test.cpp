#include <doctest/doctest.h>

#include <map>

#include "api/operations/difference.h"
#include "fhir/corpus_test.h"
#include "fhir/resource.h"
#include "json/write.h"
#include "patch/patch.h"

using namespace sinew;
using namespace sinew::rest;

namespace {

/// Every operation of a patch reads the resource again, so that large ones take long.
constexpr std::size_t kBytesMax = 8000;

/// The difference, applied to the one, is the other.
bool is_made_again(json::Value from, json::Value to, std::string& what) {
  auto const parameters = json::Document::parse(difference(from, to, MetaPart::compared));
  if (!parameters) return what = "no JSON: " + to_string(parameters.error()), false;
  auto const applied = patch::apply_fhirpath_patch(from, parameters->root());
  if (!applied) return what = to_string(applied.error()), false;
  auto const made = json::Document::parse(*applied);
  if (!made) return what = "the patch makes no JSON", false;
  // The patch leaves the id as it is.
  auto const id = [](json::Value resource) {
    return R"("id":)" + std::string(resource["id"].source());
  };
  auto wanted = std::string(to.source());
  if (auto const at = wanted.find(id(to)); at != std::string::npos) {
    wanted.replace(at, id(to).size(), id(from));
  }
  auto const other = json::Document::parse(wanted);
  if (!other || !fhir::same_content(made->root(), other->root())) {
    return what = "another resource: " + *applied, false;
  }
  return true;
}

}  // namespace

TEST_CASE("the difference of any two examples of a type makes the second of the first") {
  std::map<std::string, std::string> last;  ///< by type
  std::size_t pairs = 0;
  std::size_t failed = 0;
  bool const is_there =
      fhir::for_each_in_corpus("fhir/r4-examples.tar.zst", [&](auto name, std::string_view text) {
        if (!name.ends_with(".json") || text.size() > kBytesMax) return;
        auto parsed = json::Document::parse(std::string(text));
        if (!parsed || fhir::resource_type(parsed->root()) == 0 || !parsed->root()["id"].exists())
          return;
        auto const document = json::Document::parse(json::print(parsed->root()));
        auto const type = document->root()["resourceType"].text();
        auto& before = last[type];
        if (!before.empty()) {
          auto const from = json::Document::parse(before);
          std::string what;
          ++pairs;
          if (!is_made_again(from->root(), document->root(), what)) {
            ++failed;
            if (failed < 10) FAIL_CHECK(name << ": " << what.substr(0, 500));
          }
        }
        before = document->text();
      });
  if (!is_there) return;
  CHECK(pairs > 1000);
  CHECK(failed == 0);
}
