#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sinew::app {

/// Which package, and which release of it: `hl7.fhir.us.core`, `6.1.0`.
struct PackageId {
  std::string name, version;

  auto operator<=>(PackageId const&) const = default;
};

/// `name#version`, as dependencies and file names write it.
[[nodiscard]] std::string to_string(PackageId const& id);

/// Reads `name@version` or `name#version`; without either the version is empty: the latest.
/// Fails `invalid` for what cannot be a name or a version: only letters, digits, '.', '-' and '_',
/// not with a '.' in front, because both become part of a file name. A name may have a scope in
/// front: `@scope/name`.
/// Source: https://hl7.org/fhir/packages.html.
[[nodiscard]] Result<PackageId> parse_package_id(std::string_view text);

/// Where `package add` puts packages and `serve` finds them when nothing else is said:
/// `sinew-packages` beside the store's file.
[[nodiscard]] std::string package_folder_of(std::string_view folder, std::string_view store);

struct InstalledPackage {
  PackageId id;
  std::string file;
};

/// By name, then from the lowest version up as text; none where the folder is not there.
[[nodiscard]] Result<std::vector<InstalledPackage>> installed_packages(std::string const& folder);

/// Writes the package's file, whole or not at all; the folder is made when it is not there.
[[nodiscard]] Result<> install_package(std::string const& folder, PackageId const& id,
                                       std::string_view tgz);

/// Fails `not_found` when it is not installed.
[[nodiscard]] Result<> remove_package(std::string const& folder, PackageId const& id);

}  // namespace sinew::app
