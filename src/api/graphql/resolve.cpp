#include "api/graphql/resolve.h"

#include <algorithm>

#include "api/graphql/check.h"
#include "api/graphql/collect.h"
#include "api/graphql/introspect.h"
#include "base/text.h"
#include "fhir/resource.h"
#include "fhirpath/moment.h"
#include "json/write.h"

namespace sinew::graphql {
namespace {

fhirpath::Item item_of(Source const& source) {
  return fhirpath::Item::of_node(source.value, {}, source.type.id, source.element);
}

std::string quoted(std::string_view text) {
  std::string json;
  json::append_string(json, text);
  return json;
}

Source value_of(Source const& owner, Field const& field, json::Value value) {
  if (field.type.kind == TypeKind::resource) {
    return Resolver::source_of(value, owner.container ? owner.container : owner.resource);
  }
  return {field.type, value, owner.resource, owner.container, field.element};
}

/// A scalar of a connection.
std::string connection_member(Page const& page, std::string_view name) {
  if (name == "count") return std::to_string(page.total);
  if (name == "offset") return std::to_string(page.offset);
  if (name == "pagesize") return std::to_string(page.size);
  auto const cursor = name == "first"      ? page.first
                      : name == "previous" ? page.previous
                      : name == "next"     ? page.next
                                           : std::string();
  return cursor.empty() ? cursor : quoted(cursor);
}

}  // namespace

Resolver::Resolver(rest::Context const& context, Query const& query)
    : context_(context), query_(query) {
  constexpr std::uint64_t kStepsOfFilterMax = 1'000'000;
  evaluator_.environment().now = fhirpath::moment_of(context.clock.now());
  evaluator_.environment().limits.steps_max = kStepsOfFilterMax;
}

Source Resolver::source_of(json::Value resource, json::Value container) {
  Type const type{TypeKind::element, fhir::resource_type(resource)};
  return {type, resource, resource, container ? container : resource};
}

Result<std::vector<Source>> Resolver::objects(Selection const& selection, Field const& field,
                                              Source const& source) {
  switch (field.kind) {
    case FieldKind::element:
    case FieldKind::twin:
      return elements(selection, field, source);
    case FieldKind::target:
      return target(selection, source);
    case FieldKind::read:
      return read_by_id(selection, field);
    case FieldKind::list:
    case FieldKind::connection:
      return search(selection, field, source);
    case FieldKind::schema:
    case FieldKind::schema_type:
      return introspect(selection, field);
    default:
      return members(selection, source);
  }
}

Result<std::vector<std::string>> Resolver::leaves(Selection const& selection, Field const& field,
                                                  Source const& source) {
  std::vector<std::string> found;
  if (field.kind == FieldKind::type_name) {
    found.push_back(quoted(type_name(source.type)));
  } else if (field.kind == FieldKind::resource_type) {
    found.push_back(quoted(fhir::type(source.type.id).name.view()));
  } else if (source.type.kind == TypeKind::connection) {
    auto json = connection_member(*source.page, selection.name);
    if (!json.empty()) found.push_back(std::move(json));
  } else if (source.type.kind == TypeKind::edge) {
    if (selection.name == "mode") found.push_back(quoted("match"));
  } else {
    auto const value = source.value[selection.name];
    for (auto const item : value.elements()) found.emplace_back(item.source());
    if (value && !value.is_array()) found.emplace_back(value.source());
  }
  return found;
}

Result<std::vector<Source>> Resolver::elements(Selection const& selection, Field const& field,
                                               Source const& source) {
  std::vector<Source> found;
  auto const value = source.value[selection.name];
  auto const add = [&](json::Value one) {
    if (one.is_object()) found.push_back(value_of(source, field, one));
  };
  if (value.is_array()) {
    for (auto const item : value.elements()) add(item);
  } else {
    add(value);
  }
  if (!selection.arguments.empty()) TRY(filter(selection, source, found));
  return found;
}

Result<std::optional<std::string>> Resolver::text_of(Selection const& selection,
                                                     std::string_view name) {
  auto const* const argument = find_argument(selection, name);
  if (!argument) return std::optional<std::string>();
  auto text = TRY(query_.variables.text(query_.document, *argument));
  if (!text) return std::optional<std::string>();
  return std::optional(std::move(text->text));
}

/// Source: FHIR R4 graphql.html#references.
Result<std::vector<Source>> Resolver::target(Selection const& selection, Source const& source) {
  std::vector<Source> found;
  auto const reference = source.value["reference"].text();
  auto const type = TRY(text_of(selection, "type"));
  if (type && !find_type(*type)) {
    return fail_at(selection.at, "no such type: '" + *type + "'");
  }
  bool const is_optional = TRY(text_of(selection, "optional")).value_or("false") == "true";
  auto const parsed = fhir::parse_reference(reference);
  // What the reference itself says to be of another type need not be read.
  auto const said = parsed.type == 0 ? std::string_view{} : fhir::type(parsed.type).name.view();
  bool const is_other =
      type && !said.empty() && !applies(*type, {TypeKind::element, parsed.type}).value_or(false);
  if (is_other) return found;
  auto one = TRY(follow(reference, source));
  if (!one) {
    if (is_optional) return found;
    return fail_at(selection.at, "the reference cannot be resolved; with optional: true it may be",
                   ErrorCode::not_found);
  }
  if (!type || applies(*type, one->type).value_or(false)) found.push_back(*std::move(one));
  return found;
}

Result<std::optional<Source>> Resolver::follow(std::string_view reference, Source const& source) {
  auto const parsed = fhir::parse_reference(reference);
  auto const container = source.container ? source.container : source.resource;
  switch (parsed.kind) {
    case fhir::ReferenceKind::fragment: {
      if (parsed.id.empty()) return std::optional(source_of(container, container));
      for (auto const contained : container["contained"].elements()) {
        if (contained["id"].text() == parsed.id)
          return std::optional(source_of(contained, container));
      }
      return std::optional<Source>();
    }
    case fhir::ReferenceKind::absolute:
      if (parsed.base != query_.base) return std::optional<Source>();
      [[fallthrough]];
    case fhir::ReferenceKind::relative:
      return read(fhir::type(parsed.type).name.view(), parsed.id, parsed.version);
    default:
      return std::optional<Source>();
  }
}

Result<std::optional<Source>> Resolver::read(std::string_view type, std::string_view id,
                                             std::string_view version) {
  auto const key = std::string(type) + '/' + std::string(id) + '/' + std::string(version);
  if (auto const known = read_.find(key); known != read_.end()) {
    if (!known->second) return std::optional<Source>();
    return std::optional(source_of(known->second, {}));
  }
  if (++reads_ > kReadsMax) {
    return fail_at(kNone, "the query follows too many references", ErrorCode::too_large);
  }
  auto const number = parse_integer<std::uint64_t>(version);
  auto resource = version.empty() ? context_.store.read(type, id)
                  : number        ? context_.store.read_version(type, id, *number)
                           : Result<store::Resource>(fail(ErrorCode::not_found, "no version"));
  bool const is_absent = !resource ? resource.error().code == ErrorCode::not_found ||
                                         resource.error().code == ErrorCode::gone
                                   : resource->deleted;
  if (!is_absent && !resource) return std::move(resource).failure();
  auto& known = read_[key];
  if (is_absent) return std::optional<Source>();
  documents_.push_back(TRY(json::Document::parse(std::move(resource->body))));
  known = documents_.back().root();
  return std::optional(source_of(known, {}));
}

Result<std::vector<Source>> Resolver::read_by_id(Selection const& selection, Field const& field) {
  auto const* const name = find_argument(selection, "id") ? "id" : "_id";
  auto const id = TRY(text_of(selection, name)).value_or("");
  auto one = TRY(read(fhir::type(field.type.id).name.view(), id, {}));
  if (!one) return fail_at(selection.at, "there is no such resource", ErrorCode::not_found);
  std::vector<Source> found;
  found.push_back(*std::move(one));
  return found;
}

Result<std::vector<Source>> Resolver::search(Selection const& selection, Field const& field,
                                             Source const& source) {
  if (++searches_ > kSearchesMax) {
    return fail_at(selection.at, "the query makes too many searches", ErrorCode::too_large);
  }
  std::string target;
  if (field.is_reverse) {
    target = std::string(fhir::type(source.type.id).name.view()) + '/' + source.value["id"].text();
  }
  SearchField const asked{query_.document, query_.variables, selection, field, target};
  bool const is_list = field.kind == FieldKind::list;
  pages_.push_back(
      TRY(is_list ? search_list(context_, asked) : search_connection(context_, asked)));
  auto& page = pages_.back();
  std::vector<Source> found;
  found.reserve(page.resources.size());
  for (auto const& resource : page.resources) found.push_back(source_of(resource.root(), {}));
  if (auto const* const path = find_argument(selection, "fhirpath")) {
    std::vector<Source> kept;
    for (auto const& one : found) {
      std::vector<Source> single = {one};
      TRY(filter_by_path(*path, one, single));
      if (!single.empty()) kept.push_back(one);
    }
    if (!is_list) {
      std::erase_if(page.resources, [&](json::Document const& document) {
        return std::ranges::none_of(kept, [&](Source const& one) {
          return one.value.source().data() == document.root().source().data();
        });
      });
    }
    found = std::move(kept);
  }
  if (is_list) return found;
  Source connection;
  connection.type = field.type;
  connection.page = &page;
  return std::vector<Source>{connection};
}

Result<std::vector<Source>> Resolver::members(Selection const& selection, Source const& source) {
  std::vector<Source> found;
  if (source.type.kind == TypeKind::connection) {
    for (std::size_t i = 0; i < source.page->resources.size(); ++i) {
      Source edge;
      edge.type = {TypeKind::edge, source.type.id};
      edge.page = source.page;
      edge.match = i;
      found.push_back(edge);
    }
  } else if (source.type.kind == TypeKind::edge) {
    found.push_back(source_of(source.page->resources[source.match].root(), {}));
  } else {
    auto const value = source.value[selection.name];
    if (!value) return no_such_field(selection, source.type);
    if (value.is_object()) found.push_back({source.type, value});
    for (auto const item : value.elements()) found.push_back({source.type, item});
  }
  return found;
}

Result<std::vector<Source>> Resolver::introspect(Selection const& selection, Field const& field) {
  std::vector<Source> found;
  bool const is_type = field.kind == FieldKind::schema_type;
  auto const name = TRY(text_of(selection, "name")).value_or("");
  auto const text = is_type ? type_json(name) : std::optional(schema_json());
  if (!text) return found;
  documents_.push_back(TRY(json::Document::parse(*text)));
  found.push_back({{TypeKind::json}, documents_.back().root()});
  return found;
}

Result<> Resolver::filter(Selection const& selection, Source const& source,
                          std::vector<Source>& values) {
  for (auto const& argument : selection.arguments) {
    if (argument.name == "fhirpath") {
      TRY(filter_by_path(argument, source, values));
    } else if (argument.name != "_count" && argument.name != "_offset") {
      TRY(filter_by_member(argument, values));
    }
  }
  return keep_part(selection, values);
}

/// `name(use: official)`; several values are alternatives.
Result<> Resolver::filter_by_member(Argument const& argument, std::vector<Source>& values) {
  auto const wanted = TRY(query_.variables.texts(query_.document, argument));
  std::string scratch;
  auto const is_wanted = [&](json::Value value) {
    auto const text = value.text(scratch);
    return std::ranges::any_of(wanted, [&](auto const& one) { return one.text == text; });
  };
  std::erase_if(values, [&](Source const& source) {
    auto const member = source.value[argument.name];
    if (member.is_array()) return std::ranges::none_of(member.elements(), is_wanted);
    return !member || !is_wanted(member);
  });
  return {};
}

Result<fhirpath::Expression const*> Resolver::expression(Argument const& argument, bool is_filter) {
  auto const text = TRY(query_.variables.text(query_.document, argument));
  if (!text || text->kind != ValueKind::string) {
    return fail_at(argument.at, "'" + argument.name + "' is a FHIRPath expression in quotes");
  }
  auto const compile = [&](std::string const& whole) -> Result<fhirpath::Expression const*> {
    if (auto const known = expressions_.find(whole); known != expressions_.end()) {
      return &known->second;
    }
    auto made = fhirpath::Expression::compile(whole);
    if (!made) {
      return fail_at(argument.at, made.error().where + ": " + made.error().what);
    }
    return &expressions_.emplace(whole, *std::move(made)).first->second;
  };
  auto const* const plain = TRY(compile(text->text));
  // The expression is sound by itself, so that it cannot end the function it is put into.
  if (!is_filter) return plain;
  return compile("where(" + text->text + "\n)");
}

Result<std::span<fhirpath::Item const>> Resolver::evaluate(fhirpath::Expression const& expression,
                                                           std::span<fhirpath::Item const> items,
                                                           Source const& around, Offset at) {
  if (++filters_ > kFiltersMax) {
    return fail_at(at, "the query evaluates too many expressions", ErrorCode::too_large);
  }
  fhirpath::Focus focus;
  focus.items = items;
  focus.resource = fhirpath::item_of(around.resource);
  focus.root_resource = fhirpath::item_of(around.container ? around.container : around.resource);
  auto found = evaluator_.evaluate(expression, focus);
  if (!found) return fail_at(at, "FHIRPath: " + found.error().what, found.error().code);
  return found;
}

/// The values that `where` keeps, `$index` being the place among all of them.
Result<> Resolver::filter_by_path(Argument const& argument, Source const& source,
                                  std::vector<Source>& values) {
  auto const* const where = TRY(expression(argument, true));
  std::vector<fhirpath::Item> items;
  items.reserve(values.size());
  for (auto const& value : values) items.push_back(item_of(value));
  auto const kept = TRY(evaluate(*where, items, source, argument.at));
  std::vector<Source> left;
  auto from = values.begin();
  for (auto const& item : kept) {
    from = std::find_if(from, values.end(), [&](Source const& value) {
      return item.is_node() && value.value.source().data() == item.node.value.source().data();
    });
    if (from != values.end()) left.push_back(*from++);
  }
  values = std::move(left);
  return {};
}

Result<> Resolver::keep_part(Selection const& selection, std::vector<Source>& values) {
  auto const number = [&](std::string_view name, std::size_t fallback) -> Result<std::size_t> {
    auto const text = TRY(text_of(selection, name));
    if (!text) return fallback;
    auto const value = parse_integer<std::size_t>(*text);
    if (!value) return fail_at(selection.at, "'" + std::string(name) + "' is a whole number");
    return *value;
  };
  auto const offset = std::min(TRY(number("_offset", 0)), values.size());
  auto const count = TRY(number("_count", values.size()));
  values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(offset));
  if (count < values.size()) values.resize(count);
  return {};
}

Result<std::string> Resolver::slice_name(Directive const& directive, Source const& value,
                                         std::size_t index) {
  auto const& argument = directive.arguments.front();
  auto const text = TRY(query_.variables.text(query_.document, argument));
  if (text && text->text == "$index") return std::to_string(index);
  auto const* const path = TRY(expression(argument, false));
  fhirpath::Item const item = item_of(value);
  auto const found = TRY(evaluate(*path, {&item, 1}, value, argument.at));
  std::string name;
  for (auto const& one : found) {
    if (one.is_node()) name += one.node.value.text();
    if (one.kind == fhirpath::ItemKind::string) name += one.text;
    if (fhirpath::is_integer(one)) name += std::to_string(one.integer);
    if (one.kind == fhirpath::ItemKind::boolean) name += one.boolean ? "true" : "false";
  }
  return name;
}

}  // namespace sinew::graphql
