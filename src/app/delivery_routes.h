#pragma once

#include "api/rest/rest.h"
#include "engine/delivery/deliveries.h"

namespace sinew::app {

/// GET /deliveries: how each destination does. GET /deliveries/list: deliveries, newest first
/// (`destination`, `status`, `message`, `before`, `count`). POST /deliveries/resend, /skip
/// (`item`), /pause, /resume (`destination`). Both must outlive the service.
void add_delivery_routes(rest::Service& service, engine::Deliveries& deliveries,
                         store::DeliveryLog& log);

}  // namespace sinew::app
