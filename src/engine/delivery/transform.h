#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "engine/delivery/channel.h"
#include "engine/delivery/format.h"
#include "engine/delivery/lookup.h"
#include "script/script.h"
#include "wire/hl7v2/overlay.h"

namespace sinew::engine {

inline constexpr std::size_t kStepsMax = 1000;

/// A message under way through the steps.
struct Work {
  hl7v2::Overlay& message;
  script::Session& scripts;
};

/// One step of a `transform:` list.
class Step {
 public:
  virtual ~Step() = default;
  /// False when the message is not to be passed on. The message may be half edited after a failure.
  [[nodiscard]] virtual Result<bool> apply(Work& work) const = 0;
  /// Whether it runs on the engine of its thread.
  [[nodiscard]] virtual bool is_script() const { return false; }

  std::vector<Condition> when;  ///< all must hold, of the message as it is by then
  std::string written_at;       ///< `file:line:column`, for errors
};
using Steps = std::vector<std::shared_ptr<Step const>>;

/// The FHIR Bundle of a message, by the mapping tables of its feed.
using ToFhir = std::function<Result<std::string>(std::string_view feed, std::string_view message)>;

/// All that the output of a transform depends on, beside the channel's files.
struct Original {
  std::string_view bytes;
  std::string_view feed;
  Instant received;
};

struct Transformed {
  bool passes = true;       ///< false: a step filtered the message
  std::string filtered_by;  ///< the step's place
  std::string bytes;
  std::string control_id;  ///< MSH-10 of what leaves
  std::string type;        ///< MSH-9 of it: "ORU^R01"
  /// What scripts told `logger`. May hold what is in the message: never for a log.
  std::vector<std::string> notes;
};

/// What becomes of a message on its way to one destination. The same original and the same files
/// give the same bytes: a retry, and a run after a crash, send what the first one sent.
/// Source: docs/decisions/0008-transform-at-delivery.md.
class Transform {
 public:
  Transform(Steps steps, Format format, std::string charset, LookupTables tables,
            std::string destination)
      : steps_(std::move(steps)),
        format_(std::move(format)),
        charset_(std::move(charset)),
        tables_(std::move(tables)),
        destination_(std::move(destination)) {}

  /// Fails with the reason, and the place of the step; nothing leaves then.
  [[nodiscard]] Result<Transformed> run(Original const& original, ToFhir const& to_fhir) const;
  [[nodiscard]] Format const& format() const { return format_; }
  [[nodiscard]] bool has_scripts() const {
    return std::ranges::any_of(steps_, [](auto const& step) { return step->is_script(); });
  }

 private:
  [[nodiscard]] Result<std::optional<std::string>> look_up(std::string_view table,
                                                           std::span<std::string const> key) const;
  [[nodiscard]] Result<bool> run_steps(Work& work, Transformed& out) const;
  [[nodiscard]] Result<std::string> formatted(std::string bytes, Original const& original,
                                              ToFhir const& to_fhir) const;
  Steps steps_;
  Format format_;
  std::string charset_;  ///< table 0211 name that HL7 v2 leaves in; empty: as it came
  LookupTables tables_;
  std::string destination_;
};

}  // namespace sinew::engine
