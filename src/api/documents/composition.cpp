#include "api/documents/composition.h"

#include "api/documents/document_bundle.h"
#include "api/rest/outcome.h"
#include "api/rest/submit.h"

namespace sinew::documents {
namespace {

constexpr int kUnprocessable = 422;

/// Where an answer that was stored is found. Source: FHIR R4 http.html#create.
Result<rest::Answer> persist(rest::OperationCall const& asked, std::string body,
                             std::string const& id) {
  store::Change change;
  change.verb = store::Verb::create;
  change.type = "Bundle";
  change.id = id;
  change.body = std::move(body);
  auto const outcome = TRY(rest::apply_one(asked.context, std::move(change)));
  rest::Answer answer;
  answer.status = 200;
  rest::add_version_headers(answer, outcome, asked.call.base, "Location");
  answer.body =
      TRY(asked.context.store.read_version(outcome.type, outcome.id, outcome.version)).body;
  return answer;
}

/// The id of the Composition: of the path, or the parameter, which may be a URL of this server.
Result<std::string> composition_id(rest::OperationCall const& asked) {
  auto const given = asked.arguments.text("id");
  if (!asked.call.id.empty()) {
    if (given.empty()) return asked.call.id;
    return fail(ErrorCode::invalid, "the path says which Composition", "id");
  }
  if (given.empty()) return fail(ErrorCode::invalid, "which Composition?", "id");
  auto const target = local_target(given, asked.call.base);
  if (target && target->type == "Composition") return target->id;
  if (given.find('/') != std::string_view::npos) {
    return fail(ErrorCode::not_supported, "only a Composition that is stored here", "id");
  }
  return std::string(given);
}

Result<rest::Answer> answer(rest::OperationCall const& asked) {
  bool const is_stored = asked.arguments.text("persist") == "true";
  if (is_stored && asked.call.http.method != "POST") {
    return fail(ErrorCode::invalid, "a document is stored by POST", "persist");
  }
  if (!asked.arguments.text("graph").empty()) {
    return fail(ErrorCode::not_supported, "no GraphDefinition is followed", "graph");
  }
  auto composition = TRY(asked.context.store.read("Composition", TRY(composition_id(asked))));
  DocumentBundle bundle(asked.context, asked.call.base);
  auto const document = TRY(json::Document::parse(composition.body));
  TRY(bundle.add(bundle.url_of(composition.type, composition.id), std::move(composition.body)));
  // A document that this one replaces or appends to is no part of it.
  for (auto const& reference : references_in(document.root(), "relatesTo")) {
    if (reference.starts_with('#')) continue;
    auto const target = local_target(reference, asked.call.base);
    auto const added = target ? bundle.add_target(*target)
                              : Result<>(fail(ErrorCode::not_found, "not of this server"));
    if (added) continue;
    auto const& error = added.error();
    bool const is_absent = error.code == ErrorCode::not_found || error.code == ErrorCode::gone;
    if (!is_absent) return fail(error.code, error.what, error.where);
    // "The document bundle SHALL include all resources ... referenced": half of it is none.
    return rest::refuse(
        kUnprocessable,
        {ErrorCode::not_found,
         "the Composition refers to what is not stored here: '" + reference + "'", "Composition"});
  }
  TRY(bundle.add_supporting());
  if (is_stored) {
    auto const id = rest::new_id(asked.context);
    return persist(asked, TRY(bundle.json({}, id)), id);
  }
  rest::Answer made;
  made.body = TRY(bundle.json({}, {}));
  return made;
}

}  // namespace

rest::Operation document_operation() {
  return {
      .name = "document",
      .definition = "http://hl7.org/fhir/OperationDefinition/Composition-document",
      .levels = {rest::Level::type, rest::Level::instance},
      .types = {"Composition"},
      .parameters = {{"id", "uri"}, {"persist", "boolean"}, {"graph", "uri"}},
      .handler = answer,
      .audit = 'R',
  };
}

}  // namespace sinew::documents
