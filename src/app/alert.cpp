#include <fmt/format.h>

#include "app/commands.h"
#include "app/console.h"
#include "base/file.h"
#include "engine/alerts/rules.h"

namespace sinew::app {

int alert_check(AlertCheckSettings const& settings) {
  auto const text = read_file(settings.file);
  if (!text) return complain(text.error()), kExitFailed;
  auto const rules = engine::read_alert_rules(*text, settings.file);
  if (!rules) return complain(rules.error()), kExitFailed;
  for (auto const& rule : rules->rules) {
    auto const& row = engine::row_of(rule.kind);
    std::string limit = rule.share_limit > 0
                            ? engine::in_words(engine::Figure::share, rule.share_limit)
                            : engine::in_words(row.figure, rule.limit);
    if (rule.is_learned) limit = "learned";
    std::string tells;
    for (auto const& name : rule.tell) tells += (tells.empty() ? "" : ", ") + name;
    print(fmt::format("{}: {} {} {}, tells {}\n", rule.name, row.key,
                      row.is_floor ? "below" : "from", limit, tells.empty() ? "all" : tells));
  }
  print(fmt::format("{} rules, {} recipients\n", rules->rules.size(), rules->recipients.size()));
  return kExitSuccess;
}

}  // namespace sinew::app
