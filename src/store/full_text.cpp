#include "store/full_text.h"

#include <algorithm>

#include "base/text.h"
#include "fhir/search_index.h"

namespace sinew::store {
namespace {

/// Letters and digits, and every letter that folding has left outside of ASCII.
bool is_of_word(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || static_cast<unsigned char>(c) >= 0x80;
}

bool has_word(std::string_view text, std::string_view word, bool is_beginning) {
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    auto const end = at + word.size();
    bool const begins = at == 0 || !is_of_word(text[at - 1]);
    bool const ends = is_beginning || end == text.size() || !is_of_word(text[end]);
    if (begins && ends) return true;
  }
  return false;
}

/// XHTML without its tags: each becomes a blank, so that words of two cells stay two.
std::string without_markup(std::string_view xhtml) {
  std::string out;
  out.reserve(xhtml.size());
  bool is_in_tag = false;
  for (char const c : xhtml) {
    if (c == '<') {
      is_in_tag = true;
      out += ' ';
    } else if (c == '>' && is_in_tag) {
      is_in_tag = false;
    } else if (!is_in_tag) {
      out += c;
    }
  }
  return out;
}

}  // namespace

Words::Words(std::string_view text) {
  auto const folded = fhir::fold_text(text);
  for (std::size_t i = 0; i < folded.size();) {
    auto end = i;
    while (end < folded.size() && is_of_word(folded[end])) ++end;
    if (end > i) {
      bool const is_beginning = end < folded.size() && folded[end] == '*';
      words_.push_back({folded.substr(i, end - i), is_beginning});
    }
    i = end + 1;
  }
}

void Words::mark(std::string_view text, std::vector<bool>& seen) const {
  auto const folded = fhir::fold_text(text);
  for (std::size_t i = 0; i < words_.size(); ++i)
    if (!seen[i]) seen[i] = has_word(folded, words_[i].folded, words_[i].is_beginning);
}

bool Words::are_in_narrative(json::Value resource) const {
  std::vector<bool> seen(words_.size());
  mark(without_markup(resource["text"]["div"].text()), seen);
  return std::ranges::all_of(seen, std::identity());
}

bool Words::are_in_content(json::Value resource) const {
  std::vector<bool> seen(words_.size());
  mark(without_markup(resource["text"]["div"].text()), seen);
  std::vector<json::Value> waiting = {resource};
  std::string scratch;
  while (!waiting.empty()) {
    auto const value = waiting.back();
    waiting.pop_back();
    if (value.is_string()) mark(value.text(scratch), seen);
    for (auto const item : value.elements()) waiting.push_back(item);
    for (auto const [name, member] : value.members())
      if (name != "div") waiting.push_back(member);
  }
  return std::ranges::all_of(seen, std::identity());
}

}  // namespace sinew::store
