#include "app/delivery_routes.h"

#include <algorithm>

#include "app/admin_answer.h"
#include "json/write.h"

namespace sinew::app {
namespace {

constexpr std::size_t kListedMax = 1000;
constexpr std::size_t kListedUsually = 50;

std::string states_json(std::vector<engine::DestinationState> const& states) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("destinations");
  writer.begin_array();
  for (auto const& state : states) {
    writer.begin_object();
    writer.member("destination", state.name);
    writer.key("configured");
    writer.boolean(state.is_configured);
    writer.key("paused");
    writer.boolean(state.is_paused);
    for (auto const& count : state.counts) {
      writer.key(to_string(count.status));
      writer.integer(static_cast<std::int64_t>(count.count));
    }
    if (!state.last_reply.empty()) {
      writer.member("lastFailure", state.last_reply);
    }
    writer.end_object();
  }
  writer.end_array();
  writer.end_object();
  return out;
}

void write_delivery(json::Writer& writer, store::Delivery const& delivery) {
  writer.begin_object();
  writer.key("item");
  writer.integer(static_cast<std::int64_t>(delivery.item));
  writer.member("destination", delivery.destination);
  writer.key("message");
  writer.integer(static_cast<std::int64_t>(delivery.cause));
  writer.member("status", to_string(delivery.status));
  writer.key("attempts");
  writer.integer(static_cast<std::int64_t>(delivery.attempts));
  writer.member("changed", to_string(delivery.changed));
  if (delivery.status == store::DeliveryStatus::waiting && delivery.attempts > 0) {
    writer.member("due", to_string(delivery.due));
  }
  if (!delivery.reason.empty()) {
    writer.member("reason", delivery.reason);
  }
  writer.end_object();
}

Result<rest::Answer> list(store::DeliveryLog& log, rest::Call const& call) {
  std::optional<store::DeliveryStatus> status;
  if (auto const text = call.parameter("status"); !text.empty()) {
    status = store::parse_delivery_status(text);
    if (!status) return fail(ErrorCode::invalid, "no status of a delivery", "status");
  }
  auto const message = TRY(number_of(call, "message", 0));
  auto const before = TRY(number_of(call, "before", 0));
  auto const count = TRY(number_of(call, "count", kListedUsually));
  auto const listed = message != 0 ? TRY(log.of_message(message))
                                   : TRY(log.list(call.parameter("destination"), status, before,
                                                  std::min<std::size_t>(count, kListedMax)));
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.key("deliveries");
  writer.begin_array();
  for (auto const& delivery : listed) write_delivery(writer, delivery);
  writer.end_array();
  writer.end_object();
  return json_answer(std::move(out));
}

/// What is answered when a decision has been taken.
Result<rest::Answer> done() { return json_answer("{\"done\":true}"); }

}  // namespace

void add_delivery_routes(rest::Service& service, engine::Deliveries& deliveries,
                         store::DeliveryLog& log) {
  auto const add = [&](char const* method, char const* path, char audit, rest::Handler handler) {
    rest::Route route;
    route.method = method;
    route.pattern = path;
    route.interaction = "deliveries";
    route.audit = audit;
    route.handler = std::move(handler);
    service.add_route(std::move(route));
  };
  add("GET", "/deliveries", 'R', [&](rest::Call const&) -> Result<rest::Answer> {
    return json_answer(states_json(TRY(deliveries.states())));
  });
  add("GET", "/deliveries/list", 'R', [&](rest::Call const& call) { return list(log, call); });
  auto const add_item = [&](char const* path, Result<> (engine::Deliveries::*act)(std::uint64_t)) {
    add("POST", path, 'E', [&deliveries, act](rest::Call const& call) -> Result<rest::Answer> {
      TRY((deliveries.*act)(TRY(number_of(call, "item", 0))));
      return done();
    });
  };
  add_item("/deliveries/resend", &engine::Deliveries::resend);
  add_item("/deliveries/skip", &engine::Deliveries::skip);
  auto const add_named = [&](char const* path,
                             Result<> (engine::Deliveries::*act)(std::string_view)) {
    add("POST", path, 'E', [&deliveries, act](rest::Call const& call) -> Result<rest::Answer> {
      TRY((deliveries.*act)(call.parameter("destination")));
      return done();
    });
  };
  add_named("/deliveries/pause", &engine::Deliveries::pause);
  add_named("/deliveries/resume", &engine::Deliveries::resume);
}

}  // namespace sinew::app
