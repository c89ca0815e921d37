#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "engine/delivery/channel.h"

// yaml-cpp reports by exceptions; they end here.

namespace sinew::engine {
namespace {

template <class Value>
struct NameRow {
  std::string_view name;
  Value value;
};
constexpr auto kReactions = std::to_array<NameRow<Reaction>>({{"done", Reaction::done},
                                                              {"retry", Reaction::retry},
                                                              {"hold", Reaction::hold},
                                                              {"drop", Reaction::drop},
                                                              {"stop", Reaction::stop}});
constexpr auto kOrders = std::to_array<NameRow<Order>>({{"patient", Order::patient},
                                                        {"order", Order::order},
                                                        {"destination", Order::destination},
                                                        {"none", Order::none}});
constexpr auto kInDoubts =
    std::to_array<NameRow<InDoubt>>({{"resend", InDoubt::resend}, {"hold", InDoubt::hold}});
constexpr auto kUnits = std::to_array<NameRow<std::int64_t>>(
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}});

/// A node and the place that an error names.
class Node {
 public:
  Node(YAML::Node node, std::string file, std::string key)
      : node_(std::move(node)), file_(std::move(file)), key_(std::move(key)) {}

  [[nodiscard]] Failure wrong(std::string const& what) const {
    auto const mark = node_.Mark();
    auto where = file_;
    if (!mark.is_null())
      where += ':' + std::to_string(mark.line + 1) + ':' + std::to_string(mark.column + 1);
    return fail(ErrorCode::invalid, key_.empty() ? what : "'" + key_ + "' " + what, where);
  }
  [[nodiscard]] bool exists() const { return node_.IsDefined() && !node_.IsNull(); }
  [[nodiscard]] bool is_list() const { return node_.IsSequence(); }
  [[nodiscard]] Node operator[](std::string const& key) const {
    auto const child = node_.IsMap() ? node_[key] : YAML::Node(YAML::NodeType::Undefined);
    // A key that is absent has no place of its own; the error is then about its parent's.
    return {child.IsDefined() ? child : YAML::Node(), file_, key};
  }
  [[nodiscard]] std::vector<Node> elements() const {
    std::vector<Node> all;
    for (auto const& element : node_) all.emplace_back(element, file_, key_);
    return all;
  }
  [[nodiscard]] std::vector<std::pair<std::string, Node>> members() const {
    std::vector<std::pair<std::string, Node>> all;
    for (auto const& member : node_) {
      auto const key = member.first.as<std::string>();
      all.emplace_back(key, Node(member.second, file_, key));
    }
    return all;
  }

  /// A misspelt key must not be a setting that silently does nothing.
  Result<> allow(std::set<std::string> const& keys) const {
    if (!node_.IsMap()) return wrong("has to be a map of keys and values");
    for (auto const& [key, child] : members()) {
      if (keys.contains(key)) continue;
      std::string known;
      for (auto const& each : keys) known += (known.empty() ? "" : ", ") + each;
      return child.wrong("is no key here; there are: " + known);
    }
    return {};
  }

  [[nodiscard]] Result<std::string> text() const;
  [[nodiscard]] Result<std::string> text_or(std::string otherwise) const {
    return exists() ? text() : Result<std::string>(std::move(otherwise));
  }
  [[nodiscard]] Result<std::vector<std::string>> texts() const;
  template <class Number>
  [[nodiscard]] Result<Number> number(Number otherwise, Number least, Number most) const;
  [[nodiscard]] Result<std::chrono::milliseconds> duration(
      std::chrono::milliseconds otherwise) const;
  template <class Table>
  [[nodiscard]] auto one_of(Table const& table, decltype(table[0].value) otherwise) const
      -> Result<std::remove_cvref_t<decltype(table[0].value)>>;

 private:
  YAML::Node node_;
  std::string file_, key_;
};

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

template <class Number>
Result<Number> Node::number(Number otherwise, Number least, Number most) const {
  if (!exists()) return otherwise;
  auto const written = TRY(text());
  char* end = nullptr;
  auto const value = std::strtod(written.c_str(), &end);
  if (written.empty() || *end != '\0' || !(value >= static_cast<double>(least)) ||
      !(value <= static_cast<double>(most))) {
    return wrong("has to be a number from " + std::to_string(least) + " to " +
                 std::to_string(most));
  }
  return static_cast<Number>(value);
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

template <class Table>
auto Node::one_of(Table const& table, decltype(table[0].value) otherwise) const
    -> Result<std::remove_cvref_t<decltype(table[0].value)>> {
  if (!exists()) return otherwise;
  auto const written = TRY(text());
  std::string known;
  for (auto const& row : table) {
    if (row.name == written) return row.value;
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  return wrong("is '" + written + "'; it can be: " + known);
}

Result<Condition> read_condition(Node const& node) {
  TRY(node.allow({"field", "is", "is-not", "exists"}));
  Condition condition;
  auto const field = node["field"];
  if (!field.exists()) return node.wrong("needs a 'field'");
  auto path = hl7v2::parse_path(TRY(field.text()));
  if (!path) return field.wrong("is no path such as MSH-9.1 or PID-3[1].4.2");
  condition.path = *std::move(path);
  auto const given = static_cast<int>(node["is"].exists()) +
                     static_cast<int>(node["is-not"].exists()) +
                     static_cast<int>(node["exists"].exists());
  if (given != 1) return node.wrong("needs one of 'is', 'is-not' and 'exists'");
  if (auto const exists = node["exists"]; exists.exists()) {
    constexpr auto kTruths = std::to_array<NameRow<Condition::Test>>(
        {{"true", Condition::Test::exists}, {"false", Condition::Test::absent}});
    condition.test = TRY(exists.one_of(kTruths, Condition::Test::exists));
    return condition;
  }
  bool const is = node["is"].exists();
  condition.test = is ? Condition::Test::is : Condition::Test::is_not;
  condition.values = TRY(node[is ? "is" : "is-not"].texts());
  return condition;
}

Result<std::vector<Condition>> read_conditions(Node const& node) {
  std::vector<Condition> all;
  if (!node.exists()) return all;
  if (!node.is_list()) return node.wrong("has to be a list of conditions");
  for (auto const& element : node.elements()) all.push_back(TRY(read_condition(element)));
  return all;
}

Result<Target> read_mllp(Node const& node) {
  TRY(node.allow({"host", "port", "timeout", "tls"}));
  MllpTarget target;
  target.host = TRY(node["host"].text_or({}));
  if (target.host.empty()) return node.wrong("needs a 'host'");
  target.port = TRY(node["port"].number<std::uint16_t>(0, 1, 65'535));
  if (target.port == 0) return node.wrong("needs a 'port'");
  target.timeout = TRY(node["timeout"].duration(target.timeout));
  auto const tls = node["tls"];
  if (!tls.exists()) return target;
  TRY(tls.allow({"ca", "certificate", "key", "server-name"}));
  target.is_tls = true;
  target.tls.ca_file = TRY(tls["ca"].text_or({}));
  target.tls.certificate_file = TRY(tls["certificate"].text_or({}));
  target.tls.key_file = TRY(tls["key"].text_or({}));
  target.tls.server_name = TRY(tls["server-name"].text_or({}));
  return target;
}

Result<Target> read_http(Node const& node) {
  TRY(node.allow({"url", "method", "content-type", "headers", "timeout"}));
  HttpTarget target;
  target.url = TRY(node["url"].text_or({}));
  if (target.url.empty()) return node.wrong("needs a 'url'");
  target.method = TRY(node["method"].text_or(target.method));
  target.content_type = TRY(node["content-type"].text_or(target.content_type));
  target.timeout = TRY(node["timeout"].duration(target.timeout));
  for (auto const& [name, value] : node["headers"].members())
    target.headers[name] = TRY(value.text());
  return target;
}

Result<Target> read_file_target(Node const& node) {
  TRY(node.allow({"folder", "name"}));
  FileTarget target;
  target.folder = TRY(node["folder"].text_or({}));
  if (target.folder.empty()) return node.wrong("needs a 'folder'");
  target.name = TRY(node["name"].text_or(target.name));
  if (target.name.find('/') != std::string::npos)
    return node["name"].wrong("is a name, without '/'");
  return target;
}

struct TargetRow {
  std::string_view key;
  Result<Target> (*read)(Node const&);
};
constexpr auto kTargets = std::to_array<TargetRow>(
    {{"mllp", read_mllp}, {"http", read_http}, {"file", read_file_target}});

Result<Target> read_target(Node const& node) {
  std::optional<TargetRow> found;
  for (auto const& row : kTargets) {
    if (!node[std::string(row.key)].exists()) continue;
    if (found) return node.wrong("has two targets: a destination has one");
    found = row;
  }
  if (!found) return node.wrong("needs a target: mllp, http or file");
  return found->read(node[std::string(found->key)]);
}

Result<RetryPolicy> read_retry(Node const& node) {
  RetryPolicy retry;
  if (!node.exists()) return retry;
  TRY(node.allow({"first", "factor", "longest", "jitter", "attempts"}));
  retry.first = TRY(node["first"].duration(retry.first));
  retry.factor = TRY(node["factor"].number<double>(retry.factor, 1, 100));
  retry.longest = TRY(node["longest"].duration(retry.longest));
  retry.jitter = TRY(node["jitter"].number<double>(retry.jitter, 0, 1));
  retry.attempts_max = TRY(node["attempts"].number<std::uint32_t>(0, 0, 1'000'000));
  return retry;
}

bool is_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return is_ascii_alpha(c) || is_ascii_digit(c) || c == '-' || c == '_' || c == '.';
  });
}

Result<std::string> read_name(Node const& node, Node const& parent) {
  if (!node.exists()) return parent.wrong("needs a name");
  auto name = TRY(node.text());
  if (!is_name(name)) return node.wrong("may have letters, digits, '-', '_' and '.'");
  return name;
}

Result<Destination> read_destination(Node const& node, std::string const& channel) {
  TRY(node.allow(
      {"name", "accept", "mllp", "http", "file", "order", "retry", "answers", "in-doubt"}));
  Destination destination;
  destination.name = channel + '/' + TRY(read_name(node["name"], node));
  destination.accept = TRY(read_conditions(node["accept"]));
  destination.target = TRY(read_target(node));
  destination.order = TRY(node["order"].one_of(kOrders, destination.order));
  destination.retry = TRY(read_retry(node["retry"]));
  for (auto const& [code, reaction] : node["answers"].members())
    destination.answers[code] = TRY(reaction.one_of(kReactions, Reaction::retry));
  destination.in_doubt = TRY(node["in-doubt"].one_of(kInDoubts, destination.in_doubt));
  return destination;
}

Result<Channel> read(Node const& node) {
  TRY(node.allow({"channel", "feeds", "accept", "destinations"}));
  Channel channel;
  channel.name = TRY(read_name(node["channel"], node));
  channel.feeds = TRY(node["feeds"].texts());
  channel.accept = TRY(read_conditions(node["accept"]));
  auto const destinations = node["destinations"];
  if (!destinations.is_list()) return node.wrong("needs a list of 'destinations'");
  for (auto const& element : destinations.elements()) {
    auto destination = TRY(read_destination(element, channel.name));
    if (std::ranges::find(channel.destinations, destination.name, &Destination::name) !=
        channel.destinations.end())
      return element["name"].wrong("is there twice");
    channel.destinations.push_back(std::move(destination));
  }
  return channel;
}

}  // namespace

std::string_view to_string(Reaction reaction) {
  return kReactions[static_cast<std::size_t>(reaction)].name;
}

Result<Channel> read_channel(std::string_view text, std::string const& where) {
  try {
    return read(Node(YAML::Load(std::string(text)), where, {}));
  } catch (YAML::Exception const& error) {
    auto place = where;
    if (!error.mark.is_null())
      place +=
          ':' + std::to_string(error.mark.line + 1) + ':' + std::to_string(error.mark.column + 1);
    return fail(ErrorCode::malformed, error.msg, place);
  }
}

Result<std::vector<Channel>> read_channels(std::string const& folder) {
  std::vector<Channel> channels;
  for (auto const& name : TRY(list_files(folder))) {
    if (!name.ends_with(".yaml") && !name.ends_with(".yml")) continue;
    auto const path = folder + '/' + name;
    auto channel = TRY(read_channel(TRY(read_file(path)), path));
    if (std::ranges::find(channels, channel.name, &Channel::name) != channels.end())
      return fail(ErrorCode::invalid, "there is another channel '" + channel.name + "'", path);
    channels.push_back(std::move(channel));
  }
  return channels;
}

}  // namespace sinew::engine
