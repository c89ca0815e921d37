#pragma once

#include <vector>

#include "mirth/channel.h"
#include "mirth/item.h"
#include "mirth/part.h"

namespace sinew::mirth {

/// Reads the code template libraries of an export, and writes a file of each.
void convert_libraries(std::vector<Item> const& libraries, Shared& shared,
                       std::vector<Library>& found);
/// Code templates that stand outside of a library, as older exports have them.
void convert_templates(std::vector<Item> const& templates, Shared& shared,
                       std::vector<Library>& found);
/// The configuration map as a lookup table; what looks like a secret is left out.
void convert_configuration(Item const& map, Shared& shared);
/// What else a backup of a server holds: alerts, scripts, users, resources, settings.
void report_server(Item const& configuration, Shared& shared);

}  // namespace sinew::mirth
