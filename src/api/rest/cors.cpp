#include "api/rest/cors.h"

#include <algorithm>

namespace sinew::rest {
namespace {

constexpr char kMethods[] = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
constexpr char kRequestHeaders[] =
    "Accept, Accept-Encoding, Authorization, Content-Encoding, Content-Type, If-Match, "
    "If-Modified-Since, If-None-Exist, If-None-Match, Origin, Prefer, X-Requested-With";
constexpr char kResponseHeaders[] =
    "Accept-Patch, Allow, Content-Location, ETag, Expires, Last-Modified, Location, Retry-After, "
    "X-Progress";
constexpr char kMaxAgeSeconds[] = "86400";

bool allows_all(std::vector<std::string> const& origins) {
  return std::ranges::find(origins, "*") != origins.end();
}

bool is_allowed(std::vector<std::string> const& origins, std::string_view origin) {
  return !origin.empty() &&
         (allows_all(origins) || std::ranges::find(origins, origin) != origins.end());
}

}  // namespace

std::optional<net::HttpResponse> preflight(std::vector<std::string> const& origins,
                                           net::HttpRequest const& request) {
  bool const is_preflight =
      request.method == "OPTIONS" && request.headers.has("Access-Control-Request-Method");
  if (!is_preflight || !is_allowed(origins, request.headers.value("Origin"))) return {};
  net::HttpResponse response;
  response.status = 204;
  response.headers.add("Access-Control-Allow-Methods", kMethods);
  response.headers.add("Access-Control-Allow-Headers", kRequestHeaders);
  response.headers.add("Access-Control-Max-Age", kMaxAgeSeconds);
  return response;
}

void allow_origin(std::vector<std::string> const& origins, net::HttpRequest const& request,
                  net::HttpResponse& response) {
  if (origins.empty()) return;
  auto const origin = request.headers.value("Origin");
  bool const all = allows_all(origins);
  // What a cache keeps depends on who asked.
  if (!all) response.headers.add("Vary", "Origin");
  if (!is_allowed(origins, origin)) return;
  response.headers.add("Access-Control-Allow-Origin", all ? "*" : std::string(origin));
  response.headers.add("Access-Control-Expose-Headers", kResponseHeaders);
}

}  // namespace sinew::rest
