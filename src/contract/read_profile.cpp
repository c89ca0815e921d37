#include <algorithm>
#include <array>
#include <charconv>

#include "base/hash.h"
#include "base/text.h"
#include "contract/code_rule.h"
#include "contract/profile_file.h"
#include "json/json.h"

namespace sinew::contract {
namespace {

constexpr auto kDays =
    std::to_array<std::string_view>({"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"});
constexpr std::size_t kGroupDepthMax = 12;

Failure wrong(std::string what, std::string where) {
  return fail(ErrorCode::invalid, std::move(what), std::move(where));
}

/// A count; absent is zero. What is no whole number, or negative, is zero too: the figures of a
/// contract are compared, never used as sizes.
std::uint64_t count_of(json::Value value) {
  return parse_integer<std::uint64_t>(value.raw()).value_or(0);
}

std::uint32_t small_count_of(json::Value value) {
  return parse_integer<std::uint32_t>(value.raw()).value_or(0);
}

double number_of(json::Value value) {
  double number = 0;
  auto const text = value.raw();
  std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr double kMost = 1e12;
  return number >= 0 && number < kMost ? number : 0;
}

Range range_of(json::Value value, std::uint64_t count) {
  Range range;
  if (!value.is_array() || count == 0) return range;
  range.count = count;
  range.min = small_count_of(value.at(0));
  range.max = small_count_of(value.at(1));
  range.sum = static_cast<std::uint64_t>(number_of(value.at(2)) * static_cast<double>(count) + 0.5);
  return range;
}

Counts counts_of(json::Value value) {
  Counts counts;
  for (auto const& [name, member] : value.members()) {
    if (name == "(others)") {
      counts.others += count_of(member);
    } else {
      counts.add(name, count_of(member));
    }
  }
  return counts;
}

Volumes volumes_of(json::Value value) {
  Volumes volumes;
  for (auto const& [name, member] : value.members()) {
    if (name.size() != 6) continue;
    auto const day = std::ranges::find(kDays, name.substr(0, 3));
    auto const hour = parse_integer<std::size_t>(name.substr(4));
    if (day == kDays.end() || !hour || *hour > 23) continue;
    auto& row = volumes.hours[static_cast<std::size_t>(day - kDays.begin()) * 24 + *hour];
    row.hours = small_count_of(member["hours"]);
    row.messages = count_of(member["messages"]);
    row.min = small_count_of(member["min"]);
    row.max = small_count_of(member["max"]);
    row.gap_s = small_count_of(member["silence"]);
  }
  return volumes;
}

class Reader {
 public:
  Result<Profile> read(json::Value root) {
    if (count_of(root["sinewContract"]) != kFormatVersion)
      return wrong("is no contract of version " + std::to_string(kFormatVersion),
                   "$.sinewContract");
    profile_.feed = root["feed"].text();
    auto const learned = root["learned"];
    profile_.messages = count_of(learned["messages"]);
    profile_.unreadable = count_of(learned["unreadable"]);
    profile_.left_out = count_of(learned["leftOut"]);
    if (learned["from"]) profile_.from = TRY(parse_instant(learned["from"].text()));
    if (learned["to"]) profile_.to = TRY(parse_instant(learned["to"].text()));
    profile_.senders = counts_of(root["senders"]);
    profile_.versions = counts_of(root["versions"]);
    profile_.charsets = counts_of(root["charsets"]);
    profile_.delimiters = counts_of(root["delimiters"]);
    profile_.escapes = counts_of(root["escapes"]);
    profile_.faults = counts_of(root["faults"]);
    profile_.volumes = volumes_of(root["volumes"]);
    for (auto const value : root["messages"].elements()) {
      if (profile_.types.size() >= kMessageTypesMax)
        return wrong("has more message types than " + std::to_string(kMessageTypesMax),
                     "$.messages");
      TRY(read_message(value));
    }
    return std::move(profile_);
  }

 private:
  Result<> read_message(json::Value value) {
    MessageProfile message;
    message.type = value["type"].text();
    where_ = "$.messages " + message.type;
    if (message.type.empty()) return wrong("has no type", where_);
    if (profile_.find(message.type) != nullptr) return wrong("stands there twice", where_);
    message.structure = value["structure"].text();
    message.version = value["version"].text();
    version_ = hl7v2::nearest_version(message.version);
    auto const seen = count_of(value["seen"]);
    message.bytes = range_of(value["bytes"], seen);
    Node root;
    root.is_group = true;
    root.name = message.structure;
    root.messages = root.total = root.closed = seen;
    message.nodes.push_back(std::move(root));
    for (auto const line : value["segments"].elements()) {
      if (message.nodes.size() >= kNodesMax)
        return wrong("has more segments than " + std::to_string(kNodesMax), where_);
      TRY(read_node(message, line));
    }
    profile_.types.push_back(std::move(message));
    return {};
  }

  Result<> read_node(MessageProfile& message, json::Value line) {
    Node node;
    node.is_group = line["group"].exists();
    auto const path = line[node.is_group ? "group" : "segment"].text();
    auto const where = where_ + " " + path;
    auto const parts = split(path, '.');
    if (parts.empty() || parts.back().empty() || parts.size() > kGroupDepthMax)
      return wrong("is no path of a segment or group", where);
    node.parent = TRY(find_group(message, parts, where));
    node.name = std::string(parts.back());
    for (auto const child : message.nodes[node.parent].children) {
      auto const& other = message.nodes[child];
      if (other.name == node.name && other.is_group == node.is_group)
        return wrong("stands there twice", where);
    }
    node.messages = count_of(line["messages"]);
    node.within = count_of(line["within"]);
    node.total = node.closed = count_of(line["total"]);
    node.min = small_count_of(line["times"].at(0));
    node.max = small_count_of(line["times"].at(1));
    node.unplaced = count_of(line["unplaced"]);
    for (auto const field : line["fields"].elements()) TRY(read_element(node, field, where));
    auto const made = static_cast<std::uint32_t>(message.nodes.size());
    message.nodes[node.parent].children.push_back(made);
    message.nodes.push_back(std::move(node));
    return {};
  }

  static Result<std::uint32_t> find_group(MessageProfile const& message,
                                          std::vector<std::string_view> const& parts,
                                          std::string const& where) {
    std::uint32_t at = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      auto found = Node::kNone;
      for (auto const child : message.nodes[at].children) {
        if (message.nodes[child].is_group && message.nodes[child].name == parts[i]) found = child;
      }
      if (found == Node::kNone) return wrong("comes before its group", where);
      at = found;
    }
    return at;
  }

  Result<> read_element(Node& node, json::Value line, std::string const& where) {
    auto const at = line["at"].text();
    auto const numbers = split(at, '.');
    constexpr std::size_t kLevels = 3;
    if (numbers.size() > kLevels) return wrong("is no place in a segment", where + " " + at);
    Element* element = nullptr;
    for (std::size_t level = 0; level < numbers.size(); ++level) {
      auto const number = parse_integer<std::size_t>(numbers[level]);
      auto const most = level == 0 ? kFieldsMax : kPartsMax;
      if (!number || *number == 0 || *number > most)
        return wrong("is no place in a segment", where + " " + at);
      auto& list = level == 0 ? node.fields : element->parts;
      while (list.size() < *number) {
        if (++profile_.elements > kElementsMax)
          return wrong("has more fields than " + std::to_string(kElementsMax), where);
        auto const next = list.size() + 1;
        list.push_back(level == 0
                           ? make_field(version_, node.name, next)
                           : make_part(version_, element->type, next, element->is_of_person));
      }
      element = &list[*number - 1];
    }
    fill(*element, line, numbers.size() == 1);
    // A field whose type another one tells is coded when its parts were learned as such.
    if (element->type == "varies" && line["type"].text() == "CWE") {
      element->type = "CWE";
      element->is_composite = true;
    }
    return {};
  }

  static void fill(Element& element, json::Value line, bool is_field) {
    element.count = count_of(line["seen"]);
    element.nulls = count_of(line["nulls"]);
    auto values = element.count;
    if (is_field) {
      element.repeats = range_of(line["repeats"], element.count);
      if (!line["repeats"]) element.repeats.add_all(1, element.count);
      values = element.repeats.sum;
    }
    element.length = range_of(line["length"], values);
    for (auto const& [name, count] : line["forms"].members()) {
      if (auto const form = parse_form(name))
        element.forms[static_cast<std::size_t>(*form)] = count_of(count);
    }
    if (line["codes"]) read_codes(element, line);
  }

  static void read_codes(Element& element, json::Value line) {
    element.codes = std::make_unique<CodeSet>();
    auto& set = *element.codes;
    for (auto const& [name, count] : line["codes"].members()) {
      set.count += count_of(count);
      if (set.codes.size() >= kCodesMax || !is_code_like(name)) {
        set.others += count_of(count);
        continue;
      }
      Code code;
      code.text = std::string(name);
      code.count = count_of(count);
      code.patient_count = kPatientsMin;
      set.digests.push_back(hash64(code.text));
      set.distinct.add(set.digests.back());
      set.codes.push_back(std::move(code));
    }
    set.distinct_before = count_of(line["distinct"]);
    set.others += count_of(line["otherCodes"]);
    set.count += count_of(line["otherCodes"]);
  }

  Profile profile_;
  std::string where_;
  hl7v2::Version version_{};
};

}  // namespace

Result<Profile> read_contract(std::string text) {
  if (text.size() > kContractBytesMax)
    return fail(ErrorCode::too_large, "a contract is no longer than 64 MB");
  auto const document = TRY(json::Document::parse(std::move(text)));
  return Reader().read(document.root());
}

}  // namespace sinew::contract
