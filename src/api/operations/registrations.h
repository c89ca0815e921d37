#pragma once

#include "api/operations/operations.h"
#include "api/rest/operation.h"

namespace sinew::rest {

// One file an operation; each gives its registration.

[[nodiscard]] Operation patient_everything();
[[nodiscard]] Operation encounter_everything();
[[nodiscard]] Operation meta();
[[nodiscard]] Operation meta_add();
[[nodiscard]] Operation meta_delete();
[[nodiscard]] Operation last_n();
[[nodiscard]] Operation stats();
[[nodiscard]] Operation diff_versions();
[[nodiscard]] Operation diff_resources();
[[nodiscard]] Operation convert();
[[nodiscard]] Operation purge_patient(OperationsOptions const& options);
[[nodiscard]] Operation expunge(OperationsOptions const& options);
[[nodiscard]] Operation reindex();

}  // namespace sinew::rest
