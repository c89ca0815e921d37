#include <algorithm>
#include <array>
#include <set>

#include "api/operations/registrations.h"
#include "api/rest/submit.h"
#include "api/rest/write_parts.h"
#include "json/write.h"

namespace sinew::rest {
namespace {

/// Values of one kind that are listed for a type; nobody chooses from more.
constexpr std::size_t kValuesMax = 10'000;
/// Attempts against clients who change the resource at the same time.
constexpr int kAttemptsMax = 8;

/// The parts of Meta that are sets, and the search parameters that know what is in use.
struct SetRow {
  std::string_view element, parameter;
  bool is_coding;
};
constexpr auto kSets = std::to_array<SetRow>({
    {"profile", "_profile", false},
    {"security", "_security", true},
    {"tag", "_tag", true},
});

Answer meta_answer(std::string_view meta) {
  Answer answer;
  answer.body = parameters_json(
      [&](json::Writer& writer) { write_parameter(writer, "return", "valueMeta", meta); });
  return answer;
}

/// "The identity of a tag or security label is the system+code ... For profiles, matching is based
/// on the full URL". Source: FHIR R4 resource-operation-meta-add.html.
std::string identity(json::Value value) {
  if (!value.is_object()) return value.text();
  return value["system"].text() + '\n' + value["code"].text();
}

struct InUse {
  std::string system, code, display;
  bool operator<(InUse const& other) const {
    return std::tie(system, code) < std::tie(other.system, other.code);
  }
};

void write_in_use(json::Writer& writer, SetRow const& row, std::set<InUse> const& values) {
  if (values.empty()) return;
  writer.key(row.element);
  writer.begin_array();
  for (auto const& value : values) {
    if (!row.is_coding) {
      writer.string(value.code);
      continue;
    }
    writer.begin_object();
    if (!value.system.empty()) writer.member("system", value.system);
    if (!value.code.empty()) writer.member("code", value.code);
    if (!value.display.empty()) writer.member("display", value.display);
    writer.end_object();
  }
  writer.end_array();
}

/// "A list of all profiles, tags and security labels" of a type or of all types.
Result<Answer> labels_in_use(OperationCall const& asked) {
  auto& store = asked.context.store;
  std::vector<std::string> types;
  if (!asked.call.type.empty()) {
    types.push_back(asked.call.type);
  } else {
    for (auto& [type, count] : TRY(store.counts())) types.push_back(std::move(type));
  }
  std::string meta;
  json::Writer writer(meta);
  writer.begin_object();
  for (auto const& row : kSets) {
    std::set<InUse> values;
    for (auto const& type : types) {
      for (auto& value : TRY(store.values_in_use(type, row.parameter, kValuesMax))) {
        values.insert({std::move(value.system), std::move(value.code), std::move(value.display)});
      }
    }
    write_in_use(writer, row, values);
  }
  writer.end_object();
  return meta_answer(meta);
}

Result<Answer> answer_meta(OperationCall const& asked) {
  auto& store = asked.context.store;
  auto const& call = asked.call;
  if (asked.level == Level::system || asked.level == Level::type) return labels_in_use(asked);
  std::string body;
  if (asked.level == Level::version) {
    // A version is named by its number; no other text is one.
    Call reading{call.http, call.type, call.id, call.version, {}, {}, call.base};
    body = TRY(read_version(asked.context, reading)).body;
  } else {
    body = TRY(store.read(call.type, call.id)).body;
  }
  auto const document = TRY(json::Document::parse(std::move(body)));
  return meta_answer(document.root()["meta"].source());
}

enum class Edit : bool { add, remove };

/// One set of the Meta as it becomes.
void write_set(json::Writer& writer, std::string_view name, json::Value current, json::Value given,
               Edit edit) {
  std::set<std::string> named;
  for (auto const value : given.elements()) named.insert(identity(value));
  std::vector<json::Value> values;
  std::set<std::string> known;
  for (auto const value : current.elements()) {
    if (edit == Edit::remove && named.contains(identity(value))) continue;
    values.push_back(value);
    known.insert(identity(value));
  }
  if (edit == Edit::add) {
    for (auto const value : given.elements()) {
      if (known.insert(identity(value)).second) values.push_back(value);
    }
  }
  if (values.empty()) return;
  writer.key(name);
  writer.begin_array();
  for (auto const value : values) writer.value(value);
  writer.end_array();
}

/// The Meta with what is given put in or taken out; everything else stays.
std::string edited(json::Value current, json::Value given, Edit edit) {
  std::string meta;
  json::Writer writer(meta);
  writer.begin_object();
  for (auto const [name, value] : current.members()) {
    if (std::ranges::find(kSets, name, &SetRow::element) != kSets.end()) continue;
    writer.key(name);
    writer.value(value);
  }
  for (auto const& row : kSets) {
    write_set(writer, row.element, current[row.element], given[row.element], edit);
  }
  writer.end_object();
  return meta;
}

/// The resource with another Meta.
std::string with_meta(json::Value resource, std::string_view meta) {
  std::string body;
  json::Writer writer(body);
  writer.begin_object();
  writer.key("resourceType");
  writer.value(resource["resourceType"]);
  writer.key("id");
  writer.value(resource["id"]);
  writer.key("meta");
  writer.raw(meta);
  for (auto const [name, value] : resource.members()) {
    if (name == "resourceType" || name == "id" || name == "meta") continue;
    writer.key(name);
    writer.value(value);
  }
  writer.end_object();
  return body;
}

Result<Answer> answer_edit(OperationCall const& asked, Edit edit) {
  auto& store = asked.context.store;
  auto const& call = asked.call;
  for (int attempt = 1;; ++attempt) {
    auto const current = TRY(store.read(call.type, call.id));
    auto const document = TRY(json::Document::parse(current.body));
    auto const meta = edited(document.root()["meta"], asked.arguments.value("meta"), edit);
    store::Change change;
    change.type = call.type;
    change.id = call.id;
    change.body = with_meta(document.root(), meta);
    change.if_version = current.version;
    auto const made = TRY(json::Document::parse(change.body));
    if (auto fault = fault_of(asked.context, made.root(), call.type, change.body)) {
      return *std::move(fault);
    }
    auto const done = apply_one(asked.context, std::move(change));
    if (!done) {
      bool const is_race = done.error().code == ErrorCode::precondition;
      if (is_race && attempt < kAttemptsMax) continue;
      return Result<store::Outcome>(done).failure();
    }
    auto const now = TRY(store.read_version(call.type, call.id, done->version));
    auto const written = TRY(json::Document::parse(now.body));
    auto answer = meta_answer(written.root()["meta"].source());
    add_version_headers(answer, *done, {}, {});
    return answer;
  }
}

Operation editing(std::string name, Edit edit) {
  Operation operation;
  operation.definition = "http://hl7.org/fhir/OperationDefinition/Resource-" + name;
  operation.name = std::move(name);
  operation.levels = {Level::instance};
  operation.parameters = {{"meta", "Meta", 1}};
  operation.handler = [edit](OperationCall const& asked) { return answer_edit(asked, edit); };
  operation.effect = Effect::changes;
  operation.audit = 'U';
  return operation;
}

}  // namespace

Operation meta() {
  Operation operation;
  operation.name = "meta";
  operation.definition = "http://hl7.org/fhir/OperationDefinition/Resource-meta";
  operation.levels = {Level::system, Level::type, Level::instance, Level::version};
  operation.handler = answer_meta;
  operation.audit = 'R';
  return operation;
}

Operation meta_add() { return editing("meta-add", Edit::add); }
Operation meta_delete() { return editing("meta-delete", Edit::remove); }

}  // namespace sinew::rest
