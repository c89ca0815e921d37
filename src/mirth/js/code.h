#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "mirth/js/token.h"

namespace sinew::mirth::js {

inline constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// A stretch of words: [first, end).
struct Stretch {
  std::size_t first = 0;
  std::size_t end = 0;
};

/// A script as its words (tokens that are neither space nor comment), with brackets matched. Words
/// are named by index; one past the last is an empty word.
class Code {
 public:
  [[nodiscard]] static Result<Code> read(std::string_view script);

  [[nodiscard]] std::size_t size() const { return words_.size(); }
  [[nodiscard]] Kind kind(std::size_t word) const;
  [[nodiscard]] std::string_view text(std::size_t word) const;
  [[nodiscard]] bool is(std::size_t word, std::string_view text) const;
  [[nodiscard]] bool is_name(std::size_t word) const { return kind(word) == Kind::name; }
  /// The bracket that belongs to this one; kNone where there is none.
  [[nodiscard]] std::size_t partner(std::size_t word) const;
  /// The innermost bracket that is open before this word; kNone at the top.
  [[nodiscard]] std::size_t enclosing(std::size_t word) const;

  [[nodiscard]] std::size_t begin(std::size_t word) const;  ///< offset in the script
  [[nodiscard]] std::size_t end(std::size_t word) const;
  [[nodiscard]] std::size_t line(std::size_t word) const;  ///< from 1
  [[nodiscard]] bool is_new_line(std::size_t word) const;  ///< a line ends before it
  [[nodiscard]] std::string_view script() const { return script_; }
  [[nodiscard]] std::string_view slice(Stretch stretch) const;

  /// The first word of the chain `a.b['c'](d)` that ends with this word.
  [[nodiscard]] std::size_t chain_begin(std::size_t last) const;
  /// Whether the `{` begins a block or a function's body, not an object.
  [[nodiscard]] bool is_block(std::size_t brace) const;
  /// The statement that holds this word, its `;` included; inside the brackets of `if (..)` and its
  /// like, what stands in those brackets.
  [[nodiscard]] Stretch statement(std::size_t word) const;
  /// Whether the stretch is what `statement` gives for the brackets of `if (..)` and its like.
  [[nodiscard]] bool is_header(Stretch stretch) const;

 private:
  explicit Code(std::string_view script) : script_(script) {}
  void match();
  [[nodiscard]] bool ends_line(std::size_t word) const;
  struct Word {
    Token token;
    std::size_t begin = 0;
    std::size_t line = 1;
    std::size_t partner = kNone;
    std::size_t enclosing = kNone;
  };
  std::string_view script_;
  std::vector<Word> words_;
};

}  // namespace sinew::mirth::js
