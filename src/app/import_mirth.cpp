#include "mirth/import.h"

#include <fmt/format.h>

#include <filesystem>

#include "app/commands.h"
#include "app/console.h"
#include "base/file.h"
#include "engine/connectors/connector.h"

namespace sinew::app {
namespace {

mirth::Kinds kinds_of_channels() {
  mirth::Kinds kinds;
  for (auto const& connector : engine::connectors()) {
    if (connector.read_source != nullptr) kinds.sources.emplace(connector.name);
    if (connector.read_target != nullptr) kinds.targets.emplace(connector.name);
  }
  return kinds;
}

/// Nothing is written when something of it is there already: a person may have worked on it.
Result<> write_folder(mirth::Import const& import, ImportMirthSettings const& settings) {
  std::filesystem::path const folder(settings.out_folder);
  std::error_code error;
  for (auto const& [name, content] : import.files) {
    if (settings.force || !std::filesystem::exists(folder / name, error)) continue;
    return fail(ErrorCode::conflict, "is there already; --force writes over it",
                (folder / name).string());
  }
  for (auto const& [name, content] : import.files) {
    auto const path = folder / name;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) return fail(ErrorCode::unavailable, error.message(), path.parent_path().string());
    TRY(write_file(path.string(), content));
  }
  return {};
}

std::string summary(mirth::Report const& report, std::string const& folder) {
  using mirth::Verdict;
  return fmt::format(
      "{} channels: {} pieces converted, {} with a difference, {} for a person. See {}/IMPORT.md\n",
      report.channels.size(), report.count(Verdict::converted), report.count(Verdict::differs),
      report.count(Verdict::by_hand), folder);
}

}  // namespace

int import_mirth(ImportMirthSettings const& settings) {
  auto const names = expand_inputs(settings.inputs);
  if (!names) return complain(names.error()), kExitFailed;
  std::vector<std::pair<std::string, std::string>> exports;
  for (auto const& name : *names) {
    auto text = read_file(name);
    if (!text) return complain(text.error()), kExitFailed;
    exports.emplace_back(name, *std::move(text));
  }
  auto const import = mirth::import_exports(std::move(exports), kinds_of_channels());
  if (!import) return complain(import.error()), kExitFailed;
  auto const written = write_folder(*import, settings);
  if (!written) return complain(written.error()), kExitFailed;
  print(settings.json ? mirth::to_json(import->report)
                      : summary(import->report, settings.out_folder));
  return kExitSuccess;
}

}  // namespace sinew::app
