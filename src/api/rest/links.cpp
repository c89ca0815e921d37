#include "api/rest/links.h"

#include <algorithm>
#include <array>
#include <vector>

#include "fhir/definitions.h"
#include "fhir/resource.h"
#include "json/write.h"

namespace sinew::rest {
namespace {

struct Visit {
  json::Value value;
  fhir::TypeId type;
};

struct Replacement {
  std::size_t begin;
  std::size_t length;
  std::string json;
};

enum class LinkKind : std::uint8_t { none, reference, uri };

/// What kind of link an element of a type is, by the tables.
class LinkTypes {
 public:
  [[nodiscard]] LinkKind kind(fhir::TypeId owner, fhir::Element const& element) const {
    if (owner == reference_ && element.name == "reference") return LinkKind::reference;
    return std::ranges::find(uris_, element.type) == uris_.end() ? LinkKind::none : LinkKind::uri;
  }

 private:
  fhir::TypeId reference_ = fhir::find_type("Reference");
  std::array<fhir::TypeId, 5> uris_ = {fhir::find_type("uri"), fhir::find_type("url"),
                                       fhir::find_type("canonical"), fhir::find_type("oid"),
                                       fhir::find_type("uuid")};
};

/// Walks a resource by its types, with a stack of its own: depth is the sender's.
class Walk {
 public:
  Walk(json::Value resource, LinkResolver const& resolve)
      : text_(resource.source()), resolve_(resolve) {
    open_.push_back({resource, fhir::resource_type(resource)});
  }

  Result<std::string> run() {
    while (!open_.empty()) {
      auto const visit = open_.back();
      open_.pop_back();
      for (auto const [name, value] : visit.value.members()) {
        auto const* const element = fhir::find_element(visit.type, name);
        if (!element) continue;
        if (!value.is_array()) {
          TRY(look_at(visit.type, *element, value));
          continue;
        }
        for (auto const item : value.elements()) TRY(look_at(visit.type, *element, item));
      }
    }
    return spliced();
  }

 private:
  Result<> look_at(fhir::TypeId owner, fhir::Element const& element, json::Value value) {
    if (value.is_object()) {
      bool const is_resource = value["resourceType"].exists();
      open_.push_back({value, is_resource ? fhir::resource_type(value) : element.type});
      return {};
    }
    auto const kind = value.is_string() ? types_.kind(owner, element) : LinkKind::none;
    if (kind == LinkKind::none) return {};
    std::string scratch;
    auto const link = value.text(scratch);
    auto const target = TRY(resolve_(link, kind == LinkKind::reference));
    if (!target) return {};
    std::string json;
    json::append_string(json, *target);
    auto const source = value.source();
    found_.push_back(
        {static_cast<std::size_t>(source.data() - text_.data()), source.size(), std::move(json)});
    return {};
  }

  std::string spliced() {
    std::ranges::sort(found_, {}, &Replacement::begin);
    std::string out;
    std::size_t from = 0;
    for (auto const& replacement : found_) {
      out.append(text_.substr(from, replacement.begin - from)).append(replacement.json);
      from = replacement.begin + replacement.length;
    }
    return out.append(text_.substr(from));
  }

  std::string_view text_;
  LinkResolver const& resolve_;
  LinkTypes types_;
  std::vector<Visit> open_;
  std::vector<Replacement> found_;
};

}  // namespace

Result<std::string> replace_links(json::Value resource, LinkResolver const& resolve) {
  return Walk(resource, resolve).run();
}

}  // namespace sinew::rest
