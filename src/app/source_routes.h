#pragma once

#include "api/rest/rest.h"
#include "engine/connectors/sources.h"

namespace sinew::app {

/// GET /sources, POST /sources/pause and /sources/resume (?source=).
void add_source_routes(rest::Service& service, engine::Sources& sources);

}  // namespace sinew::app
