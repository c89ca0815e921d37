#include "validate/write_policy.h"

#include <algorithm>
#include <array>

#include "fhir/definitions.h"
#include "fhir/resource.h"

namespace sinew::validate {
namespace {

struct LevelRow {
  std::string_view name;
  WriteLevel level;
};
constexpr auto kLevels = std::to_array<LevelRow>({
    {"off", WriteLevel::off},
    {"base", WriteLevel::base},
    {"profiles", WriteLevel::profiles},
});

LevelRow const* find_level(std::string_view name) {
  auto const* const row = std::ranges::find(kLevels, name, &LevelRow::name);
  return row == kLevels.end() ? nullptr : row;
}

bool is_resource(std::string_view name) {
  auto const type = fhir::find_type(name);
  return type != 0 && fhir::type(type).kind == fhir::TypeKind::resource;
}

}  // namespace

Result<WritePolicy> WritePolicy::parse(std::vector<std::string> const& rules) {
  WritePolicy policy;
  for (auto const& text : rules) {
    auto const equals = text.find('=');
    if (equals == text.npos) {
      auto const* const row = find_level(text);
      if (row == nullptr) return fail(ErrorCode::invalid, "off, base or profiles expected", text);
      policy.level_ = row->level;
      continue;
    }
    auto const type = text.substr(0, equals);
    auto const value = text.substr(equals + 1);
    if (!is_resource(type)) return fail(ErrorCode::invalid, "not a type of resource", text);
    auto& rule = policy.types_.try_emplace(type, TypeRule{policy.level_, {}}).first->second;
    if (auto const* const row = find_level(value)) {
      rule.level = row->level;
      continue;
    }
    bool const is_canonical = value.find(':') != value.npos;
    if (!is_canonical) return fail(ErrorCode::invalid, "neither a level nor a profile", text);
    rule.level = WriteLevel::profiles;
    rule.profiles.push_back(value);
  }
  return policy;
}

bool WritePolicy::is_off() const {
  return level_ == WriteLevel::off && std::ranges::all_of(types_, [](auto const& rule) {
           return rule.second.level == WriteLevel::off;
         });
}

Result<> WritePolicy::check_known(Library const& library) const {
  for (auto const& [type, rule] : types_) {
    for (auto const& canonical : rule.profiles) {
      auto const* const profile = library.profile(canonical);
      if (profile == nullptr) {
        return fail(ErrorCode::not_found, "no package has this profile", canonical);
      }
      if (fhir::type(profile->type).name != type) {
        return fail(ErrorCode::invalid, "the profile is about another type than " + type,
                    canonical);
      }
    }
  }
  return {};
}

WriteLevel WritePolicy::level_of(std::string_view type) const {
  auto const found = types_.find(type);
  return found == types_.end() ? level_ : found->second.level;
}

std::vector<Finding> WritePolicy::check(json::Value resource, std::string_view text,
                                        Library const& library, Instant now) const {
  auto const type = resource["resourceType"].text();
  auto const level = level_of(type);
  if (level == WriteLevel::off) return {};
  ValidatorOptions options;
  options.now = now;
  options.is_structure_checked = true;
  options.trust_reference_urls = true;
  options.has_positions = !text.empty();
  options.with_named_profiles = level == WriteLevel::profiles;
  auto const rule = types_.find(type);
  if (options.with_named_profiles && rule != types_.end()) options.profiles = rule->second.profiles;
  return validate(resource, text, library, options);
}

}  // namespace sinew::validate
