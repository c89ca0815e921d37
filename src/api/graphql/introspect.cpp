#include "api/graphql/introspect.h"

#include <algorithm>
#include <array>
#include <vector>

#include "api/graphql/schema.h"
#include "json/write.h"

namespace sinew::graphql {
namespace {

/// The scalars of GraphQL that primitives of FHIR are; the others have their own names.
struct ScalarRow {
  std::string_view primitive, scalar;
};
constexpr auto kScalars = std::to_array<ScalarRow>({
    {"boolean", "Boolean"},
    {"decimal", "Float"},
    {"id", "ID"},
    {"integer", "Int"},
    {"positiveInt", "Int"},
    {"string", "String"},
    {"unsignedInt", "Int"},
});

/// Scalars of GraphQL that no primitive above yields under its own name.
constexpr auto kOwnScalars =
    std::to_array<std::string_view>({"Boolean", "Float", "ID", "Int", "String"});

struct ArgumentRow {
  std::string_view name, type;
};
constexpr auto kElementArguments =
    std::to_array<ArgumentRow>({{"fhirpath", "String"}, {"_count", "Int"}, {"_offset", "Int"}});
constexpr auto kSearchArguments =
    std::to_array<ArgumentRow>({{"fhirpath", "String"}, {"_count", "Int"}, {"_sort", "String"}});
constexpr auto kTargetArguments =
    std::to_array<ArgumentRow>({{"optional", "Boolean"}, {"type", "code"}});

struct MemberRow {
  std::string_view name, type;
};
constexpr auto kConnectionScalars = std::to_array<MemberRow>({
    {"count", "Int"},
    {"offset", "Int"},
    {"pagesize", "Int"},
    {"first", "ID"},
    {"previous", "ID"},
    {"next", "ID"},
    {"last", "ID"},
});
constexpr auto kEdgeScalars = std::to_array<MemberRow>({{"mode", "code"}, {"score", "Float"}});

/// Source: GraphQL, October 2021, section 3.13; FHIR R4 graphql.html#flattening.
struct DirectiveRow {
  std::string_view name, argument, type;
  bool is_of_fragments;
};
constexpr auto kDirectives = std::to_array<DirectiveRow>({
    {"include", "if", "Boolean", true},
    {"skip", "if", "Boolean", true},
    {"first", "", "", false},
    {"flatten", "", "", false},
    {"singleton", "", "", false},
    {"slice", "path", "String", false},
});

bool is_primitive(fhir::TypeId id) { return fhir::type(id).kind == fhir::TypeKind::primitive; }

std::string_view kind_of(fhir::TypeId id) {
  if (is_primitive(id)) return "SCALAR";
  return is_resource(id) && fhir::type(id).is_abstract ? "INTERFACE" : "OBJECT";
}

std::string name_of(fhir::TypeId id) {
  auto const name = fhir::type(id).name.view();
  auto const* const row = std::ranges::find(kScalars, name, &ScalarRow::primitive);
  if (is_primitive(id) && row != kScalars.end()) return std::string(row->scalar);
  return is_resource(id) && fhir::type(id).is_abstract ? "Resource" : graph_name(id);
}

/// Writes types, fields and references to types.
class Writer {
 public:
  explicit Writer(std::string& out) : json_(out) {}

  void schema();
  void fhir_type(fhir::TypeId id);
  void query_type();
  void connection_type(fhir::TypeId id);
  void edge_type(fhir::TypeId id);
  void scalar_type(std::string_view name);

 private:
  void begin_type(std::string_view kind, std::string_view name);
  void end_type();
  void null(std::string_view key) {
    json_.key(key);
    json_.null();
  }
  void empty(std::string_view key) {
    json_.key(key);
    json_.begin_array();
    json_.end_array();
  }
  void named(std::string_view kind, std::string_view name);
  void reference(std::string_view kind, std::string_view name, bool is_list);
  void argument(std::string_view name, std::string_view type, bool is_list = false);
  template <class Rows>
  void arguments(Rows const& rows) {
    for (auto const& row : rows) argument(row.name, row.type);
  }
  void begin_field(std::string_view name);
  void end_field(std::string_view kind, std::string_view type, bool is_list);
  void plain_field(std::string_view name, std::string_view kind, std::string_view type,
                   bool is_list = false);
  void element(fhir::Element const& element);
  void searches(fhir::TypeId id, bool is_reverse);
  void search_arguments(fhir::TypeId id, bool is_reverse, bool is_connection);
  void directives();

  json::Writer json_;
};

void Writer::named(std::string_view kind, std::string_view name) {
  json_.begin_object();
  json_.member("kind", kind);
  json_.member("name", name);
  null("ofType");
  json_.end_object();
}

void Writer::reference(std::string_view kind, std::string_view name, bool is_list) {
  if (!is_list) return named(kind, name);
  json_.begin_object();
  json_.member("kind", "LIST");
  null("name");
  json_.key("ofType");
  named(kind, name);
  json_.end_object();
}

void Writer::argument(std::string_view name, std::string_view type, bool is_list) {
  json_.begin_object();
  json_.member("name", name);
  null("description");
  json_.key("type");
  reference("SCALAR", type, is_list);
  null("defaultValue");
  json_.end_object();
}

void Writer::begin_field(std::string_view name) {
  json_.begin_object();
  json_.member("name", name);
  null("description");
  json_.key("args");
  json_.begin_array();
}

void Writer::end_field(std::string_view kind, std::string_view type, bool is_list) {
  json_.end_array();
  json_.key("type");
  reference(kind, type, is_list);
  json_.key("isDeprecated");
  json_.boolean(false);
  null("deprecationReason");
  json_.end_object();
}

void Writer::plain_field(std::string_view name, std::string_view kind, std::string_view type,
                         bool is_list) {
  begin_field(name);
  end_field(kind, type, is_list);
}

void Writer::begin_type(std::string_view kind, std::string_view name) {
  json_.begin_object();
  json_.member("kind", kind);
  json_.member("name", name);
  null("description");
  if (kind == "SCALAR") return null("fields");
  json_.key("fields");
  json_.begin_array();
}

void Writer::end_type() {
  null("inputFields");
  empty("interfaces");
  null("enumValues");
  null("possibleTypes");
  null("ofType");
  json_.end_object();
}

void Writer::element(fhir::Element const& element) {
  auto const type = name_of(element.type);
  begin_field(element.name.view());
  if (!is_primitive(element.type)) {
    arguments(kElementArguments);
    for (auto const& member : fhir::elements(element.type)) {
      if (is_primitive(member.type)) argument(member.name.view(), name_of(member.type), true);
    }
  }
  end_field(kind_of(element.type), type, element.is_list);
  if (is_primitive(element.type)) {
    plain_field('_' + std::string(element.name.view()), "OBJECT", "Element", element.is_list);
  }
}

void Writer::search_arguments(fhir::TypeId id, bool is_reverse, bool is_connection) {
  arguments(kSearchArguments);
  if (is_reverse) argument("_reference", "code");
  if (is_connection && !is_reverse) argument("_cursor", "ID");
  for (auto const& parameter : fhir::search_parameters(id)) {
    std::string name(parameter.code);
    std::ranges::replace(name, '-', '_');
    argument(name, "String", true);
  }
}

void Writer::searches(fhir::TypeId id, bool is_reverse) {
  auto const name = graph_name(id);
  begin_field(name + "List");
  search_arguments(id, is_reverse, false);
  end_field("OBJECT", name, true);
  begin_field(name + "Connection");
  search_arguments(id, is_reverse, true);
  end_field("OBJECT", name + "Connection", false);
}

bool has_instances(fhir::TypeId id) { return is_resource(id) && !fhir::type(id).is_abstract; }

void Writer::fhir_type(fhir::TypeId id) {
  if (is_primitive(id)) return scalar_type(name_of(id));
  begin_type(kind_of(id), name_of(id));
  for (auto const& one : fhir::elements(id)) element(one);
  if (name_of(id) == "Reference") {
    begin_field("resource");
    arguments(kTargetArguments);
    end_field("INTERFACE", "Resource", false);
  }
  if (is_resource(id)) plain_field("resourceType", "SCALAR", "code");
  json_.end_array();
  end_type();
}

void Writer::scalar_type(std::string_view name) {
  begin_type("SCALAR", name);
  end_type();
}

void Writer::query_type() {
  begin_type("OBJECT", "Query");
  for (fhir::TypeId id = 1; id < fhir::types().size(); ++id) {
    if (!has_instances(id)) continue;
    begin_field(graph_name(id));
    argument("id", "ID");
    end_field("OBJECT", graph_name(id), false);
    searches(id, false);
  }
  json_.end_array();
  end_type();
}

void Writer::connection_type(fhir::TypeId id) {
  begin_type("OBJECT", graph_name(id) + "Connection");
  for (auto const& row : kConnectionScalars) plain_field(row.name, "SCALAR", row.type);
  plain_field("edges", "OBJECT", graph_name(id) + "Edge", true);
  json_.end_array();
  end_type();
}

void Writer::edge_type(fhir::TypeId id) {
  begin_type("OBJECT", graph_name(id) + "Edge");
  for (auto const& row : kEdgeScalars) plain_field(row.name, "SCALAR", row.type);
  plain_field("resource", "OBJECT", graph_name(id));
  json_.end_array();
  end_type();
}

void Writer::directives() {
  json_.key("directives");
  json_.begin_array();
  for (auto const& row : kDirectives) {
    json_.begin_object();
    json_.member("name", row.name);
    null("description");
    json_.key("locations");
    json_.begin_array();
    json_.string("FIELD");
    if (row.is_of_fragments) {
      json_.string("FRAGMENT_SPREAD");
      json_.string("INLINE_FRAGMENT");
    }
    json_.end_array();
    json_.key("args");
    json_.begin_array();
    if (!row.argument.empty()) argument(row.argument, row.type);
    json_.end_array();
    json_.key("isRepeatable");
    json_.boolean(false);
    json_.end_object();
  }
  json_.end_array();
}

/// Types that have a name of their own here: not the abstract resources but Resource itself.
bool is_shown(fhir::TypeId id) {
  auto const name = fhir::type(id).name.view();
  if (is_primitive(id)) {
    return std::ranges::find(kScalars, name, &ScalarRow::primitive) == kScalars.end();
  }
  return !is_resource(id) || !fhir::type(id).is_abstract || name == "Resource";
}

void Writer::schema() {
  json_.begin_object();
  null("description");
  json_.key("queryType");
  named("OBJECT", "Query");
  null("mutationType");
  null("subscriptionType");
  json_.key("types");
  json_.begin_array();
  query_type();
  for (auto const name : kOwnScalars) scalar_type(name);
  for (fhir::TypeId id = 1; id < fhir::types().size(); ++id) {
    if (is_shown(id)) fhir_type(id);
    if (!has_instances(id)) continue;
    connection_type(id);
    edge_type(id);
  }
  json_.end_array();
  directives();
  json_.end_object();
}

}  // namespace

std::string const& schema_json() {
  static auto const text = [] {
    std::string out;
    Writer(out).schema();
    return out;
  }();
  return text;
}

std::optional<std::string> type_json(std::string_view name) {
  std::string out;
  Writer writer(out);
  auto const type = find_type(name);
  if (std::ranges::find(kOwnScalars, name) != kOwnScalars.end()) {
    writer.scalar_type(name);
  } else if (!type || type->kind == TypeKind::json) {
    return {};
  } else if (type->kind == TypeKind::query) {
    writer.query_type();
  } else if (type->kind == TypeKind::connection) {
    writer.connection_type(type->id);
  } else if (type->kind == TypeKind::edge) {
    writer.edge_type(type->id);
  } else {
    writer.fhir_type(type->id != 0 ? type->id : fhir::find_type("Resource"));
  }
  return out;
}

}  // namespace sinew::graphql
