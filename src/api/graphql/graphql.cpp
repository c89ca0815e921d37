#include "api/graphql/graphql.h"

#include <algorithm>

#include "api/graphql/check.h"
#include "api/graphql/execute.h"
#include "api/rest/operation.h"
#include "api/rest/outcome.h"
#include "base/text.h"
#include "json/write.h"

namespace sinew::graphql {
namespace {

constexpr int kBadRequest = 400;
constexpr int kUnsupportedMediaType = 415;
constexpr std::string_view kJson = "application/json";

/// A request for a query, wherever its parts stood.
struct Request {
  std::string query, operation;
  std::optional<json::Document> variables;
};

Result<> read_variables(std::string_view text, Request& request) {
  if (trim(text).empty()) return {};
  auto document = TRY(json::Document::parse(std::string(text)));
  bool const is_good = document.root().is_object() || document.root().kind() == json::Kind::null;
  if (!is_good) return fail(ErrorCode::invalid, "'variables' is a JSON object");
  request.variables = std::move(document);
  return {};
}

Result<> set(std::string_view name, std::string_view value, Request& request) {
  if (name == "query") {
    request.query = value;
  } else if (name == "operationName") {
    request.operation = value;
  } else if (name == "variables") {
    return read_variables(value, request);
  } else if (name != "extensions") {
    return fail(ErrorCode::invalid, "unknown parameter: '" + std::string(name) + "'");
  }
  return {};
}

/// `{"query": ..., "variables": {...}}`, or Parameters with parts of those names.
Result<> read_json(std::string const& body, Request& request) {
  auto const document = TRY(json::Document::parse(body));
  auto const root = document.root();
  if (root["resourceType"].text() == "Parameters") {
    for (auto const parameter : root["parameter"].elements()) {
      TRY(set(parameter["name"].text(), parameter["valueString"].text(), request));
    }
    return {};
  }
  if (!root.is_object()) return fail(ErrorCode::invalid, "a JSON object is expected");
  for (auto const [name, value] : root.members()) {
    if (value.kind() == json::Kind::null) continue;
    bool const is_object = name == "variables";
    TRY(set(name, is_object ? std::string(value.source()) : value.text(), request));
  }
  return {};
}

Result<Request> read_request(rest::Call const& call) {
  Request request;
  for (auto const& [name, value] : call.parameters) TRY(set(name, value, request));
  auto type = call.http.headers.value("Content-Type");
  type = trim(type.substr(0, type.find(';')));
  bool const has_body = call.http.method == "POST" && !trim(call.http.body).empty();
  if (has_body && type == "application/graphql") {
    request.query = call.http.body;
  } else if (has_body && (type == kJson || type == "application/fhir+json")) {
    TRY(read_json(call.http.body, request));
  } else if (has_body && type != "application/x-www-form-urlencoded") {
    return fail(ErrorCode::not_supported, "a query comes as application/graphql or as JSON",
                "Content-Type");
  }
  if (trim(request.query).empty()) return fail(ErrorCode::invalid, "there is no query");
  return request;
}

void write_error(json::Writer& writer, Error const& error, std::string_view query) {
  writer.begin_object();
  writer.member("message", error.what);
  auto const at = offset_of(error);
  if (at != kNone && at <= query.size()) {
    auto const position = position_of(query, at);
    writer.key("locations");
    writer.begin_array();
    writer.begin_object();
    writer.key("line");
    writer.integer(static_cast<std::int64_t>(position.line));
    writer.key("column");
    writer.integer(static_cast<std::int64_t>(position.column));
    writer.end_object();
    writer.end_array();
  }
  writer.key("extensions");
  writer.begin_object();
  writer.key("resource");
  writer.raw(rest::outcome_json({{Severity::error, error.code, error.what, {}}}));
  writer.end_object();
  writer.end_object();
}

int status_of(Error const& error) {
  bool const is_callers = error.code == ErrorCode::invalid || error.code == ErrorCode::malformed ||
                          error.code == ErrorCode::not_supported;
  return is_callers ? kBadRequest : error_row(error.code).http_status;
}

rest::Answer refuse(int status, std::vector<Error> const& errors, std::string_view query) {
  rest::Answer answer;
  answer.status = status;
  answer.media_type = kJson;
  json::Writer writer(answer.body);
  writer.begin_object();
  writer.key("data");
  writer.null();
  writer.key("errors");
  writer.begin_array();
  for (auto const& error : errors) write_error(writer, error, query);
  writer.end_array();
  writer.end_object();
  return answer;
}

Result<OperationDefinition const*> choose(Document const& document, std::string const& name) {
  auto const& all = document.operations;
  if (name.empty() && all.size() > 1) {
    return fail_at(all[1].at, "there are several operations: 'operationName' says which");
  }
  auto const found =
      name.empty() ? all.begin() : std::ranges::find(all, name, &OperationDefinition::name);
  if (found == all.end()) {
    return fail_at(kNone, "there is no operation '" + name + "' in the query");
  }
  if (found->kind != OperationKind::query) {
    return fail_at(found->at, "only queries are answered: writing is done by REST",
                   ErrorCode::not_supported);
  }
  return &*found;
}

/// What a query is about: the resource of the path, or nothing for the whole system.
Result<std::optional<json::Document>> subject_of(rest::OperationCall const& asked) {
  if (asked.call.id.empty()) return std::optional<json::Document>();
  auto resource = TRY(asked.context.store.read(asked.call.type, asked.call.id));
  return std::optional(TRY(json::Document::parse(std::move(resource.body))));
}

rest::Answer answer(rest::OperationCall const& asked) {
  auto const request = read_request(asked.call);
  if (!request) {
    bool const is_type = request.error().where == "Content-Type";
    return refuse(is_type ? kUnsupportedMediaType : kBadRequest, {request.error()}, {});
  }
  auto const& text = request->query;
  auto const refuse_one = [&](Error const& error) {
    return refuse(status_of(error), {error}, text);
  };
  auto document = parse_document(text);
  if (!document) return refuse_one(document.error());
  auto const chosen = choose(*document, request->operation);
  if (!chosen) return refuse_one(chosen.error());
  auto const& operation = **chosen;
  auto const subject = subject_of(asked);
  if (!subject) return refuse_one(subject.error());
  auto const resource = *subject ? (*subject)->root() : json::Value{};
  Type const root =
      resource ? Type{TypeKind::element, fhir::find_type(asked.call.type)} : Type{TypeKind::query};
  auto const errors = check(*document, operation, root);
  if (!errors.empty()) return refuse(kBadRequest, errors, text);
  auto const given = request->variables ? request->variables->root() : json::Value{};
  auto const variables = Variables::read(operation, given, *document);
  if (!variables) return refuse_one(variables.error());
  auto const data =
      execute(asked.context, {*document, operation, *variables, asked.call.base, resource});
  if (!data) return refuse_one(data.error());
  rest::Answer made;
  made.media_type = kJson;
  made.body = "{\"data\":" + *data + "}";
  return made;
}

}  // namespace

void add_graphql(rest::Service& service) {
  service.add_operation({
      .name = "graphql",
      .definition = "http://hl7.org/fhir/OperationDefinition/Resource-graphql",
      .levels = {rest::Level::system, rest::Level::instance},
      .parameters = {{"query", "string", 0, 1},
                     {"operationName", "string", 0, 1},
                     {"variables", "string", 0, 1}},
      .handler = [](rest::OperationCall const& asked) -> Result<rest::Answer> {
        return answer(asked);
      },
      .audit = 'R',
      .unknown = rest::Unknown::passed,
      .body = rest::Body::raw,
  });
}

}  // namespace sinew::graphql
