#include "engine/messages/retention.h"

#include <algorithm>
#include <array>

#include "base/table.h"
#include "base/text.h"

namespace sinew::engine {
namespace {

struct UnitRow {
  char name;
  std::int64_t ms;
};
constexpr auto kUnits =
    std::to_array<UnitRow>({{'m', 60'000}, {'h', 3'600'000}, {'d', 86'400'000}});
constexpr std::int64_t kCountMax = 100'000;

Result<std::optional<std::int64_t>> read_keep(std::string_view text, std::string const& where) {
  if (text == "always") return std::optional<std::int64_t>();
  auto const unit = std::ranges::find(kUnits, text.empty() ? '\0' : text.back(), &UnitRow::name);
  auto const count = unit == kUnits.end()
                         ? std::nullopt
                         : parse_integer<std::int64_t>(text.substr(0, text.size() - 1));
  if (!count || *count < 0 || *count > kCountMax)
    return fail(ErrorCode::invalid, "keep is a time like 90d, 12h or 30m, or always", where);
  return std::optional(*count * unit->ms);
}

}  // namespace

std::optional<std::int64_t> Retention::shortest_ms() const {
  std::optional<std::int64_t> shortest;
  for (auto const& rule : rules)
    if (rule.keep_ms && (!shortest || *rule.keep_ms < *shortest)) shortest = rule.keep_ms;
  return shortest;
}

bool Retention::lets_go(store::JournalHead const& head, Instant now) const {
  if (head.status == store::JournalStatus::received) return false;
  for (auto const& rule : rules) {
    if (!rule.feed.empty() && rule.feed != head.feed) continue;
    if (rule.status && *rule.status != head.status) continue;
    return rule.keep_ms && now.ms - head.received.ms > *rule.keep_ms;
  }
  return false;
}

Result<std::vector<Retention::Rule>> read_retention(std::string_view text,
                                                    std::string const& where) {
  auto const table = TRY(Table::parse(text, where));
  for (auto const column : table.columns())
    if (column != "feed" && column != "status" && column != "keep")
      return fail(ErrorCode::invalid,
                  "no column of retention rules: " + std::string(column) +
                      "; there are feed, status and keep",
                  where + ":1");
  std::vector<Retention::Rule> rules;
  for (auto const& row : table.rows()) {
    Retention::Rule rule;
    rule.feed = table.cell(row, "feed");
    if (auto const status = table.cell(row, "status"); !status.empty()) {
      rule.status = store::parse_journal_status(status);
      if (!rule.status) return fail(ErrorCode::invalid, "no status of a message", table.where(row));
    }
    rule.keep_ms = TRY(read_keep(table.cell(row, "keep"), table.where(row)));
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace sinew::engine
