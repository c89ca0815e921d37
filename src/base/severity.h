#pragma once

#include <string_view>

#include "base/result.h"

namespace sinew {

/// `information`, `warning`, `error`. Source: FHIR R4 valueset-issue-severity.html
[[nodiscard]] constexpr std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::information:
      return "information";
    case Severity::warning:
      return "warning";
    case Severity::error:
      break;
  }
  return "error";
}

}  // namespace sinew
