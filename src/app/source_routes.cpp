#include "app/source_routes.h"

#include "app/admin_answer.h"
#include "json/write.h"

namespace sinew::app {
namespace {

std::string states_json(std::vector<engine::SourceState> const& states) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("sources");
  writer.begin_array();
  for (auto const& state : states) {
    writer.begin_object();
    writer.member("source", state.name);
    writer.member("kind", state.kind);
    if (!state.where.empty()) writer.member("where", state.where);
    writer.key("working");
    writer.boolean(state.is_working);
    writer.key("paused");
    writer.boolean(state.is_paused);
    writer.key("messages");
    writer.integer(static_cast<std::int64_t>(state.messages));
    writer.key("refused");
    writer.integer(static_cast<std::int64_t>(state.refused));
    if (!state.last_error.empty()) writer.member("lastFailure", state.last_error);
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return out;
}

}  // namespace

void add_source_routes(rest::Service& service, engine::Sources& sources) {
  auto const add = [&service](char const* method, char const* path, char audit,
                              rest::Handler handler) {
    rest::Route route;
    route.method = method;
    route.pattern = path;
    route.interaction = "sources";
    route.audit = audit;
    route.handler = std::move(handler);
    service.add_route(std::move(route));
  };
  add("GET", "/sources", 'R', [&sources](rest::Call const&) -> Result<rest::Answer> {
    return json_answer(states_json(sources.states()));
  });
  auto const add_act = [&](char const* path, Result<> (engine::Sources::*act)(std::string_view)) {
    add("POST", path, 'E', [&sources, act](rest::Call const& call) -> Result<rest::Answer> {
      TRY((sources.*act)(call.parameter("source")));
      return json_answer("{\"done\":true}");
    });
  };
  add_act("/sources/pause", &engine::Sources::pause);
  add_act("/sources/resume", &engine::Sources::resume);
}

}  // namespace sinew::app
