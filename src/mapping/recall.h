#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sinew::mapping {

/// What became of a value of the message, relative to what a fragment begins with: its JSON, and
/// piece `piece` of its key.
struct RecalledMark {
  std::uint32_t out_begin, out_end;        ///< equal: nothing was written for it
  std::uint32_t source_begin, source_end;  ///< equal: a constant
  std::uint32_t piece;
  std::uint32_t info;
};

/// Everything that became of values. Of a refusal `out_begin` is the Refusal; of a value that says
/// what another says, `out_begin` is where that one stands and `info` in which piece.
struct RecalledMarks {
  static constexpr std::size_t kKinds = 4;
  std::span<RecalledMark const> log, refusals, ignored, same;
};

/// What was written for one element of a resource.
struct Fragment {
  unsigned content = 0;
  std::string_view json;
  RecalledMarks marks;
};

/// What elements of resources became, by the bytes of the message they depend on: the same doctor,
/// unit and code system come again and again. Bounded; forgets everything when it is full, so a
/// hospital's vocabulary is learnt anew now and then and memory stays flat.
class Recall {
 public:
  static constexpr std::size_t kKeyBytesMax = 768;

  explicit Recall(std::size_t bytes_max = std::size_t{8} << 20) : bytes_max_(bytes_max) {}

  /// A number for everything beside the message's fields that mapping depends on.
  std::uint32_t context(std::string_view description);

  /// Views that live until the next `learn` or `context`.
  [[nodiscard]] std::optional<Fragment> find(std::string_view key) const;
  void learn(std::string_view key, unsigned content, std::string_view json,
             RecalledMarks const& marks);

  /// False for an element that hardly ever comes back: to look for it is not worth the time.
  bool is_worth_it(std::uint32_t element);
  void count(std::uint32_t element, bool was_found);

 private:
  struct Entry {
    std::uint64_t hash = 0;
    std::uint32_t key_begin = 0, key_size = 0, json_size = 0;
    std::uint32_t marks = 0;
    std::uint16_t counts[RecalledMarks::kKinds] = {};
    std::uint16_t content = 0;
  };
  struct Habit {
    std::uint16_t looked = 0, found = 0, rest = 0;
  };
  [[nodiscard]] Entry const* find_entry(std::uint64_t hash, std::string_view key) const;
  void forget();
  void grow();

  std::size_t bytes_max_;
  std::string bytes_;  ///< keys and JSON, side by side
  std::vector<RecalledMark> marks_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> slots_;  ///< open addressing: entry number + 1
  std::vector<Habit> habits_;
  std::map<std::string, std::uint32_t, std::less<>> contexts_;
};

}  // namespace sinew::mapping
