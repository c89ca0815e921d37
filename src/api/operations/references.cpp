#include "api/operations/references.h"

#include "fhir/definitions.h"
#include "fhir/resource.h"

namespace sinew::rest {
namespace {

/// Calls `found` with the strings that stand behind `key`, as they are written.
template <class Found>
void each_string_after(std::string_view body, std::string_view key, Found const& found) {
  for (auto at = body.find(key); at != body.npos; at = body.find(key, at)) {
    at += key.size();
    auto const end = body.find('"', at);
    if (end == body.npos) return;
    found(body.substr(at, end - at));
    at = end;
  }
}

}  // namespace

std::optional<LocalReference> local_reference(std::string_view text, std::string_view base) {
  auto const parsed = fhir::parse_reference(text);
  bool const is_local = parsed.kind == fhir::ReferenceKind::relative ||
                        (parsed.kind == fhir::ReferenceKind::absolute && parsed.base == base);
  if (!is_local || parsed.type == 0 || parsed.id.empty()) return {};
  return LocalReference{fhir::type(parsed.type).name.view(), parsed.id};
}

void each_reference(std::string_view body, std::string_view base,
                    std::function<void(LocalReference)> const& found) {
  each_string_after(body, R"("reference":")", [&](std::string_view text) {
    if (auto const reference = local_reference(text, base)) found(*reference);
  });
  each_string_after(body, R"("url":")", [&](std::string_view text) {
    auto const reference = local_reference(text, base);
    if (reference && reference->type == "Binary") found(*reference);
  });
}

}  // namespace sinew::rest
