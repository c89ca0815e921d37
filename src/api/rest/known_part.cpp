#include "api/rest/known_part.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/text.h"
#include "fhir/definitions.h"
#include "fhir/resource.h"
#include "json/write.h"

namespace sinew::rest {
namespace {

/// Header fields of one answer; all are named where the answer is an OperationOutcome.
constexpr std::size_t kWarningFieldsMax = 50;

/// What a member is, by the tables; nothing when R4 has no such element.
struct Known {
  fhir::TypeId type = 0;  ///< 0: taken as it is
};
std::optional<Known> known(fhir::TypeId type, std::string_view name) {
  bool const is_resource = fhir::type(type).kind == fhir::TypeKind::resource;
  if (name == "resourceType" && is_resource) return Known{};
  if (auto const* const element = fhir::find_element(type, name)) return Known{element->type};
  if (!name.starts_with('_')) return {};
  // `_birthDate` holds what an Element does.
  auto const* const element = fhir::find_element(type, name.substr(1));
  bool const is_primitive = element && fhir::type(element->type).kind == fhir::TypeKind::primitive;
  if (!is_primitive) return {};
  return Known{fhir::find_type("Element")};
}

/// Copies a value without what is unknown, by a stack of its own: depth is the sender's.
class KnownWriter {
 public:
  KnownWriter(std::string& out, std::vector<Issue>& left_out) : writer_(out), left_out_(left_out) {}

  void write(json::Value resource) {
    path_ = fhir::type(fhir::resource_type(resource)).name.view();
    push(resource, 0);
    while (!open_.empty()) {
      if (open_.back().is_object ? write_member() : write_item()) continue;
      path_.resize(open_.back().path_size);
      open_.back().is_object ? writer_.end_object() : writer_.end_array();
      open_.pop_back();
      if (!open_.empty()) path_.resize(open_.back().inner_path_size);
    }
  }

 private:
  struct Open {
    bool is_object = false;
    fhir::TypeId type = 0;
    std::vector<json::Member> members;
    std::vector<json::Value> items;
    std::size_t next = 0;
    std::size_t path_size = 0;        ///< with the value itself
    std::size_t inner_path_size = 0;  ///< to go on with after a part
  };

  /// Enters objects and arrays of known types; anything else is copied.
  bool push(json::Value value, fhir::TypeId type) {
    if (value.is_object() && value["resourceType"].exists()) type = fhir::resource_type(value);
    bool const is_looked_into = type != 0 && fhir::type(type).kind != fhir::TypeKind::primitive &&
                                (value.is_object() || value.is_array());
    if (!is_looked_into) {
      writer_.value(value);
      return false;
    }
    Open open;
    open.is_object = value.is_object();
    open.type = type;
    open.path_size = open.inner_path_size = path_.size();
    if (open.is_object) {
      for (auto const member : value.members()) open.members.push_back(member);
      writer_.begin_object();
    } else {
      for (auto const item : value.elements()) open.items.push_back(item);
      writer_.begin_array();
    }
    open_.push_back(std::move(open));
    return true;
  }

  bool write_member() {
    auto& open = open_.back();
    if (open.next == open.members.size()) return false;
    auto const member = open.members[open.next++];
    auto const found = known(open.type, member.name);
    path_.append(".").append(member.name);
    if (!found) {
      left_out_.push_back({Severity::warning, ErrorCode::not_supported,
                           "the element is unknown and was left out", path_});
    } else {
      writer_.key(member.name);
      if (push(member.value, found->type)) return true;
    }
    path_.resize(open.path_size);
    return true;
  }

  bool write_item() {
    auto& open = open_.back();
    if (open.next == open.items.size()) return false;
    auto const item = open.items[open.next];
    path_.append("[").append(std::to_string(open.next++)).append("]");
    if (!push(item, open.type)) path_.resize(open.path_size);
    return true;
  }

  json::Writer writer_;
  std::vector<Issue>& left_out_;
  std::vector<Open> open_;
  std::string path_;
};

/// As a quoted-string of a header field can hold it.
std::string quoted(std::string text) {
  std::ranges::replace_if(
      text,
      [](char c) {
        return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 ||
               static_cast<unsigned char>(c) >= 0x7F;
      },
      '?');
  return '"' + text + '"';
}

}  // namespace

std::string known_part(json::Value resource, std::vector<Issue>& left_out) {
  std::string out;
  if (fhir::resource_type(resource) == 0) return json::print(resource);
  KnownWriter(out, left_out).write(resource);
  return out;
}

void add_warnings(net::Headers& headers, std::vector<Issue> const& left_out) {
  auto const shown = std::min(left_out.size(), kWarningFieldsMax);
  for (std::size_t i = 0; i < shown; ++i) {
    headers.add("Warning", "299 - " + quoted(left_out[i].where + ": " + left_out[i].what));
  }
  if (shown == left_out.size()) return;
  headers.add("Warning",
              "299 - " + quoted(std::to_string(left_out.size() - shown) +
                                " more were left out; return=OperationOutcome names all"));
}

}  // namespace sinew::rest
