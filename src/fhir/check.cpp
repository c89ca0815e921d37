#include "fhir/check.h"

#include "fhir/checker.h"

namespace sinew::fhir {

std::vector<Issue> check_structure(json::Value resource) {
  Checker checker;
  checker.check(resource);
  return checker.take_issues();
}

std::vector<Issue> check_bundle(json::Value bundle) {
  static TypeId const kBundle = find_type("Bundle");
  Checker checker;
  if (resource_type(bundle) != kBundle) {
    checker.add_root_issue("not a Bundle");
    return checker.take_issues();
  }
  BundleUrls const urls(bundle);
  checker.check(bundle, &urls);
  check_bundle_rules(bundle, checker);
  return checker.take_issues();
}

}  // namespace sinew::fhir
