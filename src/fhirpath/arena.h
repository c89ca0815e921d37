#pragma once

#include <memory>
#include <string_view>
#include <vector>

namespace sinew::fhirpath {

/// Holds the texts that functions make, until the next evaluation.
class TextArena {
 public:
  /// A copy of the text. The view lives until `clear`.
  [[nodiscard]] std::string_view keep(std::string_view text);
  /// Forgets everything but the first block.
  void clear();
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kBlockBytes = 16 * 1024;
  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };
  std::vector<Block> blocks_;
  std::size_t used_ = 0;   ///< of the last block
  std::size_t bytes_ = 0;  ///< in all
};

}  // namespace sinew::fhirpath
