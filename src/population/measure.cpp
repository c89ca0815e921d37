#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/severity.h"
#include "population/coverage.h"
#include "population/subject.h"
#include "validate/validator.h"

namespace sinew::population {
namespace {

constexpr std::size_t kPageCount = 500;
constexpr std::size_t kCausesMax = 100'000;  ///< messages whose kind is remembered

/// Which kind of message made a version.
class Causes {
 public:
  explicit Causes(store::Store& store) : store_(store) {}

  Source source_of(store::JournalId cause) {
    if (cause == 0) return Source::native;
    auto const known = kinds_.find(cause);
    if (known != kinds_.end()) return known->second;
    if (kinds_.size() >= kCausesMax) kinds_.clear();
    auto const record = store_.journal_record(cause);
    // A document is XML; all else that the journal takes is HL7 v2.
    bool const is_document = record && record->entry.bytes.starts_with('<');
    return kinds_[cause] = is_document ? Source::ccda : Source::v2;
  }

 private:
  store::Store& store_;
  std::unordered_map<store::JournalId, Source> kinds_;
};

class Measurement {
 public:
  Measurement(store::Store& store, ElementTable const& table, Clock& clock,
              CoverageOptions const& options)
      : store_(store),
        table_(table),
        options_(options),
        now_(clock.now()),
        resolver_(store),
        causes_(store),
        with_value_(table.elements.size()) {
    fhirpath::Environment environment;
    environment.services = &resolver_;
    evaluator_ = fhirpath::Evaluator(environment);
    coverage_.standard = "USCDI v3";
    coverage_.made = now_;
    for (auto const& element : table.elements) coverage_.elements.emplace_back().element = element;
    for (auto const& row : table.rows) {
      auto& profiles = coverage_.elements[row.element].profiles;
      if (std::ranges::find(profiles, row.profile) == profiles.end())
        profiles.push_back(row.profile);
    }
  }

  Result<Coverage> run() {
    std::set<fhir::TypeId> types;
    for (auto const& row : table_.rows) types.insert(row.type);
    for (auto const& [type, number] : TRY(store_.counts())) {
      if (type == "Patient") coverage_.patients = number;
      if (types.contains(fhir::find_type(type))) total_ += number;
    }
    for (auto const type : types) TRY(read_type(type));
    for (std::size_t i = 0; i < with_value_.size(); ++i) {
      coverage_.elements[i].patients =
          static_cast<std::uint64_t>(std::ranges::count(with_value_[i], true));
    }
    return std::move(coverage_);
  }

 private:
  Result<> read_type(fhir::TypeId type) {
    std::vector<ElementRow const*> rows;
    for (auto const& row : table_.rows) {
      if (row.type == type) rows.push_back(&row);
    }
    store::Query query;
    query.type = fhir::type(type).name.view();
    query.count = kPageCount;
    query.want_total = false;
    do {
      auto const page = TRY(store_.search(query));
      for (auto const& resource : page.matches) TRY(take(resource, rows));
      query.cursor = page.next;
      if (options_.progress && !options_.progress(coverage_.resources, total_)) {
        return fail(ErrorCode::unavailable, "the report was broken off");
      }
    } while (!query.cursor.empty());
    return {};
  }

  Result<> take(store::Resource const& resource, std::vector<ElementRow const*> const& rows) {
    ++coverage_.resources;
    auto const document = TRY(json::Document::parse(resource.body));
    resolver_.trim();
    auto const root = document.root();
    std::map<std::string_view, bool> conforms;                   // by profile
    std::set<std::pair<std::size_t, std::string_view>> counted;  // element and profile
    for (auto const* const row : rows) {
      if (!passes(row->filters, root)) continue;
      auto const values = evaluator_.evaluate(row->path, root);
      if (!values || values->empty()) continue;
      auto& element = coverage_.elements[row->element];
      element.values += values->size();
      element.by_source[static_cast<std::size_t>(causes_.source_of(resource.cause))] +=
          values->size();
      mark_patient(row->element, root);
      if (!counted.emplace(row->element, row->profile).second) continue;
      ++element.resources;
      count_conformance(element, row->profile, document, conforms);
    }
    return {};
  }

  void mark_patient(std::size_t element, json::Value root) {
    auto id = patient_of(root, resolver_);
    if (id.empty()) return;
    auto const number = patients_.emplace(std::move(id), patients_.size()).first->second;
    auto& marks = with_value_[element];
    if (marks.size() <= number) marks.resize(number + 1);
    marks[number] = true;
  }

  void count_conformance(ElementCoverage& element, std::string const& profile,
                         json::Document const& document, std::map<std::string_view, bool>& known) {
    if (options_.library == nullptr || options_.library->profile(profile) == nullptr) return;
    auto found = known.find(profile);
    if (found == known.end()) {
      validate::ValidatorOptions asked;
      asked.profiles = {profile};
      asked.has_positions = false;
      asked.now = now_;
      bool const is_right = !has_error(validate::validate(document, *options_.library, asked));
      found = known.emplace(profile, is_right).first;
    }
    ++element.checked;
    if (found->second) ++element.conforming;
  }

  store::Store& store_;
  ElementTable const& table_;
  CoverageOptions const& options_;
  Instant const now_;
  Resolver resolver_;
  Causes causes_;
  fhirpath::Evaluator evaluator_;
  std::unordered_map<std::string, std::size_t> patients_;  ///< a number for each
  std::vector<std::vector<bool>> with_value_;              ///< by element, then by that number
  std::uint64_t total_ = 0;
  Coverage coverage_;
};

}  // namespace

std::string_view name_of(Source source) {
  switch (source) {
    case Source::v2:
      return "v2";
    case Source::ccda:
      return "ccda";
    case Source::native:
      break;
  }
  return "native";
}

Result<Coverage> measure_coverage(store::Store& store, ElementTable const& table, Clock& clock,
                                  CoverageOptions const& options) {
  return Measurement(store, table, clock, options).run();
}

}  // namespace sinew::population
