#pragma once

#include <memory>
#include <string>

#include "engine/alerts/probe.h"

namespace sinew::engine {

/// Watches what the rules say and tells it, on a thread of its own.
class Alerts {
 public:
  /// `state_path`  what is active and what is still to be told, kept over restarts.
  [[nodiscard]] static std::unique_ptr<Alerts> start(AlertRules rules, AlertSurroundings around,
                                                     std::string state_path);
  virtual ~Alerts() = default;  ///< stops

  virtual void set_rules(AlertRules rules) = 0;
  virtual Result<> acknowledge(std::string_view id) = 0;
  virtual void silence(std::string_view id, std::chrono::seconds duration) = 0;
  /// `{"active": [...], "recent": [...], "silences": {...}, "untold": n}`.
  [[nodiscard]] virtual std::string state_json() = 0;
  /// Nothing it looks at is used after this.
  virtual void stop() = 0;
};

}  // namespace sinew::engine
