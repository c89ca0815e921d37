#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "app/commands.h"
#include "app/console.h"
#include "app/mapper.h"
#include "app/messages.h"
#include "json/json.h"
#include "json/write.h"

namespace sinew::app {
namespace {

/// A leaf of a resource: "Patient/1b4e.name[0].family" and its JSON.
struct Leaf {
  std::string path, value;
  auto operator<=>(Leaf const&) const = default;
};

/// The leaves below a value, gathered without recursion.
void gather(std::string const& name, json::Value root, std::vector<Leaf>& leaves) {
  struct Open {
    std::string path;
    json::Value value;
  };
  std::vector<Open> open{{name, root}};
  while (!open.empty()) {
    auto const [path, value] = std::move(open.back());
    open.pop_back();
    if (value.is_object()) {
      for (auto const [member, child] : value.members()) {
        open.push_back({path + "." + std::string(member), child});
      }
    } else if (value.is_array()) {
      std::size_t index = 0;
      for (auto const child : value.elements()) {
        open.push_back({fmt::format("{}[{}]", path, index++), child});
      }
    } else {
      leaves.push_back({path, std::string(value.source())});
    }
  }
}

/// What a set of tables makes of a message; an error is a leaf of its own, so that it shows as a
/// difference.
std::vector<Leaf> leaves_of(mapping::Program const& program, MessageText const& message) {
  std::vector<Leaf> leaves;
  Mapped mapped;
  auto const done = map_message(program, {}, message.bytes, {}, mapped);
  if (!done) return {{"error", to_string(done.error())}};
  for (auto const& resource : mapped.output.resources) {
    auto const document = json::Document::parse(
        mapped.output.json.substr(resource.begin, resource.end - resource.begin));
    auto const name = fmt::format("{}/{}", resource.type, resource.id);
    if (document) gather(name, document->root(), leaves);
  }
  std::ranges::sort(leaves);
  return leaves;
}

struct Totals {
  std::size_t messages = 0, changed = 0, differences = 0;
};

void report(MapDiffSettings const& settings, std::string const& message, char sign,
            Leaf const& leaf) {
  if (!settings.json) return print(fmt::format("  {} {} = {}\n", sign, leaf.path, leaf.value));
  std::string line;
  json::Writer writer(line);
  writer.begin_object();
  writer.member("message", message);
  writer.member("side", sign == '-' ? "before" : "after");
  writer.member("path", leaf.path);
  writer.member("value", leaf.value);
  writer.end_object();
  print(line + "\n");
}

void compare(MapDiffSettings const& settings, mapping::Program const& before,
             mapping::Program const& after, MessageText const& message, Totals& totals) {
  auto const old_leaves = leaves_of(before, message);
  auto const new_leaves = leaves_of(after, message);
  std::vector<Leaf> gone, come;
  std::ranges::set_difference(old_leaves, new_leaves, std::back_inserter(gone));
  std::ranges::set_difference(new_leaves, old_leaves, std::back_inserter(come));
  ++totals.messages;
  if (gone.empty() && come.empty()) return;
  ++totals.changed;
  totals.differences += gone.size() + come.size();
  if (!settings.json) print(message.name + "\n");
  for (auto const& leaf : gone) report(settings, message.name, '-', leaf);
  for (auto const& leaf : come) report(settings, message.name, '+', leaf);
}

/// The tables that one side names: the built-in ones, or a folder laid over them.
MapSettings side(std::string const& name) {
  MapSettings settings;
  if (name != "built-in") settings.map_folders = {name};
  return settings;
}

}  // namespace

int map_diff(MapDiffSettings const& settings) {
  auto const before = compile_tables(side(settings.before));
  if (!before) return complain(before.error()), kExitFailed;
  auto const after = compile_tables(side(settings.after));
  if (!after) return complain(after.error()), kExitFailed;
  auto const files = expand_inputs({settings.corpus});
  if (!files) return complain(files.error()), kExitFailed;
  Totals totals;
  Progress progress("compared files", files->size());
  for (auto const& file : *files) {
    for_each_message(file, [&](MessageText const& message) -> Result<> {
      compare(settings, **before, **after, message, totals);
      return {};
    });
    progress.advance();
  }
  complain(fmt::format("{} of {} messages change, in {} values", totals.changed, totals.messages,
                       totals.differences));
  return kExitSuccess;
}

}  // namespace sinew::app
