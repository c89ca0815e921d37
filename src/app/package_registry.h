#pragma once

#include <string>

#include "app/package_folder.h"
#include "base/result.h"

namespace sinew::app {

/// The registry that FHIR packages are published in.
inline constexpr char const* kPackageRegistry = "https://packages.fhir.org";

/// Downloads a package: the release named, or without one the latest.
/// `registry`  http:// or https://, without '/' at its end needed.
/// Returns     the bytes of its `.tgz`.
/// Fails       `unavailable` when the registry cannot be reached, `not_found` when it has no such
///             package, `malformed` for an answer that cannot be read.
/// Source: https://confluence.hl7.org/display/FHIR/NPM+Package+Server+API.
[[nodiscard]] Result<std::string> fetch_package(std::string const& registry, PackageId id);

}  // namespace sinew::app
