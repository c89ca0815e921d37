#include "store/sqlite/ordered_walk.h"

#include <algorithm>
#include <array>
#include <functional>
#include <unordered_set>

namespace sinew::store::sqlite {
namespace {

using fhir::ParameterType;

struct WalkRow {
  ParameterType type;
  char const *ascending, *descending;
};
// clang-format off
constexpr auto kWalks = std::to_array<WalkRow>({
    {ParameterType::date,
     "SELECT rid, lo FROM dt WHERE pid=?1 UNION ALL SELECT rid, lo FROM dt WHERE pid=?1+1 ORDER BY 2",
     "SELECT rid, lo FROM dt WHERE pid=?1 UNION ALL SELECT rid, lo FROM dt WHERE pid=?1+1 ORDER BY 2 DESC"},
    {ParameterType::number,
     "SELECT rid, v FROM num WHERE pid=? ORDER BY v", "SELECT rid, v FROM num WHERE pid=? ORDER BY v DESC"},
    {ParameterType::quantity,
     "SELECT rid, v FROM qty WHERE pid=? ORDER BY v", "SELECT rid, v FROM qty WHERE pid=? ORDER BY v DESC"},
    {ParameterType::string,
     "SELECT rid, v FROM str WHERE pid=? AND v>'' ORDER BY v",
     "SELECT rid, v FROM str WHERE pid=? AND v>'' ORDER BY v DESC"},
    {ParameterType::uri,
     "SELECT rid, v FROM uri WHERE pid=? AND v>'' ORDER BY v",
     "SELECT rid, v FROM uri WHERE pid=? AND v>'' ORDER BY v DESC"},
});
// clang-format on

/// Puts matches out in the order they pass, those of equal value newest first.
class Collecting {
 public:
  Collecting(Rids const& matches, std::size_t limit) : matches_(matches), limit_(limit) {}

  void pass(std::int64_t rid, std::string_view value) {
    if (value != value_) {
      end_of_value();
      value_ = value;
    }
    if (std::ranges::binary_search(matches_, rid) && seen_.insert(rid).second)
      same_value_.push_back(rid);
  }
  void end_of_value() {
    std::ranges::sort(same_value_, std::greater<>());
    out_.insert(out_.end(), same_value_.begin(), same_value_.end());
    same_value_.clear();
  }
  [[nodiscard]] bool is_full() const { return out_.size() >= limit_; }

  /// What never passed has no value: it comes last.
  Rids finish() {
    end_of_value();
    for (auto rid = matches_.rbegin(); rid != matches_.rend() && !is_full(); ++rid)
      if (!seen_.contains(*rid)) out_.push_back(*rid);
    if (out_.size() > limit_) out_.resize(limit_);
    return std::move(out_);
  }

 private:
  Rids const& matches_;
  std::size_t limit_;
  std::string value_;
  Rids out_, same_value_;
  std::unordered_set<std::int64_t> seen_;
};

}  // namespace

Result<std::optional<Rids>> first_in_order(SearchContext& context, std::string_view type,
                                           Rids const& matches, SortKey const& key,
                                           std::size_t limit) {
  Criterion criterion;
  criterion.parameter = key.parameter;
  auto const use = TRY(find_use(context, type, criterion));
  auto const row = std::ranges::find(kWalks, use.parameter->type, &WalkRow::type);
  if (!is_indexed(context, use.type_key, *use.parameter)) return std::optional<Rids>();
  if (row == kWalks.end() || use.parameter->paths.size() != 1 || key.parameter == "_lastUpdated")
    return std::optional<Rids>();
  auto path = context.catalogue.path_key(use.type_key, use.parameter->paths.front());
  if (row->type == ParameterType::date) path *= 2;
  Collecting collecting(matches, limit);
  auto rows = context.connection.query(key.descending ? row->descending : row->ascending, path);
  while (!collecting.is_full() && TRY(rows.next())) collecting.pass(rows.integer(0), rows.text(1));
  return std::optional<Rids>(collecting.finish());
}

}  // namespace sinew::store::sqlite
