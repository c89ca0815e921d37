#include <algorithm>
#include <array>
#include <map>

#include "api/rest/operation.h"
#include "api/rest/us_core.h"
#include "fhir/definitions.h"
#include "fhir/search_index.h"
#include "json/write.h"

namespace sinew::rest {
namespace {

constexpr std::string_view kInteractions[] = {
    "read",   "vread",       "update",           "patch",       "delete",
    "create", "search-type", "history-instance", "history-type"};

struct TypeRow {
  fhir::ParameterType type;
  std::string_view code;
};
/// Source: FHIR R4 valueset-search-param-type.
constexpr auto kTypes = std::to_array<TypeRow>({
    {fhir::ParameterType::number, "number"},
    {fhir::ParameterType::date, "date"},
    {fhir::ParameterType::string, "string"},
    {fhir::ParameterType::token, "token"},
    {fhir::ParameterType::reference, "reference"},
    {fhir::ParameterType::composite, "composite"},
    {fhir::ParameterType::quantity, "quantity"},
    {fhir::ParameterType::uri, "uri"},
    {fhir::ParameterType::special, "special"},
});

struct SpecialParameter {
  std::string_view name, type, resource;
};
/// What is found without an indexed path.
constexpr auto kSpecialParameters = std::to_array<SpecialParameter>({
    {"_content", "string", ""},
    {"_list", "string", ""},
    {"_text", "string", ""},
    {"near", "special", "Location"},
});

std::string_view type_code(fhir::ParameterType type) {
  auto const* const row = std::ranges::find(kTypes, type, &TypeRow::type);
  return row == kTypes.end() ? "special" : row->code;
}

bool has_instances(fhir::Type const& type) {
  return type.kind == fhir::TypeKind::resource && !type.is_abstract;
}

/// `Observation:subject` under each type that it may point at.
using ReverseIncludes = std::map<fhir::TypeId, std::vector<std::string>>;

ReverseIncludes reverse_includes() {
  ReverseIncludes found;
  auto const types = fhir::types();
  for (fhir::TypeId id = 1; id < types.size(); ++id) {
    if (!has_instances(types[id])) continue;
    for (auto const& parameter : fhir::search_parameters(id)) {
      for (auto const target : parameter.targets) {
        found[target].push_back(std::string(types[id].name.view()) + ':' +
                                std::string(parameter.code));
      }
    }
  }
  return found;
}

void write_codes(json::Writer& writer, std::string_view key, std::vector<std::string> const& list) {
  if (list.empty()) return;
  writer.key(key);
  writer.begin_array();
  for (auto const& item : list) writer.string(item);
  writer.end_array();
}

void write_parameters(json::Writer& writer, fhir::TypeId type) {
  auto const parameters = fhir::search_parameters(type);
  if (parameters.empty()) return;
  writer.key("searchParam");
  writer.begin_array();
  for (auto const& parameter : parameters) {
    writer.begin_object();
    writer.member("name", parameter.code);
    if (!parameter.url.empty()) writer.member("definition", parameter.url);
    writer.member("type", type_code(parameter.type));
    writer.end_object();
  }
  for (auto const& special : kSpecialParameters) {
    if (!special.resource.empty() && fhir::type(type).name.view() != special.resource) continue;
    writer.begin_object();
    writer.member("name", special.name);
    writer.member("type", special.type);
    writer.end_object();
  }
  writer.end_array();
}

/// Those of a type, or with an empty one those of the system.
/// Source: FHIR R4 capabilitystatement.html, rest.resource.operation, rest.operation.
void write_operations(json::Writer& writer, Context const& context, std::string_view type) {
  bool is_first = true;
  for (auto const& operation : *context.operations) {
    bool const is_system =
        std::ranges::find(operation.levels, Level::system) != operation.levels.end();
    bool const is_only_system = is_system && operation.levels.size() == 1;
    bool const is_of_type = operation.types.empty() ||
                            std::ranges::find(operation.types, type) != operation.types.end();
    if (type.empty() ? !is_system : is_only_system || !is_of_type) continue;
    if (is_first) {
      writer.key("operation");
      writer.begin_array();
    }
    is_first = false;
    writer.begin_object();
    writer.member("name", operation.name);
    writer.member("definition", operation.definition);
    writer.end_object();
  }
  if (!is_first) writer.end_array();
}

void write_resource(json::Writer& writer, Context const& context, fhir::TypeId id,
                    ReverseIncludes const& reverse, UsCore const& us_core) {
  auto const name = fhir::type(id).name.view();
  writer.begin_object();
  us_core.write_combinations(writer, name);
  writer.member("type", name);
  writer.member("profile", "http://hl7.org/fhir/StructureDefinition/" + std::string(name));
  us_core.write_profiles(writer, name);
  writer.key("interaction");
  writer.begin_array();
  for (auto const interaction : kInteractions) {
    writer.begin_object();
    writer.member("code", interaction);
    writer.end_object();
  }
  writer.end_array();
  writer.member("versioning", "versioned-update");
  writer.key("readHistory");
  writer.boolean(true);
  writer.key("updateCreate");
  writer.boolean(true);
  writer.key("conditionalCreate");
  writer.boolean(true);
  writer.member("conditionalRead", "full-support");
  writer.key("conditionalUpdate");
  writer.boolean(true);
  writer.member("conditionalDelete",
                context.options.conditional_delete_max > 1 ? "multiple" : "single");
  std::vector<std::string> includes;
  for (auto const& parameter : fhir::search_parameters(id)) {
    if (parameter.type != fhir::ParameterType::reference) continue;
    includes.push_back(std::string(name) + ':' + std::string(parameter.code));
  }
  write_codes(writer, "searchInclude", includes);
  if (auto const found = reverse.find(id); found != reverse.end()) {
    write_codes(writer, "searchRevInclude", found->second);
  }
  write_parameters(writer, id);
  write_operations(writer, context, name);
  writer.end_object();
}

void write_head(json::Writer& writer, Context const& context, Call const& call,
                UsCore const& us_core) {
  writer.member("resourceType", "CapabilityStatement");
  writer.member("status", "active");
  writer.member("date", to_string(context.started));
  writer.member("publisher", "Sinew");
  writer.member("kind", "instance");
  us_core.write_versions(writer);
  writer.key("software");
  writer.begin_object();
  writer.member("name", "Sinew");
  if (!context.options.software_version.empty()) {
    writer.member("version", context.options.software_version);
  }
  writer.end_object();
  writer.key("implementation");
  writer.begin_object();
  writer.member("description", "FHIR R4 over HL7 v2 and REST");
  writer.member("url", call.base);
  writer.end_object();
  writer.member("fhirVersion", "4.0.1");
  writer.key("format");
  writer.begin_array();
  writer.string("application/fhir+json");
  writer.string("application/fhir+xml");
  writer.string("application/fhir+ndjson");
  writer.end_array();
  writer.key("patchFormat");
  writer.begin_array();
  for (auto const format : {"application/json-patch+json", "application/xml-patch+xml",
                            "application/fhir+json", "application/fhir+xml"}) {
    writer.string(format);
  }
  writer.end_array();
}

}  // namespace

/// Printed from the element and parameter tables on every call; nobody asks often.
/// Source: FHIR R4 http.html#capabilities, capabilitystatement.html.
Result<Answer> capabilities(Context const& context, Call const& call) {
  Answer answer;
  json::Writer writer(answer.body);
  writer.begin_object();
  UsCore const us_core;
  write_head(writer, context, call, us_core);
  writer.key("rest");
  writer.begin_array();
  writer.begin_object();
  writer.member("mode", "server");
  writer.key("resource");
  writer.begin_array();
  auto const reverse = reverse_includes();
  for (fhir::TypeId id = 1; id < fhir::types().size(); ++id) {
    if (has_instances(fhir::type(id))) write_resource(writer, context, id, reverse, us_core);
  }
  writer.end_array();
  writer.key("interaction");
  writer.begin_array();
  for (auto const interaction : {"transaction", "batch", "history-system", "search-system"}) {
    writer.begin_object();
    writer.member("code", interaction);
    writer.end_object();
  }
  writer.end_array();
  write_operations(writer, context, {});
  writer.end_object();
  writer.end_array();
  writer.end_object();
  return answer;
}

}  // namespace sinew::rest
