#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "population/element_table.h"
#include "store/store.h"
#include "validate/library.h"

namespace sinew::population {

/// What the current version of a resource came from.
enum class Source : std::uint8_t { v2, ccda, native };
inline constexpr std::size_t kSources = 3;
[[nodiscard]] std::string_view name_of(Source source);

/// How far one data element is covered by what is stored.
struct ElementCoverage {
  DataElement element;
  std::vector<std::string> profiles;  ///< where it stands, canonicals
  std::uint64_t patients = 0;         ///< with at least one value
  std::uint64_t values = 0;
  std::uint64_t resources = 0;                         ///< that hold these values
  std::array<std::uint64_t, kSources> by_source = {};  ///< values, by Source
  std::uint64_t checked = 0;     ///< resources that were held against their profile
  std::uint64_t conforming = 0;  ///< of these, without an error
};

struct Coverage {
  std::string standard;  ///< "USCDI v3"
  Instant made{};
  std::uint64_t patients = 0;   ///< all that are stored
  std::uint64_t resources = 0;  ///< read for the report
  std::vector<ElementCoverage> elements;
};

struct CoverageOptions {
  /// Profiles to check against; null, or without the profile: conformance is not checked.
  validate::Library const* library = nullptr;
  /// Told how many resources are done, of how many; false ends the work, `unavailable`.
  std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
};

/// Reads every resource of the table's types once, page by page: what it needs of memory grows with
/// the number of patients (some 100 bytes each), not with that of resources.
///
/// The source of a value is that of its resource's current version: the message that caused it, or
/// else the API (`native`).
[[nodiscard]] Result<Coverage> measure_coverage(store::Store& store, ElementTable const& table,
                                                Clock& clock, CoverageOptions const& options = {});

/// {"standard": ..., "patients": ..., "elements": [...]}
[[nodiscard]] std::string coverage_json(Coverage const& coverage);
/// Reads what coverage_json wrote. Fails `malformed` for anything else.
[[nodiscard]] Result<Coverage> read_coverage(std::string_view json);
/// For a terminal: a line for each element.
[[nodiscard]] std::string coverage_text(Coverage const& coverage);
/// A whole page, without scripts and without anything from elsewhere.
[[nodiscard]] std::string coverage_page(Coverage const& coverage);
/// The page that is shown while the report is made; it asks again by itself.
[[nodiscard]] std::string coverage_waiting_page(std::uint64_t done, std::uint64_t total);

}  // namespace sinew::population
