// Any JSON text through the checker, the index and XML: no crash, and what becomes XML comes back.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "fhir/check.h"
#include "fhir/resource.h"
#include "fhir/search_index.h"
#include "fhir/xml.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew;
  std::string text(reinterpret_cast<char const*>(data), size);
  auto const document = json::Document::parse(std::move(text));
  if (!document) return 0;
  auto const root = document->root();
  auto const issues = fhir::check_bundle(root).size() + fhir::check_structure(root).size();
  std::vector<fhir::IndexValue> values;
  fhir::extract_index(root, values);
  if (!fhir::same_content(root, root)) std::abort();
  if (auto const merged = fhir::merge_resource(root, root)) {
    if (!json::Document::parse(*merged)) std::abort();
  }
  auto const xml = fhir::xml_from_json(root);
  if (xml && issues == 0 && !fhir::json_from_xml(*xml)) std::abort();
  return 0;
}
