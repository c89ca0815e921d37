#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace sinew::net {

/// When the first of the certificates in a PEM file that expires does.
/// Fails `invalid` at the file when it cannot be read or holds none.
[[nodiscard]] Result<Instant> certificate_expiry(std::string const& file);

}  // namespace sinew::net
