#include "fhirpath/evaluator.h"

#include "fhirpath/lexer.h"
#include "fhirpath/machine.h"

namespace sinew::fhirpath {

std::optional<json::Value> Services::resolve(std::string_view) { return std::nullopt; }

std::optional<bool> Services::is_member(Item const&, std::string_view) { return std::nullopt; }

std::optional<bool> Services::subsumes(Item const&, Item const&) { return std::nullopt; }

/// The base profiles are known without a validator: a node conforms to its own type's.
std::optional<bool> Services::conforms(Item const& node, std::string_view profile_url) {
  constexpr std::string_view kBase = "http://hl7.org/fhir/StructureDefinition/";
  if (!profile_url.starts_with(kBase)) return std::nullopt;
  auto const profile = fhir::find_type(profile_url.substr(kBase.size()));
  if (profile == 0) return std::nullopt;
  return node.is_node() && is_subtype(node.type, profile);
}

void Services::trace(std::string_view, std::span<Item const>) {}

Evaluator::Evaluator(Environment environment)
    : environment_(environment), machine_(std::make_unique<Machine>()) {}
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;
Evaluator::~Evaluator() = default;

Result<std::span<Item const>> Evaluator::evaluate(Expression const& expression,
                                                  Focus const& focus) {
  if (!machine_->start(expression.program(), focus, environment_)) {
    return Failure{machine_->take_error()};
  }
  return machine_->result();
}

Result<std::span<Item const>> Evaluator::evaluate(Expression const& expression,
                                                  json::Value resource) {
  auto const item = item_of(resource);
  return evaluate(expression, Focus{{&item, 1}, item, item, {}});
}

Result<std::optional<bool>> Evaluator::test(Expression const& expression, Focus const& focus) {
  auto const items = TRY(evaluate(expression, focus));
  if (items.empty()) return std::optional<bool>();
  if (items.size() > 1) {
    return sinew::fail(ErrorCode::invalid, "the expression gives several items, not a boolean");
  }
  auto const item = machine_->plain(items.front());
  return std::optional(item.kind != ItemKind::boolean || item.boolean);
}

}  // namespace sinew::fhirpath
