#include "mirth/import.h"

#include <set>

#include "base/data.h"
#include "base/text.h"
#include "mirth/channel.h"
#include "mirth/item.h"
#include "mirth/server.h"
#include "mirth/yaml.h"

namespace sinew::mirth {
namespace {

constexpr std::size_t kChannelsMax = 20'000;

/// What was found in all files, before anything is converted.
struct Found {
  std::vector<Item> channels, libraries, templates, configurations, servers;
};

bool find_in(Item const& item, Found& found);

void find_in_list(Item const& list, Found& found) {
  for (auto const& each : list.items()) find_in(each, found);
}

/// A channel brings the libraries that it uses.
void add_channel(Item const& channel, Found& found) {
  if (!channel["sourceConnector"].exists()) return;  // a group names its channels only
  found.channels.push_back(channel);
  for (auto const& library : channel["exportData"]["codeTemplateLibraries"].items())
    found.libraries.push_back(library);
  for (auto const& library : channel["codeTemplateLibraries"].items())
    found.libraries.push_back(library);
}

bool find_in(Item const& item, Found& found) {
  auto const kind = item.kind();
  if (kind == "channel" || kind == "Channel") return add_channel(item, found), true;
  if (kind == "codeTemplateLibrary") return found.libraries.push_back(item), true;
  if (kind == "codeTemplate") return found.templates.push_back(item), true;
  if (kind == "channelGroup") {
    for (auto const& channel : item["channels"].items()) add_channel(channel, found);
    return true;
  }
  if (kind != "serverConfiguration") return false;
  found.servers.push_back(item);
  for (auto const& group : item["channelGroups"].items())
    for (auto const& channel : group["channels"].items()) add_channel(channel, found);
  for (auto const& channel : item["channels"].items()) add_channel(channel, found);
  for (auto const& library : item["codeTemplateLibraries"].items())
    found.libraries.push_back(library);
  for (auto const& each : item["codeTemplates"].items()) found.templates.push_back(each);
  found.configurations.push_back(item["configurationMap"]);
  return true;
}

Result<> find(Export const& file, Found& found) {
  Item const root(file.root());
  bool is_known = find_in(root, found);
  if (root.name() == "list" || root.name() == "set" || root.name() == "linked-list") {
    find_in_list(root, found);
    is_known = true;
  }
  if (is_known) return {};
  return fail(ErrorCode::invalid,
              "no export of Mirth: the root is '" + std::string(root.name()) +
                  "', not channel, channelGroup, codeTemplateLibrary, list or serverConfiguration",
              file.name());
}

/// Names for the channels, before any is written: they send to each other.
std::vector<std::string> name_channels(std::vector<Item>& channels, Shared& shared) {
  std::vector<std::string> names;
  std::vector<Item> kept;
  std::set<std::string> used, ids;
  for (auto const& channel : channels) {
    auto const id = channel.trimmed("id");
    auto const title = channel.trimmed("name");
    if (!id.empty() && !ids.insert(id + '\n' + title).second) {
      shared.report.add(
          {title, "channel", "a second copy", Verdict::left_out, "the first one is used", 0});
      continue;
    }
    auto const plain = file_name_of(title);
    auto name = plain;
    for (int i = 2; !used.insert(to_lower(name)).second; ++i)
      name = plain + "-" + std::to_string(i);
    shared.roads.try_emplace(id, road_to(channel, name));
    if (auto const version = channel.attribute("version"); !version.empty())
      shared.report.versions.insert(version);
    names.push_back(std::move(name));
    kept.push_back(channel);
  }
  channels = std::move(kept);
  return names;
}

}  // namespace

Result<Import> import_exports(std::vector<std::pair<std::string, std::string>> exports,
                              Kinds const& kinds) {
  std::vector<Export> files;
  Found found;
  Shared shared;
  for (auto& [name, text] : exports) files.push_back(TRY(Export::read(std::move(text), name)));
  for (auto const& file : files) {
    TRY(find(file, found));
    if (file.replaced() != 0)
      shared.report.add({{},
                         file.name(),
                         std::to_string(file.replaced()) + " characters",
                         Verdict::differs,
                         "XML does not have them: they became U+FFFD",
                         0});
  }
  if (found.channels.size() > kChannelsMax)
    return fail(ErrorCode::too_large, "more than " + std::to_string(kChannelsMax) + " channels");
  auto const names = name_channels(found.channels, shared);
  for (auto const& map : found.configurations) convert_configuration(map, shared);
  std::vector<Library> libraries;
  convert_libraries(found.libraries, shared, libraries);
  convert_templates(found.templates, shared, libraries);
  for (std::size_t i = 0; i < names.size(); ++i)
    convert_channel(found.channels[i], names[i], kinds, libraries, shared);
  for (auto const& server : found.servers) report_server(server, shared);
  if (shared.needs_e4x) shared.files[std::string(kE4xFile)] = TRY(embedded_data("mirth/e4x.js"));
  shared.files["IMPORT.md"] = to_markdown(shared.report);
  return Import{std::move(shared.files), std::move(shared.report)};
}

}  // namespace sinew::mirth
