#include "engine/arrival.h"

#include "base/hash.h"

namespace sinew::engine {
namespace {

/// Where patients are named. Both fields are CX and repeat.
/// Source: HL7 v2.5.1 §3.4.2.3 (PID-3), §3.4.9.1 (MRG-1).
struct PatientField {
  std::string_view segment;
  std::size_t field;
};
constexpr PatientField kPatientFields[] = {{"PID", 3}, {"MRG", 1}};

/// Keeps lanes and patients apart.
constexpr std::uint64_t kLaneSeed = 1;
constexpr std::uint64_t kPatientSeed = 2;

void add_patients(std::vector<std::uint64_t>& keys, hl7v2::Delimiters const& delimiters,
                  std::string_view field) {
  auto const count = hl7v2::part_count(field, delimiters.repetition);
  for (std::size_t i = 0; i < count && keys.size() < kOrderKeysMax; ++i) {
    auto const id = hl7v2::part(field, delimiters.repetition, i);
    auto const number = hl7v2::part(id, delimiters.component, 0);
    if (number.empty()) continue;
    // Without the authority: two senders that write it differently mean the same patient more
    // often than two patients have the same number. A key too many costs a little parallelism.
    keys.push_back(hash64(number, kPatientSeed));
  }
}

}  // namespace

store::JournalEntry describe(std::string_view feed, std::uint64_t lane, std::string_view bytes) {
  store::JournalEntry entry;
  entry.feed = feed;
  entry.lane = lane;
  auto const message = hl7v2::parse_message(bytes);
  if (!message) return entry;
  auto const& delimiters = message->delimiters();
  auto const type = message->first("MSH", 9);
  entry.type = hl7v2::part(type, delimiters.component, 0);
  if (auto const event = hl7v2::part(type, delimiters.component, 1); !event.empty()) {
    entry.type += '^';
    entry.type += event;
  }
  entry.control_id = message->first("MSH", 10);
  entry.sender = message->first("MSH", 3);
  entry.sender += '|';
  entry.sender += message->first("MSH", 4);
  return entry;
}

std::vector<std::uint64_t> order_keys(std::uint64_t lane, std::string_view bytes) {
  std::vector<std::uint64_t> keys{
      hash64({reinterpret_cast<char const*>(&lane), sizeof lane}, kLaneSeed)};
  auto const message = hl7v2::parse_message(bytes);
  if (!message) return keys;
  for (std::size_t segment = 0; segment < message->segment_count(); ++segment) {
    for (auto const& [id, field] : kPatientFields) {
      if (message->segment_id(segment) != id) continue;
      add_patients(keys, message->delimiters(), message->field(segment, field));
    }
  }
  return keys;
}

}  // namespace sinew::engine
