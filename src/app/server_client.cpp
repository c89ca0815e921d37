#include "app/server_client.h"

#include "app/commands.h"
#include "app/console.h"
#include "net/http.h"

namespace sinew::app {
namespace {

constexpr int kOk = 200;

}  // namespace

Result<std::string> ask_server(std::string const& server, char const* method,
                               std::string const& target) {
  net::Headers headers;
  headers.add("Accept", "application/json");
  auto const url = server + target;
  auto const response = TRY(net::http_request(method, url, std::move(headers)));
  if (response.status == kOk) return response.body;
  auto const outcome = json::Document::parse(response.body);
  auto const said = outcome ? outcome->root()["issue"].at(0)["diagnostics"].text() : std::string();
  return fail(ErrorCode::invalid, said.empty() ? "status " + std::to_string(response.status) : said,
              url);
}

int print_answer(std::string const& server, std::string const& target, bool is_json,
                 std::string (*table)(json::Value)) {
  auto const answer = ask_server(server, "GET", target);
  if (!answer) return complain(answer.error()), kExitFailed;
  if (is_json) return print(*answer + "\n"), kExitSuccess;
  auto const document = json::Document::parse(*answer);
  if (!document) return complain(document.error()), kExitFailed;
  print(table(document->root()));
  return kExitSuccess;
}

}  // namespace sinew::app
