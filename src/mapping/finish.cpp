#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "mapping/mapper.h"
#include "mapping/merge.h"

namespace sinew::mapping {
namespace {

/// Mentions of one resource that are merged; more are refused.
constexpr std::size_t kMentionsMax = 256;

struct RefusalText {
  Refusal why;
  std::string_view text;
};
constexpr RefusalText kRefusalTexts[] = {
    {Refusal::not_legal, "no legal value of the element"},
    {Refusal::no_code, "the code is in no map or value set of the element"},
    {Refusal::incomplete, "an element that FHIR requires beside it is missing"},
    {Refusal::other_value, "an earlier mention of the resource has another value"},
};
constexpr std::string_view kNullReason = "HL7 null: nothing to keep";

constexpr std::string_view reason_of(Refusal why) {
  for (auto const& row : kRefusalTexts) {
    if (row.why == why) return row.text;
  }
  return {};
}

std::size_t first_visible(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() &&
         (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n')) {
    ++at;
  }
  return at;
}

MergeRange const* find_range(std::vector<MergeRange> const& ranges, LogEntry const& entry,
                             std::uint32_t base) {
  for (auto const& range : ranges) {
    if (entry.out_begin >= base + range.begin && entry.out_end <= base + range.end) return &range;
  }
  return nullptr;
}

}  // namespace

/// Makes one resource of those with one identity, and gives the resources to the caller.
void Mapper::merge_equal() {
  auto& table = work_.table;
  auto const count = static_cast<std::uint32_t>(work_.written.size());
  table.resize(count);
  for (std::uint32_t i = 0; i < count; ++i) table[i] = i;
  auto const key = [&](std::uint32_t i) {
    auto const& written = work_.written[i];
    return std::tuple(std::string_view(written.id.data(), written.id.size()), written.type, i);
  };
  std::ranges::sort(table, {}, key);
  auto const same = [&](std::uint32_t a, std::uint32_t b) {
    return work_.written[a].id == work_.written[b].id &&
           work_.written[a].type == work_.written[b].type;
  };
  if (std::ranges::adjacent_find(table, same) == table.end()) {
    out_.json.swap(work_.json);
    for (auto& written : work_.written) give(written);
    return;
  }
  // Mentions follow one another in `table`, the first one leading; `next` chains them.
  std::vector<std::uint32_t> next(count, kNone);
  std::vector<bool> is_later(count);
  for (std::uint32_t i = 1; i < count; ++i) {
    if (!same(table[i - 1], table[i])) continue;
    next[table[i - 1]] = table[i];
    is_later[table[i]] = true;
  }
  std::vector<LogEntry> log;
  out_.json.clear();
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!is_later[i]) merge_mentions(i, next, log);
  }
  work_.log.swap(log);
}

/// Adds to `mention` what a later mention of the same resource has more.
void Mapper::merge_mention(Mention& mention, Written const& later, bool may_merge) {
  auto const text = std::string_view(work_.json).substr(later.begin, later.end - later.begin);
  bool const is_equal = mention.text == text;
  MergeTrace trace;
  if (!is_equal && may_merge) {
    std::string merged;
    merge_resources(mention.text, text, later.type, merged, trace);
    for (auto& entry : mention.entries) {
      auto const* const range = find_range(trace.first, entry, 0);
      auto const shift = range == nullptr ? 0 : range->out - range->begin;
      if (range == nullptr) entry.out_end = entry.out_begin;
      entry.out_begin += shift;
      entry.out_end += shift;
    }
    mention.text.swap(merged);
  }
  for (auto i = later.log_begin; i < later.log_end; ++i) {
    auto entry = work_.log[i];
    auto const* const range = find_range(trace.second, entry, later.begin);
    auto const value =
        std::string_view(work_.json).substr(entry.out_begin, entry.out_end - entry.out_begin);
    if (range != nullptr && !value.empty()) {
      auto const shift = range->out - (later.begin + range->begin);
      entry.out_begin += shift;
      entry.out_end += shift;
    } else if (is_equal || value.empty() || mention.text.find(value) != std::string::npos) {
      entry.out_end = entry.out_begin = 0;  // it is there already, from the first mention
    } else {
      if (entry.source_end > entry.source_begin) {
        work_.refusals.push_back(
            {entry.source_begin, entry.source_end, entry.info, Refusal::other_value});
      }
      continue;
    }
    mention.entries.push_back(entry);
  }
}

/// Appends the resource that begins the chain `first`, with what later mentions add.
void Mapper::merge_mentions(std::uint32_t first, std::vector<std::uint32_t> const& next,
                            std::vector<LogEntry>& log) {
  auto& leading = work_.written[first];
  Mention mention;
  mention.text = work_.json.substr(leading.begin, leading.end - leading.begin);
  for (auto i = leading.log_begin; i < leading.log_end; ++i) {
    auto entry = work_.log[i];
    if (entry.out_end > entry.out_begin) {
      entry.out_begin -= leading.begin;
      entry.out_end -= leading.begin;
    }
    mention.entries.push_back(entry);
  }
  std::size_t mentions = 0;
  for (auto at = next[first]; at != kNone; at = next[at]) {
    merge_mention(mention, work_.written[at], ++mentions < kMentionsMax);
  }
  auto const begin = static_cast<std::uint32_t>(out_.json.size());
  out_.json += mention.text;
  for (auto entry : mention.entries) {
    if (entry.out_end > entry.out_begin) {
      entry.out_begin += begin;
      entry.out_end += begin;
    }
    log.push_back(entry);
  }
  leading.begin = begin;
  leading.end = static_cast<std::uint32_t>(out_.json.size());
  give(leading);
}

void Mapper::give(Written& written) {
  MappedResource resource;
  resource.type = fhir::type(written.type).name.view();
  resource.id.assign(written.id.data(), written.id.size());
  resource.verb = written.verb;
  resource.begin = written.begin;
  resource.end = written.end;
  resource.clear = std::move(written.clear);
  out_.resources.push_back(std::move(resource));
}

void Mapper::export_leaves() {
  if (!options_.provenance) return;
  out_.leaves.resize(work_.log.size());
  auto* to = out_.leaves.data();
  for (auto const& entry : work_.log) {
    if (entry.out_end == entry.out_begin) continue;
    *to++ = {entry.out_begin, entry.out_end, entry.source_begin, entry.source_end, entry.info};
  }
  out_.leaves.resize(static_cast<std::size_t>(to - out_.leaves.data()));
}

/// Marks every byte of the message with what became of it, the best fate last.
void Mapper::mark_bytes() {
  auto const size = message_.bytes().size();
  work_.marks.assign(size, kUntouched);
  if (options_.ledger) work_.mark_index.assign(size, kNone);
  auto const mark = [&](std::uint32_t begin, std::uint32_t end, Mark kind, std::size_t index) {
    if (end <= begin || end > size) return;
    std::memset(work_.marks.data() + begin, kind, end - begin);
    if (!options_.ledger) return;
    std::fill(work_.mark_index.begin() + begin, work_.mark_index.begin() + end,
              static_cast<std::uint32_t>(index));
  };
  for (std::size_t i = 0; i < work_.refusals.size(); ++i) {
    mark(work_.refusals[i].source_begin, work_.refusals[i].source_end, kRefused, i);
  }
  for (std::size_t i = 0; i < work_.ignored.size(); ++i) {
    mark(work_.ignored[i].source_begin, work_.ignored[i].source_end, kIgnored, i);
  }
  for (std::size_t i = 0; i < work_.log.size(); ++i) {
    mark(work_.log[i].source_begin, work_.log[i].source_end, kMapped, i);
  }
  for (auto const& same : work_.same) {
    auto const bytes = same.end - same.begin;
    if (same.end > size || same.other_begin + bytes > size) continue;
    for (std::uint32_t i = 0; i < bytes; ++i) {
      if (work_.marks[same.begin + i] == kMapped) continue;
      work_.marks[same.begin + i] = work_.marks[same.other_begin + i];
      if (!options_.ledger) continue;
      work_.mark_index[same.begin + i] = work_.mark_index[same.other_begin + i];
    }
  }
}

IgnoreRow const* Mapper::find_ignore(std::vector<IgnoreRow> const* rows,
                                     LedgerEntry const& entry) const {
  if (rows == nullptr) return nullptr;
  for (auto const& row : *rows) {
    auto const& source = row.source;
    bool const fits =
        source.field == 0 || (source.field == entry.field &&
                              (source.repetition == 0 || source.repetition == entry.repetition) &&
                              (source.parts[0] == 0 || source.parts[0] == entry.component) &&
                              (source.parts[1] == 0 || source.parts[1] == entry.subcomponent));
    if (fits) return &row;
  }
  return nullptr;
}

/// Decides the fate of one atom. `entry` says where it is.
void Mapper::count_atom(LedgerEntry& entry, std::vector<IgnoreRow> const* ignores) {
  auto const raw = message_.bytes().substr(entry.begin, entry.end - entry.begin);
  auto const index = options_.ledger ? work_.mark_index[entry.begin] : kNone;
  entry.rule = kNoRule;
  entry.reason = {};
  entry.fate = Fate::unmapped;
  switch (work_.marks[entry.begin]) {
    case kMapped:
      entry.fate = Fate::mapped;
      if (index != kNone) entry.rule = work_.log[index].info;
      break;
    case kIgnored:
      entry.fate = Fate::ignored;
      if (index != kNone) entry.rule = work_.ignored[index].info;
      if (index != kNone) entry.reason = program_.notes[entry.rule];
      break;
    default:
      if (auto const* const row = find_ignore(ignores, entry)) {
        entry.fate = Fate::ignored;
        entry.rule = row->info;
        entry.reason = row->note;
      } else if (hl7v2::is_null(raw)) {
        entry.fate = Fate::ignored;
        entry.reason = kNullReason;
      } else if (work_.marks[entry.begin] == kRefused && index != kNone) {
        entry.rule = work_.refusals[index].info;
        entry.reason = reason_of(work_.refusals[index].why);
      }
      break;
  }
  switch (entry.fate) {
    case Fate::mapped:
      ++out_.mapped;
      break;
    case Fate::ignored:
      ++out_.ignored;
      break;
    case Fate::unmapped:
      ++out_.unmapped;
      break;
  }
  if (options_.ledger) out_.ledger.push_back(entry);
}

/// Every non-empty subcomponent of one field and its fate.
void Mapper::count_field(std::uint32_t segment, std::uint16_t number, Cuts const& cuts,
                         std::vector<IgnoreRow> const* ignores) {
  auto const field = message_.field(segment, number);
  if (field.empty()) return;
  LedgerEntry entry{};
  entry.segment = segment;
  entry.field = number;
  entry.repetition = entry.component = entry.subcomponent = 1;
  auto const* const end = field.data() + field.size();
  for (auto const* at = field.data();; ++at) {
    auto const* const begin = at;
    while (at != end && !cuts[static_cast<unsigned char>(*at)]) ++at;
    auto const lead = first_visible({begin, at});
    if (begin + lead != at) {
      entry.begin = static_cast<std::uint32_t>(begin + lead - base_);
      entry.end = static_cast<std::uint32_t>(at - base_);
      // OPTIMIZATION: what is mapped needs no reason, and nearly all is mapped.
      if (work_.marks[entry.begin] == kMapped && !options_.ledger) {
        ++out_.mapped;
      } else {
        count_atom(entry, ignores);
      }
    }
    if (at == end) return;
    if (*at == delimiters_.repetition) {
      ++entry.repetition;
      entry.component = entry.subcomponent = 1;
    } else if (*at == delimiters_.component) {
      ++entry.component;
      entry.subcomponent = 1;
    } else {
      ++entry.subcomponent;
    }
  }
}

/// Every non-empty subcomponent of the message and its fate.
void Mapper::count_atoms() {
  mark_bytes();
  Cuts cuts{};
  for (char const c : {delimiters_.repetition, delimiters_.component, delimiters_.subcomponent}) {
    cuts[static_cast<unsigned char>(c)] = true;
  }
  for (std::uint32_t s = 0; s < message_.segment_count(); ++s) {
    auto const id = message_.segment_id(s);
    auto const found = program_.ignores.find(id);
    auto const* const ignores = found == program_.ignores.end() ? nullptr : &found->second;
    // MSH-1 and MSH-2 say how to read the message; they are no data.
    std::size_t const first_field = id == "MSH" ? 3 : 1;
    auto const fields = message_.field_count(s);
    for (auto number = first_field; number <= fields; ++number) {
      count_field(s, static_cast<std::uint16_t>(number), cuts, ignores);
    }
  }
}

}  // namespace sinew::mapping
