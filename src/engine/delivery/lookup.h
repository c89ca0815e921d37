#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew::engine {

inline constexpr std::size_t kLookupBytesMax = std::size_t{64} << 20;
inline constexpr std::size_t kLookupColumnsMax = 64;

/// A table of texts that a site keeps: codes of one system and what another calls them.
///
/// The file is TSV or CSV (RFC 4180); its first row names the columns. Lines before it that begin
/// with `#` are notes; `# key: a, b` names the key columns, else the first is the key.
/// Source of the form: docs/reference/channels.md.
class LookupTable {
 public:
  using Row = std::vector<std::string>;  ///< by column

  /// Fails `invalid` at `where:line`: a row too short or long, a key that is there twice.
  [[nodiscard]] static Result<LookupTable> read(std::string_view text, std::string name, char comma,
                                                std::string const& where);

  [[nodiscard]] std::string const& name() const { return name_; }
  [[nodiscard]] std::vector<std::string> const& columns() const { return columns_; }
  [[nodiscard]] std::size_t key_count() const { return keys_.size(); }
  /// The first column that is no key; the key itself where there is no other.
  [[nodiscard]] std::size_t value_column() const { return value_column_; }
  /// Fails `not_found`, with the names there are.
  [[nodiscard]] Result<std::size_t> column(std::string_view name) const;
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

  /// The row of a key, or null. Of several key columns, all have to be given.
  [[nodiscard]] Row const* find(std::span<std::string_view const> key) const;
  [[nodiscard]] Row const* find(std::string_view key) const { return find({&key, 1}); }

 private:
  Result<> set_columns(Row columns, std::string const& keys);
  std::string name_;
  std::vector<std::string> columns_;
  std::vector<std::size_t> keys_;
  std::size_t value_column_ = 0;
  std::map<std::string, Row, std::less<>> rows_;
};

using LookupTables = std::map<std::string, std::shared_ptr<LookupTable const>, std::less<>>;

/// Every *.tsv and *.csv of the folder, named by its file. None where there is no such folder.
[[nodiscard]] Result<LookupTables> read_lookups(std::string const& folder);

}  // namespace sinew::engine
