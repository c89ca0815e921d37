#include "api/operations/difference.h"
#include "api/operations/references.h"
#include "api/operations/registrations.h"
#include "base/text.h"
#include "fhir/resource.h"

namespace sinew::rest {
namespace {

Result<Answer> answer_difference(OperationCall const& asked, store::Resource const& from,
                                 store::Resource const& to) {
  if (from.type != to.type) {
    return fail(ErrorCode::invalid, "only resources of one type can be compared", "to");
  }
  auto const before = TRY(json::Document::parse(from.body));
  auto const after = TRY(json::Document::parse(to.body));
  bool const with_meta = asked.arguments.text("includeMeta") == "true";
  Answer answer;
  answer.body =
      difference(before.root(), after.root(), with_meta ? MetaPart::compared : MetaPart::left_out);
  return answer;
}

Result<std::uint64_t> read_number(std::string_view text, std::string_view where) {
  auto const number = parse_integer<std::uint64_t>(text);
  if (!number) return fail(ErrorCode::invalid, "not a version of this server", std::string(where));
  return *number;
}

/// The version before, or the one that `fromVersion` says, against the current one, or the one of
/// the address.
Result<Answer> answer_versions(OperationCall const& asked) {
  auto& store = asked.context.store;
  auto const& call = asked.call;
  auto const to =
      asked.level == Level::version
          ? TRY(store.read_version(call.type, call.id, TRY(read_number(call.version, "url"))))
          : TRY(store.read(call.type, call.id));
  auto const given = asked.arguments.text("fromVersion");
  if (given.empty() && to.version == 1) {
    return fail(ErrorCode::invalid, "there is no version before the first", "fromVersion");
  }
  auto const number = given.empty() ? to.version - 1 : TRY(read_number(given, "fromVersion"));
  return answer_difference(asked, TRY(store.read_version(call.type, call.id, number)), to);
}

/// "Patient/1" or "Patient/1/_history/2".
Result<store::Resource> read_side(OperationCall const& asked, std::string_view name) {
  auto const text = asked.arguments.text(name);
  auto const reference = local_reference(text, asked.call.base);
  bool const is_of_type =
      reference && (asked.call.type.empty() || asked.call.type == reference->type);
  if (!is_of_type) {
    return fail(ErrorCode::invalid, "not a reference to such a resource of this server",
                std::string(name));
  }
  auto& store = asked.context.store;
  auto const version = fhir::parse_reference(text).version;
  if (version.empty()) return store.read(reference->type, reference->id);
  return store.read_version(reference->type, reference->id, TRY(read_number(version, name)));
}

Result<Answer> answer_resources(OperationCall const& asked) {
  auto const from = TRY(read_side(asked, "from"));
  return answer_difference(asked, from, TRY(read_side(asked, "to")));
}

Operation comparing() {
  Operation operation;
  operation.name = "diff";
  operation.definition = "urn:sinew:operation:diff";
  operation.audit = 'R';
  return operation;
}

}  // namespace

Operation diff_versions() {
  auto operation = comparing();
  operation.levels = {Level::instance, Level::version};
  operation.parameters = {{"fromVersion", "string"}, {"includeMeta", "boolean"}};
  operation.handler = answer_versions;
  return operation;
}

Operation diff_resources() {
  auto operation = comparing();
  operation.levels = {Level::system, Level::type};
  operation.parameters = {{"from", "string", 1}, {"to", "string", 1}, {"includeMeta", "boolean"}};
  operation.handler = answer_resources;
  return operation;
}

}  // namespace sinew::rest
