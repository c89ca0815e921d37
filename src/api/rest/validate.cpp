#include "api/rest/validate.h"

#include <algorithm>
#include <array>

#include "api/rest/context.h"
#include "api/rest/format.h"
#include "base/text.h"
#include "validate/validator.h"

namespace sinew::rest {
namespace {

/// Source: FHIR R4 valueset-resource-validation-mode.
constexpr auto kModes = std::to_array<std::string_view>({"create", "delete", "profile", "update"});
static_assert(std::ranges::is_sorted(kModes));

/// What is asked, wherever it stood.
struct Question {
  std::string mode;
  validate::ValidatorOptions options;
  std::optional<json::Document> resource;
};

void read_parameter(json::Value parameter, Question& question) {
  auto const name = parameter["name"].text();
  for (auto const [member, value] : parameter.members()) {
    if (!member.starts_with("value")) continue;
    if (name == "mode") question.mode = value.text();
    if (name == "profile") question.options.profiles.push_back(value.text());
  }
}

/// The parameter `resource` of Parameters, or nothing.
json::Value wrapped(json::Value body) {
  if (body["resourceType"].text() != "Parameters") return {};
  for (auto const parameter : body["parameter"].elements()) {
    if (parameter["name"].text() == "resource") return parameter["resource"];
  }
  return {};
}

/// A body is the resource itself, or Parameters that hold it and what is asked of it. Parameters
/// without `resource` are a question about what is stored, unless they are what is to be checked.
Result<> take_body(Call const& call, Question& question) {
  if (trim(call.http.body).empty()) return {};
  auto document = TRY(read_body(call.http));
  auto const root = document.root();
  auto const inner = wrapped(root);
  bool const is_question =
      inner || (root["resourceType"].text() == "Parameters" && call.type != "Parameters");
  if (!is_question) {
    question.options.has_positions = trim(call.http.body).starts_with('{');
    question.resource = std::move(document);
    return {};
  }
  for (auto const parameter : root["parameter"].elements()) read_parameter(parameter, question);
  if (!inner) return {};
  question.options.has_positions = false;  // lines of the part would not be those of the body
  question.resource = TRY(json::Document::parse(std::string(inner.source())));
  return {};
}

Result<Question> read_question(Call const& call, Clock& clock) {
  TRY(check_type(call.type));
  Question question;
  question.options.now = clock.now();
  for (auto const& [name, value] : call.parameters) {
    if (name == "profile") {
      question.options.profiles.push_back(value);
    } else if (name == "mode") {
      question.mode = value;
    } else {
      return fail(ErrorCode::invalid, "unknown parameter", name);
    }
  }
  if (call.http.method == "POST") TRY(take_body(call, question));
  if (!question.mode.empty() && !std::ranges::binary_search(kModes, question.mode)) {
    return fail(ErrorCode::invalid, "not a mode of validation", "mode");
  }
  return question;
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

Result<Answer> answer_question(store::Store& store, validate::Library const& library, Clock& clock,
                               Call const& call) {
  auto question = TRY(read_question(call, clock));
  Answer answer;
  bool const is_stored = !question.resource && !call.id.empty();
  if (is_stored) {
    auto const current = TRY(store.read(call.type, call.id));
    if (question.mode == "delete") {  // nothing stands against deleting what is there
      answer.body = validate::outcome_json({});
      return answer;
    }
    question.resource = TRY(json::Document::parse(current.body));
    question.options.has_positions = false;
  }
  if (!question.resource) return fail(ErrorCode::invalid, "no resource to validate", "resource");
  auto const root = question.resource->root();
  if (root["resourceType"].text() != call.type) {
    return fail(ErrorCode::invalid, "the resource is not of the type of the address",
                "resourceType");
  }
  auto findings = validate::validate(*question.resource, library, question.options);
  if (question.mode == "update") check_id(call, root, findings);
  answer.body = validate::outcome_json(findings);
  return answer;
}

}  // namespace

void add_validation(Service& service, store::Store& store, validate::Library const& library,
                    Clock& clock) {
  auto const handler = [&store, &library, &clock](Call const& call) {
    return answer_question(store, library, clock, call);
  };
  service.add_route({"POST", "{type}/$validate", "operation", 'E', handler});
  service.add_route({"POST", "{type}/{id}/$validate", "operation", 'R', handler});
  service.add_route({"GET", "{type}/{id}/$validate", "operation", 'R', handler});
}

}  // namespace sinew::rest
