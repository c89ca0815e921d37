#include "api/operations/difference.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "api/operations/alignment.h"
#include "api/operations/part_writer.h"
#include "api/rest/write_parts.h"
#include "fhir/definitions.h"
#include "fhir/resource.h"
#include "json/write.h"

namespace sinew::rest {
namespace {

/// Names that FHIRPath reads as operators or literals. Source: FHIRPath N1 #keywords.
constexpr auto kKeywords = std::to_array<std::string_view>(
    {"and", "as", "contains", "div", "false", "implies", "in", "is", "mod", "or", "true", "xor"});
static_assert(std::ranges::is_sorted(kKeywords));

std::string joined(std::string const& path, std::string_view name) {
  bool const is_keyword = std::ranges::binary_search(kKeywords, name);
  auto made = path + '.';
  if (is_keyword) made += '`';
  made += name;
  if (is_keyword) made += '`';
  return made;
}

/// One operation of the patch.
struct Step {
  std::string_view type;
  std::string path;
  std::string_view name = {};  ///< add
  ElementValue value = {};
  std::optional<std::size_t> index = {};  ///< insert
};

void write_step(json::Writer& writer, Step const& step) {
  writer.begin_object();
  writer.member("name", "operation");
  writer.key("part");
  writer.begin_array();
  write_text_parameter(writer, "type", "valueCode", step.type);
  write_text_parameter(writer, "path", "valueString", step.path);
  if (!step.name.empty()) write_text_parameter(writer, "name", "valueString", step.name);
  if (step.index) write_number_parameter(writer, "index", *step.index);
  if (step.value.element) write_part(writer, "value", step.value);
  writer.end_array();
  writer.end_object();
}

/// Two objects that stand at one path.
struct Pair {
  std::string path;
  fhir::TypeId type;
  json::Value from, to;
};

/// Walks both side by side. Every path is that of `from` before any operation, so operations come
/// in an order in which none moves what a later one names: first what comes new and what takes the
/// place of another, so that nothing is ever left empty; then what goes; then the lists, the inner
/// before the outer, each from its end.
class Difference {
 public:
  Difference(json::Value from, json::Value to, MetaPart meta) : meta_(meta) {
    auto const type = fhir::resource_type(from);
    open_.push_back({std::string(fhir::type(type).name.view()), type, from, to});
    while (!open_.empty()) {
      auto const pair = std::move(open_.back());
      open_.pop_back();
      compare_elements(pair);
    }
  }

  [[nodiscard]] std::string print() const {
    std::string out;
    json::Writer writer(out);
    writer.begin_object();
    writer.member("resourceType", "Parameters");
    bool const is_empty = adds_.empty() && replaces_.empty() && deletes_.empty() && lists_.empty();
    if (!is_empty) {
      writer.key("parameter");
      writer.begin_array();
      for (auto const* steps : {&adds_, &replaces_, &deletes_}) {
        for (auto const& step : *steps) write_step(writer, step);
      }
      for (auto list = lists_.rbegin(); list != lists_.rend(); ++list) {
        for (auto const& step : *list) write_step(writer, step);
      }
      writer.end_array();
    }
    writer.end_object();
    return out;
  }

 private:
  using Steps = std::vector<Step>;

  [[nodiscard]] static ElementValue value_of(json::Value object, fhir::Element const& element) {
    return {object[element.name], object['_' + std::string(element.name.view())], &element};
  }
  [[nodiscard]] static bool exists(ElementValue const& value) {
    return value.value.exists() || value.twin.exists();
  }

  void compare_elements(Pair const& pair) {
    bool const is_root = pair.path.find('.') == pair.path.npos;
    auto const elements = fhir::elements(pair.type);
    for (std::size_t i = 0; i < elements.size(); ++i) {
      auto const& element = elements[i];
      bool const is_skipped = is_root && (element.name == "id" ||
                                          (element.name == "meta" && meta_ == MetaPart::left_out));
      bool const is_seen = element.choice != 0 && i > 0 && elements[i - 1].choice == element.choice;
      if (is_skipped || is_seen) continue;
      auto from = value_of(pair.from, element);
      auto to = value_of(pair.to, element);
      // Of a choice each side has at most one.
      for (auto j = i + 1;
           element.choice != 0 && j < elements.size() && elements[j].choice == element.choice;
           ++j) {
        if (!exists(from)) from = value_of(pair.from, elements[j]);
        if (!exists(to)) to = value_of(pair.to, elements[j]);
      }
      if (element.is_list) {
        compare_lists(pair.path, from, to);
      } else {
        compare_values(pair.path, from, to);
      }
    }
  }

  void compare_values(std::string const& owner, ElementValue const& from, ElementValue const& to) {
    if (!exists(from) && !exists(to)) return;
    auto const name = path_name(exists(from) ? *from.element : *to.element);
    if (!exists(from)) {
      adds_.push_back({"add", owner, name, to});
    } else if (!exists(to)) {
      deletes_.push_back({"delete", joined(owner, name)});
    } else {
      compare_at(joined(owner, name), from, to);
    }
  }

  /// Two values of one place: an object is looked into, where both are of one type.
  void compare_at(std::string path, ElementValue const& from, ElementValue const& to) {
    bool const is_same = from.element == to.element && text_of(from) == text_of(to);
    if (is_same) return;
    bool const are_objects = from.value.is_object() && to.value.is_object();
    auto type = from.element->type;
    bool const are_resources = from.value["resourceType"].is_string();
    if (are_resources) type = fhir::resource_type(from.value);
    bool const is_one_type = from.element == to.element &&
                             from.value["resourceType"].text() == to.value["resourceType"].text();
    if (are_objects && is_one_type && type != 0) {
      open_.push_back({std::move(path), type, from.value, to.value});
    } else {
      replaces_.push_back({"replace", std::move(path), {}, to});
    }
  }

  /// What two items have to have in common to be the same.
  [[nodiscard]] static std::string text_of(ElementValue const& item) {
    auto text = std::string(item.value.source());
    if (item.twin.is_object()) text.append("\n").append(item.twin.source());
    return text;
  }

  [[nodiscard]] static std::vector<ElementValue> items_of(ElementValue const& list) {
    std::vector<ElementValue> items(std::max(list.value.size(), list.twin.size()));
    for (std::size_t i = 0; i < items.size(); ++i) {
      items[i] = {list.value.at(i), list.twin.at(i), list.element};
    }
    return items;
  }

  void compare_lists(std::string const& owner, ElementValue const& from, ElementValue const& to) {
    auto const old = items_of(from);
    auto const made = items_of(to);
    auto const name = from.element->name.view();
    if (old.empty()) {
      for (auto const& item : made) adds_.push_back({"add", owner, name, item});
      return;
    }
    auto const path = joined(owner, name);
    std::vector<std::string> old_texts, made_texts;
    for (auto const& item : old) old_texts.push_back(text_of(item));
    for (auto const& item : made) made_texts.push_back(text_of(item));
    auto const stretches = align(old_texts, made_texts);
    Steps steps;
    for (auto stretch = stretches.rbegin(); stretch != stretches.rend(); ++stretch) {
      auto const both = std::min(stretch->from_end - stretch->from, stretch->to_end - stretch->to);
      for (auto i = stretch->from_end; i-- > stretch->from + both;) {
        steps.push_back({"delete", path + '[' + std::to_string(i) + ']'});
      }
      for (auto i = stretch->to_end; i-- > stretch->to + both;) {
        steps.push_back({"insert", path, {}, made[i], stretch->from + both});
      }
      for (std::size_t i = 0; i < both; ++i) {
        auto const at = stretch->from + i;
        compare_at(path + '[' + std::to_string(at) + ']', old[at], made[stretch->to + i]);
      }
    }
    if (!steps.empty()) lists_.push_back(std::move(steps));
  }

  MetaPart meta_;
  std::vector<Pair> open_;
  Steps adds_, replaces_, deletes_;
  std::vector<Steps> lists_;
};

}  // namespace

std::string difference(json::Value from, json::Value to, MetaPart meta) {
  return Difference(from, to, meta).print();
}

}  // namespace sinew::rest
