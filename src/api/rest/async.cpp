#include <algorithm>

#include "api/rest/bundle.h"
#include "api/rest/context.h"
#include "api/rest/format.h"
#include "api/rest/jobs.h"
#include "api/rest/outcome.h"
#include "base/text.h"

namespace sinew::rest {
namespace {

constexpr int kAccepted = 202;
constexpr char kPollSeconds[] = "1";

}  // namespace

/// Source: RFC 7240 §4.1.
bool wants_async(net::HttpRequest const& request) {
  for (auto const part : split(request.headers.value("Prefer"), ',')) {
    auto const tokens = split(part, ';');
    auto const is_wanted = [](auto token) { return trim(token) == "respond-async"; };
    if (std::ranges::any_of(tokens, is_wanted)) return true;
  }
  return false;
}

/// Source: FHIR R4 async.html, "202 Accepted", Content-Location.
Answer start_job(Jobs& jobs, net::HttpRequest request, std::string_view base) {
  auto const id = jobs.start(std::move(request));
  if (!id) {
    auto answer = refuse(id.error());
    answer.headers.add("Retry-After", kPollSeconds);
    return answer;
  }
  Answer answer;
  answer.status = kAccepted;
  answer.headers.add("Content-Location", std::string(base) + "/_async/" + *id);
  answer.body = success_json("the request is answered at Content-Location");
  return answer;
}

/// Source: FHIR R4 async.html, "status request"; the form of the answer is that of R5
/// async-bundle.html, a batch-response with one entry.
Result<Answer> job_status(Context const& context, Call const& call) {
  auto const status = context.jobs->find(call.id);
  if (!status) return fail(ErrorCode::not_found, "no such request, or its answer is gone");
  Answer answer;
  if (!status->is_finished) {
    answer.status = kAccepted;
    answer.headers.add("X-Progress", "in progress");
    answer.headers.add("Retry-After", kPollSeconds);
    return answer;
  }
  answer.headers.add("Expires", http_date(status->kept_until));
  answer.body = response_bundle("batch-response", false, [&](json::Writer& writer) {
    write_response(writer, *status->answer);
  });
  return answer;
}

/// Source: FHIR R4 async.html, "delete request".
Result<Answer> cancel_job(Context const& context, Call const& call) {
  if (!context.jobs->cancel(call.id)) {
    return fail(ErrorCode::not_found, "no such request, or its answer is gone");
  }
  Answer answer;
  answer.status = kAccepted;
  return answer;
}

}  // namespace sinew::rest
