#include "app/mapper.h"

#include "app/console.h"
#include "base/text.h"
#include "wire/hl7v2/group.h"

namespace sinew::app {
namespace {

/// `+01:00` in minutes.
std::optional<int> parse_zone(std::string_view text) {
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return std::nullopt;
  auto const hours = parse_integer<int>(text.substr(1, 2));
  auto const minutes = parse_integer<int>(text.substr(4, 2));
  if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
  return (*hours * 60 + *minutes) * (text[0] == '-' ? -1 : 1);
}

}  // namespace

Result<std::vector<mapping::Layer>> open_layers(MapSettings const& settings) {
  std::vector<mapping::Layer> layers;
  if (settings.built_in) layers.push_back(mapping::built_in_layer());
  for (auto const& folder : settings.map_folders) {
    layers.push_back(TRY(mapping::read_layer(folder)));
  }
  return layers;
}

Result<mapping::Feed> make_feed(MapSettings const& settings) {
  mapping::Feed feed;
  feed.name = settings.feed_name;
  feed.charset = settings.charset;
  if (!settings.zone.empty()) {
    feed.zone_offset_minutes = parse_zone(settings.zone);
    if (!feed.zone_offset_minutes) {
      return fail(ErrorCode::malformed, "a zone reads +hh:mm or -hh:mm", "--zone");
    }
  }
  return feed;
}

Result<std::shared_ptr<mapping::Program const>> compile_tables(MapSettings const& settings) {
  auto const layers = TRY(open_layers(settings));
  auto compiled = mapping::compile(layers);
  for (auto const& issue : compiled.issues) {
    if (issue.severity == Severity::error) complain(issue.where + ": " + issue.what);
  }
  if (!compiled.program) {
    return fail(ErrorCode::invalid,
                "the mapping tables have mistakes; `sinew map check` lists them");
  }
  return compiled.program;
}

Result<> map_message(mapping::Program const& program, mapping::Feed const& feed,
                     std::string_view bytes, mapping::RunOptions const& options, Mapped& mapped) {
  mapped.message = TRY(hl7v2::parse_message(bytes));
  auto const groups = hl7v2::group_segments(mapped.message);
  mapped.output.clear();
  return mapping::run(program, mapped.message, groups, feed, options, mapped.output);
}

std::string atom_path(hl7v2::Message const& message, mapping::LedgerEntry const& entry) {
  auto path = std::string(message.segment_id(entry.segment)) + "-" + std::to_string(entry.field);
  if (entry.repetition > 1) path += "[" + std::to_string(entry.repetition) + "]";
  if (entry.component > 0) path += "." + std::to_string(entry.component);
  if (entry.subcomponent > 1) path += "." + std::to_string(entry.subcomponent);
  return path;
}

}  // namespace sinew::app
