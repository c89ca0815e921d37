// The rules of particular data types: Extension, Reference, and what carries codes.

#include <algorithm>

#include "fhir/checker.h"

namespace sinew::fhir {

CheckedTypes const& checked_types() {
  static CheckedTypes const kTypes;
  return kTypes;
}

void Checker::check_extension(Frame const& frame) {
  // ext-1: "Must have either extensions or value[x], not both"
  bool const has_extensions = frame.object["extension"].exists();
  bool const has_value = std::any_of(frame.chosen.begin(), frame.chosen.end(),
                                     [](Element const* chosen) { return chosen != nullptr; });
  if (has_extensions == has_value) {
    add(ErrorCode::invalid, "an extension has either a value or extensions");
  }
}

void Checker::check_target(TypeId target, Element const& element, std::int32_t index) {
  auto const targets = reference_targets(element);
  if (target == 0 || targets.empty()) return;
  if (std::find(targets.begin(), targets.end(), target) == targets.end()) {
    add(ErrorCode::invalid, "may not refer to a " + std::string(type(target).name), element.name,
        index);
  }
}

void Checker::check_fragment(std::string_view id, Element const& element, std::int32_t index) {
  if (id.empty()) return;  // `#`: the container itself
  auto const found = contained_.find(id);
  if (found != contained_.end()) return check_target(found->second, element, index);
  add(ErrorCode::invalid, "no contained resource has this id", element.name, index);
}

void Checker::check_reference(json::Value item, Element const& element, std::int32_t index) {
  if (auto const named = item["type"]; named.is_string()) {
    check_target(find_type(named.raw()), element, index);
  }
  auto const literal = item["reference"];
  if (!literal.is_string()) return;  // another kind is a fault of the member itself
  auto const text = literal.text(scratch_);
  auto const parsed = parse_reference(text);
  switch (parsed.kind) {
    case ReferenceKind::none:
      return;
    case ReferenceKind::fragment:
      return check_fragment(parsed.id, element, index);
    case ReferenceKind::relative:
    case ReferenceKind::absolute:
    case ReferenceKind::conditional:
      return check_target(parsed.type, element, index);
    case ReferenceKind::urn:
      if (bundle_ != nullptr && !bundle_->has(literal.raw())) {
        add(ErrorCode::invalid, "no entry has this fullUrl", element.name, index);
      }
      return;
    case ReferenceKind::other:
      if (text.find(':') == text.npos) {
        add(ErrorCode::invalid, "neither a URL nor the type and id of a resource", element.name,
            index);
      }
      return;
  }
}

/// A required binding of a Coding, CodeableConcept or Quantity. A concept needs one coding of the
/// set; one without any coding is a text, which a required binding does not allow either, but a
/// data-absent-reason may say why. Source: FHIR R4 terminologies.html#required.
void Checker::check_coded(json::Value item, Element const& element, std::int32_t index) {
  auto const is_allowed = [&](json::Value coding) {
    return is_coding_allowed(element, coding["system"].text(), coding["code"].text());
  };
  bool fits = true;
  if (element.type == checked_types().codeable_concept) {
    auto const codings = item["coding"].elements();
    fits = item["extension"].exists() || std::any_of(codings.begin(), codings.end(), is_allowed);
  } else if (element.type == checked_types().coding || element.type == checked_types().quantity) {
    fits = !item["code"].exists() || is_allowed(item);
  }
  if (!fits) {
    add(ErrorCode::invalid, "no coding from " + std::string(value_set_url(element)), element.name,
        index);
  }
}

}  // namespace sinew::fhir
