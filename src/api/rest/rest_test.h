#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "api/rest/rest.h"
#include "base/metrics.h"
#include "base/time.h"
#include "json/json.h"
#include "store/store.h"

namespace sinew::rest {

/// A clock that moves one second whenever it is asked.
class TickingClock final : public Clock {
 public:
  Instant now() override { return Instant{ms += 1000}; }
  std::atomic<std::int64_t> ms = 1'700'000'000'000;
};

/// A service over an empty store in memory, asked without sockets. Ids are "new-1", "new-2", ...
struct Server {
  Server();

  net::HttpResponse ask(std::string method, std::string target, std::string body = {},
                        net::Headers headers = {});
  /// Puts a resource and requires that it was created.
  void put(std::string_view type, std::string_view id, std::string_view elements);

  TickingClock clock;
  Metrics metrics;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Service> service;
  std::atomic<int> ids = 0;
};

[[nodiscard]] json::Document parsed(net::HttpResponse const& response);
[[nodiscard]] net::Headers headers(
    std::initializer_list<std::pair<std::string, std::string>> fields);
/// `issue[0].diagnostics` of the OperationOutcome; requires that it is one, and a legal one.
[[nodiscard]] std::string diagnostics(net::HttpResponse const& response);
/// The ids of the entries of a bundle in order, separated by blanks.
[[nodiscard]] std::string ids(net::HttpResponse const& response, std::string_view mode = "match");

}  // namespace sinew::rest
