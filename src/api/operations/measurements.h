#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/operations/care_time.h"
#include "base/result.h"
#include "store/store.h"

namespace sinew::rest {

struct Code {
  std::string system, code, display;
};

/// Which measurements $stats is about.
struct MeasurementQuestion {
  std::string subject;                       ///< "Patient/1"
  std::vector<Code> codes;                   ///< a code without a system is of any
  std::optional<std::int64_t> from, before;  ///< taken in [from, before), in ms
  std::string base;                          ///< of absolute references to this server
};

struct Measurement {
  double value = 0;  ///< in the unit of the group
  CareTime time;
};

/// The measurements of one code, in the unit that most of them have.
struct MeasurementGroup {
  Code code;
  std::string unit = {};  ///< UCUM
  std::vector<Measurement> valid = {};
  std::size_t total = 0;              ///< with those that have no value in UCUM units that compare
  std::int64_t first_ms = INT64_MAX;  ///< the first time that a measurement says

  [[nodiscard]] std::optional<std::int64_t> earliest() const;
  [[nodiscard]] std::optional<std::int64_t> latest() const;
};

struct Measurements {
  std::vector<MeasurementGroup> groups;  ///< those of the codes asked for first, in that order
  std::vector<std::string> sources;      ///< the observations they come from, newest first
};

/// Reads `Observation.code` and `Observation.component.code` of a subject. An observation that is a
/// panel brings the components it has, and the observations that are its members, each under its
/// own code. Those entered in error, and with modifier extensions, are left out.
/// Fails `too_large` beyond 200,000 observations.
/// Source: FHIR R4 observation-operation-stats.html.
[[nodiscard]] Result<Measurements> find_measurements(store::Store& store,
                                                     MeasurementQuestion const& question);

}  // namespace sinew::rest
