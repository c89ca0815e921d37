#include "api/rest/context.h"
#include "api/rest/outcome.h"

namespace sinew::rest {
namespace {

constexpr std::string_view kJson = "application/json";

Answer state(int status, std::string_view text) {
  Answer answer;
  answer.status = status;
  answer.media_type = kJson;
  answer.body.append(R"({"status":")").append(text).append("\"}\n");
  return answer;
}

}  // namespace

/// The process answers: nothing else is looked at, so that a busy disk restarts nobody.
Result<Answer> health(Context const&, Call const&) { return state(200, "ok"); }

/// The store answers a read, and whoever else must be ready says so.
Result<Answer> ready(Context const& context, Call const&) {
  auto const probe = context.store.read("Basic", "ready-probe");
  bool const store_answers =
      probe || probe.error().code == ErrorCode::not_found || probe.error().code == ErrorCode::gone;
  if (!store_answers) return state(503, "the store does not answer");
  if (context.options.is_ready && !context.options.is_ready()) return state(503, "starting");
  return state(200, "ready");
}

Result<Answer> exposition(Context const& context, Call const&) {
  Answer answer;
  answer.media_type = "text/plain; version=0.0.4; charset=utf-8";
  answer.body = context.metrics.exposition();
  return answer;
}

}  // namespace sinew::rest
