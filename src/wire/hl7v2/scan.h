#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace sinew::hl7v2 {

/// Where a line ends, and how many field separators stand before that point.
struct LineEnd {
  std::uint32_t offset;
  std::uint32_t fields_before;
};

/// What one pass over a message found: the byte after every field separator, and every CR and LF.
/// Kept by the caller and used again, so that a message costs no allocation here.
class ScanBuffer {
 public:
  /// Entries a scanner may write past the last one it counts.
  static constexpr std::size_t kSlack = 64;

  [[nodiscard]] std::span<std::uint32_t const> field_starts() const {
    return {fields_.get(), field_count};
  }
  [[nodiscard]] std::span<LineEnd const> line_ends() const { return {lines_.get(), line_count}; }

  /// Makes room for one more block of 64 bytes.
  void reserve_block() {
    if (field_count + kSlack > field_capacity_) [[unlikely]]
      grow_fields();
    if (line_count + kSlack > line_capacity_) [[unlikely]]
      grow_lines();
  }
  std::uint32_t* fields() { return fields_.get(); }
  LineEnd* lines() { return lines_.get(); }
  /// Gives memory back after an unusually long message.
  void shrink();

  std::size_t field_count = 0;
  std::size_t line_count = 0;

 private:
  void grow_fields();
  void grow_lines();
  std::unique_ptr<std::uint32_t[]> fields_;
  std::unique_ptr<LineEnd[]> lines_;
  std::size_t field_capacity_ = 0;
  std::size_t line_capacity_ = 0;
};

/// Finds `separator`, CR and LF from `begin` to the end of `bytes` (at most 4 GiB).
using Scanner = void (*)(std::string_view bytes, std::size_t begin, char separator,
                         ScanBuffer& found);

struct ScannerRow {
  std::string_view name;
  Scanner scan;
  bool usable;  ///< on this processor
};

/// Every scanner in the program, best first; the last is plain C++ and always usable.
[[nodiscard]] std::span<ScannerRow const> scanners();
/// The best one that this processor can run.
[[nodiscard]] Scanner best_scanner();

}  // namespace sinew::hl7v2
