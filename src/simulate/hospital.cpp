#include "simulate/hospital.h"

#include <array>

#include "base/data.h"
#include "simulate/events.h"
#include "simulate/state.h"

namespace sinew::simulate {
namespace {

struct Weight {
  unsigned share;  ///< how often, relative to the others
  Happening happening;
};

// The mix of a mid-sized hospital: results and movements dominate.
constexpr auto kWeights = std::to_array<Weight>({
    {10, register_outpatient},
    {12, admit},
    {8, transfer},
    {12, discharge},
    {1, cancel_admission},
    {1, cancel_discharge},
    {10, change_demographics},
    {1, merge_duplicate},
    {16, order_laboratory},
    {1, cancel_order},
    {5, report_preliminary},
    {16, report_final},
    {2, report_correction},
    {8, record_vital_signs},
    {7, prescribe},
    {4, vaccinate},
    {4, dictate_document},
    {3, book_appointment},
    {5, change_appointment},
    {3, charge},
});

constexpr unsigned total_weight() {
  unsigned sum = 0;
  for (auto const& row : kWeights) sum += row.share;
  return sum;
}

Happening choose(Random& random) {
  auto at = random.below(total_weight());
  for (auto const& row : kWeights) {
    if (at < row.share) return row.happening;
    at -= row.share;
  }
  return kWeights.front().happening;
}

Result<Table> open_table(std::string const& name) {
  auto const path = "simulate/" + name + ".tsv";
  return Table::parse(TRY(embedded_data(path)), "data/" + path);
}

}  // namespace

Result<Tables> Tables::open() {
  return Tables{
      TRY(open_table("person_names")), TRY(open_table("addresses")),  TRY(open_table("locations")),
      TRY(open_table("staff")),        TRY(open_table("laboratory")), TRY(open_table("diagnoses")),
      TRY(open_table("vaccines")),     TRY(open_table("drugs")),      TRY(open_table("documents"))};
}

struct Hospital::State : World {
  using World::World;
};

Hospital::Hospital(std::unique_ptr<State> state) : state_(std::move(state)) {}
Hospital::Hospital(Hospital&&) noexcept = default;
Hospital& Hospital::operator=(Hospital&&) noexcept = default;
Hospital::~Hospital() = default;

Result<Hospital> Hospital::open(Options options) {
  return Hospital(std::make_unique<State>(options, TRY(Tables::open())));
}

Message Hospital::next() {
  for (;;) {
    auto message = choose(state_->random)(*state_);
    if (!message.er7.empty()) return message;
  }
}

}  // namespace sinew::simulate
