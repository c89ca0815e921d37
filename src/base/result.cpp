#include "base/result.h"

#include <array>

#include "base/check.h"

namespace sinew {
namespace {

// clang-format off
constexpr auto kErrorTable = std::to_array<ErrorRow>({
    // code                     name             HTTP  issue-type       MSA-1  0357
    {ErrorCode::malformed,     "malformed",     400,  "structure",     "AR",  "207"},
    {ErrorCode::invalid,       "invalid",       422,  "invalid",       "AE",  "207"},
    {ErrorCode::not_supported, "not_supported", 400,  "not-supported", "AR",  "200"},
    {ErrorCode::not_found,     "not_found",     404,  "not-found",     "AE",  "204"},
    {ErrorCode::gone,          "gone",          410,  "deleted",       "AE",  "204"},
    {ErrorCode::conflict,      "conflict",      409,  "conflict",      "AE",  "205"},
    {ErrorCode::precondition,  "precondition",  412,  "conflict",      "AE",  "206"},
    {ErrorCode::too_large,     "too_large",     413,  "too-long",      "AR",  "207"},
    {ErrorCode::forbidden,     "forbidden",     403,  "forbidden",     "AR",  "207"},
    {ErrorCode::unavailable,   "unavailable",   503,  "transient",     "AR",  "207"},
    {ErrorCode::internal,      "internal",      500,  "exception",     "AR",  "207"},
});
// clang-format on

}  // namespace

ErrorRow const& error_row(ErrorCode code) {
  auto const& row = kErrorTable[static_cast<std::size_t>(code)];
  SINEW_CHECK(row.code == code);
  return row;
}

std::string to_string(Error const& error) {
  return error.where.empty() ? error.what : error.where + ": " + error.what;
}

}  // namespace sinew
