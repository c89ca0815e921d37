#include "api/rest/validate.h"

#include <algorithm>
#include <array>
#include <optional>

#include "api/rest/operation.h"
#include "base/text.h"
#include "validate/validator.h"

namespace sinew::rest {
namespace {

/// Source: FHIR R4 valueset-resource-validation-mode.
constexpr auto kModes = std::to_array<std::string_view>({"create", "delete", "profile", "update"});
static_assert(std::ranges::is_sorted(kModes));

/// Source: FHIR R4 resource-operation-validate.html.
std::vector<OperationParameter> const& parameters() {
  static std::vector<OperationParameter> const list = {
      {"resource", "Resource"}, {"mode", "code"}, {"profile", "uri", 0, kAnyNumber}};
  return list;
}

/// "Check that the resource ... could be updated": its id is that of the address.
void check_id(Call const& call, json::Value resource, std::vector<validate::Finding>& findings) {
  if (call.id.empty() || resource["id"].text() == call.id) return;
  validate::Finding finding;
  finding.code = validate::FindingCode::value;
  finding.text = "the id is not that of the address";
  finding.location = call.type + ".id";
  findings.push_back(std::move(finding));
}

/// What is to be checked: the body itself, a part of it, or what is stored.
struct Subject {
  json::Document const* document = nullptr;
  std::optional<json::Document> own;  ///< holds `document` where the body does not
  bool is_stored = false;
  bool has_positions = false;  ///< its lines are those of the body
};

Result<Subject> subject_of(OperationCall const& asked) {
  Subject subject;
  auto const& arguments = asked.arguments;
  if (arguments.is_bare()) {
    subject.document = arguments.body();
    subject.has_positions = trim(asked.call.http.body).starts_with('{');
    return subject;
  }
  if (auto const part = arguments.value("resource")) {
    subject.own = TRY(json::Document::parse(std::string(part.source())));
    return subject;
  }
  if (asked.call.id.empty()) {
    return fail(ErrorCode::invalid, "no resource to validate", "resource");
  }
  auto const current = TRY(asked.context.store.read(asked.call.type, asked.call.id));
  subject.own = TRY(json::Document::parse(current.body));
  subject.is_stored = true;
  return subject;
}

Result<Answer> answer_question(validate::Library const& library, OperationCall const& asked) {
  auto const mode = asked.arguments.text("mode");
  if (!mode.empty() && !std::ranges::binary_search(kModes, mode)) {
    return fail(ErrorCode::invalid, "not a mode of validation", "mode");
  }
  auto const subject = TRY(subject_of(asked));
  Answer answer;
  if (subject.is_stored && mode == "delete") {  // nothing stands against deleting what is there
    answer.body = validate::outcome_json({});
    return answer;
  }
  auto const& document = subject.document ? *subject.document : *subject.own;
  if (document.root()["resourceType"].text() != asked.call.type) {
    return fail(ErrorCode::invalid, "the resource is not of the type of the address",
                "resourceType");
  }
  validate::ValidatorOptions options;
  options.now = asked.context.clock.now();
  options.has_positions = subject.has_positions;
  for (auto const profile : asked.arguments.texts("profile")) {
    options.profiles.emplace_back(profile);
  }
  auto findings = validate::validate(document, library, options);
  if (mode == "update") check_id(asked.call, document.root(), findings);
  answer.body = validate::outcome_json(findings);
  return answer;
}

}  // namespace

void add_validation(Service& service, validate::Library const& library) {
  service.add_operation({
      .name = "validate",
      .definition = "http://hl7.org/fhir/OperationDefinition/Resource-validate",
      .levels = {Level::type, Level::instance},
      .parameters = parameters(),
      .handler = [&library](OperationCall const& asked) { return answer_question(library, asked); },
  });
}

}  // namespace sinew::rest
