#include "api/operations/registrations.h"

namespace sinew::rest {
namespace {

/// Reading made JSON of it, and the answer is rendered as Accept asks. Nothing else is changed:
/// "In the absence of any parameters, simple format conversion is all that will occur".
Result<Answer> answer_convert(OperationCall const& asked) {
  Answer answer;
  answer.body = asked.arguments.value("input").source();
  return answer;
}

}  // namespace

/// Source: FHIR R4 resource-operation-convert.html.
Operation convert() {
  Operation operation;
  operation.name = "convert";
  operation.definition = "http://hl7.org/fhir/OperationDefinition/Resource-convert";
  operation.levels = {Level::system};
  operation.parameters = {{"input", "Resource", 1}};
  operation.handler = answer_convert;
  return operation;
}

}  // namespace sinew::rest
