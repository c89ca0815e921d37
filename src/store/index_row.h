#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fhir/search_index.h"
#include "json/json.h"

namespace sinew::store {

/// Which index a value goes to. Each answers one kind of question with one order of keys.
enum class IndexKind : std::uint8_t {
  token,      ///< codes of few kinds: a dictionary and posting lists
  hashed,     ///< identifiers, absolute and logical references: a 64-bit hash of the value
  reference,  ///< relative references: the target resource
  date,
  string,
  quantity,
  number,
  uri,
};

/// One entry of the search index, before any database key is known. Equal values are equal rows,
/// so the change of an index between two versions is a set difference.
struct IndexRow {
  IndexKind kind;
  fhir::PathId path;
  std::int64_t low = 0, high = 0;  ///< date: [low, high) in ms; hashed: `low` is the hash
  double number = 0;
  std::string text;  ///< token, quantity: joined system, code, display; reference: "Patient/1"

  auto operator<=>(IndexRow const&) const = default;
};

/// The rows of a resource, sorted and without repeats.
[[nodiscard]] std::vector<IndexRow> index_rows(json::Value resource);
/// The rows of values already extracted.
[[nodiscard]] std::vector<IndexRow> rows_of(std::vector<fhir::IndexValue> const& values);

/// The parts of a token row's text: `code`, `system` and `display`, joined by kPartSeparator.
inline constexpr char kPartSeparator = '\x1f';
[[nodiscard]] std::string join_token(std::string_view system, std::string_view code,
                                     std::string_view display);
/// In front of the unit of a quantity row that is a limit of a range: a range has a row for each of
/// its two limits, so that whoever looks for one side of it finds it.
inline constexpr char kRangeMark = '\x1e';
struct TokenParts {
  std::string_view system, code, display;
};
[[nodiscard]] TokenParts split_token(std::string_view joined);

/// True when the tokens of a path are nearly all different (identifiers, telephone numbers): they
/// are found by hash and stay out of the dictionary.
[[nodiscard]] bool is_hashed_token(fhir::PathId path);

/// The keys of a hashed token: by value alone, and by system and value.
[[nodiscard]] std::int64_t hash_of_value(std::string_view value);
[[nodiscard]] std::int64_t hash_of_token(std::string_view system, std::string_view value);

/// The "system" under which references to other servers, canonical URLs and the like are hashed.
inline constexpr std::string_view kUrlSystem = "\x1furl";

/// "Patient/1" of a reference within this server ("Patient/1", "Patient/1/_history/2"), or empty.
[[nodiscard]] std::string_view local_target(std::string_view reference);

/// Strings and URIs are indexed up to this length, cut between characters.
inline constexpr std::size_t kIndexedTextBytesMax = 1024;
[[nodiscard]] std::string_view indexed_part(std::string_view text);

}  // namespace sinew::store
