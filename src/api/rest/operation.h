#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/rest/context.h"
#include "json/json.h"

namespace sinew::rest {

// The framework in which an operation is one registration: Service::add_operation finds it by its
// path, reads and checks its parameters, and the CapabilityStatement lists it.
// Source: FHIR R4 operations.html.

/// Where an operation is called: [base]/$name, [type]/$name, [type]/[id]/$name,
/// [type]/[id]/_history/[version]/$name.
enum class Level : std::uint8_t { system, type, instance, version };

/// Of an OperationParameter that may be given any number of times.
inline constexpr std::uint16_t kAnyNumber = 0xFFFF;

/// A parameter going in. Values of a primitive type are checked to be ones. The texts are constants
/// and outlive the service.
struct OperationParameter {
  std::string_view name;
  std::string_view type;  ///< "date", "code", "Meta", "Resource"; "" for one with parts
  std::uint16_t min = 0;
  std::uint16_t max = 1;
};

/// A parameter as it was given.
struct Argument {
  std::string name;
  std::string text;            ///< of a primitive, or as it stood in the query; else empty
  json::Value value = {};      ///< what Parameters hold, a resource too; missing for a query's
  json::Value parameter = {};  ///< the element of Parameters, for its parts; missing for a query's
};

/// What an operation is given, whether it stood in the query, in a form, or in Parameters.
class Arguments {
 public:
  /// The first of that name, or null.
  [[nodiscard]] Argument const* find(std::string_view name) const;
  /// Its text, or empty.
  [[nodiscard]] std::string_view text(std::string_view name) const;
  /// Its value: a resource, a data type; missing when it is not there.
  [[nodiscard]] json::Value value(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> texts(std::string_view name) const;
  [[nodiscard]] std::vector<Argument> const& all() const { return all_; }

  /// The body as it was read, or null; for an operation that takes Body::raw, null.
  [[nodiscard]] json::Document const* body() const { return body_ ? &*body_ : nullptr; }
  /// Whether the body was the resource itself and no Parameters.
  [[nodiscard]] bool is_bare() const { return is_bare_; }

 private:
  friend class ArgumentReader;
  std::vector<Argument> all_;
  std::optional<json::Document> body_;
  bool is_bare_ = false;
};

/// What a handler is called with.
struct OperationCall {
  Context const& context;
  Call const& call;
  Level level;
  Arguments const& arguments;
  /// Parameters that are unknown and were left out, as handling=lenient asks.
  std::vector<std::string> const& ignored;
};

/// `invalid`, `malformed` and `not_supported` are answered 400, other errors as their rows say.
using OperationHandler = std::function<Result<Answer>(OperationCall const&)>;

enum class Effect : bool {
  reads,   ///< GET and POST
  changes  ///< POST alone: "operations that affect the state ... SHALL be executed using POST"
};
enum class Unknown : bool {
  refused,  ///< a parameter that is not declared: 400, or left out with handling=lenient
  passed    ///< handed on unchecked: those of a search
};
enum class Body : bool { parameters, raw };

/// A registration.
struct Operation {
  std::string name;        ///< without '$'
  std::string definition;  ///< canonical URL of its OperationDefinition
  std::vector<Level> levels = {};
  std::vector<std::string> types = {};  ///< that it is for; empty: every type
  std::vector<OperationParameter> parameters = {};
  OperationHandler handler = {};
  Effect effect = Effect::reads;
  char audit = 'E';  ///< C, R, U, D or E. Source: FHIR R4 valueset-audit-event-action
  Unknown unknown = Unknown::refused;
  Body body = Body::parameters;
};

/// Where a request calls an operation.
struct OperationAddress {
  std::string name;  ///< without '$'
  Level level = Level::system;
  std::string type, id, version;
};

/// Nothing when no operation can be called there.
[[nodiscard]] std::optional<OperationAddress> operation_address(
    std::vector<std::string> const& segments);

/// The operation that is called. Fails `not_found` at an unknown name or type, `invalid` where the
/// operation is called elsewhere; both name what there is.
[[nodiscard]] Result<Operation const*> find_operation(OperationTable const& table,
                                                      OperationAddress const& address);

/// The parameters of a call, checked. Fails `invalid` at the one that is unknown, missing, given
/// too often or not of its type; as read_body does.
[[nodiscard]] Result<Arguments> read_arguments(Operation const& operation, Call const& call,
                                               std::vector<std::string>& ignored);

/// Reads the parameters and calls the handler. Every fault is an answer.
[[nodiscard]] Answer run_operation(Context const& context, Operation const& operation,
                                   Call const& call);

/// The methods that an operation is called by, as Allow lists them.
[[nodiscard]] std::vector<std::string_view> methods_of(Operation const& operation);

}  // namespace sinew::rest
