#pragma once

#include "api/rest/rest.h"
#include "contract/watch.h"
#include "engine/alerts/probe.h"

namespace sinew::app {

/// GET /contracts, /contracts/{feed} (`of=learned`), /contracts/{feed}/specification
/// (`format=html`), /contracts/{feed}/drift; POST /contracts/{feed}/accept. The watch must outlive
/// the service.
void add_contract_routes(rest::Service& service, contract::Watch& watch);

/// For rules about drift: kinds and places, never values.
[[nodiscard]] std::vector<engine::FeedDrift> feed_drifts(contract::Watch& watch);

}  // namespace sinew::app
