#include "api/operations/everything.h"

#include <algorithm>
#include <map>
#include <unordered_set>
#include <utility>

#include "api/operations/care_time.h"
#include "api/operations/references.h"
#include "fhir/search_compartment.h"
#include "json/json.h"

namespace sinew::rest {
namespace {

/// Read from the store at once: bodies of more would only lie about.
constexpr std::size_t kChunk = 4000;
/// A page is full with this many bytes, whatever its count, at the next chunk.
constexpr std::size_t kPageBytesMax = std::size_t{64} << 20;
/// Steps from the record to what it refers to: request, practitioner role, practitioner,
/// organization, the organization that one is part of.
constexpr int kHopsMax = 5;

constexpr std::string_view kPatient = "Patient";

bool is_of_patients(std::string_view type) {
  return !fhir::compartment_parameters(kPatient, type).empty();
}

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
using TextSet = std::unordered_set<std::string, TextHash, std::equal_to<>>;

}  // namespace

class EverythingReader::Implementation {
 public:
  Implementation(store::Store& store, EverythingQuestion question)
      : store_(store), question_(std::move(question)), focus_key_(question_.focus()) {}

  Result<> begin(EverythingMark const* after, Instant now) {
    // The first page of what is now needs no way back.
    if (after) then_ = Instant{after->instant};
    if (question_.as_of) then_ = question_.as_of;
    focus_ = TRY(read_one(question_.type, question_.id));
    mark_ = after ? *after : EverythingMark{.instant = now.ms};
    auto const own = fhir::compartment_parameters(question_.type, question_.type);
    is_counted_ = std::ranges::find(own, "{def}") != own.end();
    is_first_ = after == nullptr;
    // What leaves nothing out sees the whole record on the way.
    gathers_ = is_first_ && question_.types.empty() && !question_.since;
    // The focus comes first: what it names counts as named by it.
    mentioned_.insert(focus_key_);
    mention_all(focus_.body, true);
    return {};
  }

  Result<EverythingPage> next(std::size_t count) {
    page_ = {};
    count_ = count;
    bytes_ = 0;
    if (std::exchange(is_first_, false)) {
      add_focus();
    } else if (!then_) {
      then_ = Instant{mark_.instant};
    }
    if (mark_.part == EverythingMark::Part::members) TRY(read_members());
    if (mark_.part == EverythingMark::Part::others && wants_others()) TRY(read_others());
    return std::move(page_);
  }

 private:
  [[nodiscard]] std::size_t left() const {
    auto const taken = page_.members.size() + page_.others.size();
    return taken >= count_ ? 0 : count_ - taken;
  }

  [[nodiscard]] bool wants(std::string_view type) const {
    return question_.types.empty() ||
           std::ranges::find(question_.types, type) != question_.types.end();
  }

  [[nodiscard]] bool is_new(store::Resource const& resource) const {
    return !question_.since || resource.updated > *question_.since;
  }

  [[nodiscard]] Result<store::Resource> read_one(std::string_view type, std::string_view id) const {
    return then_ ? store_.read_as_of(type, id, *then_) : store_.read(type, id);
  }

  void take(std::vector<store::Resource>& into, store::Resource resource) {
    bytes_ += resource.body.size();
    into.push_back(std::move(resource));
  }

  [[nodiscard]] bool shows_focus() const { return wants(question_.type) && is_new(focus_); }

  void add_focus() {
    if (shows_focus()) take(page_.members, focus_);
  }

  /// The record itself: of the types and since the instant that are asked for, or all of it.
  [[nodiscard]] store::Query record(bool is_whole) const {
    store::Query query;
    // The store's own cursors know the snapshot of pages.
    query.as_of = is_whole ? then_ : question_.as_of;
    for (auto const type : fhir::compartment_types(question_.type)) {
      if (is_whole || wants(type)) query.types.emplace_back(type);
    }
    store::Criterion member;
    member.parameter = store::kCompartmentParameter;
    member.values = {focus_key_};
    query.criteria.push_back(std::move(member));
    if (question_.since && !is_whole) {
      store::Criterion since;
      since.parameter = "_lastUpdated";
      since.values = {"gt" + to_string(*question_.since)};
      query.criteria.push_back(std::move(since));
    }
    return query;
  }

  /// Care that falls into the time asked for; what does not say when is never left out.
  [[nodiscard]] Result<bool> is_in_time(store::Resource const& resource) const {
    if (!question_.has_dates()) return true;
    auto const document = TRY(json::Document::parse(resource.body));
    auto const time = care_time(document.root());
    if (!time) return true;
    return time->before > question_.from.value_or(INT64_MIN) &&
           time->low < question_.before.value_or(INT64_MAX);
  }

  /// How many to ask the store for. The first answer fixes the snapshot: where not all of it may be
  /// shown it has to be one, after which there is a cursor to come back to.
  [[nodiscard]] std::size_t chunk() const {
    if (!question_.has_dates()) return std::min(left(), kChunk);
    return mark_.cursor.empty() ? 1 : kChunk;
  }

  Result<> read_members() {
    auto query = record(false);
    bool is_done = query.types.empty();
    while (!is_done) {
      if (left() == 0 || bytes_ >= kPageBytesMax) return stop();
      if (!found_) {
        query.cursor = mark_.cursor;
        query.count = chunk();
        query.want_total = !question_.has_dates();
        found_ = TRY(store_.search(query));
      }
      page_.total = found_->total;
      if (page_.total && !is_counted_ && shows_focus()) ++*page_.total;
      for (; mark_.skip < found_->matches.size(); ++mark_.skip) {
        if (left() == 0) return stop();
        TRY(take_member(std::move(found_->matches[mark_.skip])));
      }
      is_done = found_->next.empty();
      mark_.cursor = std::move(found_->next);
      mark_.skip = 0;
      found_.reset();
    }
    mark_.part = EverythingMark::Part::others;
    return {};
  }

  Result<> take_member(store::Resource member) {
    bool const is_focus = member.type == question_.type && member.id == question_.id;
    if (is_focus) return {};
    bool const is_shown = TRY(is_in_time(member));
    if (gathers_) gather(member, is_shown);
    if (is_shown) take(page_.members, std::move(member));
    return {};
  }

  Result<> stop() {
    page_.next = mark_;
    return {};
  }

  [[nodiscard]] bool wants_others() const {
    // Encounters refer to what patients have; a patient's record holds all of that itself.
    return question_.types.empty() ||
           std::ranges::any_of(question_.types, [&](std::string const& type) {
             return type == kPatient || question_.type != kPatient || !is_of_patients(type);
           });
  }

  /// Another resource on the way to being shown.
  struct Mention {
    std::string key, type, id;
    bool is_by_focus = false;
  };

  /// OPTIMIZATION: a record repeats few references often, so that a text is read once.
  void mention_all(std::string_view body, bool is_focus) {
    each_reference_text(body, [&](std::string_view text) {
      if (texts_.find(text) != texts_.end()) return;
      texts_.emplace(text);
      auto const reference = local_reference(text, question_.base);
      if (!reference) return;
      auto key = reference->key();
      if (!mentioned_.insert(key).second) return;
      mentions_.push_back(
          {std::move(key), std::string(reference->type), std::string(reference->id), is_focus});
    });
  }

  void gather(store::Resource const& member, bool is_in_time) {
    if (is_in_time) mention_all(member.body, false);
    key_.assign(member.type).append(1, '/').append(member.id);
    members_.insert(key_);
  }

  /// Every reference of the record. Those to members do not count: they are shown as such.
  Result<std::vector<Mention>> mentions_of_record() {
    if (!gathers_) {
      auto query = record(true);
      query.count = kChunk;
      query.want_total = false;
      do {
        auto found = TRY(store_.search(query));
        for (auto const& member : found.matches) gather(member, TRY(is_in_time(member)));
        query.cursor = std::move(found.next);
      } while (!query.cursor.empty());
    }
    std::erase_if(mentions_,
                  [&](Mention const& mention) { return members_.contains(mention.key); });
    return std::exchange(mentions_, {});
  }

  /// Whose record it is: what belongs to other patients is not shown with it.
  [[nodiscard]] std::string patient() const {
    if (question_.type == kPatient) return focus_key_;
    auto const document = json::Document::parse(focus_.body);
    if (!document) return {};
    auto const subject = document->root()["subject"]["reference"].text();
    auto const reference = local_reference(subject, question_.base);
    return reference ? reference->key() : std::string();
  }

  /// Practitioners, organizations, places and things are nobody's. A patient is shown when the
  /// focus itself names it; what else patients have, when it names the patient of the record.
  [[nodiscard]] bool may_show(Mention const& mention, store::Resource const& resource, int hop,
                              std::string_view patient) const {
    if (!is_of_patients(mention.type)) return true;
    if (mention.type == kPatient) return mention.is_by_focus;
    if (hop > 0 || patient.empty()) return false;
    bool names_patient = false;
    each_reference(resource.body, question_.base, [&](LocalReference reference) {
      names_patient = names_patient || reference.key() == patient;
    });
    return names_patient;
  }

  /// What the record refers to, by its key.
  Result<std::map<std::string, store::Resource>> find_others() {
    std::map<std::string, store::Resource> found;
    auto mentions = TRY(mentions_of_record());
    auto const whose = patient();
    for (int hop = 0; hop < kHopsMax && !mentions.empty(); ++hop) {
      for (auto const& mention : mentions) {
        auto resource = read_one(mention.type, mention.id);
        if (!resource) {
          auto const code = resource.error().code;
          if (code == ErrorCode::not_found || code == ErrorCode::gone) continue;
          return std::move(resource).failure();
        }
        if (!may_show(mention, *resource, hop, whose)) continue;
        if (!is_of_patients(mention.type)) mention_all(resource->body, false);
        if (wants(mention.type) && is_new(*resource)) {
          found.emplace(mention.key, *std::move(resource));
        }
      }
      mentions = std::exchange(mentions_, {});
    }
    return found;
  }

  Result<> read_others() {
    if (!others_) others_ = TRY(find_others());
    for (auto at = others_->upper_bound(mark_.last); at != others_->end(); ++at) {
      if (left() == 0 || bytes_ >= kPageBytesMax) return stop();
      mark_.last = at->first;
      take(page_.others, std::move(at->second));
    }
    return {};
  }

  store::Store& store_;
  EverythingQuestion const question_;
  std::string focus_key_;
  store::Resource focus_;
  bool is_counted_ = false;      ///< the focus is in its own compartment, as R4 defines it
  std::optional<Instant> then_;  ///< what is read by name is read as of this instant
  EverythingMark mark_;
  std::optional<store::SearchPage> found_;  ///< that is being shown
  EverythingPage page_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  bool is_first_ = false;
  bool gathers_ = false;  ///< the whole record passes by here
  TextSet members_;       ///< that passed by
  TextSet texts_;         ///< references as they were written
  TextSet mentioned_;     ///< what they name
  std::vector<Mention> mentions_;
  std::optional<std::map<std::string, store::Resource>> others_;
  std::string key_;
};

EverythingReader::EverythingReader(store::Store& store, EverythingQuestion question)
    : implementation_(std::make_unique<Implementation>(store, std::move(question))) {}
EverythingReader::EverythingReader(EverythingReader&&) noexcept = default;
EverythingReader::~EverythingReader() = default;

Result<> EverythingReader::begin(EverythingMark const* after, Instant now) {
  return implementation_->begin(after, now);
}

Result<EverythingPage> EverythingReader::next(std::size_t count) {
  return implementation_->next(count);
}

}  // namespace sinew::rest
