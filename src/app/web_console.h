#pragma once

#include "api/rest/rest.h"

namespace sinew::app {

/// The console's pages at /console.
void add_web_console(rest::Service& service);

}  // namespace sinew::app
