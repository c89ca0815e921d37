#include "store/arrivals/segment.h"

#include <bit>
#include <cstring>
#include <utility>

#include "base/hash.h"

namespace sinew::store::arrivals {
namespace {

static_assert(std::endian::native == std::endian::little, "the files are little-endian");

constexpr std::uint64_t kSegmentMark = 0x0153414e49574a31;  // the format's version is its last byte
constexpr std::uint64_t kGroupMark = 0x70756f7267576e69;
constexpr std::size_t kNameBytes = 32;
constexpr std::size_t kRecordHeadBytes = 48;

struct GroupHead {
  std::uint64_t mark, number, first, payload_bytes, count, checksum;
};
static_assert(sizeof(GroupHead) <= kGroupHeadBytes);

struct RecordHead {
  std::uint64_t size;  ///< of the record, head included
  std::int64_t received;
  std::uint64_t lane;
  std::int64_t duplicate_hash;
  std::uint32_t feed, control_id, type, sender;  ///< bytes of each; the message is the rest
};
static_assert(sizeof(RecordHead) == kRecordHeadBytes);

template <class T>
void append_raw(std::string& out, T const& value) {
  out.append(reinterpret_cast<char const*>(&value), sizeof value);
}

template <class T>
T read_raw(std::string_view bytes) {
  T value;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::size_t to_whole_blocks(std::size_t bytes) {
  return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
}

std::uint64_t checksum_of(SegmentName const& name, GroupHead head, std::string_view payload) {
  head.checksum = hash64({reinterpret_cast<char const*>(&name), sizeof name}, kGroupMark);
  auto const seed = hash64({reinterpret_cast<char const*>(&head), sizeof head});
  return hash64(payload, seed);
}

/// The group that begins at the start of `bytes`.
struct Group {
  GroupHead head;
  std::string_view payload;
  [[nodiscard]] std::size_t size() const {
    return to_whole_blocks(kGroupHeadBytes + payload.size());
  }
};

/// `number_min`  the least number it may have.
bool read_group(SegmentName const& name, std::string_view bytes, std::uint64_t number_min,
                Group& group) {
  if (bytes.size() < kGroupHeadBytes) return false;
  group.head = read_raw<GroupHead>(bytes);
  if (group.head.mark != kGroupMark || group.head.number < number_min) return false;
  if (group.head.payload_bytes > bytes.size() - kGroupHeadBytes) return false;
  group.payload = bytes.substr(kGroupHeadBytes, group.head.payload_bytes);
  return checksum_of(name, group.head, group.payload) == group.head.checksum;
}

Result<> read_records(Group const& group, std::function<Result<>(Arrival)> const& each) {
  auto rest = group.payload;
  for (std::uint64_t i = 0; i < group.head.count; ++i) {
    if (rest.size() < kRecordHeadBytes) return fail(ErrorCode::malformed, "record cut short");
    auto const size = read_raw<std::uint64_t>(rest);
    if (size > rest.size()) return fail(ErrorCode::malformed, "record cut short");
    auto arrival = TRY(read_record(rest.substr(0, size)));
    arrival.id = group.head.first + i;
    TRY(each(std::move(arrival)));
    rest.remove_prefix(size);
  }
  return {};
}

}  // namespace

std::string write_name(SegmentName const& name) {
  std::string block;
  append_raw(block, kSegmentMark);
  append_raw(block, name);
  append_raw(block, hash64(block));
  block.resize(kBlockBytes, '\0');
  return block;
}

Result<SegmentName> read_name(std::string_view block) {
  if (block.size() < kNameBytes) return fail(ErrorCode::not_found, "not a segment");
  auto const mark = read_raw<std::uint64_t>(block);
  auto const sum = read_raw<std::uint64_t>(block.substr(kNameBytes - sizeof(std::uint64_t)));
  if (sum != hash64(block.substr(0, kNameBytes - sizeof sum)))
    return fail(ErrorCode::not_found, "not a segment");
  if (mark != kSegmentMark)
    return fail(ErrorCode::not_supported, "the segment was written by another program");
  return read_raw<SegmentName>(block.substr(sizeof mark));
}

GroupWriter::Place GroupWriter::add(Instant received, std::int64_t duplicate_hash,
                                    JournalEntry const& entry) {
  RecordHead head{};
  head.size = kRecordHeadBytes + entry.feed.size() + entry.control_id.size() + entry.type.size() +
              entry.sender.size() + entry.bytes.size();
  head.received = received.ms;
  head.lane = entry.lane;
  head.duplicate_hash = duplicate_hash;
  head.feed = static_cast<std::uint32_t>(entry.feed.size());
  head.control_id = static_cast<std::uint32_t>(entry.control_id.size());
  head.type = static_cast<std::uint32_t>(entry.type.size());
  head.sender = static_cast<std::uint32_t>(entry.sender.size());
  Place const place{text_.size(), head.size};
  append_raw(text_, head);
  text_.append(entry.feed).append(entry.control_id).append(entry.type).append(entry.sender);
  text_.append(entry.bytes);
  ++count_;
  return place;
}

std::string_view GroupWriter::seal(SegmentName const& name, std::uint64_t number, JournalId first) {
  GroupHead head{kGroupMark, number, first, text_.size() - kGroupHeadBytes, count_, 0};
  head.checksum = checksum_of(name, head, std::string_view(text_).substr(kGroupHeadBytes));
  std::memcpy(text_.data(), &head, sizeof head);
  text_.resize(to_whole_blocks(text_.size()), '\0');
  return text_;
}

void GroupWriter::clear() {
  constexpr std::size_t kKeptBytesMax = std::size_t{4} << 20;
  if (text_.capacity() > kKeptBytesMax) text_ = std::string();
  text_.assign(kGroupHeadBytes, '\0');
  count_ = 0;
}

Result<Arrival> read_record(std::string_view record) {
  if (record.size() < kRecordHeadBytes) return fail(ErrorCode::malformed, "record cut short");
  auto const head = read_raw<RecordHead>(record);
  auto const named = std::uint64_t{head.feed} + head.control_id + head.type + head.sender;
  if (head.size != record.size() || named > record.size() - kRecordHeadBytes)
    return fail(ErrorCode::malformed, "the parts of a record do not fit into it");
  auto rest = record.substr(kRecordHeadBytes);
  auto const take = [&](std::size_t size) {
    auto const part = rest.substr(0, size);
    rest.remove_prefix(size);
    return std::string(part);
  };
  Arrival arrival;
  arrival.received = Instant{head.received};
  arrival.duplicate_hash = head.duplicate_hash;
  arrival.entry.lane = head.lane;
  arrival.entry.feed = take(head.feed);
  arrival.entry.control_id = take(head.control_id);
  arrival.entry.type = take(head.type);
  arrival.entry.sender = take(head.sender);
  arrival.entry.bytes = rest;
  return arrival;
}

Result<SegmentContent> read_segment(std::string_view bytes,
                                    std::function<Result<>(Arrival)> const& each) {
  SegmentContent content;
  content.name = TRY(read_name(bytes));
  std::uint64_t next = 0;
  bool damaged = false;
  for (std::size_t at = kBlockBytes; at < bytes.size();) {
    Group group;
    if (!read_group(content.name, bytes.substr(at), next, group)) {
      damaged = true;
      at += kBlockBytes;
      continue;
    }
    if (damaged || group.head.number != next) ++content.groups_after_damage;
    damaged = false;
    TRY(read_records(group, each));
    ++content.groups;
    next = group.head.number + 1;
    at += group.size();
  }
  return content;
}

}  // namespace sinew::store::arrivals
