#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "json/json.h"

namespace sinew::store {

/// What `_text` and `_content` look for: words, all of which have to be there, in any order and
/// whatever case and accents. A word that ends in `*` is the beginning of one.
/// Source: FHIR R4 search.html#text, which leaves the syntax to the server.
class Words {
 public:
  explicit Words(std::string_view text);

  [[nodiscard]] bool empty() const { return words_.empty(); }
  /// In the narrative: `text.div` without its markup.
  [[nodiscard]] bool are_in_narrative(json::Value resource) const;
  /// In any string of the resource, the narrative included.
  [[nodiscard]] bool are_in_content(json::Value resource) const;

 private:
  struct Word {
    std::string folded;
    bool is_beginning = false;
  };
  /// Marks the words that the text has.
  void mark(std::string_view text, std::vector<bool>& seen) const;
  std::vector<Word> words_;
};

}  // namespace sinew::store
