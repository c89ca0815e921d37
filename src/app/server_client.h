#pragma once

#include <string>

#include "base/result.h"
#include "json/json.h"

// What the commands that talk to a running server have in common.

namespace sinew::app {

/// Asks the server. Fails with what the server said.
[[nodiscard]] Result<std::string> ask_server(std::string const& server, char const* method,
                                             std::string const& target);

/// Prints an answer: as the server gives it, or as a table.
/// Returns the exit status.
int print_answer(std::string const& server, std::string const& target, bool is_json,
                 std::string (*table)(json::Value));

}  // namespace sinew::app
