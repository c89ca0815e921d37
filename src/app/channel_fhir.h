#pragma once

#include "app/explanation.h"
#include "engine/delivery/transform.h"

namespace sinew::app {

/// Makes the Bundle of a message by the tables of its feed, for destinations of format fhir.
[[nodiscard]] engine::ToFhir to_fhir_by(TablesOf tables);

}  // namespace sinew::app
