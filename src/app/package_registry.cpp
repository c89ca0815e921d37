#include "app/package_registry.h"

#include "json/json.h"
#include "net/http.h"

namespace sinew::app {
namespace {

constexpr int kRedirectsMax = 5;

/// The absolute address of a `Location` header. Source: RFC 9110 §10.2.2.
std::string resolved(std::string const& url, std::string_view location) {
  if (!location.starts_with('/')) return std::string(location);
  auto const authority = url.find("://");
  auto const path = url.find('/', authority == url.npos ? 0 : authority + 3);
  return url.substr(0, path) + std::string(location);
}

Result<std::string> get(std::string url) {
  for (int i = 0; i <= kRedirectsMax; ++i) {
    auto response = net::http_request("GET", url);
    if (!response) {
      auto const& error = response.error();
      return fail(error.code,
                  "the package registry cannot be reached (" + error.what +
                      "); a package that is at hand can be added as a file",
                  url);
    }
    if (response->status == 200) return std::move(response->body);
    if (response->status == 404) {
      return fail(ErrorCode::not_found, "the registry has no such package", url);
    }
    auto const location = response->headers.value("location");
    if (response->status < 300 || response->status >= 400 || location.empty()) {
      return fail(ErrorCode::unavailable,
                  "the registry answered with status " + std::to_string(response->status), url);
    }
    url = resolved(url, location);
  }
  return fail(ErrorCode::unavailable, "the registry sends from one address to the next", url);
}

}  // namespace

Result<std::string> fetch_package(std::string const& registry, PackageId id) {
  auto base = registry;
  while (base.ends_with('/')) base.pop_back();
  base += "/" + id.name;
  if (id.version.empty()) {
    auto const listing = TRY(json::Document::parse(TRY(get(base))));
    id.version = listing.root()["dist-tags"]["latest"].text();
    if (id.version.empty()) {
      return fail(ErrorCode::malformed, "the registry names no latest version", base);
    }
    TRY(parse_package_id(to_string(id)));
  }
  return get(base + "/" + id.version);
}

}  // namespace sinew::app
