#include <algorithm>

#include "engine/connectors/settings.h"
#include "engine/connectors/source.h"
#include "engine/connectors/sql.h"

namespace sinew::engine {
namespace {

/// Rows of one look: the query says less by its own LIMIT.
constexpr std::size_t kRowsMax = 1000;

/// A piece of a template: text as it is, or a column.
struct Piece {
  std::string text;
  std::string column;  ///< empty: the text
};

struct SqlSourceSettings {
  std::string address;
  SqlStatement query, mark;
  bool has_mark = false;
  std::string message_column;  ///< empty: the template
  std::vector<Piece> pieces;
  std::chrono::milliseconds pause = std::chrono::seconds(5);
};

Error to_error(SqlError const& error, std::string_view what) {
  return {ErrorCode::unavailable, error.what, std::string(what)};
}

Failure to_failure(SqlError const& error, std::string_view what) { return {to_error(error, what)}; }

/// A value of a row as a field: what separates in HL7 v2 is escaped.
/// Source: HL7 v2.5.1 §2.7.1.
void append_field(std::string& out, std::string_view value) {
  constexpr std::string_view kSpecial = "|^&~\\\r\n";
  constexpr std::string_view kEscapes[] = {"\\F\\", "\\S\\",   "\\T\\", "\\R\\",
                                           "\\E\\", "\\.br\\", ""};
  for (std::size_t i = 0; i < value.size(); ++i) {
    auto const special = kSpecial.find(value[i]);
    if (special == std::string_view::npos) {
      out += value[i];
      continue;
    }
    bool const is_lone_feed = value[i] == '\n' && (i == 0 || value[i - 1] != '\r');
    out += is_lone_feed ? std::string_view("\\.br\\") : kEscapes[special];
  }
}

class SqlPoller final : public Poller {
 public:
  SqlPoller(PollerContext const& context, SqlSourceSettings settings)
      : context_(context), settings_(std::move(settings)) {}

  Result<bool> poll() override {
    if (!connection_) connection_ = TRY(connect_sql(settings_.address));
    SqlRows rows;
    if (auto const error = connection_->run(settings_.query, {}, kRowsMax, &rows))
      return to_failure(*error, "query");
    if (rows.rows.empty()) {
      is_first_ = false;
      return false;
    }
    std::vector<std::string> messages;
    for (auto const& row : rows.rows) messages.push_back(TRY(message_of(rows.columns, row)));
    // The rows of the first look may have been taken in before a crash, and those of a look whose
    // marks failed.
    TRY(context_.taker.take(std::move(messages), is_first_ ? Repeat::possible : Repeat::no));
    is_first_ = true;
    if (settings_.has_mark) {
      for (auto const& row : rows.rows) TRY(mark(rows.columns, row));
    }
    is_first_ = false;
    // A query without marks has to look at something that changes by itself.
    return settings_.has_mark;
  }

  void disconnect() override {
    connection_.reset();
    is_first_ = true;
  }

 private:
  static Result<SqlValue> column_of(std::vector<std::string> const& columns,
                                    std::vector<SqlValue> const& row, std::string const& name) {
    auto const found = std::ranges::find(columns, name);
    if (found == columns.end())
      return fail(ErrorCode::invalid, "the query has no column " + name, "query");
    return row[static_cast<std::size_t>(found - columns.begin())];
  }

  [[nodiscard]] Result<std::string> message_of(std::vector<std::string> const& columns,
                                               std::vector<SqlValue> const& row) const {
    if (!settings_.message_column.empty()) {
      auto value = TRY(column_of(columns, row, settings_.message_column));
      return std::move(value).value_or(std::string());
    }
    std::string message;
    for (auto const& piece : settings_.pieces) {
      if (piece.column.empty()) {
        message += piece.text;
      } else {
        append_field(message, TRY(column_of(columns, row, piece.column)).value_or(std::string()));
      }
    }
    return message;
  }

  Result<> mark(std::vector<std::string> const& columns, std::vector<SqlValue> const& row) {
    std::vector<SqlValue> values;
    for (auto const& name : settings_.mark.parameters)
      values.push_back(TRY(column_of(columns, row, name)));
    if (auto const error = connection_->run(settings_.mark, values, 0, nullptr))
      return to_failure(*error, "mark");
    return {};
  }

  PollerContext const context_;
  SqlSourceSettings const settings_;
  std::unique_ptr<SqlConnection> connection_;
  bool is_first_ = true;
};

/// `{column}` in a template; lines become segments.
Result<std::vector<Piece>> read_template(Node const& node) {
  auto const text = TRY(node.text());
  std::vector<Piece> pieces(1);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n') {
      pieces.back().text += '\r';
    } else if (text[at] == '{') {
      auto const end = text.find('}', at);
      if (end == std::string::npos) return node.wrong("has a '{' without its '}'");
      pieces.push_back({{}, text.substr(at + 1, end - at - 1)});
      pieces.emplace_back();
      at = end;
    } else {
      pieces.back().text += text[at];
    }
  }
  if (!pieces.front().text.starts_with("MSH")) return node.wrong("has to begin with MSH");
  return pieces;
}

}  // namespace

Result<OpenSource> read_sql_source(Node const& node) {
  TRY(node.allow({"connection", "query", "mark", "message", "template", "each"}));
  SqlSourceSettings settings;
  settings.address = TRY(node["connection"].address(node));
  auto const statement = [&node](char const* key) -> Result<SqlStatement> {
    auto parsed = parse_statement(TRY(node[key].needed_text(node)));
    if (!parsed) return node[key].wrong(parsed.error().what);
    return parsed;
  };
  settings.query = TRY(statement("query"));
  if (!settings.query.parameters.empty())
    return node["query"].wrong("has no values for :" + settings.query.parameters.front());
  settings.has_mark = node["mark"].exists();
  if (settings.has_mark) settings.mark = TRY(statement("mark"));
  if (node["message"].exists() == node["template"].exists())
    return node.wrong("needs 'message', the column that holds it, or a 'template'");
  settings.message_column = TRY(node["message"].text_or({}));
  if (auto const text = node["template"]; text.exists()) settings.pieces = TRY(read_template(text));
  settings.pause = TRY(node["each"].duration(settings.pause));
  return OpenSource([settings](SourceContext const& context) {
    return polling_source(context, "sql", settings.pause, [settings](PollerContext const& poller) {
      return std::make_unique<SqlPoller>(poller, settings);
    });
  });
}

}  // namespace sinew::engine
