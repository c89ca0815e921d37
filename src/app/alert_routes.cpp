#include "app/alert_routes.h"

#include "app/admin_answer.h"
#include "base/text.h"

namespace sinew::app {
namespace {

Result<rest::Answer> silence(engine::Alerts& alerts, rest::Call const& call) {
  constexpr std::int64_t kMinutesMax = 30LL * 24 * 60;
  auto const id = call.parameter("alert");
  if (id.empty()) return fail(ErrorCode::invalid, "which one?", "alert");
  auto const minutes = parse_integer<std::int64_t>(call.parameter("minutes"));
  if (!minutes || *minutes < 0 || *minutes > kMinutesMax)
    return fail(ErrorCode::invalid, "has to be a number of minutes, 30 days at most", "minutes");
  alerts.silence(id, std::chrono::minutes(*minutes));
  return json_answer("{\"done\":true}");
}

}  // namespace

void add_alert_routes(rest::Service& service, engine::Alerts& alerts) {
  auto const add = [&](char const* method, char const* path, char audit, rest::Handler handler) {
    service.add_route({method, path, "alerts", audit, std::move(handler)});
  };
  add("GET", "/alerts", 'R',
      [&](rest::Call const&) -> Result<rest::Answer> { return json_answer(alerts.state_json()); });
  add("POST", "/alerts/acknowledge", 'E', [&](rest::Call const& call) -> Result<rest::Answer> {
    TRY(alerts.acknowledge(call.parameter("alert")));
    return json_answer("{\"done\":true}");
  });
  add("POST", "/alerts/silence", 'E',
      [&](rest::Call const& call) { return silence(alerts, call); });
}

}  // namespace sinew::app
