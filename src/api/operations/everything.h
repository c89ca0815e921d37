#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "store/store.h"

namespace sinew::rest {

/// What $everything is asked, read.
struct EverythingQuestion {
  std::string type, id;                      ///< whose record: a Patient or an Encounter
  std::vector<std::string> types;            ///< `_type`; empty: all
  std::optional<Instant> since;              ///< `_since`: only what was updated after
  std::optional<std::int64_t> from, before;  ///< `start` and `end`: time of care in [from, before)
  std::optional<Instant> as_of;              ///< the record as it was then; nothing: now
  std::string base;                          ///< of absolute references to this server

  [[nodiscard]] std::string focus() const { return type + '/' + id; }
  [[nodiscard]] bool has_dates() const { return from || before; }
};

/// Where a page ended. Pages are a snapshot of the first one's instant.
struct EverythingMark {
  enum class Part : char { members = 'm', others = 's' } part = Part::members;
  std::int64_t instant = 0;  ///< of the first page, in ms
  std::string cursor = {};   ///< members: the store's, of the chunk that was begun
  std::size_t skip = 0;      ///< members: how many of the chunk are done
  std::string last = {};     ///< others: the last one shown
};

struct EverythingPage {
  std::vector<store::Resource> members;  ///< the focus itself, and what is in its compartment
  std::vector<store::Resource> others;   ///< what the record refers to
  std::optional<std::uint64_t> total;    ///< of members on all pages, where that is known
  std::optional<EverythingMark> next;
};

/// Reads a record, some entries at a time. The focus comes first, then the compartment, newest
/// first, then what is referred to, by type and id; nothing comes twice.
/// Source: FHIR R4 patient-operation-everything.html, encounter-operation-everything.html.
class EverythingReader {
 public:
  /// The store must outlive it.
  EverythingReader(store::Store& store, EverythingQuestion question);
  EverythingReader(EverythingReader&&) noexcept;
  EverythingReader& operator=(EverythingReader&&) = delete;
  ~EverythingReader();
  /// Begins where a page ended, or at the beginning. Fails as reading the focus does.
  Result<> begin(EverythingMark const* after, Instant now);
  /// So many entries at most, fewer where they are many bytes; without `next` they are the last.
  /// Who goes on with the same reader sees the record as it was at the first of these calls.
  [[nodiscard]] Result<EverythingPage> next(std::size_t count);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace sinew::rest
