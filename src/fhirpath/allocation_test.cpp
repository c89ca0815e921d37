// A warm Evaluator allocates nothing on paths, filters, comparisons and logic: counted by the
// program's own operator new.

#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

#include "fhirpath/evaluator.h"

namespace {
thread_local std::size_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (auto* const memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace sinew::fhirpath {
namespace {

TEST_CASE("a warm evaluator allocates nothing on common expressions") {
  auto const document = json::Document::parse(R"({"resourceType":"Patient","id":"p","active":true,
      "name":[{"use":"official","family":"A","given":["B","C"]},{"use":"usual","given":["D"]}],
      "telecom":[{"system":"phone","value":"1","use":"mobile","rank":2}],
      "deceasedDateTime":"2020-01-31T10:00:00Z","birthDate":"1974-12-25",
      "extension":[{"url":"u","valueQuantity":{"value":1.50,"code":"mg","unit":"mg",
      "system":"http://unitsofmeasure.org"}}]})");
  REQUIRE(document);
  auto const item = item_of(document->root());
  auto const focus = Focus{{&item, 1}, item, item, {}};
  Evaluator evaluator;
  for (std::string_view const text :
       {"Patient.name.given", "Patient.name.where(use = 'official').given",
        "Patient.telecom.exists(system = 'phone' and use = 'mobile' and rank > 1)",
        "Patient.name.all(given.exists() or family.exists())", "name.select(given | family)",
        "name[1].given.first()", "deceased.ofType(dateTime) > @2019-12-31T00:00:00Z",
        "birthDate < @2000-01-01", "extension('u').value < 2 'g'", "active and id = 'p'",
        "iif(active, name.count(), 0) + 1", "name.given.where(matches('^[A-Z]$'))",
        "children().count() > id.count()"}) {
    auto const expression = Expression::compile(text);
    REQUIRE_MESSAGE(expression, text);
    for (int round = 0; round < 3; ++round) {
      auto const before = allocations;
      auto const result = evaluator.evaluate(*expression, focus);
      if (round > 0) CHECK_MESSAGE(allocations == before, text);
      CHECK(bool(result));
    }
  }
}

}  // namespace
}  // namespace sinew::fhirpath
