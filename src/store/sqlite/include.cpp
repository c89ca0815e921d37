#include "store/sqlite/include.h"

#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "store/index_row.h"
#include "store/sqlite/chain.h"
#include "store/sqlite/past.h"
#include "store/sqlite/rows.h"

namespace sinew::store::sqlite {
namespace {

constexpr std::string_view kIterate = "iterate:";

/// `Observation:subject`, `Observation:subject:Patient`, `*`.
struct Include {
  std::string_view type;    ///< of the resource that refers; empty: any
  std::string_view target;  ///< of the resource that is referred to; empty: any
  fhir::SearchParameter const* parameter = nullptr;  ///< null: all references
  bool iterates = false;
};

Result<Include> read_include(std::string_view text, bool may_be_all) {
  Include include;
  auto const whole = text;
  include.iterates = text.starts_with(kIterate);
  if (include.iterates) text.remove_prefix(kIterate.size());
  if (text == "*" && may_be_all) return include;
  auto const parts = split(text, ':');
  if (parts.size() == 2 || parts.size() == 3) {
    include.type = parts[0];
    if (parts.size() == 3) include.target = parts[2];
    if (parts[1] == "*" && may_be_all) return include;
    include.parameter = fhir::find_parameter(fhir::find_type(parts[0]), parts[1]);
    if (include.parameter != nullptr && include.parameter->type == fhir::ParameterType::reference)
      return include;
  }
  return fail(ErrorCode::invalid, "not Type:reference or Type:reference:Target",
              "_include=" + std::string(whole));
}

class Including {
 public:
  Including(SearchContext& context, std::vector<std::pair<std::int64_t, Resource>> const& page)
      : context_(context) {
    for (auto const& [rid, resource] : page) seen_.insert(rid);
  }

  Result<> read(Query const& query) {
    for (auto const& text : query.include) includes_.push_back(TRY(read_include(text, true)));
    for (auto const& text : query.revinclude) reverse_.push_back(TRY(read_include(text, true)));
    return {};
  }

  /// Adds what belongs to one resource. `is_match`: of the page itself.
  Result<> follow(std::int64_t rid, Resource const& resource, bool is_match) {
    for (auto const& include : reverse_)
      if (is_match || include.iterates) TRY(follow_back(include, rid, resource));
    if (std::ranges::none_of(includes_,
                             [&](Include const& include) { return is_match || include.iterates; }))
      return {};
    auto const document = TRY(json::Document::parse(resource.body));
    std::vector<fhir::IndexValue> values;
    fhir::extract_index(document.root(), values);
    for (auto const& include : includes_)
      if (is_match || include.iterates) TRY(follow_forward(include, resource, values));
    return {};
  }

  std::vector<std::pair<std::int64_t, Resource>> found;

 private:
  Result<> follow_forward(Include const& include, Resource const& resource,
                          std::vector<fhir::IndexValue> const& values) {
    if (!include.type.empty() && include.type != resource.type) return {};
    for (auto const& value : values) {
      if (value.type != fhir::ParameterType::reference) continue;
      if (include.parameter != nullptr &&
          std::ranges::find(include.parameter->paths, value.path) == include.parameter->paths.end())
        continue;
      auto const target = local_target(value.code);
      auto const type = target.substr(0, target.find('/'));
      if (target.empty() || (!include.target.empty() && include.target != type)) continue;
      if (include.parameter != nullptr && !include.parameter->targets.empty() &&
          std::ranges::find(include.parameter->targets, fhir::find_type(type)) ==
              include.parameter->targets.end())
        continue;
      TRY(add(TRY(load_number(context_.connection, context_.catalogue, target))));
    }
    return {};
  }

  /// `*`: whatever refers to the resource. `Type:*`: what of that type does.
  Result<> follow_all_back(Include const& include, std::int64_t rid, Resource const& resource) {
    auto const only = fhir::find_type(include.type);
    for (fhir::TypeId id = 1; id < fhir::types().size(); ++id) {
      auto const& type = fhir::type(id);
      bool const is_wanted = include.type.empty() || id == only;
      if (!is_wanted || type.kind != fhir::TypeKind::resource || type.is_abstract) continue;
      for (auto const& parameter : fhir::search_parameters(id)) {
        if (parameter.type != fhir::ParameterType::reference) continue;
        Include one = include;
        one.type = type.name.view();
        one.parameter = &parameter;
        TRY(follow_back(one, rid, resource));
      }
    }
    return {};
  }

  Result<> follow_back(Include const& include, std::int64_t rid, Resource const& resource) {
    if (include.parameter == nullptr) return follow_all_back(include, rid, resource);
    if (!include.target.empty() && include.target != resource.type) return {};
    if (!include.parameter->targets.empty() &&
        std::ranges::find(include.parameter->targets, fhir::find_type(resource.type)) ==
            include.parameter->targets.end())
      return {};
    auto const type = context_.catalogue.type_key(include.type);
    TRY(require_indexed(context_, type.value_or(0), *include.parameter));
    Rids sources;
    for (auto const path : include.parameter->paths)
      TRY(collect(context_.connection, sources,
                  "SELECT rid FROM ref WHERE pid=? AND tgt=? LIMIT 1001",
                  context_.catalogue.path_key(type.value_or(0), path), rid));
    sort_rids(sources);
    TRY(correct_for_then(
        context_, type.value_or(0), sources, [&](PastResource const& past) -> Result<bool> {
          auto const targets = TRY(targets_of(context_, *include.parameter, past.body));
          return std::ranges::find(targets, rid) != targets.end();
        }));
    for (auto const source : sources) TRY(add(source));
    return {};
  }

  Result<> add(std::int64_t rid) {
    if (rid == 0 || found.size() >= kIncludedMax || !seen_.insert(rid).second) return {};
    auto resource = resource_of(context_, rid);
    if (!resource && resource.error().code == ErrorCode::not_found) return {};
    found.emplace_back(rid, TRY(std::move(resource)));
    return {};
  }

  SearchContext& context_;
  std::vector<Include> includes_, reverse_;
  std::unordered_set<std::int64_t> seen_;
};

}  // namespace

Result<std::vector<Resource>> included_resources(
    SearchContext& context, Query const& query,
    std::vector<std::pair<std::int64_t, Resource>> const& page) {
  Including including(context, page);
  TRY(including.read(query));
  for (auto const& [rid, resource] : page) TRY(including.follow(rid, resource, true));
  // What was included may lead on; the list grows while it is walked.
  for (std::size_t i = 0; i < including.found.size(); ++i) {
    auto const [rid, resource] = including.found[i];
    TRY(including.follow(rid, resource, false));
  }
  std::vector<Resource> resources;
  for (auto& [rid, resource] : including.found) resources.push_back(std::move(resource));
  return resources;
}

}  // namespace sinew::store::sqlite
