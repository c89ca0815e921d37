#pragma once

#include "api/rest/rest.h"
#include "app/explanation.h"
#include "store/deliveries/delivery_log.h"
#include "store/store.h"

namespace sinew::app {

/// The console at /console, and what it asks: GET /messages (newest first; `feed`, `type`,
/// `control`, `status`, `before`, `count`) and GET /messages/{id}: one message with its tree, what
/// it is mapped to, the ledger, and its deliveries. `log` may be null.
void add_web_console(rest::Service& service, store::Store& store, TablesOf tables_of,
                     store::DeliveryLog* log);

}  // namespace sinew::app
