#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace sinew::simulate {

struct Options {
  std::uint64_t seed = 1;
  std::size_t patients_max = 5'000;  ///< when reached, old patients come back instead of new ones
  bool quirks = true;                ///< the odd habits of real senders
  Instant start{1'767'225'600'000};  ///< simulated time of the first message: 2026-01-01T00:00:00Z
};

/// One message of the hospital, ready to be framed.
struct Message {
  std::string feed;   ///< which system sends it: "ADT", "LAB", "PHARMACY", "IMMUNIZATION",
                      ///< "DOCUMENTS", "SCHEDULING"
  std::string event;  ///< "ADT^A01"
  std::string er7;
};

/// A small synthetic hospital: registrations, admissions, transfers, discharges and their
/// cancellations, laboratory orders with preliminary, final and corrected results, prescriptions,
/// vaccinations, documents, appointments, and duplicate records that are found and merged.
///
/// Endless, and the same for the same options: message n is always the same bytes.
class Hospital {
 public:
  /// Fails when a table of data/simulate is damaged.
  [[nodiscard]] static Result<Hospital> open(Options options);
  Hospital(Hospital&&) noexcept;
  Hospital& operator=(Hospital&&) noexcept;
  ~Hospital();

  [[nodiscard]] Message next();

 private:
  struct State;
  explicit Hospital(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace sinew::simulate
