#include "api/operations/references.h"

#include <cstring>

#include "fhir/definitions.h"
#include "fhir/resource.h"

namespace sinew::rest {
namespace {

/// Calls `found` with the strings that stand behind `key`, as they are written.
/// OPTIMIZATION: memmem; string_view::find stops at every quote, of which JSON has many.
template <class Found>
void each_string_after(std::string_view body, std::string_view key, Found const& found) {
  while (auto const* const at = ::memmem(body.data(), body.size(), key.data(), key.size())) {
    body.remove_prefix(static_cast<std::size_t>(static_cast<char const*>(at) - body.data()) +
                       key.size());
    auto const end = body.find('"');
    if (end == body.npos) return;
    found(body.substr(0, end));
    body.remove_prefix(end);
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

void each_reference_text(std::string_view body,
                         std::function<void(std::string_view)> const& found) {
  each_string_after(body, R"("reference":")", found);
  each_string_after(body, R"("url":")", [&](std::string_view text) {
    constexpr std::string_view kBinary = "Binary/";
    auto const slash = text.rfind(kBinary);
    bool const is_name = slash == 0 || (slash != text.npos && text[slash - 1] == '/');
    if (is_name) found(text);
  });
}

void each_reference(std::string_view body, std::string_view base,
                    std::function<void(LocalReference)> const& found) {
  each_reference_text(body, [&](std::string_view text) {
    if (auto const reference = local_reference(text, base)) found(*reference);
  });
}

}  // namespace sinew::rest
