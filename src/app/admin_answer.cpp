#include "app/admin_answer.h"

#include "base/text.h"

namespace sinew::app {

rest::Answer json_answer(std::string body) {
  rest::Answer answer;
  answer.media_type = "application/json";
  answer.body = std::move(body);
  return answer;
}

Result<std::uint64_t> number_of(rest::Call const& call, std::string_view name,
                                std::uint64_t otherwise) {
  auto const text = call.parameter(name);
  if (text.empty()) return otherwise;
  auto const number = parse_integer<std::uint64_t>(text);
  if (!number) return fail(ErrorCode::invalid, "has to be a number", std::string(name));
  return *number;
}

}  // namespace sinew::app
