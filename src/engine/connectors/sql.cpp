#include "engine/connectors/sql.h"

#include <algorithm>

#include "base/text.h"

namespace sinew::engine {
namespace {

constexpr std::string_view kSqlite = "sqlite:";

bool is_name_character(char c) { return is_ascii_alpha(c) || is_ascii_digit(c) || c == '_'; }

/// Where the quoted text or comment that begins at `at` ends; `at` itself where none begins; npos
/// when it does not end.
std::size_t end_of_quoted(std::string_view text, std::size_t at) {
  auto const rest = text.substr(at);
  auto const after = [&](std::string_view end, std::size_t from) {
    auto const found = text.find(end, at + from);
    return found == std::string_view::npos ? found : found + end.size();
  };
  if (rest.starts_with('\'') || rest.starts_with('"') || rest.starts_with('`'))
    return after(rest.substr(0, 1), 1);
  if (rest.starts_with("/*")) return after("*/", 2);
  if (rest.starts_with("--")) return std::min(after("\n", 2), text.size());
  return at;
}

}  // namespace

Result<SqlStatement> parse_statement(std::string_view written) {
  SqlStatement statement;
  for (std::size_t at = 0; at < written.size();) {
    auto const end = end_of_quoted(written, at);
    if (end == std::string_view::npos)
      return fail(ErrorCode::malformed, "has a quote or comment that does not end");
    if (end > at) {
      statement.text += written.substr(at, end - at);
      at = end;
      continue;
    }
    bool const is_cast = written.substr(at).starts_with("::");
    if (is_cast) {
      statement.text += "::";
      at += 2;
      continue;
    }
    bool const is_parameter = written[at] == ':' && at + 1 < written.size() &&
                              is_name_character(written[at + 1]) &&
                              !is_ascii_digit(written[at + 1]);
    if (!is_parameter) {
      statement.text += written[at++];
      continue;
    }
    auto last = at + 1;
    while (last < written.size() && is_name_character(written[last])) ++last;
    auto const name = std::string(written.substr(at + 1, last - at - 1));
    auto const found = std::ranges::find(statement.parameters, name);
    statement.text += '$' + std::to_string(found - statement.parameters.begin() + 1);
    if (found == statement.parameters.end()) statement.parameters.push_back(name);
    at = last;
  }
  return statement;
}

Result<std::unique_ptr<SqlConnection>> connect_sql(std::string const& address) {
  if (address.starts_with(kSqlite)) return connect_sqlite(address.substr(kSqlite.size()));
  return connect_postgres(address);
}

}  // namespace sinew::engine
