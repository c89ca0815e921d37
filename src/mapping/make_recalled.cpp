#include <cstring>

#include "mapping/mapper_inline.h"

// Resources made of a value (a doctor, a ward, a laboratory) are written from memory when an equal
// value of the same sender made them in an earlier message.
namespace sinew::mapping {
namespace {

constexpr std::uint32_t kMakeElements = 0x80000000;

/// What is kept of a made resource, and of those made of its parts, before their JSON.
struct KeptResource {
  fhir::TypeId type;
  Verb verb;
  UuidText id;
  std::uint32_t json_begin, json_end, log_begin, log_end;  ///< relative to the first
};
struct KeptMade {
  Index make;
  std::uint32_t raw_begin, raw_size;  ///< in the value
  std::uint32_t written;              ///< relative to the first
};
struct KeptHead {
  std::uint32_t resources, made;
};

template <class T>
T take(std::string_view& bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof(T));
  bytes.remove_prefix(sizeof(T));
  return value;
}

template <class T>
void put(std::string& bytes, T const& value) {
  bytes.append(reinterpret_cast<char const*>(&value), sizeof(T));
}

}  // namespace

Mapper::MakeStart Mapper::begin_making() const {
  return {work_.written.size(), work_.json.size(), work_.log.size(), work_.made.size(),
          repeats_made_,        decisions_,        nulls_noted_,     record_marks()};
}

/// The value, the repetitions that paths of its rows may mean, and the fields they read.
bool Mapper::make_key(Index make, Found const& found, Context const& context,
                      RecallKey& key) const {
  auto const element = kMakeElements | make;
  auto* const to = key.bytes.data();
  std::memcpy(to, &element, sizeof(element));
  std::memcpy(to + sizeof(element), &make_context_, sizeof(make_context_));
  key.size = sizeof(element) + sizeof(make_context_);
  to[key.size++] = static_cast<char>(found.level);
  key.piece_count = 0;
  if (!append_piece(found.raw, key)) return false;
  auto const& plan = program_.makes[make].recall;
  if (plan.dependency_count == 0) return true;
  for (auto const* binding = context.binding; binding != nullptr; binding = binding->outer) {
    if (!append_piece(binding->value, key)) return false;
  }
  for (Index d = 0; d < plan.dependency_count; ++d) {
    auto const& dependency = program_.dependencies[plan.first_dependency + d];
    if (!append_dependency(dependency, context.segment, key)) return false;
  }
  return true;
}

std::optional<UuidText> Mapper::recall_made(Index make, Found const& found,
                                            Context const& context) {
  RecallKey key;
  if (!make_key(make, found, context, key)) return std::nullopt;
  auto const fragment = work_.recall.find(key.text());
  if (!fragment) return std::nullopt;
  auto bytes = fragment->json;
  auto const head = take<KeptHead>(bytes);
  if (depth_ + head.resources > kMakeDepthMax) return std::nullopt;
  auto resources = bytes.substr(0, head.resources * sizeof(KeptResource));
  auto made = bytes.substr(resources.size(), head.made * sizeof(KeptMade));
  bytes.remove_prefix(resources.size() + made.size());
  // A part of it that this message has made already is not made twice.
  for (auto rest = made; !rest.empty();) {
    auto const one = take<KeptMade>(rest);
    auto const raw = found.raw.substr(one.raw_begin, one.raw_size);
    for (auto const& other : work_.made) {
      if (other.make == one.make && other.raw == raw) return std::nullopt;
    }
  }
  auto const first = static_cast<std::uint32_t>(work_.written.size());
  auto const json_begin = static_cast<std::uint32_t>(work_.json.size());
  auto const log_begin = static_cast<std::uint32_t>(work_.log.size());
  work_.json += bytes;
  repeat_marks(*fragment, key, json_begin, work_.log);
  UuidText id{};
  while (!resources.empty()) {
    auto const kept = take<KeptResource>(resources);
    work_.written.push_back({kept.type,
                             kept.verb,
                             kept.id,
                             json_begin + kept.json_begin,
                             json_begin + kept.json_end,
                             log_begin + kept.log_begin,
                             log_begin + kept.log_end,
                             {}});
    id = kept.id;  // the last one holds the others
  }
  while (!made.empty()) {
    auto const one = take<KeptMade>(made);
    work_.made.push_back({one.make, found.raw.substr(one.raw_begin, one.raw_size),
                          first + one.written, work_.written[first + one.written].id});
  }
  return id;
}

void Mapper::learn_made(Index make, Found const& found, Context const& context,
                        MakeStart const& start) {
  bool const holds_more = repeats_made_ != start.repeats || decisions_ != start.decisions ||
                          nulls_noted_ != start.nulls || full_;
  RecallKey key;
  if (holds_more || !make_key(make, found, context, key)) return;
  auto const json_begin = static_cast<std::uint32_t>(start.json);
  auto const log_begin = static_cast<std::uint32_t>(start.log);
  if (!gather_marks(key, std::span(work_.log).subspan(start.log), json_begin, start.records)) {
    return;
  }
  std::string bytes;
  put(bytes, KeptHead{static_cast<std::uint32_t>(work_.written.size() - start.written),
                      static_cast<std::uint32_t>(work_.made.size() - start.made)});
  for (auto i = start.written; i < work_.written.size(); ++i) {
    auto const& one = work_.written[i];
    if (!one.clear.empty()) return;
    put(bytes,
        KeptResource{one.type, one.verb, one.id, one.begin - json_begin, one.end - json_begin,
                     one.log_begin - log_begin, one.log_end - log_begin});
  }
  for (auto i = start.made; i < work_.made.size(); ++i) {
    auto const& one = work_.made[i];
    // A part that stands elsewhere in the message cannot be told by its place in the value.
    if (one.raw.data() < found.raw.data() ||
        one.raw.data() + one.raw.size() > found.raw.data() + found.raw.size()) {
      return;
    }
    auto const raw_begin = static_cast<std::uint32_t>(one.raw.data() - found.raw.data());
    put(bytes, KeptMade{one.make, raw_begin, static_cast<std::uint32_t>(one.raw.size()),
                        static_cast<std::uint32_t>(one.written - start.written)});
  }
  bytes.append(work_.json, start.json);
  work_.recall.learn(key.text(), 0, bytes, work_.kept.view());
}

}  // namespace sinew::mapping
