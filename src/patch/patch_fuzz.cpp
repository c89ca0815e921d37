#include "patch/patch.h"

#include "base/check.h"

using namespace sinew;

/// Up to the first line end the target, behind it the patch, in each of the three languages: any
/// bytes patch or fail, and what is made of JSON is JSON.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const input(reinterpret_cast<char const*>(data), size);
  auto const line = input.find('\n');
  if (line == input.npos) return 0;
  auto const target = input.substr(0, line);
  auto const text = input.substr(line + 1);
  (void)patch::apply_xml_patch(target, text);
  auto const document = json::Document::parse(std::string(target));
  auto const operations = json::Document::parse(std::string(text));
  if (!document || !operations) return 0;
  for (auto const emptied : {patch::Emptied::keep, patch::Emptied::drop}) {
    auto const done = patch::apply_json_patch(document->root(), operations->root(), emptied);
    // A patch may nest deeper than a document may be; that is for the caller to refuse.
    constexpr json::Limits kDeep{.depth_max = 100'000};
    SINEW_CHECK(!done || bool(json::Document::parse(*done, kDeep)));
  }
  (void)patch::apply_fhirpath_patch(document->root(), operations->root());
  return 0;
}
