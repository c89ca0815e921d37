#include "mirth/js/code.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sinew::mirth::js {
namespace {

constexpr auto kHeaders =
    std::to_array<std::string_view>({"catch", "each", "for", "if", "switch", "while", "with"});
/// What cannot be the end of a statement, and what cannot be the beginning of one: a line end
/// beside them ends nothing. Source: ECMA-262 12.9 (automatic semicolon insertion).
constexpr std::string_view kOpenEnds = "+-*/%=<>&|^!~?:,.([{";
constexpr std::string_view kGoesOn = "+-*/%=<>&|^?:,.)]([";
constexpr auto kOpenWords = std::to_array<std::string_view>(
    {"case", "delete", "in", "instanceof", "new", "return", "throw", "typeof", "void"});

/// A statement or a chain that is longer is cut: what looks for its ends again and again stays
/// quick.
constexpr std::size_t kReachMax = 2000;

template <class Words>
bool is_one_of(Words const& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

char opener(char closer) { return closer == ')' ? '(' : closer == ']' ? '[' : '{'; }

}  // namespace

Result<Code> Code::read(std::string_view script) {
  auto const tokens = TRY(tokenize(script));
  Code code(script);
  std::size_t line = 1;
  for (auto const& token : tokens) {
    if (token.kind != Kind::space && token.kind != Kind::comment) {
      Word word;
      word.token = token;
      word.begin = static_cast<std::size_t>(token.text.data() - script.data());
      word.line = line;
      code.words_.push_back(word);
    }
    line += static_cast<std::size_t>(std::ranges::count(token.text, '\n'));
  }
  code.match();
  return code;
}

void Code::match() {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    auto& word = words_[i];
    auto const text = word.token.text;
    bool const is_piece = word.token.kind == Kind::text;
    bool const closes = (is_piece && text.front() == '}') ||
                        (word.token.kind == Kind::punctuator && text.size() == 1 &&
                         std::string_view(")]}").find(text.front()) != std::string_view::npos);
    if (closes && !open.empty()) {
      auto const first = words_[open.back()].token.text;
      if (first.back() == opener(text.front())) {
        word.partner = open.back();
        words_[open.back()].partner = i;
        open.pop_back();
      }
    }
    word.enclosing = open.empty() ? kNone : open.back();
    bool const opens = (is_piece && text.ends_with("${")) ||
                       (word.token.kind == Kind::punctuator && text.size() == 1 &&
                        std::string_view("([{").find(text.front()) != std::string_view::npos);
    if (opens) open.push_back(i);
  }
}

Kind Code::kind(std::size_t word) const {
  return word < words_.size() ? words_[word].token.kind : Kind::space;
}
std::string_view Code::text(std::size_t word) const {
  return word < words_.size() ? words_[word].token.text : std::string_view();
}
bool Code::is(std::size_t word, std::string_view wanted) const {
  auto const has = kind(word);
  return (has == Kind::name || has == Kind::punctuator) && text(word) == wanted;
}
std::size_t Code::partner(std::size_t word) const {
  return word < words_.size() ? words_[word].partner : kNone;
}
std::size_t Code::enclosing(std::size_t word) const {
  return word < words_.size() ? words_[word].enclosing : kNone;
}
std::size_t Code::begin(std::size_t word) const {
  return word < words_.size() ? words_[word].begin : script_.size();
}
std::size_t Code::end(std::size_t word) const { return begin(word) + text(word).size(); }
std::size_t Code::line(std::size_t word) const {
  if (word < words_.size()) return words_[word].line;
  return words_.empty() ? 1 : words_.back().line;
}
bool Code::is_new_line(std::size_t word) const {
  if (word == 0 || word >= words_.size()) return true;
  auto const from = end(word - 1);
  return script_.substr(from, begin(word) - from).find('\n') != std::string_view::npos;
}
std::string_view Code::slice(Stretch stretch) const {
  if (stretch.end <= stretch.first) return {};
  auto const from = begin(stretch.first);
  return script_.substr(from, end(stretch.end - 1) - from);
}

std::size_t Code::chain_begin(std::size_t last) const {
  auto at = last;
  for (std::size_t steps = 0; steps < kReachMax; ++steps) {
    if (is(at, ")") || is(at, "]")) {
      if (partner(at) == kNone) return at;
      at = partner(at);
      // `(a + b)` and `[1, 2]` begin a chain; `f(..)` and `a[..]` go on with what is before.
      bool const goes_on = at > 0 && (is_name(at - 1) || is(at - 1, ")") || is(at - 1, "]"));
      if (!goes_on || is_one_of(kOpenWords, text(at - 1))) break;
      --at;
      continue;
    }
    if (at == 0) break;
    bool const is_member = is(at - 1, ".") || is(at - 1, "..") || is(at - 1, "::") ||
                           is(at - 1, "@") || is(at - 1, "?.");
    if (!is_member || at < 2) break;
    at -= 2;
    if (is(at, ".") && at > 0) --at;  // the `.` of `.@name`
  }
  if (at > 0 && is(at - 1, "new")) --at;
  return at;
}

bool Code::is_block(std::size_t brace) const {
  if (!is(brace, "{")) return false;
  if (brace == 0) return true;
  auto const before = brace - 1;
  constexpr auto kBefore =
      std::to_array<std::string_view>({")", "=>", ";", "{", "}", "else", "try", "do", "finally"});
  return kind(before) != Kind::string && is_one_of(kBefore, text(before));
}

/// Whether a line end before this word ends a statement.
bool Code::ends_line(std::size_t word) const {
  if (word == 0 || !is_new_line(word)) return false;
  if (kind(word) == Kind::punctuator && !is(word, "++") && !is(word, "--") &&
      kGoesOn.find(text(word).front()) != std::string_view::npos)
    return false;
  if (is(word, "in") || is(word, "instanceof")) return false;
  auto const last = word - 1;
  if (kind(last) == Kind::punctuator && !is(last, "++") && !is(last, "--"))
    return kOpenEnds.find(text(last).back()) == std::string_view::npos;
  return !is_one_of(kOpenWords, text(last)) || is(last, "return");
}

bool Code::is_header(Stretch stretch) const {
  if (stretch.first < 2 || !is(stretch.first - 1, "(")) return false;
  return kind(stretch.first - 2) == Kind::name && is_one_of(kHeaders, text(stretch.first - 2));
}

Stretch Code::statement(std::size_t word) const {
  auto at = word;
  // Backwards to what ends the statement before.
  for (std::size_t steps = 0; at > 0 && steps < kReachMax; ++steps) {
    if (ends_line(at)) break;
    auto const before = at - 1;
    if (is(before, ";") || is(before, "else") || is(before, "do")) break;
    if (is(before, "}") || is(before, ")") || is(before, "]")) {
      auto const open = partner(before);
      if (open == kNone) break;
      if (is(before, "}") && is_block(open)) break;
      bool const is_head = is(open, "(") && open > 0 && is_one_of(kHeaders, text(open - 1));
      if (is_head) break;
      at = open;
      continue;
    }
    if (is(before, "{") && is_block(before)) break;
    if (is(before, "(") && is_header({at, at})) break;
    if (is(before, ":") && enclosing(before) != kNone && is_block(enclosing(before))) break;
    at = before;
  }
  // Forwards to its end.
  Stretch found{at, word};
  std::size_t steps = 0;
  for (auto next = at; next < size() && steps < 2 * kReachMax; ++steps) {
    if (next > word && ends_line(next)) break;
    if (is(next, ")") || is(next, "]") || is(next, "}")) break;
    found.end = next + 1;
    if (is(next, ";")) break;
    auto const close = partner(next);
    if (close != kNone && close > next) {
      found.end = close + 1;
      next = close + 1;
    } else {
      ++next;
    }
  }
  found.end = std::max(found.end, std::min(word + 1, size()));
  return found;
}

}  // namespace sinew::mirth::js
