#pragma once

#include <deque>
#include <functional>
#include <mutex>

#include "api/rest/rest.h"
#include "json/json.h"

namespace sinew::rest {

class Jobs;
struct Operation;
using OperationTable = std::deque<Operation>;  ///< what is in it stays where it is

/// What handlers work with.
struct Context {
  store::Store& store;
  Clock& clock;
  Options const& options;
  Metrics& metrics;
  Instant started{};
  /// Answers a request as if it had come in, unrendered: for the entries of a bundle.
  std::function<Answer(net::HttpRequest const&)> answer;
  Jobs* jobs = nullptr;  ///< requests that are answered later
  OperationTable const* operations = nullptr;
  /// Who lost a race and tries again holds it: see Turn in submit.h.
  std::mutex* turn = nullptr;
};

using BuiltInHandler = Result<Answer> (*)(Context const&, Call const&);

// read.cpp
Result<Answer> read(Context const& context, Call const& call);
/// The version of `_asOf`. Fails `invalid` for an instant that is none or lies ahead.
[[nodiscard]] Result<store::Resource> read_as_of(Context const& context, Call const& call,
                                                 std::string_view as_of);
Result<Answer> read_version(Context const& context, Call const& call);
// history.cpp
Result<Answer> history(Context const& context, Call const& call);
// write.cpp
Result<Answer> create(Context const& context, Call const& call);
Result<Answer> update(Context const& context, Call const& call);
Result<Answer> update_conditionally(Context const& context, Call const& call);
Result<Answer> remove(Context const& context, Call const& call);
Result<Answer> remove_conditionally(Context const& context, Call const& call);
// patch.cpp
Result<Answer> patch(Context const& context, Call const& call);
Result<Answer> patch_conditionally(Context const& context, Call const& call);
// search.cpp
Result<Answer> search(Context const& context, Call const& call);
Result<Answer> search_system(Context const& context, Call const& call);
Result<Answer> search_compartment(Context const& context, Call const& call);
// bundle.cpp, transaction.cpp
Result<Answer> process_bundle(Context const& context, Call const& call);
Result<Answer> process_transaction(Context const& context, Call const& call, json::Value bundle);
// async.cpp
[[nodiscard]] bool wants_async(net::HttpRequest const& request);
[[nodiscard]] Answer start_job(Jobs& jobs, net::HttpRequest request, std::string_view base);
Result<Answer> job_status(Context const& context, Call const& call);
Result<Answer> cancel_job(Context const& context, Call const& call);
// capabilities.cpp
Result<Answer> capabilities(Context const& context, Call const& call);
// monitor.cpp
Result<Answer> health(Context const& context, Call const& call);
Result<Answer> ready(Context const& context, Call const& call);
Result<Answer> exposition(Context const& context, Call const& call);

/// Adds ETag and Last-Modified, and with a base the location of the version.
void add_version_headers(Answer& answer, store::Outcome const& outcome, std::string_view base,
                         std::string_view location_header);

/// A type name as the path gives it. Fails `not_supported` (404) for what is no resource type.
[[nodiscard]] Result<> check_type(std::string_view type);

}  // namespace sinew::rest
