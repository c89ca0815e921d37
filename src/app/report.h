#pragma once

#include <string>
#include <string_view>

#include "app/mapper.h"

namespace sinew::app {

/// What became of every value of the message, one line each, the unmapped first, and the totals.
[[nodiscard]] std::string ledger_text(std::string_view name, mapping::Program const& program,
                                      Mapped const& mapped);

/// Every leaf value of the output with the bytes and the rule it came from, one line each.
[[nodiscard]] std::string provenance_text(std::string_view name, mapping::Program const& program,
                                          Mapped const& mapped);

/// Input, Bundle, ledger, provenance and issues as one JSON object and a line feed.
[[nodiscard]] std::string report_json(std::string_view name, mapping::Program const& program,
                                      Mapped const& mapped, std::string_view bundle);

}  // namespace sinew::app
