#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "fhirpath/evaluator.h"
#include "json/json.h"
#include "store/store.h"

namespace sinew::population {

/// Reads what references point at, and keeps some of it for the next who asks.
class Resolver final : public fhirpath::Services {
 public:
  explicit Resolver(store::Store& store) : store_(store) {}

  std::optional<json::Value> resolve(std::string_view reference) override;
  /// Forgets when much is kept. Between evaluations, because what was resolved is in use till then.
  void trim();

 private:
  store::Store& store_;
  std::map<std::string, std::unique_ptr<json::Document>, std::less<>> documents_;
};

/// The id of the patient whose resource it is; empty when it is nobody's. A Provenance is of the
/// patient of its target.
[[nodiscard]] std::string patient_of(json::Value resource, Resolver& resolver);

}  // namespace sinew::population
