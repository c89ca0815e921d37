#include "engine/delivery/channel_node.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sinew::engine {
namespace {

constexpr auto kUnits = std::to_array<NameRow<std::int64_t>>(
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}});

constexpr auto kTruths = std::to_array<NameRow<bool>>({{"true", true}, {"false", false}});

constexpr std::string_view kVariableBegin = "${";

/// Nothing but `${NAME}`, one or more.
bool is_only_variables(std::string_view text) {
  while (text.starts_with(kVariableBegin)) {
    auto const end = text.find('}');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
    if (text.empty()) return true;
  }
  return false;
}

/// The password of `scheme://user:password@host`, as it is written.
std::string_view password_of(std::string_view address) {
  auto const scheme = address.find("://");
  if (scheme == std::string_view::npos) return {};
  auto const authority = address.substr(scheme + 3, address.find('/', scheme + 3) - scheme - 3);
  auto const at = authority.rfind('@');
  auto const colon = authority.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) return {};
  return authority.substr(colon + 1, at - colon - 1);
}

}  // namespace

std::string Node::place() const {
  auto const mark = node_.Mark();
  if (mark.is_null()) return file_;
  return file_ + ':' + std::to_string(mark.line + 1) + ':' + std::to_string(mark.column + 1);
}

Failure Node::wrong(std::string const& what) const {
  return fail(ErrorCode::invalid, key_.empty() ? what : "'" + key_ + "' " + what, place());
}

std::vector<Node> Node::elements() const {
  std::vector<Node> all;
  for (auto const& element : node_) all.emplace_back(element, file_, key_);
  return all;
}

std::vector<std::pair<std::string, Node>> Node::members() const {
  std::vector<std::pair<std::string, Node>> all;
  if (!node_.IsMap()) return all;
  for (auto const& member : node_) {
    auto const key = member.first.as<std::string>();
    all.emplace_back(key, Node(member.second, file_, key));
  }
  return all;
}

Result<> Node::allow(std::set<std::string> const& keys) const {
  if (!node_.IsMap()) return wrong("has to be a map of keys and values");
  for (auto const& [key, child] : members()) {
    if (keys.contains(key)) continue;
    std::string known;
    for (auto const& each : keys) known += (known.empty() ? "" : ", ") + each;
    return child.wrong("is no key here; there are: " + known);
  }
  return {};
}

Result<std::string> Node::text() const {
  if (!node_.IsScalar()) return wrong("has to be a text");
  auto const written = node_.Scalar();
  std::string out;
  for (std::size_t at = 0; at < written.size();) {
    auto const begin = written.find("${", at);
    out += written.substr(at, begin - at);
    if (begin == std::string::npos) break;
    auto const end = written.find('}', begin);
    if (end == std::string::npos) return wrong("has a '${' without its '}'");
    auto const name = written.substr(begin + 2, end - begin - 2);
    char const* const value = std::getenv(name.c_str());
    if (value == nullptr) return wrong("asks for the variable " + name + ", which is not set");
    out += value;
    at = end + 1;
  }
  return out;
}

Result<std::string> Node::plain_text() const {
  if (!node_.IsScalar()) return wrong("has to be a text");
  return node_.Scalar();
}

Result<std::string> Node::needed_text(Node const& parent) const {
  if (!exists()) return parent.wrong("needs a '" + key_ + "'");
  auto written = TRY(text());
  if (written.empty()) return wrong("is empty");
  return written;
}

Result<std::string> Node::secret() const {
  if (!exists()) return std::string();
  if (!node_.IsScalar() || !is_only_variables(node_.Scalar()))
    return wrong("is a secret: write ${NAME} for a variable of the environment");
  return text();
}

Result<std::string> Node::address(Node const& parent) const {
  auto written = TRY(needed_text(parent));
  auto const password = password_of(node_.Scalar());
  bool const has_keyword = node_.Scalar().find("password=") != std::string::npos &&
                           node_.Scalar().find("password=${") == std::string::npos;
  if ((!password.empty() && !is_only_variables(password)) || has_keyword)
    return wrong("holds a password: write ${NAME} for a variable of the environment");
  return written;
}

Result<bool> Node::truth(bool otherwise) const { return one_of(kTruths, otherwise); }

Result<std::vector<std::string>> Node::texts() const {
  std::vector<std::string> all;
  if (!exists()) return all;
  if (!is_list()) {
    all.push_back(TRY(text()));
    return all;
  }
  for (auto const& element : elements()) all.push_back(TRY(element.text()));
  return all;
}

Result<std::chrono::milliseconds> Node::duration(std::chrono::milliseconds otherwise) const {
  if (!exists()) return otherwise;
  auto const written = TRY(text());
  auto const digits = std::ranges::find_if_not(written, is_ascii_digit) - written.begin();
  auto const count = parse_integer<std::int64_t>(
      std::string_view(written).substr(0, static_cast<std::size_t>(digits)));
  auto const unit = std::string_view(written).substr(static_cast<std::size_t>(digits));
  constexpr std::int64_t kCountMax = 1'000'000;
  for (auto const& row : kUnits) {
    if (count && *count <= kCountMax && row.name == unit)
      return std::chrono::milliseconds(*count * row.value);
  }
  return wrong("has to be a time such as 500ms, 30s, 5m, 1h or 2d");
}

}  // namespace sinew::engine
