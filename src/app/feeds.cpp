#include "app/feeds.h"

#include "base/text.h"

namespace sinew::app {
namespace {

/// "lab=0.0.0.0:2576,map=site/lab,zone=-05:00"
Result<FeedListener> parse_listener(std::string_view text, MapSettings const& main) {
  constexpr std::string_view kOption = "--listen";
  auto const wrong = [&](std::string_view what) {
    return fail(ErrorCode::malformed, std::string(what) + " in \"" + std::string(text) + "\"",
                std::string(kOption));
  };
  FeedListener listener;
  listener.map = main;
  bool first = true;
  for (auto const part : split(text, ',')) {
    auto const equals = part.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return wrong("expected NAME=host:port and then key=value");
    }
    auto const key = part.substr(0, equals);
    auto const value = std::string(part.substr(equals + 1));
    if (first) {
      listener.map.feed_name = key;
      listener.address = TRY(parse_address(value));
    } else if (key == "map") {
      listener.map.map_folders.push_back(value);
    } else if (key == "charset") {
      listener.map.charset = value;
    } else if (key == "zone") {
      listener.map.zone = value;
    } else {
      return wrong("unknown key " + std::string(key) + " (map, charset, zone)");
    }
    first = false;
  }
  return listener;
}

}  // namespace

Result<std::vector<FeedListener>> read_feeds(ServeSettings const& settings) {
  std::vector<FeedListener> feeds;
  feeds.push_back({TRY(parse_address(settings.mllp)), settings.map});
  for (auto const& text : settings.listen) {
    auto listener = TRY(parse_listener(text, settings.map));
    for (auto const& other : feeds) {
      if (other.map.feed_name == listener.map.feed_name) {
        return fail(ErrorCode::conflict, "two feeds are named " + listener.map.feed_name,
                    "--listen");
      }
    }
    feeds.push_back(std::move(listener));
  }
  return feeds;
}

}  // namespace sinew::app
