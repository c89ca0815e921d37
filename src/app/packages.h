#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "validate/library.h"
#include "validate/package.h"

namespace sinew::app {

/// Reads a FHIR package (`.tgz`); what in it could not be read is said on standard error.
/// Fails with the file named in `where`.
[[nodiscard]] Result<validate::Package> read_package_file(std::string const& file);

/// Reads packages into a library. Fails at the first file that is no package.
Result<> load_packages(std::vector<std::string> const& files, validate::Library& library);

/// The files of the installed packages, then those named besides.
[[nodiscard]] Result<std::vector<std::string>> package_files(std::string const& folder,
                                                             std::vector<std::string> const& named);

}  // namespace sinew::app
