#pragma once

#include <set>

#include "api/operations/operations.h"
#include "api/rest/rest_test.h"

namespace sinew::rest {

struct OperationsServer : Server {
  explicit OperationsServer(OperationsOptions const& options = {}) {
    add_operations(*service, options);
  }

  /// Follows the links of a bundle's pages; the keys of all entries in order.
  std::vector<std::string> all_pages(std::string target,
                                     std::function<void(int page)> const& between = {}) {
    std::vector<std::string> keys;
    for (int page = 0; !target.empty(); ++page) {
      REQUIRE(page < 10'000);
      if (between && page > 0) between(page);
      auto const response = ask("GET", target);
      REQUIRE_MESSAGE(response.status == 200, response.body);
      auto const document = parsed(response);
      for (auto const entry : document.root()["entry"].elements()) {
        auto const resource = entry["resource"];
        keys.push_back(resource["resourceType"].text() + "/" + resource["id"].text());
      }
      target.clear();
      for (auto const link : document.root()["link"].elements()) {
        if (link["relation"].text() == "next")
          target = link["url"].text().substr(10);  // http://h:1
      }
    }
    return keys;
  }
};

/// A Parameters resource with these elements of `parameter`.
inline std::string parameters(std::string const& elements) {
  return R"({"resourceType":"Parameters","parameter":[)" + elements + "]}";
}

}  // namespace sinew::rest
