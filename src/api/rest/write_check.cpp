#include "api/rest/write_check.h"

namespace sinew::rest {
namespace {

constexpr int kUnprocessable = 422;

}  // namespace

std::function<std::vector<validate::Finding>(json::Value, std::string_view)> make_write_check(
    validate::WritePolicy policy, validate::Library const& library, Metrics& metrics,
    Clock& clock) {
  if (policy.is_off()) return {};
  auto& checked = metrics.counter("sinew_write_checks_total", "resources checked before a write");
  auto& refused = metrics.counter("sinew_writes_refused_total",
                                  "resources that a check before a write refused");
  return [policy = std::move(policy), &library, &clock, &checked, &refused](json::Value resource,
                                                                            std::string_view text) {
    auto findings = policy.check(resource, text, library, clock.now());
    checked.add();
    if (validate::has_error(findings)) refused.add();
    return findings;
  };
}

Answer refuse(std::vector<validate::Finding> const& findings) {
  Answer answer;
  answer.status = kUnprocessable;
  answer.body = validate::outcome_json(findings);
  return answer;
}

void move_to_entry(std::vector<validate::Finding>& findings, std::string_view entry) {
  for (auto& finding : findings) {
    auto const inside = finding.location.find_first_of(".[");
    auto const rest = inside == std::string::npos ? std::string() : finding.location.substr(inside);
    finding.location = std::string(entry) + ".resource" + rest;
  }
}

}  // namespace sinew::rest
