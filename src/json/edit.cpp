#include "json/edit.h"

#include <algorithm>

#include "json/write.h"

namespace sinew::json {

ObjectEdit::Change* ObjectEdit::find(std::string_view name) {
  auto const found = std::ranges::find(changes_, name, &Change::name);
  return found == changes_.end() ? nullptr : &*found;
}

ObjectEdit::Change const* ObjectEdit::find(std::string_view name) const {
  return const_cast<ObjectEdit*>(this)->find(name);
}

void ObjectEdit::put(Change change) {
  if (auto* const earlier = find(change.name)) {
    *earlier = std::move(change);
  } else {
    changes_.push_back(std::move(change));
  }
}

void ObjectEdit::set_after(std::string_view place, std::string_view name, std::string json) {
  put({name, place, std::move(json), false});
}

void ObjectEdit::remove(std::string_view name) { put({name, {}, {}, true}); }

std::string ObjectEdit::text() const {
  std::string out;
  Writer writer(out);
  auto const write = [&](Change const& change) {
    writer.key(change.name);
    writer.raw(change.json);
  };
  auto const is_new = [&](Change const& change) {
    return !change.removes && !object_[change.name].exists();
  };
  writer.begin_object();
  for (auto const [name, value] : object_.members()) {
    if (auto const* const change = find(name); !change) {
      writer.key(name);
      writer.value(value);
    } else if (!change->removes) {
      write(*change);
    }
    for (auto const& change : changes_) {
      if (is_new(change) && !change.place.empty() && change.place == name) write(change);
    }
  }
  for (auto const& change : changes_) {
    if (is_new(change) && !object_[change.place].exists()) write(change);
  }
  writer.end_object();
  return out;
}

std::string replace(Document const& document, Value value, std::string_view json) {
  auto const text = document.text();
  auto const old = value.source();
  auto const begin = static_cast<std::size_t>(old.data() - text.data());
  std::string out;
  out.reserve(text.size() - old.size() + json.size());
  out.append(text.substr(0, begin)).append(json).append(text.substr(begin + old.size()));
  return out;
}

}  // namespace sinew::json
