#include <algorithm>
#include <array>
#include <chrono>
#include <map>

#include "api/rest/context.h"
#include "api/rest/cors.h"
#include "api/rest/encoding.h"
#include "api/rest/format.h"
#include "api/rest/jobs.h"
#include "api/rest/known_part.h"
#include "api/rest/operation.h"
#include "api/rest/outcome.h"
#include "api/rest/pieces.h"
#include "api/rest/rest.h"
#include "api/rest/routes.h"
#include "base/log.h"
#include "base/text.h"
#include "fhir/search_definition.h"

namespace sinew::rest {
namespace {

constexpr int kBadRequest = 400;
constexpr int kMethodNotAllowed = 405;
constexpr int kNotAcceptable = 406;
constexpr int kUnsupportedMediaType = 415;

/// A row at work: the route and what it counts.
struct ActiveRoute {
  explicit ActiveRoute(Route added) : route(std::move(added)), pattern(route.pattern) {}

  Route route;
  Pattern pattern;
  bool needs_query = false;
  std::array<Counter*, 6> answered{};  ///< by the first digit of the status
  Histogram* seconds = nullptr;

  /// What is our fault the operator has to hear of.
  [[nodiscard]] Answer refuse_logged(Error const& error) const {
    constexpr int kOursFrom = 500;
    if (error_row(error.code).http_status >= kOursFrom) {
      log(sinew::Level::error, "request failed",
          {{"interaction", route.interaction}, {"reason", to_string(error)}});
    }
    return refuse(error);
  }

  void count(std::chrono::steady_clock::time_point begin, int status) const {
    seconds->observe(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    auto const digit = static_cast<std::size_t>(status) / 100;
    if (digit < answered.size() && answered[digit]) answered[digit]->add();
  }
};

/// A host as a URL can carry it; what else a client sends is not echoed.
bool is_host(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '.' || c == '-' || c == ':' || c == '[' ||
           c == ']' || c == '_';
  });
}

bool is_form(net::HttpRequest const& request) {
  return request.headers.value("Content-Type").starts_with("application/x-www-form-urlencoded");
}

}  // namespace

std::string_view Call::parameter(std::string_view name) const {
  auto const found =
      std::ranges::find(parameters, name, &std::pair<std::string, std::string>::first);
  return found == parameters.end() ? std::string_view{} : std::string_view(found->second);
}

struct Service::State {
  State(store::Store& store_used, Metrics& metrics_used, Clock& clock_used, Options given)
      : options(std::move(given)),
        metrics(metrics_used),
        context{store_used,
                clock_used,
                options,
                metrics_used,
                clock_used.now(),
                [this](net::HttpRequest const& request) {
                  Presentation ignored;
                  return collected(settled(answer(request, ignored)));
                }},
        jobs(context.answer, clock_used) {
    context.jobs = &jobs;
    context.turn = &turn;
    context.operations = &operations;
  }

  Answer begin(net::HttpRequest const& request, Presentation& presentation);
  Answer begin_encoded(net::HttpRequest const& request, Presentation& presentation);
  [[nodiscard]] net::HttpResponse finish(net::HttpRequest const& request, Answer made,
                                         Presentation const& presentation) const;
  Answer settled(Answer made);
  Answer answer(net::HttpRequest const& request, Presentation& presentation);
  Answer call_handler(ActiveRoute const& active, net::HttpRequest const& request, PathParts parts,
                      Presentation& presentation);
  Answer run(ActiveRoute const& active, net::HttpRequest const& request, PathParts parts,
             Presentation& presentation);
  Answer answer_operation(net::HttpRequest const& request, OperationAddress address,
                          Presentation& presentation);
  Answer refuse_path(net::HttpRequest const& request, std::vector<std::string_view> const& allowed);
  [[nodiscard]] std::string base_of(net::HttpRequest const& request) const;
  void add(Route route, bool needs_query);
  [[nodiscard]] ActiveRoute activate(Route route);

  Options options;
  Metrics& metrics;
  Context context;
  std::vector<ActiveRoute> routes;
  OperationTable operations;
  std::map<Operation const*, ActiveRoute> operation_routes;
  std::mutex turn;
  Jobs jobs;  ///< last: its thread uses the rest
};

void Service::State::add(Route route, bool needs_query) {
  routes.push_back(activate(std::move(route)));
  routes.back().needs_query = needs_query;
}

ActiveRoute Service::State::activate(Route route) {
  ActiveRoute active(std::move(route));
  auto const& interaction = active.route.interaction;
  for (std::size_t digit = 2; digit < active.answered.size(); ++digit) {
    active.answered[digit] =
        &metrics.counter("sinew_rest_requests_total", "REST requests answered",
                         {{"interaction", interaction}, {"status", std::to_string(digit) + "xx"}});
  }
  active.seconds =
      &metrics.histogram("sinew_rest_request_seconds", "time from a whole request to its answer",
                         {{"interaction", interaction}});
  return active;
}

std::string Service::State::base_of(net::HttpRequest const& request) const {
  if (!options.base_url.empty()) return options.base_url;
  auto const host = request.headers.value("Host");
  return is_host(host) ? options.scheme + "://" + std::string(host) + options.base_path
                       : options.base_path;
}

Answer Service::State::refuse_path(net::HttpRequest const& request,
                                   std::vector<std::string_view> const& allowed) {
  if (allowed.empty()) return refuse({ErrorCode::not_found, "no such path", "url"});
  auto answer = refuse(kMethodNotAllowed,
                       {ErrorCode::not_supported, request.method + " is not done here", "method"});
  std::string list;
  for (auto const method : allowed) {
    if (!list.empty()) list += ", ";
    list += method;
  }
  answer.headers.add("Allow", list);
  return answer;
}

Answer Service::State::answer(net::HttpRequest const& request, Presentation& presentation) {
  fhir::SearchScope const parameters(context.store.search_tables());
  auto const path = request.path();
  bool const is_below =
      path.starts_with(options.base_path) &&
      (path.size() == options.base_path.size() || path[options.base_path.size()] == '/');
  auto const segments = segments_of(is_below ? path.substr(options.base_path.size()) : path);
  if (!segments) return refuse(segments.error());
  auto const method = request.method == "HEAD" ? std::string_view("GET") : request.method;
  std::vector<std::string_view> allowed;
  for (auto const& active : routes) {
    if (active.pattern.from_root == is_below) continue;
    auto parts = match(active.pattern, *segments);
    if (!parts) continue;
    if (active.route.method == method && !(active.needs_query && request.query().empty())) {
      return run(active, request, *std::move(parts), presentation);
    }
    if (std::ranges::find(allowed, active.route.method) == allowed.end()) {
      allowed.push_back(active.route.method);
    }
  }
  if (is_below && allowed.empty()) {
    if (auto address = operation_address(*segments)) {
      return answer_operation(request, *std::move(address), presentation);
    }
  }
  Parameters none;
  if (auto wanted = take_presentation(request.headers, none)) presentation = *std::move(wanted);
  return refuse_path(request, allowed);
}

Answer Service::State::answer_operation(net::HttpRequest const& request, OperationAddress address,
                                        Presentation& presentation) {
  auto const found = find_operation(operations, address);
  auto const allowed = found ? methods_of(**found) : std::vector<std::string_view>{};
  auto const method = request.method == "HEAD" ? std::string_view("GET") : request.method;
  if (found && std::ranges::find(allowed, method) != allowed.end()) {
    PathParts parts{std::move(address.type), std::move(address.id), std::move(address.version), {}};
    return run(operation_routes.at(*found), request, std::move(parts), presentation);
  }
  Parameters none;
  if (auto wanted = take_presentation(request.headers, none)) presentation = *std::move(wanted);
  if (found) return refuse_path(request, allowed);
  bool const is_misplaced = found.error().code == ErrorCode::invalid;
  return is_misplaced ? refuse(kBadRequest, found.error()) : refuse(found.error());
}

Answer Service::State::call_handler(ActiveRoute const& active, net::HttpRequest const& request,
                                    PathParts parts, Presentation& presentation) {
  Call call{request, std::move(parts.type), std::move(parts.id),    std::move(parts.version), {},
            {},      base_of(request),      std::move(parts.member)};
  auto parameters = net::parse_query(request.query());
  if (parameters && is_form(request)) {
    auto form = net::parse_query(request.body);
    if (!form) return refuse(kBadRequest, form.error());
    parameters->insert(parameters->end(), form->begin(), form->end());
  }
  if (!parameters) return refuse(kBadRequest, parameters.error());
  call.parameters = *std::move(parameters);
  auto taken = take_presentation(request.headers, call.parameters);
  // What stands at the root is no FHIR, and of whatever type it is.
  if (!taken && active.pattern.from_root) taken = Presentation{};
  if (!taken) {
    bool const is_format = taken.error().code == ErrorCode::not_supported;
    return refuse(is_format ? kNotAcceptable : kBadRequest, taken.error());
  }
  presentation = call.presentation = *std::move(taken);
  auto answer = active.route.handler(call);
  return answer ? *std::move(answer) : active.refuse_logged(answer.error());
}

Answer Service::State::run(ActiveRoute const& active, net::HttpRequest const& request,
                           PathParts parts, Presentation& presentation) {
  auto const begin = std::chrono::steady_clock::now();
  auto answer = call_handler(active, request, std::move(parts), presentation);
  if (!answer.pending) {
    active.count(begin, answer.status);
    return answer;
  }
  auto& finish = answer.pending->finish;
  finish = [&active, begin,
            last = std::move(finish)](Result<std::vector<store::Outcome>> outcomes) {
    auto made = last(std::move(outcomes));
    if (!made) made = active.refuse_logged(made.error());
    active.count(begin, made->status);
    return made;
  };
  return answer;
}

Service::Service(store::Store& store, Metrics& metrics, Clock& clock, Options options)
    : state_(std::make_unique<State>(store, metrics, clock, std::move(options))) {
  for (auto const& row : built_in_table()) {
    Route route;
    route.method = row.method;
    route.pattern = row.pattern;
    route.interaction = row.interaction;
    route.audit = row.audit;
    route.handler = [handler = row.handler, &context = state_->context](Call const& call) {
      return handler(context, call);
    };
    state_->add(std::move(route), row.needs_query);
  }
}

Service::~Service() = default;

void Service::add_route(Route route) { state_->add(std::move(route), false); }

void Service::add_operation(Operation operation) {
  auto const& added = state_->operations.emplace_back(std::move(operation));
  Route route;
  route.interaction = "$" + added.name;
  route.audit = added.audit;
  route.handler = [&added, &context = state_->context](Call const& call) -> Result<Answer> {
    return run_operation(context, added, call);
  };
  state_->operation_routes.emplace(&added, state_->activate(std::move(route)));
}

namespace {

/// The request with its body as it was before any encoding. Fails as `decode` does.
Result<net::HttpRequest> decoded(net::HttpRequest const& request, std::size_t bytes_max) {
  net::HttpRequest plain;
  plain.body = TRY(decode(request.headers.value("Content-Encoding"), request.body, bytes_max));
  plain.method = request.method;
  plain.target = request.target;
  plain.peer_address = request.peer_address;
  for (auto const& [name, value] : request.headers.fields()) {
    if (!equals_ignoring_case(name, "Content-Encoding")) plain.headers.add(name, value);
  }
  return plain;
}

Answer refuse_encoding(Error const& error) {
  bool const is_unknown = error.code == ErrorCode::not_supported;
  auto answer = is_unknown ? refuse(kUnsupportedMediaType, error) : refuse(error);
  if (is_unknown) answer.headers.add("Accept-Encoding", "zstd, gzip");
  return answer;
}

}  // namespace

/// The answer, or what it waits for.
Answer Service::State::begin(net::HttpRequest const& request, Presentation& presentation) {
  auto const path = request.path();
  bool const is_below = path.starts_with(options.base_path + '/') || path == options.base_path;
  bool const is_status = path.starts_with(options.base_path + "/_async/");
  if (is_below && !is_status && wants_async(request)) {
    Parameters none;
    if (auto wanted = take_presentation(request.headers, none)) presentation = *std::move(wanted);
    return start_job(jobs, request, base_of(request));
  }
  return answer(request, presentation);
}

Answer Service::State::begin_encoded(net::HttpRequest const& request, Presentation& presentation) {
  if (request.headers.value("Content-Encoding").empty()) return begin(request, presentation);
  auto const plain = decoded(request, options.unpacked_bytes_max);
  return plain ? begin(*plain, presentation) : refuse_encoding(plain.error());
}

net::HttpResponse Service::State::finish(net::HttpRequest const& request, Answer made,
                                         Presentation const& presentation) const {
  bool const has_outcome = presentation.prefer == Return::outcome;
  if (!has_outcome && !made.left_out.empty()) add_warnings(made.headers, made.left_out);
  auto response = made.source ? render_source(std::move(made), presentation)
                              : render(std::move(made), presentation);
  encode_response(request, response);
  allow_origin(options.cors_origins, request, response);
  return response;
}

/// What an answer waits for, waited for.
Answer Service::State::settled(Answer made) {
  if (made.pending) {
    auto const pending = std::exchange(made.pending, nullptr);
    auto done = pending->finish(context.store.apply_and_wait(std::move(pending->transaction)));
    made = done ? *std::move(done) : refuse(done.error());
  }
  return made;
}

void Service::handle(std::shared_ptr<net::HttpCall> const& call) {
  auto& state = *state_;
  auto const& request = call->request();
  if (auto early = preflight(state.options.cors_origins, request)) {
    allow_origin(state.options.cors_origins, request, *early);
    return call->answer(*std::move(early));
  }
  Presentation presentation;
  auto made = state.begin_encoded(request, presentation);
  if (!made.pending) return call->answer(state.finish(request, std::move(made), presentation));
  auto const pending = std::move(made.pending);
  state.context.store.apply(
      std::move(pending->transaction),
      [&state, call, pending, presentation](Result<std::vector<store::Outcome>> outcomes) {
        // The store's thread has others to tell.
        call->run([&state, call, pending, presentation, outcomes = std::move(outcomes)] {
          auto done = pending->finish(outcomes);
          call->answer(state.finish(call->request(), done ? *std::move(done) : refuse(done.error()),
                                    presentation));
        });
      });
}

net::HttpResponse Service::handle(net::HttpRequest const& request) {
  auto const& origins = state_->options.cors_origins;
  if (auto early = preflight(origins, request)) {
    allow_origin(origins, request, *early);
    return *std::move(early);
  }
  Presentation presentation;
  auto made = state_->settled(state_->begin_encoded(request, presentation));
  return collected(state_->finish(request, std::move(made), presentation));
}

}  // namespace sinew::rest
