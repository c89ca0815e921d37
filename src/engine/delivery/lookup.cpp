#include "engine/delivery/lookup.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/text.h"
#include "engine/delivery/channel_read.h"

namespace sinew::engine {
namespace {

constexpr std::string_view kKeyNote = "key:";
/// Between the parts of a key of several columns: no text holds it.
constexpr char kKeySeparator = '\x1F';

/// Takes rows off a text. In CSV a cell may stand in quotes, with the comma and line ends in it.
class RowReader {
 public:
  RowReader(std::string_view text, char comma) : rest_(text), comma_(comma) {}
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] std::size_t line() const { return line_; }
  [[nodiscard]] bool at_note() const { return rest_.starts_with('#'); }

  std::string_view note() {
    auto const end = std::min(rest_.find('\n'), rest_.size());
    auto const line = trim(rest_.substr(1, end - 1));
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    ++line_;
    return line;
  }
  /// Empty for a blank line.
  LookupTable::Row row() {
    LookupTable::Row cells;
    do {
      cells.push_back(cell());
    } while (take(comma_));
    (void)take('\r');
    if (take('\n')) ++line_;
    if (cells.size() == 1 && cells.front().empty()) cells.clear();
    return cells;
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string cell() {
    if (comma_ == ',' && take('"')) return quoted();
    char const ends[] = {comma_, '\r', '\n'};
    auto const end = std::min(rest_.find_first_of({ends, 3}), rest_.size());
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return text;
  }
  /// Source: RFC 4180 §2, rules 5 to 7.
  std::string quoted() {
    std::string text;
    while (!rest_.empty()) {
      auto const c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '\n') ++line_;
      if (c == '"' && !take('"')) break;
      text += c;
    }
    return text;
  }

  std::string_view rest_;
  char comma_;
  std::size_t line_ = 1;
};

std::string joined(std::vector<std::string> const& names) {
  std::string text;
  for (auto const& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

Result<std::size_t> LookupTable::column(std::string_view name) const {
  auto const found = std::ranges::find(columns_, name);
  if (found == columns_.end()) {
    return fail(ErrorCode::not_found, "no such column; there are: " + joined(columns_),
                name_ + '.' + std::string(name));
  }
  return static_cast<std::size_t>(found - columns_.begin());
}

Result<> LookupTable::set_columns(Row columns, std::string const& keys) {
  if (columns.empty() || columns.size() > kLookupColumnsMax)
    return fail(ErrorCode::invalid, "the first row has to name the columns");
  columns_ = std::move(columns);
  for (auto const& each : columns_)
    if (std::ranges::count(columns_, each) > 1)
      return fail(ErrorCode::invalid, "column '" + each + "' is there twice");
  if (keys.empty()) keys_ = {0};
  for (auto const name : split(keys, ',')) {
    if (!keys.empty()) keys_.push_back(TRY(column(trim(name))));
  }
  for (value_column_ = 0; value_column_ < columns_.size(); ++value_column_)
    if (std::ranges::find(keys_, value_column_) == keys_.end()) return {};
  value_column_ = keys_.front();
  return {};
}

Result<LookupTable> LookupTable::read(std::string_view text, std::string name, char comma,
                                      std::string const& where) {
  LookupTable table;
  table.name_ = std::move(name);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (!is_utf8(text)) return fail(ErrorCode::invalid, "the table is not in UTF-8", where);
  RowReader reader(text, comma);
  std::string keys;
  while (reader.at_note()) {
    auto const note = reader.note();
    if (note.starts_with(kKeyNote)) keys = trim(note.substr(kKeyNote.size()));
  }
  auto const at = [&where](std::size_t line) { return where + ':' + std::to_string(line); };
  auto line = reader.line();
  if (auto set = table.set_columns(reader.row(), keys); !set)
    return fail(set.error().code, set.error().what, at(line));
  while (!reader.at_end()) {
    line = reader.line();
    auto cells = reader.row();
    if (cells.empty()) continue;
    if (cells.size() != table.columns_.size()) {
      return fail(ErrorCode::invalid,
                  "the row has " + std::to_string(cells.size()) + " cells, the table " +
                      std::to_string(table.columns_.size()) + " columns",
                  at(line));
    }
    std::string key;
    for (auto const column : table.keys_) (key += cells[column]) += kKeySeparator;
    if (!table.rows_.try_emplace(std::move(key), std::move(cells)).second)
      return fail(ErrorCode::invalid, "the key is there twice", at(line));
  }
  return table;
}

LookupTable::Row const* LookupTable::find(std::span<std::string_view const> key) const {
  if (key.size() != keys_.size()) return nullptr;
  std::string whole;
  for (auto const part : key) (whole += part) += kKeySeparator;
  auto const found = rows_.find(whole);
  return found == rows_.end() ? nullptr : &found->second;
}

Result<LookupTables> read_lookups(std::string const& folder) {
  LookupTables tables;
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) return tables;
  for (auto const& file : TRY(list_files(folder))) {
    bool const is_csv = file.ends_with(".csv");
    if (!is_csv && !file.ends_with(".tsv")) continue;
    auto const path = folder + '/' + file;
    auto const text = TRY(read_file(path));
    if (text.size() > kLookupBytesMax)
      return fail(ErrorCode::too_large, "a lookup table may have 64 MB", path);
    auto name = file.substr(0, file.size() - 4);
    auto table = TRY(LookupTable::read(text, name, is_csv ? ',' : '\t', path));
    if (!tables.try_emplace(name, std::make_shared<LookupTable const>(std::move(table))).second)
      return fail(ErrorCode::invalid, "there is another table '" + name + "'", path);
  }
  return tables;
}

Result<ChannelFolder> read_channel_folder(std::string const& folder) {
  return ChannelFolder{folder, TRY(read_lookups(folder + "/lookups")), {}};
}

Result<std::shared_ptr<LookupTable const>> read_table_name(Node const& node,
                                                           ChannelFolder const& folder) {
  auto const name = TRY(node.text());
  auto const found = folder.tables.find(name);
  if (found != folder.tables.end()) return found->second;
  std::string known;
  for (auto const& [each, table] : folder.tables) known += (known.empty() ? "" : ", ") + each;
  return node.wrong("is '" + name + "'; the folder lookups has " +
                    (known.empty() ? "no table" : known));
}

}  // namespace sinew::engine
