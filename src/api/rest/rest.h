#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "net/http.h"
#include "store/store.h"

namespace sinew::json {
class Value;
}
namespace sinew::validate {
struct Finding;
}

namespace sinew::rest {

class BundleSource;
struct Operation;
struct Pending;

/// The FHIR REST surface over a store. Source: FHIR R4 http.html, search.html.

struct Options {
  std::string base_path = "/fhir";
  /// What absolute URLs begin with ("https://fhir.example.org/r4"); empty: from the Host header.
  std::string base_url;
  std::string scheme = "http";  ///< with the Host header: "https" behind TLS
  std::string software_version;
  std::size_t page_max = 1000;  ///< matches of one page, whatever _count says
  std::size_t unpacked_bytes_max = std::size_t{256} << 20;  ///< of a body sent as gzip or zstd
  std::size_t conditional_delete_max = 1;  ///< how many a conditional delete may take at once
  /// Origins whose pages may call ("https://app.example"), or "*"; empty: none.
  std::vector<std::string> cors_origins;
  std::function<std::string()> new_id;  ///< ids of created resources; empty: random UUIDs
  std::function<bool()> is_ready;       ///< for /ready, beside the store; empty: always
  /// What stands against writing a resource, beyond its structure; empty: nothing is asked.
  /// `text`  what the resource is a part of, for lines; empty when it was not sent as JSON.
  std::function<std::vector<validate::Finding>(json::Value resource, std::string_view text)>
      check_write;
};

enum class Format : std::uint8_t { json, xml, ndjson };
enum class Summary : std::uint8_t { none, summary, text, data, count };
enum class Return : std::uint8_t { unsaid, minimal, representation, outcome };
enum class Handling : std::uint8_t { strict, lenient };

/// How the caller wants the answer. Source: FHIR R4 http.html#mime-type, #ops; search.html#summary.
struct Presentation {
  Format format = Format::json;
  bool pretty = false;
  Summary summary = Summary::none;
  std::vector<std::string> elements;  ///< `_elements`
  Return prefer = Return::unsaid;
  Handling handling = Handling::strict;  ///< of parameters that are unknown
};

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// A request that has found its route.
struct Call {
  net::HttpRequest const& http;
  std::string type, id, version;  ///< what stood in the places of {type}, {id}, {version}
  Parameters parameters;          ///< decoded, in order; without those that Presentation holds
  Presentation presentation;
  std::string base;         ///< absolute, without '/' at its end
  std::string member = {};  ///< {member}: a type within a compartment, or "*"

  /// The first parameter of that name, or empty.
  [[nodiscard]] std::string_view parameter(std::string_view name) const;
};

/// What a handler answers.
struct Answer {
  int status = 200;
  std::string body;        ///< a FHIR resource as JSON, rendered as the caller wants it
  std::string media_type;  ///< set: `body` is not FHIR, and leaves as it is
  net::Headers headers;
  std::optional<Instant> updated;  ///< of the version answered, for Bundle.entry.response
  /// Of what was sent, and is not in what was stored. Named in a header where the body does not.
  std::vector<Issue> left_out = {};
  /// Set: the body is a bundle that is written while it leaves.
  std::shared_ptr<BundleSource> source = {};
  /// Set: this is no answer yet; it comes when the store has made a change.
  std::shared_ptr<Pending> pending = {};
};

/// What a handler may end with: a change, and what is answered once it is on disk. Nobody waits for
/// it meanwhile. `finish` is called once, on another thread: it may not refer to the Call.
struct Pending {
  store::Transaction transaction;
  std::function<Result<Answer>(Result<std::vector<store::Outcome>>)> finish;
};

using Handler = std::function<Result<Answer>(Call const&)>;

/// A row of the route table.
struct Route {
  std::string method;
  /// Below the base path: "{type}/{id}/$source"; with a '/' in front, from the root: "/health".
  /// {type} takes a resource type, {id} and {version} what is no operation and no `_history`.
  std::string pattern;
  std::string
      interaction;   ///< for metrics: "read", "search-type". Source: type-restful-interaction
  char audit = 'E';  ///< C, R, U, D or E. Source: FHIR R4 valueset-audit-event-action
  Handler handler;
};

/// Answers requests; `handle` may run on many threads at once. The store, the metrics and the
/// clock must outlive it.
class Service {
 public:
  Service(store::Store& store, Metrics& metrics, Clock& clock, Options options = {});
  ~Service();

  /// Adds a row. Before the first request only.
  void add_route(Route route);
  /// Adds an operation (operation.h). Before the first request only.
  void add_operation(Operation operation);

  /// Every answer, also that of a fault, is whole: nothing is thrown, no connection is dropped.
  [[nodiscard]] net::HttpResponse handle(net::HttpRequest const& request);
  /// The same without waiting: answers when there is something to answer, and what is long in
  /// pieces.
  void handle(std::shared_ptr<net::HttpCall> const& call);

  struct State;  ///< private to rest

 private:
  std::unique_ptr<State> state_;
};

/// The rows that every Service begins with, for documents: method, pattern, interaction, audit.
struct RouteInfo {
  std::string_view method, pattern, interaction;
  char audit;
};
[[nodiscard]] std::vector<RouteInfo> built_in_routes();

}  // namespace sinew::rest
