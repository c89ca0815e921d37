#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "fhir/definitions.h"
#include "fhir/resource.h"
#include "json/json.h"

namespace sinew::fhir {

inline constexpr std::size_t kCheckDepthMax = 128;  ///< objects inside each other
inline constexpr std::size_t kIssuesMax = 1000;     ///< then the check stops
inline constexpr std::size_t kPlacesMax = 128;      ///< places of elements in a type
inline constexpr std::size_t kChoicesMax = 16;      ///< choices in a type

/// Which places of a type's elements are taken, or have to be.
struct Places {
  std::array<std::uint64_t, kPlacesMax / 64> bits{};
  void set(std::size_t place) { bits[place / 64] |= std::uint64_t{1} << place % 64; }
  [[nodiscard]] bool has(std::size_t place) const {
    return (bits[place / 64] >> place % 64 & 1) != 0;
  }
};

/// The types that have rules of their own.
struct CheckedTypes {
  TypeId resource = find_type("Resource");
  TypeId extension = find_type("Extension");
  TypeId reference = find_type("Reference");
  TypeId coding = find_type("Coding");
  TypeId codeable_concept = find_type("CodeableConcept");
  TypeId quantity = find_type("Quantity");
  TypeId id = find_type("id");
  TypeId element = find_type("Element");
};
[[nodiscard]] CheckedTypes const& checked_types();

/// What the entries of a Bundle are called.
class BundleUrls {
 public:
  explicit BundleUrls(json::Value bundle);
  [[nodiscard]] bool has(std::string_view full_url) const { return urls_.contains(full_url); }

 private:
  std::unordered_set<std::string_view> urls_;
};

/// Walks a resource beside the element tables, with a stack of its own, and collects faults.
class Checker {
 public:
  Checker();

  /// `bundle`: when given, `urn:` references have to be one of its URLs.
  void check(json::Value resource, BundleUrls const* bundle = nullptr);
  void add_root_issue(std::string what, std::string where = {});
  [[nodiscard]] std::vector<Issue> take_issues() { return std::move(issues_); }

 private:
  /// One object on the way down, and how far its members are read.
  struct Frame {
    json::Value object;
    TypeId type = 0;
    bool is_contained = false;
    Element const* element = nullptr;  ///< of the parent; none for the root
    std::int32_t index = -1;           ///< in a list, else -1
    json::Value::Members::Iterator at, end;
    json::Value::Elements::Iterator item, item_end;  ///< rest of the list being read
    json::Value::Elements::Iterator twin, twin_end;  ///< beside it: `_given` of `given`, or back
    Element const* list = nullptr;
    bool is_sibling_list = false;
    std::int32_t item_index = 0;
    Places seen;
    std::array<Element const*, kChoicesMax> chosen{};
  };

  void run();
  void push(json::Value object, TypeId type, Element const* element, std::int32_t index);
  void finish(Frame const& frame);
  void check_member(json::Member member);
  void check_sibling(json::Member member);
  bool note_presence(Element const& element);
  void check_list(json::Value list, json::Value twin, Element const& element);
  void check_next_item();
  void check_item(json::Value item, Element const& element, std::int32_t index);
  void check_sibling_item(json::Value item, Element const& element, std::int32_t index);
  void check_primitive(json::Value item, Element const& element, std::int32_t index);
  void check_resource(json::Value item, Element const& element, std::int32_t index);
  void check_coded(json::Value item, Element const& element, std::int32_t index);
  void check_reference(json::Value item, Element const& element, std::int32_t index);
  void check_fragment(std::string_view id, Element const& element, std::int32_t index);
  void check_target(TypeId target, Element const& element, std::int32_t index);
  void check_extension(Frame const& frame);

  [[nodiscard]] std::string where(std::string_view name = {}, std::int32_t index = -1) const;
  void add(ErrorCode code, std::string what, std::string_view name = {}, std::int32_t index = -1);

  void read_contained(json::Value resource);

  BundleUrls const* bundle_ = nullptr;
  std::unordered_map<std::string_view, TypeId> contained_;  ///< of the resource being walked, by id
  std::vector<Frame> stack_;
  std::vector<Issue> issues_;
  std::string scratch_;
};

/// Rules of a Bundle that concern its entries. Source: FHIR R4 bundle.html#invs bdl-3, 4, 5, 7.
void check_bundle_rules(json::Value bundle, Checker& checker);

}  // namespace sinew::fhir
