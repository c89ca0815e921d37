#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "fhirpath/expression.h"
#include "fhirpath/item.h"

namespace sinew::fhirpath {

/// What an evaluation may cost; beyond it fails `too_large`.
struct Limits {
  std::uint64_t steps_max = 10'000'000;                ///< instructions and nodes visited
  std::size_t items_max = 1'000'000;                   ///< alive at once
  std::size_t text_bytes_max = std::size_t{64} << 20;  ///< made by functions
};

/// What an expression asks of the world around the document. Every function has a default, so that
/// a user overrides what it knows. Called from the thread that evaluates.
class Services {
 public:
  virtual ~Services() = default;

  /// The resource a reference names, when it is neither contained nor an entry of a Bundle that is
  /// %rootResource. The document must outlive the result. Nothing: not known.
  [[nodiscard]] virtual std::optional<json::Value> resolve(std::string_view reference);
  /// Whether a code, Coding or CodeableConcept is in a value set. Nothing: cannot be said.
  [[nodiscard]] virtual std::optional<bool> is_member(Item const& coded,
                                                      std::string_view value_set_url);
  /// Whether `general` subsumes `special` in their code system. Nothing: cannot be said.
  [[nodiscard]] virtual std::optional<bool> subsumes(Item const& general, Item const& special);
  /// Whether a node obeys a profile. Nothing: the profile is not known, which is an error.
  [[nodiscard]] virtual std::optional<bool> conforms(Item const& node,
                                                     std::string_view profile_url);
  /// What trace() saw.
  virtual void trace(std::string_view name, std::span<Item const> items);
};

/// What does not change from one evaluation to the next.
struct Environment {
  Services* services = nullptr;  ///< none: the defaults
  /// The moment that now(), today() and timeOfDay() give; they fail without one.
  std::optional<Moment> now;
  /// A reference that cannot be resolved becomes a node that knows nothing but its type, where the
  /// text tells it: enough for `resolve() is Patient` in search parameters.
  bool resolves_to_types = false;
  Limits limits;
};

/// Variables of the caller: `%name`. Names without '%'.
using Variable = std::pair<std::string_view, std::vector<Item>>;

/// What an expression is evaluated on.
struct Focus {
  std::span<Item const> items;  ///< $this and %context
  Item resource;                ///< %resource: the resource that holds the context
  Item root_resource;           ///< %rootResource: the same, or what contains that resource
  std::span<Variable const> variables;
};

class Machine;

/// Evaluates expressions. One for each thread: it keeps its memory from one evaluation to the next,
/// so that a warm one allocates nothing on common paths.
class Evaluator {
 public:
  explicit Evaluator(Environment environment = {});
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;
  ~Evaluator();

  /// The result is valid until the next evaluation. Fails with the place in the expression as
  /// `where`; the text holds no data of the resource.
  [[nodiscard]] Result<std::span<Item const>> evaluate(Expression const& expression,
                                                       Focus const& focus);
  /// The same for a whole resource.
  [[nodiscard]] Result<std::span<Item const>> evaluate(Expression const& expression,
                                                       json::Value resource);

  /// As an invariant or filter reads a result: true for a single `true` and for any single item
  /// that is no boolean; nothing for an empty result, which breaks no invariant and passes no
  /// filter. Fails for several items.
  [[nodiscard]] Result<std::optional<bool>> test(Expression const& expression, Focus const& focus);

  [[nodiscard]] Environment& environment() { return environment_; }

 private:
  Environment environment_;
  std::unique_ptr<Machine> machine_;
};

}  // namespace sinew::fhirpath
