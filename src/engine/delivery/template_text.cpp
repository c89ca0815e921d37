#include "engine/delivery/template_text.h"

#include <algorithm>

namespace sinew::engine {

Result<Template> Template::parse(std::string_view text) {
  Template result;
  std::string literal;
  auto const end_literal = [&] {
    if (!literal.empty()) result.parts_.emplace_back(std::move(literal));
    literal.clear();
  };
  while (!text.empty()) {
    auto const at = std::min(text.find_first_of("{}"), text.size());
    literal += text.substr(0, at);
    text.remove_prefix(at);
    if (text.empty()) break;
    if (text.starts_with("{{") || text.starts_with("}}")) {
      literal += text.front();
      text.remove_prefix(2);
      continue;
    }
    auto const close = text.find('}');
    if (text.front() == '}' || close == std::string_view::npos)
      return fail(ErrorCode::malformed, "has a brace without its other; '{{' is a brace");
    auto path = hl7v2::parse_path(text.substr(1, close - 1));
    if (!path || path->field == 0) {
      return fail(ErrorCode::malformed, "has '" + std::string(text.substr(0, close + 1)) +
                                            "', no place such as {PID-3.1}");
    }
    end_literal();
    result.parts_.emplace_back(*std::move(path));
    text.remove_prefix(close + 1);
  }
  end_literal();
  return result;
}

std::string Template::fill(hl7v2::Overlay const& message, std::string_view segment,
                           std::size_t occurrence) const {
  std::string out;
  for (auto const& part : parts_) {
    if (auto const* const literal = std::get_if<std::string>(&part)) {
      out += *literal;
      continue;
    }
    auto path = std::get<hl7v2::Path>(part);
    if (path.occurrence == 0 && path.segment == segment) path.occurrence = occurrence;
    auto const found = message.find_all(path, 1);
    if (!found.empty()) out += message.text(found.front().bytes);
  }
  return out;
}

}  // namespace sinew::engine
