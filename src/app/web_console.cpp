#include "app/web_console.h"

#include <array>

#include "base/data.h"

namespace sinew::app {
namespace {

/// The files of the console, as the program carries them.
struct PageRow {
  std::string_view path, file, media_type;
};
constexpr auto kPages = std::to_array<PageRow>({
    {"/console", "console/index.html", "text/html; charset=utf-8"},
    {"/console/console.js", "console/console.js", "text/javascript; charset=utf-8"},
    {"/console/console.css", "console/console.css", "text/css; charset=utf-8"},
});
/// Nothing from elsewhere is run or asked, whatever a message holds.
constexpr std::string_view kContentPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

}  // namespace

void add_web_console(rest::Service& service) {
  for (auto const& page : kPages) {
    rest::Route route;
    route.method = "GET";
    route.pattern = page.path;
    route.interaction = "console";
    route.audit = 'E';
    route.handler = [&page](rest::Call const&) -> Result<rest::Answer> {
      rest::Answer answer;
      answer.media_type = page.media_type;
      answer.body = TRY(embedded_data(page.file));
      answer.headers.add("Content-Security-Policy", std::string(kContentPolicy));
      return answer;
    };
    service.add_route(std::move(route));
  }
}

}  // namespace sinew::app
