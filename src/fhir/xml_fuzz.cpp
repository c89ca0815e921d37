// Any bytes as FHIR XML: no crash, and what is accepted is JSON.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "fhir/xml.h"
#include "json/json.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew;
  auto const json = fhir::json_from_xml({reinterpret_cast<char const*>(data), size});
  if (json && !json::Document::parse(*json)) std::abort();
  return 0;
}
