#include "app/contract_routes.h"

#include <algorithm>
#include <set>

#include "app/admin_answer.h"
#include "json/write.h"

namespace sinew::app {
namespace {

rest::Answer answer_of(std::string body, std::string media_type) {
  rest::Answer answer;
  answer.media_type = std::move(media_type);
  answer.body = std::move(body);
  return answer;
}

std::size_t warnings_of(std::vector<contract::Drift> const& drifts) {
  return static_cast<std::size_t>(std::ranges::count_if(
      drifts, [](auto const& drift) { return drift.severity >= Severity::warning; }));
}

std::string list_json(contract::Watch& watch) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("feeds");
  writer.begin_array();
  for (auto const& state : watch.states()) {
    writer.begin_object();
    writer.member("feed", state.feed);
    writer.key("accepted");
    writer.boolean(state.is_accepted);
    writer.key("messages");
    writer.integer(static_cast<std::int64_t>(state.messages));
    writer.key("warnings");
    writer.integer(static_cast<std::int64_t>(warnings_of(state.drifts)));
    writer.key("drifts");
    writer.integer(static_cast<std::int64_t>(state.drifts.size()));
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return out;
}

}  // namespace

void add_contract_routes(rest::Service& service, contract::Watch& watch) {
  auto const add = [&](char const* method, char const* path, char audit, rest::Handler handler) {
    service.add_route({method, path, "contracts", audit, std::move(handler)});
  };
  add("GET", "/contracts", 'R',
      [&](rest::Call const&) -> Result<rest::Answer> { return json_answer(list_json(watch)); });
  add("GET", "/contracts/{id}", 'R', [&](rest::Call const& call) -> Result<rest::Answer> {
    bool const learned = call.parameter("of") == "learned";
    return json_answer(TRY(watch.contract_json(call.id, learned)));
  });
  add("GET", "/contracts/{id}/specification", 'R',
      [&](rest::Call const& call) -> Result<rest::Answer> {
        bool const html = call.parameter("format") == "html";
        return answer_of(TRY(watch.specification_page(call.id, html)),
                         html ? "text/html; charset=utf-8" : "text/markdown; charset=utf-8");
      });
  add("GET", "/contracts/{id}/drift", 'R', [&](rest::Call const& call) -> Result<rest::Answer> {
    auto const drifts = TRY(watch.drifts(call.id));
    return json_answer("{\"drifts\":" + contract::drifts_json(drifts) + "}");
  });
  add("POST", "/contracts/{id}/accept", 'E', [&](rest::Call const& call) -> Result<rest::Answer> {
    TRY(watch.accept(call.id));
    return json_answer("{\"done\":true}");
  });
}

std::vector<engine::FeedDrift> feed_drifts(contract::Watch& watch) {
  constexpr std::size_t kNamedMax = 5;
  std::vector<engine::FeedDrift> all;
  for (auto const& state : watch.states()) {
    std::set<std::string> named;
    for (auto const& drift : state.drifts) {
      if (drift.severity < Severity::warning || named.size() >= kNamedMax) continue;
      auto place = std::string(to_string(drift.kind));
      if (!drift.type.empty()) place += " " + drift.type;
      if (!drift.path.empty()) place += " " + drift.path;
      named.insert(std::move(place));
    }
    engine::FeedDrift drift{state.feed, warnings_of(state.drifts), state.drifts.size(), {}};
    for (auto const& name : named) drift.detail += (drift.detail.empty() ? "" : "; ") + name;
    all.push_back(std::move(drift));
  }
  return all;
}

}  // namespace sinew::app
