#include "store/arrivals/segment.h"

#include <doctest/doctest.h>

namespace sinew::store::arrivals {
namespace {

JournalEntry entry(std::string control_id, std::string bytes) {
  return {.feed = "lab",
          .lane = 7,
          .control_id = std::move(control_id),
          .type = "ORU^R01",
          .sender = "LAB|HOSPITAL",
          .bytes = std::move(bytes)};
}

/// A segment of groups of two messages each, the first of them number 1.
std::string segment_of(SegmentName const& name, int groups, std::size_t message_bytes = 3000) {
  auto bytes = write_name(name);
  GroupWriter writer;
  for (int group = 0; group < groups; ++group) {
    writer.clear();
    for (int i = 1; i <= 2; ++i)
      writer.add(Instant{1000 + group}, group * 2 + i,
                 entry(std::to_string(group * 2 + i), std::string(message_bytes, char('a' + i))));
    bytes +=
        writer.seal(name, static_cast<std::uint64_t>(group), static_cast<JournalId>(group * 2 + 1));
  }
  return bytes + std::string(3 * kBlockBytes, '\0');
}

struct Read {
  std::vector<JournalId> ids;
  SegmentContent content;
};
Read read(std::string_view bytes) {
  Read all;
  auto content = read_segment(bytes, [&](Arrival arrival) -> Result<> {
    CHECK(arrival.entry.control_id == std::to_string(arrival.id));
    CHECK(arrival.duplicate_hash == static_cast<std::int64_t>(arrival.id));
    all.ids.push_back(arrival.id);
    return {};
  });
  REQUIRE(content);
  all.content = *content;
  return all;
}

constexpr SegmentName kName{0x1234567, 9};
constexpr std::size_t kGroupBytes = 2 * kBlockBytes;  // of two messages of 3000 bytes

TEST_CASE("a segment gives back what was put into it") {
  auto bytes = write_name(kName);
  GroupWriter writer;
  std::string const text("MSH|^~\\&|\0\xff\r\n", 14);
  auto const place = writer.add(Instant{-5}, -77, entry("x", text));
  writer.add(Instant{6}, 78, entry("", ""));
  auto const group = std::string(writer.seal(kName, 0, 41));
  CHECK(group.size() == kBlockBytes);
  auto const alone = read_record(std::string_view(group).substr(place.offset, place.size));
  REQUIRE(alone);
  CHECK(alone->entry.bytes == text);
  std::vector<Arrival> arrivals;
  auto const content = read_segment(bytes + group, [&](Arrival arrival) -> Result<> {
    arrivals.push_back(std::move(arrival));
    return {};
  });
  REQUIRE(content);
  CHECK(content->name == kName);
  REQUIRE(arrivals.size() == 2);
  CHECK(arrivals[0].id == 41);
  CHECK(arrivals[0].received.ms == -5);
  CHECK(arrivals[0].duplicate_hash == -77);
  CHECK(arrivals[0].entry.feed == "lab");
  CHECK(arrivals[0].entry.lane == 7);
  CHECK(arrivals[0].entry.type == "ORU^R01");
  CHECK(arrivals[0].entry.sender == "LAB|HOSPITAL");
  CHECK(arrivals[0].entry.bytes == text);
  CHECK(arrivals[1].id == 42);
  CHECK(arrivals[1].entry.bytes.empty());
}

TEST_CASE("a group that is torn anywhere is as if it had never been written") {
  auto const whole = segment_of(kName, 3);
  REQUIRE(read(whole).ids == std::vector<JournalId>{1, 2, 3, 4, 5, 6});
  auto const last = kBlockBytes + 2 * kGroupBytes;
  for (std::size_t cut = last; cut < last + 6200; cut += 97) {
    CAPTURE(cut);
    auto torn = whole;
    torn.replace(cut, torn.size() - cut, torn.size() - cut, '\0');
    auto const left = read(torn);
    CHECK(left.ids == std::vector<JournalId>{1, 2, 3, 4});
    CHECK(left.content.groups_after_damage == 0);
    // The file itself may end there as well.
    CHECK(read(std::string_view(whole).substr(0, cut)).ids == std::vector<JournalId>{1, 2, 3, 4});
  }
}

TEST_CASE(
    "every flipped bit of a group is noticed, and what follows shows that it was acknowledged") {
  auto const whole = segment_of(kName, 3, 200);
  REQUIRE(read(whole).ids.size() == 6);
  auto const second = 2 * kBlockBytes;
  for (std::size_t bit = 0; bit < 8 * 560; bit += 5) {
    auto damaged = whole;
    auto& byte = damaged[second + bit / 8];
    byte = static_cast<char>(byte ^ (1 << bit % 8));
    // Bytes of the head that nothing uses may change.
    if (bit / 8 >= 48 && bit / 8 < kGroupHeadBytes) continue;
    CAPTURE(bit);
    auto const left = read(damaged);
    CHECK(left.ids == std::vector<JournalId>{1, 2, 5, 6});
    CHECK(left.content.groups_after_damage == 1);
  }
}

TEST_CASE("what a file held in an earlier use is void") {
  auto const before = segment_of({kName.store, kName.sequence - 1}, 4);
  auto again = segment_of(kName, 1);
  again.resize(kBlockBytes + kGroupBytes);
  again += before.substr(again.size());
  auto const left = read(again);
  CHECK(left.ids == std::vector<JournalId>{1, 2});
  CHECK(left.content.groups_after_damage == 0);
  // The same sequence of another store.
  auto const foreign = segment_of({kName.store + 1, kName.sequence}, 4);
  CHECK(read(write_name(kName) + foreign.substr(kBlockBytes)).ids.empty());
}

TEST_CASE("a file without a name is no segment") {
  CHECK(read_name("").error().code == ErrorCode::not_found);
  CHECK(read_name(std::string(kBlockBytes, '\0')).error().code == ErrorCode::not_found);
  auto name = write_name(kName);
  REQUIRE(read_name(name));
  name[9] ^= 1;
  CHECK(read_name(name).error().code == ErrorCode::not_found);
}

}  // namespace
}  // namespace sinew::store::arrivals
