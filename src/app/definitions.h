#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "store/store.h"
#include "validate/package.h"

namespace sinew::app {

/// The tag of a definition that came with a package; its code is `name#version`.
inline constexpr char const* kPackageTag = "urn:sinew:package";

/// Makes the definitions of the packages resources of the store, so that they can be read and
/// searched (`StructureDefinition?url=...`), each tagged with its package; takes those away whose
/// package is no longer among these. What is as it was is not written again.
///
/// An id is that of the definition with the version of its package behind it, so that several
/// versions stand side by side. What the store says of search parameters (add_search_parameters)
/// comes back as lines for the log.
Result<std::vector<std::string>> store_definitions(store::Store& store,
                                                   std::span<validate::Package const> packages);

/// The search parameters that US Core has and R4 has not, as SearchParameter resources.
/// Source: data/us-core/search_parameters.tsv.
[[nodiscard]] std::vector<std::string> us_core_search_parameters();

}  // namespace sinew::app
