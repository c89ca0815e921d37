#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "fhir/search_definition.h"
#include "store/content.h"
#include "store/index_row.h"
#include "store/store.h"

namespace sinew::store {

using SharedText = std::shared_ptr<std::string const>;

/// What is known of a resource: its current version and, where it is at hand, its body.
struct Live {
  std::int64_t rid = 0;       ///< 0: never mentioned
  std::uint64_t version = 0;  ///< 0: never existed
  Instant updated{};
  bool exists = false;        ///< false with a version: deleted
  bool is_expected = false;   ///< not yet written: what a transaction under way is to make of it
  std::uint64_t content = 0;  ///< digest of the current content; 0: not computed
  SharedText body;            ///< normal form; null: not at hand
  /// Changes known to change nothing at this version: what feeds repeat in message after message.
  std::array<ChangeDigest, 4> no_ops{};
  std::uint8_t next_no_op = 0;

  [[nodiscard]] bool is_no_op(ChangeDigest const& digest) const;
  void add_no_op(ChangeDigest const& digest);
};

/// A change worked out against a known version, ready to be written.
struct Prepared {
  std::uint64_t base_version = 0;
  bool base_exists = false;
  bool base_is_expected = false;
  std::uint64_t base_content = 0;
  std::uint64_t search_generation = 0;  ///< of the paths that `add` and `drop` speak of
  Outcome::What effect = Outcome::What::unchanged;
  ChangeDigest digest;
  std::uint64_t content = 0;
  SharedText text;                  ///< the new body in normal form; null when nothing is written
  std::string packed;               ///< the same, compressed
  std::vector<IndexRow> add, drop;  ///< the change of the search index

  /// A version that was only expected may have become another one: its content decides.
  [[nodiscard]] bool fits(Live const& live) const {
    if (base_version != live.version || base_exists != live.exists) return false;
    if (search_generation != fhir::search_generation()) return false;
    return !base_is_expected || (base_content != 0 && base_content == live.content);
  }
};

/// Fetches the current body of the resource, in normal form.
using FetchBody = std::function<Result<SharedText>()>;

/// Works out what a change does to the resource in the state `live`: parses, merges, compares,
/// extracts the index and compresses. Pure but for `fetch`, so any thread may do it; the writer
/// uses the answer only if the resource still is in that state.
/// Fails `conflict` (create of what exists), `malformed` or `invalid` for the body.
[[nodiscard]] Result<Prepared> prepare(Change const& change, ChangeDigest const& digest,
                                       Live const& live, FetchBody const& fetch);

}  // namespace sinew::store
