#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "validate/library.h"

namespace sinew::app {

/// Reads FHIR packages (`.tgz`) into a library; what in them could not be read is said on standard
/// error. Fails at the first file that is no package, named in `where`.
Result<> load_packages(std::vector<std::string> const& files, validate::Library& library);

}  // namespace sinew::app
