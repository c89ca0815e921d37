#include <algorithm>

#include "engine/connectors/settings.h"
#include "engine/connectors/sql.h"
#include "engine/delivery/sender.h"
#include "wire/hl7v2/path.h"
#include "wire/hl7v2/text.h"

namespace sinew::engine {
namespace {

/// What a parameter gets, beside fields: of the delivery.
enum class Special : std::uint8_t { none, message, control_id, type, item, received, number };
constexpr NameRow<Special> kSpecials[] = {
    {"message", Special::message},   {"control-id", Special::control_id},
    {"type", Special::type},         {"item", Special::item},
    {"received", Special::received}, {"number", Special::number}};

struct Parameter {
  Special special = Special::none;
  hl7v2::Path path;
};

struct SqlTargetSettings {
  std::string address;
  SqlStatement statement;
  std::vector<Parameter> parameters;  ///< one for each of the statement
  std::string each;                   ///< segment; empty: once a message
  std::string once;                   ///< table of what was written; empty: none
};

class SqlSender final : public Sender {
 public:
  SqlSender(SqlTargetSettings settings, std::string destination)
      : settings_(std::move(settings)), destination_(std::move(destination)) {}

  Reply send(Outgoing const& message) override {
    if (!connection_) {
      auto connected = connect_sql(settings_.address);
      if (!connected) return unreachable(connected.error());
      connection_ = *std::move(connected);
    }
    auto reply = write(message);
    if (reply.code != "written") {
      (void)run("ROLLBACK", {});
      if (is_broken_) connection_.reset();
    }
    return reply;
  }

 private:
  /// All in one transaction: a message is there whole, or not.
  Reply write(Outgoing const& message) {
    is_broken_ = false;
    if (auto const error = run("BEGIN", {})) return reply_of(*error, false);
    if (!settings_.once.empty()) {
      bool is_new = false;
      if (auto const error = note(message, is_new)) return reply_of(*error, false);
      if (!is_new) {
        (void)run("ROLLBACK", {});
        return {"written", "it was there before"};
      }
    }
    auto const parsed = hl7v2::parse_message(message.bytes);
    auto const fields = parsed ? *parsed : hl7v2::Message();
    std::size_t rows = 1;
    if (!settings_.each.empty()) {
      rows = 0;
      for (std::size_t i = 0; i < fields.segment_count(); ++i)
        rows += fields.segment_id(i) == settings_.each ? 1 : 0;
    }
    for (std::size_t row = 1; row <= rows; ++row) {
      std::vector<SqlValue> values;
      values.reserve(settings_.parameters.size());
      for (auto const& parameter : settings_.parameters)
        values.push_back(value_of(parameter, message, fields, row));
      if (auto const error = connection_->run(settings_.statement, values, 0, nullptr))
        return reply_of(*error, false);
    }
    if (auto const error = run("COMMIT", {})) return reply_of(*error, true);
    return {"written", std::to_string(rows) + (rows == 1 ? " row" : " rows")};
  }

  [[nodiscard]] SqlValue value_of(Parameter const& parameter, Outgoing const& message,
                                  hl7v2::Message const& fields, std::size_t row) const {
    switch (parameter.special) {
      case Special::message:
        return std::string(message.bytes);
      case Special::control_id:
        return std::string(message.control_id);
      case Special::type:
        return std::string(message.type);
      case Special::item:
        return std::to_string(message.item);
      case Special::received:
        return to_string(message.received);
      case Special::number:
        return std::to_string(row);
      case Special::none:
        break;
    }
    auto path = parameter.path;
    if (path.segment == settings_.each && path.occurrence == 0) path.occurrence = row;
    auto const found = hl7v2::find_first(fields, path);
    if (found.empty()) return std::nullopt;
    std::string scratch;
    return std::string(
        hl7v2::text_of(found, fields.delimiters(), hl7v2::Charset::of(fields), scratch));
  }

  /// Notes in the database itself that the item is written.
  std::optional<SqlError> note(Outgoing const& message, bool& is_new) {
    if (!has_table_) {
      if (auto error = run("CREATE TABLE IF NOT EXISTS " + settings_.once +
                               " (destination TEXT NOT NULL, item TEXT NOT NULL,"
                               " PRIMARY KEY(destination, item))",
                           {})) {
        return error;
      }
      has_table_ = true;
    }
    std::vector<SqlValue> const values{destination_, std::to_string(message.item)};
    SqlRows rows;
    auto error = connection_->run(
        {"INSERT INTO " + settings_.once +
             "(destination, item) VALUES($1, $2) ON CONFLICT DO NOTHING RETURNING item",
         {}},
        values, 1, &rows);
    is_new = !rows.rows.empty();
    return error;
  }

  std::optional<SqlError> run(std::string text, std::span<SqlValue const> values) {
    return connection_->run({std::move(text), {}}, values, 0, nullptr);
  }

  /// `may_be_done`  the connection broke while it committed.
  Reply reply_of(SqlError const& error, bool may_be_done) {
    switch (error.kind) {
      case SqlFailure::connection:
        is_broken_ = true;
        return {std::string(may_be_done ? kNoReply : kUnreachable), error.what};
      case SqlFailure::busy:
        return {"busy", error.what};
      case SqlFailure::refused:
        break;
    }
    return {"refused", error.what};
  }

  SqlTargetSettings const settings_;
  std::string const destination_;
  std::unique_ptr<SqlConnection> connection_;
  bool is_broken_ = false;
  bool has_table_ = false;
};

Result<Parameter> read_parameter(Node const& node) {
  auto const text = TRY(node.text());
  Parameter parameter;
  for (auto const& row : kSpecials) {
    if (row.name == text) {
      parameter.special = row.value;
      return parameter;
    }
  }
  auto path = hl7v2::parse_path(text);
  if (!path) {
    return node.wrong(
        "is no path such as PID-3.1, and none of: message, control-id, type, item, received, "
        "number");
  }
  parameter.path = *std::move(path);
  return parameter;
}

}  // namespace

Result<OpenSender> read_sql_target(Node const& node) {
  TRY(node.allow({"connection", "statement", "values", "each", "once"}));
  SqlTargetSettings settings;
  settings.address = TRY(node["connection"].address(node));
  auto const written = node["statement"];
  auto parsed = parse_statement(TRY(written.needed_text(node)));
  if (!parsed) return written.wrong(parsed.error().what);
  settings.statement = *std::move(parsed);
  auto const values = node["values"];
  for (auto const& name : settings.statement.parameters) {
    auto const value = values[name];
    if (!value.exists()) return written.wrong("names :" + name + ", which 'values' does not have");
    settings.parameters.push_back(TRY(read_parameter(value)));
  }
  for (auto const& [name, value] : values.members()) {
    if (std::ranges::find(settings.statement.parameters, name) ==
        settings.statement.parameters.end())
      return value.wrong("is not in the statement: write :" + name);
  }
  settings.each = TRY(node["each"].text_or({}));
  settings.once = TRY(node["once"].text_or({}));
  bool const is_table = std::ranges::all_of(settings.once, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.';
  });
  if (!is_table) return node["once"].wrong("has to be the name of a table");
  return OpenSender([settings](SenderContext const& context) -> std::unique_ptr<Sender> {
    return std::make_unique<SqlSender>(settings, context.destination);
  });
}

}  // namespace sinew::engine
