#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "json/json.h"

namespace sinew::json {

/// A changed copy of one object, written as text. The members that are not named keep their bytes
/// (without the white space between tokens) and their order; the document itself never changes.
///
///   ObjectEdit edit(resource);
///   edit.set_after("resourceType", "id", R"("123")");
///   edit.set("meta", meta_json);
///   edit.remove("text");
///   std::string changed = edit.text();
///
/// Changes are few (tens), so they are searched in a list. The views must outlive the edit.
class ObjectEdit {
 public:
  /// `object` is the object to change; a missing value is taken as `{}`.
  explicit ObjectEdit(Value object) : object_(object) {}

  /// Replaces a member where it stands, or appends it. `json` is the text of its value.
  void set(std::string_view name, std::string json) { set_after({}, name, std::move(json)); }
  /// Replaces a member where it stands, or puts it behind `place` (or last, where that is missing).
  void set_after(std::string_view place, std::string_view name, std::string json);
  void remove(std::string_view name);

  /// The object with its changes; the later of two changes of one name counts.
  [[nodiscard]] std::string text() const;

 private:
  struct Change {
    std::string_view name;
    std::string_view place;
    std::string json;
    bool removes = false;
  };
  Change* find(std::string_view name);
  Change const* find(std::string_view name) const;
  void put(Change change);

  Value object_;
  std::vector<Change> changes_;
};

/// A changed copy of a document: `json` takes the place of `value`, whose bytes lie in `document`.
[[nodiscard]] std::string replace(Document const& document, Value value, std::string_view json);

}  // namespace sinew::json
