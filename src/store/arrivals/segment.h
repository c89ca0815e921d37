#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace sinew::store::arrivals {

/// A message as a segment holds it.
struct Arrival {
  JournalId id = 0;
  Instant received{};
  std::int64_t duplicate_hash = 0;
  JournalEntry entry;
};

/// A segment is a block that names it, then groups. A group is what one sync made durable: it is
/// valid as a whole or not at all, and begins in a block of its own, so that writing the next one
/// touches no byte that was acknowledged.
inline constexpr std::size_t kBlockBytes = 4096;
inline constexpr std::size_t kGroupHeadBytes = 64;

/// What the first block of a segment says.
struct SegmentName {
  std::uint64_t store = 0;     ///< the store it belongs to
  std::uint64_t sequence = 0;  ///< segments of a store in the order of their use; never repeats
  bool operator==(SegmentName const&) const = default;
};
[[nodiscard]] std::string write_name(SegmentName const& name);
/// Fails `not_found` where no segment was begun, `not_supported` for a format of another program.
[[nodiscard]] Result<SegmentName> read_name(std::string_view block);

/// Puts a group together.
class GroupWriter {
 public:
  /// Where the record stands, counted from the start of the group.
  struct Place {
    std::size_t offset, size;
  };
  Place add(Instant received, std::int64_t duplicate_hash, JournalEntry const& entry);
  /// Fills in the head and pads to a whole block. `number` counts the groups of the segment.
  /// The checksum covers the name as well, so that what a segment held in an earlier use is void.
  [[nodiscard]] std::string_view seal(SegmentName const& name, std::uint64_t number,
                                      JournalId first);
  [[nodiscard]] std::size_t bytes() const { return text_.size(); }
  [[nodiscard]] bool is_empty() const { return count_ == 0; }
  void clear();

 private:
  std::string text_ = std::string(kGroupHeadBytes, '\0');
  std::uint32_t count_ = 0;
};

/// Reads one record. Fails `malformed`.
[[nodiscard]] Result<Arrival> read_record(std::string_view record);

struct SegmentContent {
  SegmentName name;
  std::size_t groups = 0;
  /// Groups of this use that stand behind bytes that are none. A group is written only after the
  /// one before it is durable, so these bytes were acknowledged and are lost. Not a torn end.
  std::size_t groups_after_damage = 0;
};

/// Reads a whole segment in the order of writing and calls `each` for every message in it. Stops
/// at the end of what is valid: a group that was torn is as if it had never been written.
/// Fails as `read_name`, and with the first error of `each`.
[[nodiscard]] Result<SegmentContent> read_segment(std::string_view bytes,
                                                  std::function<Result<>(Arrival)> const& each);

}  // namespace sinew::store::arrivals
