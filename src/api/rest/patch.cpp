#include "patch/patch.h"

#include <algorithm>
#include <array>

#include "api/rest/format.h"
#include "api/rest/outcome.h"
#include "api/rest/submit.h"
#include "base/text.h"
#include "fhir/resource.h"
#include "fhir/xml.h"
#include "json/edit.h"

namespace sinew::rest {
namespace {

constexpr int kUnsupportedMediaType = 415;
constexpr int kUnprocessable = 422;
/// How often a patch without If-Match is made again when another client was faster.
constexpr int kAttemptsMax = 32;

Result<std::string> patch_json(json::Value resource, std::string const& text) {
  auto const document = TRY(json::Document::parse(text));
  return patch::apply_json_patch(resource, document.root(), patch::Emptied::drop);
}

Result<std::string> patch_xml(json::Value resource, std::string const& text) {
  auto const xml = TRY(fhir::xml_from_json(resource));
  auto const result = fhir::json_from_xml(TRY(patch::apply_xml_patch(xml, text)));
  // The patch could be read; what it made of the resource is at fault.
  if (!result) return fail(ErrorCode::invalid, result.error().what, result.error().where);
  return *result;
}

Result<std::string> patch_by_parameters(json::Value resource, std::string const& text) {
  auto const document = TRY(json::Document::parse(text));
  return patch::apply_fhirpath_patch(resource, document.root());
}

Result<std::string> patch_by_xml_parameters(json::Value resource, std::string const& text) {
  return patch_by_parameters(resource, TRY(fhir::json_from_xml(text)));
}

struct FormatRow {
  std::string_view media_type;
  Result<std::string> (*apply)(json::Value resource, std::string const& text);
};
/// Source: FHIR R4 http.html#patch.
constexpr auto kFormats = std::to_array<FormatRow>({
    {"application/json-patch+json", patch_json},
    {"application/xml-patch+xml", patch_xml},
    {"application/fhir+json", patch_by_parameters},
    {"application/fhir+xml", patch_by_xml_parameters},
    {"application/json", patch_by_parameters},
    {"application/xml", patch_by_xml_parameters},
});

int base64_value(char c) {
  if (is_ascii_upper(c)) return c - 'A';
  if (is_ascii_lower(c)) return c - 'a' + 26;
  if (is_ascii_digit(c)) return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

Result<std::string> decode_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (char const c : text) {
    if (is_ascii_space(c)) continue;
    if (c == '=') break;
    int const value = base64_value(c);
    if (value < 0) return fail(ErrorCode::malformed, "not base64", "Binary.data");
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xFF);
    }
  }
  return out;
}

Answer refuse_patch(Error const& error) {
  bool const is_type = error.code == ErrorCode::not_supported && error.where == "Content-Type";
  auto answer = is_type                            ? refuse(kUnsupportedMediaType, error)
                : error.code == ErrorCode::invalid ? refuse(kUnprocessable, error)
                                                   : refuse(error);
  if (is_type) answer.headers.add("Accept-Patch", std::string(kPatchFormats));
  return answer;
}

/// Patches the current version and stores the result if it is still the current one.
Result<Answer> patch_once(Context const& context, Call const& call, std::string_view id,
                          std::optional<std::uint64_t> wanted) {
  auto const current = TRY(context.store.read(call.type, id));
  if (wanted && current.version != *wanted) {
    return fail(ErrorCode::precondition, "the current version is not that of If-Match", "If-Match");
  }
  auto const document = TRY(json::Document::parse(current.body));
  PatchBody const body{std::string(call.http.headers.value("Content-Type")), call.http.body};
  auto text = patched(document.root(), body);
  if (!text) return refuse_patch(text.error());
  auto const result = json::Document::parse(*std::move(text));
  if (!result) return refuse(kUnprocessable, result.error());
  if (auto fault = fault_of(context, result->root(), call.type, {})) return *std::move(fault);
  store::Change change;
  change.verb = store::Verb::put;
  change.type = call.type;
  change.id = id;
  change.body = json::ObjectEdit(result->root()).text();
  change.if_version = current.version;
  return answer_change(context, ChangeView(call), TRY(apply_one(context, std::move(change))));
}

Result<Answer> patch_instance(Context const& context, Call const& call, std::string_view id) {
  auto const wanted = TRY(wanted_version(call.http));
  Turn turn(context);
  for (int attempt = 1;; ++attempt) {
    auto answer = patch_once(context, call, id, wanted);
    bool const was_late = !answer && answer.error().code == ErrorCode::precondition && !wanted;
    if (!was_late) return answer;
    if (attempt == kAttemptsMax) {
      return fail(ErrorCode::unavailable, "the resource is changed faster than it can be patched");
    }
    turn.take();
  }
}

}  // namespace

Result<std::string> patched(json::Value resource, PatchBody const& body) {
  auto const type = trim(std::string_view(body.media_type).substr(0, body.media_type.find(';')));
  auto const* const row = std::ranges::find_if(kFormats, [&](FormatRow const& known) {
    return equals_ignoring_case(known.media_type, type);
  });
  if (row == kFormats.end()) {
    return fail(ErrorCode::not_supported, "no format of a patch", "Content-Type");
  }
  auto text = TRY(row->apply(resource, body.text));
  auto const result = json::Document::parse(text);
  if (!result) return fail(ErrorCode::invalid, result.error().what, result.error().where);
  for (auto const* const name : {"resourceType", "id"}) {
    if (result->root()[name].text() != resource[name].text()) {
      return fail(ErrorCode::invalid, "a patch cannot change this element", name);
    }
  }
  return text;
}

Result<PatchBody> patch_of_entry(json::Value resource) {
  if (resource["resourceType"].text() == "Parameters") {
    return PatchBody{"application/fhir+json", std::string(resource.source())};
  }
  if (resource["resourceType"].text() == "Binary") {
    return PatchBody{resource["contentType"].text(), TRY(decode_base64(resource["data"].text()))};
  }
  return fail(ErrorCode::invalid, "a patch in a bundle is a Binary or a Parameters resource");
}

/// Source: FHIR R4 http.html#patch, #concurrency.
Result<Answer> patch(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  return patch_instance(context, call, call.id);
}

/// "No matches: The server returns a 404 Not Found" Source: FHIR R4 http.html#patch.
Result<Answer> patch_conditionally(Context const& context, Call const& call) {
  TRY(check_type(call.type));
  auto const match = TRY(find_one(context, call.type, call.http.query()));
  if (!match) return fail(ErrorCode::not_found, "the criteria match no resource", call.type);
  return patch_instance(context, call, match->id);
}

}  // namespace sinew::rest
