#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sinew::mirth::js {

/// Changes to a text, collected by offset and made at once.
class Edits {
 public:
  /// Puts text before the offset. Of several at one offset the last stands first: what wraps comes
  /// after what is wrapped.
  void open(std::size_t at, std::string text);
  /// The same, in the order of the calls: what closes a wrapping.
  void close(std::size_t at, std::string text);
  /// Replaces [begin, end); what wraps it stays.
  void replace(std::size_t begin, std::size_t end, std::string text);
  /// Replaces [begin, end) and forgets every other change of it, what wraps it as well.
  void replace_whole(std::size_t begin, std::size_t end, std::string text);

  [[nodiscard]] std::string apply(std::string_view text) const;

 private:
  struct Edit {
    std::size_t begin = 0;
    std::size_t end = 0;
    int rank = 0;  ///< order among those at one offset
    bool is_whole = false;
    std::string text;
    std::size_t number = 0;  ///< in the order of the calls
  };
  std::vector<Edit> edits_;
  int opened_ = 0;
  int closed_ = 0;
};

}  // namespace sinew::mirth::js
