#include "store/sqlite/value_set.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>

#include "json/json.h"
#include "store/index_row.h"
#include "store/sqlite/matcher.h"
#include "store/sqlite/past.h"
#include "store/sqlite/rows.h"

namespace sinew::store::sqlite {
namespace {

constexpr std::size_t kCodesMax = 20'000;  // of one value set
constexpr std::size_t kValueSetsMax = 64;  // that one value set is made of

Failure unknown(std::string const& what, std::string const& parameter) {
  return fail(ErrorCode::not_supported, what, parameter);
}

/// The stored resource with that canonical URL, or `Type/id`. Of several the newest.
Result<std::optional<json::Document>> load_canonical(SearchContext& context, std::string_view type,
                                                     std::string const& name) {
  std::int64_t rid = 0;
  if (name.starts_with(std::string(type) + "/")) {
    rid = TRY(load_number(context.connection, context.catalogue, name));
  } else {
    auto const bar = name.rfind('|');
    std::vector<Criterion> criteria(1);
    criteria[0].parameter = "url";
    criteria[0].values = {name.substr(0, bar)};
    if (bar != name.npos) {
      criteria.emplace_back().parameter = "version";
      criteria.back().values = {name.substr(bar + 1)};
    }
    auto const rids = TRY(find_matches(context, type, criteria));
    if (!rids.empty()) rid = rids.back();
  }
  auto const body = TRY(body_of(context, rid));
  if (!body) return std::optional<json::Document>();
  return std::optional(TRY(json::Document::parse(*body)));
}

/// Calls `visit(concept, depth)` for each concept of a tree, parents first, without recursion.
template <class Visit>
void walk_concepts(json::Value owner, std::string_view list, Visit const& visit) {
  struct Level {
    json::Value concept_value;
    std::size_t depth;
  };
  std::vector<Level> waiting;
  auto const push = [&](json::Value of, std::size_t depth) {
    auto const before = static_cast<std::ptrdiff_t>(waiting.size());
    for (auto const item : of[list].elements()) waiting.push_back({item, depth});
    std::reverse(waiting.begin() + before, waiting.end());
  };
  push(owner, 0);
  while (!waiting.empty()) {
    auto const level = waiting.back();
    waiting.pop_back();
    visit(level.concept_value, level.depth);
    push(level.concept_value, level.depth + 1);
  }
}

void sort_codes(std::vector<Code>& codes) {
  std::ranges::sort(codes);
  auto const repeats = std::ranges::unique(codes);
  codes.erase(repeats.begin(), repeats.end());
}

/// Puts value sets together from their parts, as long as the parts are stored.
class Reader {
 public:
  Reader(SearchContext& context, std::string const& parameter)
      : context_(context), parameter_(parameter) {}

  /// The codes of one value set. Calls itself for those it is made of, kDepthMax deep at most.
  Result<std::vector<Code>> read(std::string const& name, std::size_t depth) {
    if (++read_ > kValueSetsMax || depth > kDepthMax)
      return unknown("the value set is made of too many others", parameter_);
    auto const document = TRY(load_canonical(context_, "ValueSet", name));
    if (!document) return unknown("no such value set is stored here", parameter_);
    auto const root = document->root();
    std::vector<Code> codes;
    if (root["expansion"]["contains"].size() > 0) {
      walk_concepts(root["expansion"], "contains", [&](json::Value item, std::size_t) {
        if (item["abstract"].boolean() || !item["code"]) return;
        codes.push_back({item["system"].text(), item["code"].text()});
      });
    } else {
      std::vector<Code> excluded;
      for (auto const part : root["compose"]["include"].elements())
        add(codes, TRY(read_part(part, depth)));
      for (auto const part : root["compose"]["exclude"].elements())
        add(excluded, TRY(read_part(part, depth)));
      sort_codes(codes);
      sort_codes(excluded);
      std::vector<Code> kept;
      std::ranges::set_difference(codes, excluded, std::back_inserter(kept));
      codes = std::move(kept);
    }
    sort_codes(codes);
    if (codes.size() > kCodesMax) return unknown("the value set has too many codes", parameter_);
    return codes;
  }

 private:
  static constexpr std::size_t kDepthMax = 8;  // value sets inside value sets

  static void add(std::vector<Code>& out, std::vector<Code> const& more) {
    out.insert(out.end(), more.begin(), more.end());
  }

  /// "the codes are those in all of the value sets and in the system"
  Result<std::vector<Code>> read_part(json::Value part, std::size_t depth) {
    if (part["filter"].size() > 0)
      return unknown("the value set has filters: that needs a terminology service", parameter_);
    std::optional<std::vector<Code>> codes;
    if (part["system"]) codes = TRY(read_system(part));
    for (auto const other : part["valueSet"].elements()) {
      auto more = TRY(read(other.text(), depth + 1));
      if (!codes) {
        codes = std::move(more);
        continue;
      }
      sort_codes(*codes);
      std::vector<Code> both;
      std::ranges::set_intersection(*codes, more, std::back_inserter(both));
      codes = std::move(both);
    }
    return codes.value_or(std::vector<Code>());
  }

  Result<std::vector<Code>> read_system(json::Value part) {
    auto const system = part["system"].text();
    std::vector<Code> codes;
    for (auto const item : part["concept"].elements())
      codes.push_back({system, item["code"].text()});
    if (part["concept"].size() > 0) return codes;
    auto const document = TRY(load_canonical(context_, "CodeSystem", system));
    if (!document || document->root()["content"].raw() != "complete")
      return unknown("the value set takes in a code system that is not stored here", parameter_);
    walk_concepts(document->root(), "concept", [&](json::Value item, std::size_t) {
      codes.push_back({system, item["code"].text()});
    });
    return codes;
  }

  SearchContext& context_;
  std::string const& parameter_;
  std::size_t read_ = 0;
};

}  // namespace

Result<std::vector<Code>> codes_of_value_set(SearchContext& context, std::string const& name,
                                             std::string const& parameter) {
  return Reader(context, parameter).read(name, 0);
}

Result<std::vector<Code>> related_codes(SearchContext& context, Code const& code,
                                        Direction direction, std::string const& parameter) {
  auto const document = TRY(load_canonical(context, "CodeSystem", code.system));
  if (!document) return unknown("the hierarchy of this code system is not stored here", parameter);
  std::vector<Code> found;
  std::vector<std::string> way;  // from the root of the tree down to the concept
  constexpr auto kNotBelow = std::numeric_limits<std::size_t>::max();
  auto below = kNotBelow;  // the depth of the concept, while what is under it passes
  bool is_known = false;
  walk_concepts(document->root(), "concept", [&](json::Value item, std::size_t depth) {
    way.resize(depth);
    way.push_back(item["code"].text());
    if (below != kNotBelow && depth <= below) below = kNotBelow;
    if (way.back() == code.code) {
      is_known = true;
      if (direction == Direction::below) below = depth;
      if (direction == Direction::above)
        for (auto const& above : way) found.push_back({code.system, above});
    }
    if (below != kNotBelow) found.push_back({code.system, way.back()});
  });
  if (!is_known) return unknown("the code system that is stored has no such code", parameter);
  sort_codes(found);
  return found;
}

}  // namespace sinew::store::sqlite
