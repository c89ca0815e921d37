#include "mirth/js/token.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sinew::mirth::js {
namespace {

constexpr auto npos = std::string_view::npos;
/// A `<` that looks like a literal and has no end makes us look to the end of the script; a hostile
/// script would be full of them.
constexpr int kUnclosedXmlMax = 8;

/// Longest first.
constexpr auto kPunctuators = std::to_array<std::string_view>(
    {">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "?\?=", "=>",
     "==",   "!=",  "<=",  ">=",  "&&",  "||",  "??",  "?.",  "++",  "--",  "+=",   "-=",
     "*=",   "/=",  "%=",  "&=",  "|=",  "^=",  "<<",  ">>",  "**",  "..",  "::"});
constexpr std::string_view kSingles = "{}()[].;,<>+-*/%&|^!~?:=@#";

/// Words after which an expression begins.
constexpr auto kBeforeExpression =
    std::to_array<std::string_view>({"await", "case", "delete", "do", "else", "in", "instanceof",
                                     "new", "of", "return", "throw", "typeof", "void", "yield"});
/// Words whose brackets are followed by a statement.
constexpr auto kHeaders = std::to_array<std::string_view>({"each", "for", "if", "while", "with"});

template <class Words>
bool is_one_of(Words const& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

bool is_name_start(char c) {
  return is_ascii_alpha(c) || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_part(char c) { return is_name_start(c) || is_ascii_digit(c); }

/// After the string that begins at `at`; npos when the line or the script ends before it does.
std::size_t end_of_string(std::string_view script, std::size_t at) {
  char const quote = script[at];
  for (++at; at < script.size(); ++at) {
    if (script[at] == '\\') {
      ++at;
    } else if (script[at] == quote) {
      return at + 1;
    } else if (script[at] == '\n') {
      return npos;
    }
  }
  return npos;
}

std::size_t end_of_regex(std::string_view script, std::size_t at) {
  bool in_class = false;
  for (++at; at < script.size() && script[at] != '\n'; ++at) {
    char const c = script[at];
    if (c == '\\') {
      ++at;
    } else if (c == '[') {
      in_class = true;
    } else if (c == ']') {
      in_class = false;
    } else if (c == '/' && !in_class) {
      ++at;
      while (at < script.size() && is_name_part(script[at])) ++at;
      return at;
    }
  }
  return npos;
}

class Tokenizer {
 public:
  explicit Tokenizer(std::string_view script) : script_(script) {}
  std::vector<Token> run() {
    while (at_ < script_.size()) step();
    return std::move(tokens_);
  }

 private:
  void step();
  void add(Kind kind, std::size_t end);
  void punctuator();
  void template_piece(std::size_t at);
  [[nodiscard]] std::size_t end_of_number() const;
  [[nodiscard]] bool is_literal_ahead();
  [[nodiscard]] bool begins_expression() const;
  [[nodiscard]] char ahead(std::size_t count) const {
    return at_ + count < script_.size() ? script_[at_ + count] : '\0';
  }

  std::string_view script_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
  Token last_;  ///< that is neither space nor comment
  bool header_ended_ = false;
  struct Open {
    char bracket;
    bool is_header;    ///< of `if (..)` and its like
    bool is_template;  ///< the `${` of a template
  };
  std::vector<Open> open_;
  int unclosed_xml_ = 0;
};

void Tokenizer::add(Kind kind, std::size_t end) {
  end = std::min(end, script_.size());
  tokens_.push_back({kind, script_.substr(at_, end - at_)});
  at_ = end;
  if (kind == Kind::space || kind == Kind::comment) return;
  last_ = tokens_.back();
  header_ended_ = false;
}

/// Whether what follows can be the beginning of an expression, not its going on.
bool Tokenizer::begins_expression() const {
  switch (last_.kind) {
    case Kind::name:
      return is_one_of(kBeforeExpression, last_.text);
    case Kind::text:
      return last_.text.ends_with("${");
    case Kind::punctuator:
      if (last_.text == ")") return header_ended_;
      return last_.text != "]" && last_.text != "++" && last_.text != "--";
    case Kind::bad:
      return last_.text.empty();
    default:
      return false;
  }
}

/// E4X: a `<` where an expression begins, and a name, a comment, a CDATA section or `>` after it.
bool Tokenizer::is_literal_ahead() {
  if (unclosed_xml_ >= kUnclosedXmlMax || !begins_expression() || last_.text == "}") return false;
  char const next = ahead(1);
  if (!is_name_start(next) && next != '>' && next != '!' && next != '{') return false;
  auto const end = end_of_xml(script_, at_);
  if (end == at_) return ++unclosed_xml_, false;
  add(Kind::xml, end);
  return true;
}

std::size_t Tokenizer::end_of_number() const {
  auto at = at_;
  bool const is_decimal =
      script_[at] != '0' || !is_ascii_alpha(ahead(1)) || to_ascii_lower(ahead(1)) == 'e';
  bool has_point = false;
  for (; at < script_.size(); ++at) {
    char const c = script_[at];
    if (is_decimal && c == '.' && !has_point) {
      has_point = true;
    } else if (is_decimal && (c == '+' || c == '-')) {
      if (to_ascii_lower(script_[at - 1]) != 'e') break;
    } else if (!is_name_part(c)) {
      break;
    }
  }
  return at;
}

/// From "`" or the "}" of a `${..}` to the next "${" or the end.
void Tokenizer::template_piece(std::size_t at) {
  for (; at < script_.size(); ++at) {
    if (script_[at] == '\\') {
      ++at;
    } else if (script_[at] == '`') {
      return add(Kind::text, at + 1);
    } else if (script_[at] == '$' && at + 1 < script_.size() && script_[at + 1] == '{') {
      open_.push_back({'{', false, true});
      return add(Kind::text, at + 2);
    }
  }
  add(Kind::bad, script_.size());
}

void Tokenizer::punctuator() {
  for (auto const each : kPunctuators) {
    if (script_.substr(at_).starts_with(each)) return add(Kind::punctuator, at_ + each.size());
  }
  char const c = script_[at_];
  if (kSingles.find(c) == npos) return add(Kind::bad, at_ + 1);
  if (c == '(' || c == '[' || c == '{') {
    bool const is_header = c == '(' && last_.kind == Kind::name && is_one_of(kHeaders, last_.text);
    open_.push_back({c, is_header, false});
    return add(Kind::punctuator, at_ + 1);
  }
  if (c != ')' && c != ']' && c != '}') return add(Kind::punctuator, at_ + 1);
  auto const closed = open_.empty() ? Open{'\0', false, false} : open_.back();
  if (!open_.empty()) open_.pop_back();
  if (c == '}' && closed.is_template) return template_piece(at_ + 1);
  add(Kind::punctuator, at_ + 1);
  header_ended_ = closed.is_header;
}

void Tokenizer::step() {
  char const c = script_[at_];
  if (is_ascii_space(c) || c == '\f' || c == '\v') {
    auto end = at_;
    while (end < script_.size() &&
           (is_ascii_space(script_[end]) || script_[end] == '\f' || script_[end] == '\v'))
      ++end;
    return add(Kind::space, end);
  }
  if (c == '/' && ahead(1) == '/') return add(Kind::comment, script_.find_first_of("\r\n", at_));
  if (c == '/' && ahead(1) == '*') {
    auto const end = script_.find("*/", at_ + 2);
    return add(end == npos ? Kind::bad : Kind::comment, end == npos ? npos : end + 2);
  }
  if (is_name_start(c) || (c == '\\' && ahead(1) == 'u')) {
    auto end = at_ + 1;
    while (end < script_.size() && (is_name_part(script_[end]) || script_[end] == '\\')) ++end;
    return add(Kind::name, end);
  }
  if (is_ascii_digit(c) || (c == '.' && is_ascii_digit(ahead(1))))
    return add(Kind::number, end_of_number());
  if (c == '"' || c == '\'') {
    auto const end = end_of_string(script_, at_);
    if (end != npos) return add(Kind::string, end);
    return add(Kind::bad, script_.find('\n', at_));
  }
  if (c == '`') return template_piece(at_ + 1);
  if (c == '/' && begins_expression()) {
    auto const end = end_of_regex(script_, at_);
    if (end != npos) return add(Kind::regex, end);
  }
  if (c == '<' && is_literal_ahead()) return;
  punctuator();
}

/// Reads an XML literal tag by tag, and counts how many are open.
class XmlEnd {
 public:
  XmlEnd(std::string_view script, std::size_t at) : script_(script), at_(at) {}
  /// After the literal; npos when it has no end.
  std::size_t find() {
    do {
      if (!step()) return npos;
    } while (depth_ > 0);
    return at_;
  }

 private:
  bool skip_past(std::string_view end) {
    at_ = script_.find(end, at_);
    if (at_ == npos) return false;
    at_ += end.size();
    return true;
  }
  bool step() {
    if (at_ >= script_.size()) return false;
    auto const rest = script_.substr(at_);
    if (rest.starts_with("<!--")) return skip_past("-->");
    if (rest.starts_with("<![CDATA[")) return skip_past("]]>");
    if (rest.starts_with("<?")) return skip_past("?>");
    if (rest.front() == '<') return tag();
    if (rest.front() == '{') return at_ = end_of_braces(script_, at_), at_ != npos;
    at_ = script_.find_first_of("<{", at_);
    return at_ != npos;
  }
  bool tag() {
    bool const is_end = script_.substr(at_).starts_with("</");
    at_ += is_end ? 2 : 1;
    while (at_ < script_.size()) {
      char const c = script_[at_];
      if (c == '>') {
        bool const is_whole = script_[at_ - 1] == '/';
        ++at_;
        if (is_end) --depth_;
        if (!is_end && !is_whole) ++depth_;
        return depth_ >= 0;
      }
      if (c == '<') return false;
      if (c == '"' || c == '\'') {
        at_ = script_.find(c, at_ + 1);
        if (at_ == npos) return false;
        ++at_;
      } else if (c == '{') {
        at_ = end_of_braces(script_, at_);
        if (at_ == npos) return false;
      } else {
        ++at_;
      }
    }
    return false;
  }
  std::string_view script_;
  std::size_t at_;
  int depth_ = 0;
};

}  // namespace

std::size_t end_of_braces(std::string_view script, std::size_t at) {
  int depth = 0;
  while (at < script.size()) {
    char const c = script[at];
    if (c == '"' || c == '\'') {
      at = end_of_string(script, at);
      if (at == npos) return npos;
      continue;
    }
    if (c == '{') ++depth;
    if (c == '}' && --depth == 0) return at + 1;
    ++at;
  }
  return npos;
}

std::size_t end_of_xml(std::string_view script, std::size_t at) {
  auto const end = XmlEnd(script, at).find();
  return end == npos ? at : end;
}

Result<std::vector<Token>> tokenize(std::string_view script) {
  if (script.size() > kScriptBytesMax)
    return fail(ErrorCode::too_large,
                "a script is longer than " + std::to_string(kScriptBytesMax) + " bytes");
  return Tokenizer(script).run();
}

}  // namespace sinew::mirth::js
