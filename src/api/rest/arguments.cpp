#include <algorithm>
#include <array>

#include "api/rest/format.h"
#include "api/rest/operation.h"
#include "base/text.h"
#include "fhir/definitions.h"

namespace sinew::rest {
namespace {

constexpr std::string_view kResourceType = "Resource";

/// Data types that a query can give as a token, `system|code`, as a search does; the handler reads
/// it. Source: US Core 6.1.0, OperationDefinition-docref, its examples of GET.
constexpr auto kTokenTypes =
    std::to_array<std::string_view>({"CodeableConcept", "Coding", "Identifier"});

OperationParameter const* declared(Operation const& operation, std::string_view name) {
  auto const found = std::ranges::find(operation.parameters, name, &OperationParameter::name);
  return found == operation.parameters.end() ? nullptr : &*found;
}

/// The one parameter that a body may be instead of Parameters, or null.
/// Source: FHIR R4 operations.html#request, "if there is only a single input parameter of type
/// Resource".
OperationParameter const* resource_parameter(Operation const& operation) {
  auto const found =
      std::ranges::find(operation.parameters, kResourceType, &OperationParameter::type);
  return found == operation.parameters.end() ? nullptr : &*found;
}

bool names(json::Value parameters, std::string_view name) {
  auto const list = parameters["parameter"].elements();
  return std::ranges::any_of(
      list, [&](json::Value parameter) { return parameter["name"].raw() == name; });
}

/// Whether the body is what the operation is about: not Parameters, or Parameters in that place.
bool is_bare(json::Value body, Operation const& operation, Call const& call) {
  if (body["resourceType"].text() != "Parameters") return true;
  auto const* const resource = resource_parameter(operation);
  if (!resource || names(body, resource->name)) return false;
  return resource->min > 0 || call.type == "Parameters";
}

bool is_primitive(std::string_view type) {
  auto const id = fhir::find_type(type);
  return id != 0 && fhir::type(id).kind == fhir::TypeKind::primitive;
}

/// `value[x]` or `resource` of an element of Parameters.
json::Value value_of(json::Value parameter) {
  if (auto const resource = parameter["resource"]) return resource;
  for (auto const [name, value] : parameter.members()) {
    if (name.starts_with("value")) return value;
  }
  return {};
}

}  // namespace

/// Fills Arguments; what is wrong is named.
class ArgumentReader {
 public:
  ArgumentReader(Operation const& operation, Call const& call, std::vector<std::string>& ignored)
      : operation_(operation), call_(call), ignored_(ignored) {}

  Result<Arguments> read() {
    for (auto const& [name, value] : call_.parameters) TRY(add({name, value}));
    bool const is_form =
        call_.http.headers.value("Content-Type").starts_with("application/x-www-form-urlencoded");
    bool const has_body = call_.http.method == "POST" && operation_.body == Body::parameters &&
                          !is_form && !trim(call_.http.body).empty();
    if (has_body) TRY(read_all(call_.http));
    TRY(check_numbers());
    return std::move(made_);
  }

 private:
  Result<> read_all(net::HttpRequest const& request) {
    made_.body_ = TRY(read_body(request));
    auto const root = made_.body_->root();
    if (!root["resourceType"].is_string()) {
      return fail(ErrorCode::invalid, "the body is no resource", "resourceType");
    }
    made_.is_bare_ = is_bare(root, operation_, call_);
    if (made_.is_bare_) {
      auto const* const resource = resource_parameter(operation_);
      if (!resource) return fail(ErrorCode::invalid, "the body is not Parameters", "resourceType");
      made_.all_.push_back({std::string(resource->name), {}, root, {}});
      return {};
    }
    for (auto const parameter : root["parameter"].elements()) {
      auto const value = value_of(parameter);
      bool const is_plain = value.exists() && !value.is_object() && !value.is_array();
      TRY(add(
          {parameter["name"].text(), is_plain ? value.text() : std::string(), value, parameter}));
    }
    return {};
  }

  Result<> add(Argument argument) {
    auto const* const known = declared(operation_, argument.name);
    if (!known && operation_.unknown == Unknown::refused) {
      if (call_.presentation.handling != Handling::lenient) return refuse_unknown(argument.name);
      ignored_.push_back(argument.name);
      return {};
    }
    // "name=" in a query is as good as not given. Source: FHIR R4 search.html, "empty parameters".
    if (!argument.parameter && argument.text.empty()) return {};
    if (known) TRY(check(*known, argument));
    made_.all_.push_back(std::move(argument));
    return {};
  }

  [[nodiscard]] Failure refuse_unknown(std::string const& name) const {
    std::string list;
    for (auto const& parameter : operation_.parameters) {
      list += (list.empty() ? "" : ", ") + std::string(parameter.name);
    }
    return fail(ErrorCode::invalid,
                "no parameter of $" + operation_.name +
                    (list.empty() ? ", which has none" : "; it has: " + list),
                name);
  }

  static Result<> check(OperationParameter const& known, Argument const& argument) {
    auto const type = std::string(known.type);
    if (is_primitive(known.type)) {
      // A query may hold any text where FHIR's string holds no empty one.
      bool const fits = known.type == "string" ||
                        fhir::is_valid_primitive(fhir::find_type(known.type), argument.text);
      if (fits && !argument.text.empty()) return {};
      return fail(ErrorCode::invalid, "not of type " + type, argument.name);
    }
    if (known.type.empty() || argument.value.is_object()) return {};
    bool const is_token = std::ranges::find(kTokenTypes, known.type) != kTokenTypes.end();
    if (is_token && !argument.text.empty()) return {};
    return fail(ErrorCode::invalid,
                "of type " + type + ", which only Parameters in a POST can hold", argument.name);
  }

  Result<> check_numbers() const {
    for (auto const& known : operation_.parameters) {
      auto const given = std::ranges::count(made_.all_, known.name, &Argument::name);
      if (given < known.min) {
        return fail(ErrorCode::invalid, "the parameter is required", std::string(known.name));
      }
      if (known.max != kAnyNumber && given > known.max) {
        return fail(ErrorCode::invalid, "the parameter is given more than once",
                    std::string(known.name));
      }
    }
    return {};
  }

  Operation const& operation_;
  Call const& call_;
  std::vector<std::string>& ignored_;
  Arguments made_;
};

Result<Arguments> read_arguments(Operation const& operation, Call const& call,
                                 std::vector<std::string>& ignored) {
  return ArgumentReader(operation, call, ignored).read();
}

}  // namespace sinew::rest
