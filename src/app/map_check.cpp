#include <fmt/format.h>

#include "app/commands.h"
#include "app/console.h"
#include "app/mapper.h"
#include "base/severity.h"
#include "json/write.h"

namespace sinew::app {
namespace {

std::string issues_json(mapping::Compiled const& compiled) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  writer.key("valid"), writer.boolean(compiled.program != nullptr);
  if (compiled.program) writer.member("digest", mapping::digest(*compiled.program));
  writer.key("issues");
  writer.begin_array();
  for (auto const& issue : compiled.issues) {
    writer.begin_object();
    writer.member("severity", name_of(issue.severity));
    writer.member("where", issue.where);
    writer.member("what", issue.what);
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return text + "\n";
}

}  // namespace

int map_check(MapCheckSettings const& settings) {
  auto const layers = open_layers(settings.map);
  if (!layers) return complain(layers.error()), kExitFailed;
  auto const compiled = mapping::compile(*layers);
  if (settings.json) {
    print(issues_json(compiled));
  } else {
    for (auto const& issue : compiled.issues) {
      print(fmt::format("{}: {}: {}\n", issue.where, name_of(issue.severity), issue.what));
    }
    std::size_t files = 0;
    for (auto const& layer : *layers) files += layer.files.size();
    print(compiled.program ? fmt::format("{} files compiled; digest {}\n", files,
                                         mapping::digest(*compiled.program))
                           : fmt::format("{} files, {} mistakes\n", files, compiled.issues.size()));
  }
  return compiled.program ? kExitSuccess : kExitFailed;
}

}  // namespace sinew::app
