#include "api/graphql/output.h"

#include <algorithm>

#include "json/write.h"

namespace sinew::graphql {

Output::Output() { objects_.emplace_back(); }

Result<Index> Output::field(Index object, std::string_view name, Shape shape, fhir::TypeId type,
                            bool is_collated, Offset at) {
  auto& names = objects_[object].fields;
  auto const found =
      std::ranges::find_if(names, [&](Index index) { return fields_[index].name == name; });
  if (found == names.end()) {
    names.push_back(static_cast<Index>(fields_.size()));
    fields_.push_back({std::string(name), shape, type, at, {}});
    return names.back();
  }
  auto& known = fields_[*found];
  if (is_collated && type != 0 && known.type != 0 && known.type != type) {
    return fail_at(at, "'" + std::string(name) + "' would hold values of two types");
  }
  if (shape == Shape::singleton || known.shape == Shape::single) known.shape = shape;
  return *found;
}

Result<> Output::add(Index field, Item item) {
  auto& into = fields_[field];
  bytes_ += item.json.size();
  if (++items_ > kOutputItemsMax || bytes_ > kOutputBytesMax) {
    return fail_at(into.at, "the answer is too large", ErrorCode::too_large);
  }
  if (into.shape != Shape::list && !into.items.empty()) {
    return fail_at(into.at, "'" + into.name + "' has more than one value");
  }
  into.items.push_back(std::move(item));
  return {};
}

Result<> Output::add_json(Index field, std::string_view json) {
  return add(field, {std::string(json)});
}

Result<> Output::add_string(Index field, std::string_view text) {
  std::string json;
  json::append_string(json, text);
  return add(field, {std::move(json)});
}

Result<Index> Output::add_object(Index field) {
  auto const index = static_cast<Index>(objects_.size());
  TRY(add(field, {{}, index}));
  objects_.emplace_back();
  return index;
}

std::string Output::json() const {
  struct Place {
    Index object;
    std::size_t field = 0, item = 0;
  };
  std::string out;
  json::Writer writer(out);
  std::vector<Place> open = {{root()}};
  writer.begin_object();
  while (!open.empty()) {
    auto& place = open.back();
    auto const& names = objects_[place.object].fields;
    if (place.field == names.size()) {
      writer.end_object();
      open.pop_back();
      continue;
    }
    auto const& field = fields_[names[place.field]];
    bool const is_list = field.shape == Shape::list;
    if (place.item == 0) {
      if (field.items.empty() && !is_list) {
        ++place.field;
        continue;
      }
      writer.key(field.name);
      if (is_list) writer.begin_array();
    }
    if (place.item == field.items.size()) {
      if (is_list) writer.end_array();
      ++place.field;
      place.item = 0;
      continue;
    }
    auto const& item = field.items[place.item++];
    if (item.object == kNone) {
      writer.raw(item.json);
    } else {
      writer.begin_object();
      open.push_back({item.object});
    }
  }
  return out;
}

}  // namespace sinew::graphql
