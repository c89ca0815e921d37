#pragma once

#include "api/rest/rest.h"
#include "engine/alerts/alerts.h"

namespace sinew::app {

/// GET /alerts: what is active and what was. POST /alerts/acknowledge (`alert`), /alerts/silence
/// (`alert`, `minutes`). The alerts must outlive the service.
void add_alert_routes(rest::Service& service, engine::Alerts& alerts);

}  // namespace sinew::app
