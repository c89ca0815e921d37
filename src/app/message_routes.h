#pragma once

#include "api/rest/rest.h"
#include "app/explanation.h"
#include "engine/messages/archive.h"
#include "store/deliveries/delivery_log.h"
#include "store/store.h"

namespace sinew::app {

/// What the routes of messages ask. All must outlive the service.
struct MessageSurroundings {
  store::Store& store;
  TablesOf tables_of;
  store::DeliveryLog* deliveries;  ///< null: nothing is passed on
  engine::Archive* archive;        ///< null: no index, and nothing is taken up again
};

/// GET /messages: newest first, by `feed`, `type`, `control`, `patient`, `visit`, `order`,
/// `accession`, `name`, `text`, `status`, `reason`, `since`, `until`; pages by `before` and
/// `count`. GET /messages/{id}: one message with its tree, what it is mapped to, the ledger, and
/// its deliveries. POST /messages/reprocess: takes up again those named by `id`, or searched for;
/// `deliver=false` does not pass them on. GET /archive: how far the index is.
void add_message_routes(rest::Service& service, MessageSurroundings around);

}  // namespace sinew::app
