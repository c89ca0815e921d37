#include <algorithm>
#include <ranges>
#include <span>

#include "base/text.h"
#include "xml/decode.h"
#include "xml/nodes.h"
#include "xml/xml.h"

namespace sinew::xml {
namespace {

constexpr std::size_t kBytesMax = std::size_t{1} << 31;  ///< offsets are 32 bits
constexpr std::size_t kSpacesMax = 256;                  ///< different namespaces in one text
constexpr std::string_view kXmlSpace = "http://www.w3.org/XML/1998/namespace";
constexpr std::string_view kEncodings[] = {"UTF-8", "US-ASCII", "ASCII"};  ///< all are UTF-8
constexpr std::string_view kXmlnsSpace = "http://www.w3.org/2000/xmlns/";

bool is_name_start(char c) {
  return is_ascii_alpha(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
/// DEVIATION: any character beyond ASCII may stand in a name; XML leaves out a few.
bool is_name_character(char c) {
  return is_name_start(c) || is_ascii_digit(c) || c == '-' || c == '.';
}

/// A name as written: prefix and local part.
struct QualifiedName {
  Span prefix;
  Span local;
};

struct RawAttribute {
  QualifiedName name;
  Span value;
};

/// A namespace declaration in force.
struct Binding {
  Span prefix;
  std::uint32_t space;
};

struct OpenElement {
  std::uint32_t node;
  std::size_t bindings;  ///< how many were in force around it
  Span name;             ///< with its prefix
};

/// Builds the nodes of one text. Every method that returns bool says whether to go on; after
/// false, `what` and `offset` tell why not.
class Parser {
 public:
  Parser(Document::Nodes& out, Limits const& limits) : out_(out), text_(out.text), limits_(limits) {
    out_.spaces.emplace_back(kXmlSpace);
  }

  bool run();
  /// The elements that were open when the parser stopped.
  [[nodiscard]] std::vector<OpenElement> const& open() const { return open_; }
  [[nodiscard]] std::string_view what() const { return what_; }
  [[nodiscard]] std::size_t offset() const { return fault_offset_; }

 private:
  bool fail(std::string_view what, std::size_t offset) {
    what_ = what;
    fault_offset_ = offset;
    return false;
  }
  [[nodiscard]] bool starts(std::string_view with) const {
    return text_.substr(at_).starts_with(with);
  }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] std::string_view slice(Span span) const { return out_.slice(span); }
  [[nodiscard]] Span from(std::size_t begin) const {
    return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at_)};
  }
  bool skip_space() {
    auto const before = at_;
    while (is_ascii_space(peek())) ++at_;
    return at_ != before;
  }

  bool declaration();
  bool markup();
  bool comment();
  bool instruction();
  bool cdata();
  bool characters();
  bool start_tag();
  bool end_tag();
  bool name(QualifiedName& name);
  bool attribute(RawAttribute& attribute);
  bool read_attributes();
  bool bind(RawAttribute const& attribute);
  bool resolve(QualifiedName const& name, bool is_element, std::uint32_t& space);
  bool keep_attributes(std::uint32_t first);
  void add_text(NodeKind kind, Span source, Span inside);
  void close();

  Document::Nodes& out_;
  std::string_view text_;
  Limits const& limits_;
  std::size_t at_ = 0;
  std::vector<OpenElement> open_;
  std::vector<Binding> bindings_;
  std::vector<RawAttribute> attributes_;  ///< of the tag being read
  std::string_view what_;
  std::size_t fault_offset_ = 0;
};

bool Parser::run() {
  if (auto const bad = find_bad_character(text_); bad != std::string_view::npos) {
    return fail("a character that XML does not allow", bad);
  }
  if (starts("<?xml") && text_.size() > 5 && is_ascii_space(text_[5]) && !declaration()) {
    return false;
  }
  while (at_ < text_.size()) {
    if (!(peek() == '<' ? markup() : characters())) return false;
  }
  if (!open_.empty()) return fail("the element is not closed", text_.size());
  if (out_.nodes.empty()) return fail("no element in the text", text_.size());
  return true;
}

/// Source: XML 1.0 §2.8, §4.3.3.
bool Parser::declaration() {
  auto const end = text_.find("?>", at_);
  if (end == std::string_view::npos) return fail("the XML declaration is not closed", at_);
  auto const inside = text_.substr(at_, end - at_);
  auto const encoding = inside.find("encoding");
  if (encoding != std::string_view::npos) {
    auto const open = inside.find_first_of("\"'", encoding);
    auto const close = open == std::string_view::npos ? open : inside.find(inside[open], open + 1);
    if (close == std::string_view::npos) return fail("a faulty XML declaration", at_);
    auto const name = inside.substr(open + 1, close - open - 1);
    auto const is_name = [&](std::string_view known) { return equals_ignoring_case(name, known); };
    if (std::ranges::none_of(kEncodings, is_name)) {
      return fail("an encoding other than UTF-8", at_ + open);
    }
  }
  at_ = end + 2;
  return true;
}

bool Parser::markup() {
  auto const after = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
  if (after == '/') return end_tag();
  if (after == '?') return instruction();
  if (after != '!') return start_tag();
  if (starts("<!--")) return comment();
  if (starts("<![CDATA[")) return cdata();
  if (starts("<!DOCTYPE")) return fail("a document type declaration is refused", at_);
  return fail("neither comment nor CDATA section after '<!'", at_);
}

bool Parser::comment() {
  auto const end = text_.find("--", at_ + 4);
  if (end == std::string_view::npos) return fail("a comment is not closed", at_);
  if (!text_.substr(end).starts_with("-->")) return fail("'--' in a comment", end);
  at_ = end + 3;
  return true;
}

bool Parser::instruction() {
  auto const begin = at_;
  at_ += 2;
  QualifiedName target;
  if (!name(target)) return false;
  if (equals_ignoring_case(slice(target.local), "xml")) {
    return fail("an XML declaration stands elsewhere than at the beginning", begin);
  }
  auto const end = text_.find("?>", at_);
  if (end == std::string_view::npos) return fail("an instruction is not closed", begin);
  at_ = end + 2;
  return true;
}

void Parser::add_text(NodeKind kind, Span source, Span inside) {
  auto const index = static_cast<std::uint32_t>(out_.nodes.size());
  out_.nodes.push_back({.source = source,
                        .name = inside,
                        .after = index + 1,
                        .parent = open_.back().node,
                        .attributes = 0,
                        .attributes_end = 0,
                        .space = 0,
                        .kind = kind});
}

bool Parser::cdata() {
  constexpr std::size_t kOpening = 9;
  auto const begin = at_;
  if (open_.empty()) return fail("text stands outside the root element", at_);
  auto const end = text_.find("]]>", at_);
  if (end == std::string_view::npos) return fail("a CDATA section is not closed", at_);
  at_ = end + 3;
  auto const inside =
      Span{static_cast<std::uint32_t>(begin + kOpening), static_cast<std::uint32_t>(end)};
  add_text(NodeKind::cdata, from(begin), inside);
  return true;
}

bool Parser::characters() {
  auto const begin = at_;
  at_ = std::min(text_.find('<', at_), text_.size());
  auto const raw = text_.substr(begin, at_ - begin);
  if (open_.empty()) {
    auto const other = raw.find_first_not_of(" \t\r\n");
    if (other == std::string_view::npos) return true;
    return fail("text stands outside the root element", begin + other);
  }
  if (auto const bad = find_bad_reference(raw); bad != std::string_view::npos) {
    return fail("an unknown or faulty reference", begin + bad);
  }
  // "The right angle bracket ... MUST ... be escaped ... when it appears in the string ]]>"
  if (auto const end = raw.find("]]>"); end != std::string_view::npos) {
    return fail("']]>' in text", begin + end);
  }
  add_text(NodeKind::text, from(begin), from(begin));
  return true;
}

bool Parser::name(QualifiedName& name) {
  auto const part = [&](Span& span) {
    auto const begin = at_;
    if (!is_name_start(peek())) return fail("a name is missing", at_);
    while (is_name_character(peek())) ++at_;
    span = from(begin);
    return true;
  };
  name.prefix = {};
  if (!part(name.local)) return false;
  if (peek() != ':') return true;
  ++at_;
  name.prefix = name.local;
  return part(name.local);
}

bool Parser::attribute(RawAttribute& attribute) {
  if (!name(attribute.name)) return false;
  skip_space();
  if (peek() != '=') return fail("no '=' after the attribute name", at_);
  ++at_;
  skip_space();
  char const quote = peek();
  if (quote != '"' && quote != '\'') return fail("an attribute value without quotes", at_);
  auto const begin = ++at_;
  auto const end = text_.find(quote, begin);
  if (end == std::string_view::npos) return fail("an attribute value is not closed", begin - 1);
  auto const raw = text_.substr(begin, end - begin);
  if (auto const less = raw.find('<'); less != std::string_view::npos) {
    return fail("'<' in an attribute value", begin + less);
  }
  if (auto const bad = find_bad_reference(raw); bad != std::string_view::npos) {
    return fail("an unknown or faulty reference", begin + bad);
  }
  at_ = end;
  attribute.value = from(begin);
  ++at_;
  return true;
}

/// Reads attributes up to the '>' or '/>' of a tag, which it leaves.
bool Parser::read_attributes() {
  attributes_.clear();
  for (;;) {
    bool const spaced = skip_space();
    if (peek() == '>' || peek() == '/') return true;
    if (!spaced) return fail("an unexpected character in a tag", at_);
    if (attributes_.size() == limits_.attributes_max) return fail("too many attributes", at_);
    if (!attribute(attributes_.emplace_back())) return false;
  }
}

/// Takes a namespace declaration into force. Source: Namespaces in XML 1.0 §3.
bool Parser::bind(RawAttribute const& attribute) {
  bool const is_default = attribute.name.prefix.end == 0;
  auto const prefix = is_default ? Span{} : attribute.name.local;
  std::string uri;
  append_decoded(uri, slice(attribute.value), Content::attribute);
  auto const at = attribute.value.begin;
  if (!is_default && uri.empty()) return fail("a prefix bound to nothing", at);
  if (slice(prefix) == "xmlns" || uri == kXmlnsSpace ||
      (slice(prefix) == "xml") != (uri == kXmlSpace)) {
    return fail("a reserved prefix or namespace is bound", at);
  }
  auto const known = std::ranges::find(out_.spaces, uri);
  auto const space = static_cast<std::uint32_t>(known - out_.spaces.begin());
  if (known == out_.spaces.end()) {
    if (out_.spaces.size() == kSpacesMax) return fail("too many namespaces", at);
    out_.spaces.push_back(std::move(uri));
  }
  bindings_.push_back({prefix, space});
  return true;
}

bool Parser::resolve(QualifiedName const& name, bool is_element, std::uint32_t& space) {
  auto const prefix = slice(name.prefix);
  space = prefix == "xml" ? 1 : 0;
  // "The default namespace does not apply directly to attributes."
  if (space == 1 || (prefix.empty() && !is_element)) return true;
  for (auto const& binding : bindings_ | std::views::reverse) {
    if (slice(binding.prefix) != prefix) continue;
    space = binding.space;
    return true;
  }
  return prefix.empty() || fail("a prefix that is bound to no namespace", name.prefix.begin);
}

bool is_declaration(std::string_view prefix, std::string_view local) {
  return prefix == "xmlns" || (prefix.empty() && local == "xmlns");
}

/// Resolves the attributes that were read and refuses those that stand twice.
bool Parser::keep_attributes(std::uint32_t first) {
  for (auto const& attribute : attributes_) {
    if (is_declaration(slice(attribute.name.prefix), slice(attribute.name.local))) continue;
    std::uint32_t space = 0;
    if (!resolve(attribute.name, false, space)) return false;
    out_.attributes.push_back({attribute.name.local, attribute.value, space});
  }
  auto const kept = std::span(out_.attributes).subspan(first);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (kept[i].space == kept[j].space && slice(kept[i].name) == slice(kept[j].name)) {
        return fail("an attribute of this name stands here already", kept[i].name.begin);
      }
    }
  }
  return true;
}

bool Parser::start_tag() {
  auto const begin = at_++;
  if (open_.empty() && !out_.nodes.empty()) return fail("a second root element", begin);
  if (open_.size() == limits_.depth_max) return fail("nested too deeply", begin);
  QualifiedName tag;
  auto const name_begin = at_;
  if (!name(tag)) return false;
  auto const index = static_cast<std::uint32_t>(out_.nodes.size());
  auto const parent = open_.empty() ? 0 : open_.back().node;
  open_.push_back({index, bindings_.size(), from(name_begin)});
  out_.nodes.push_back({.source = from(begin), .name = tag.local, .parent = parent});
  if (!read_attributes()) return false;
  for (std::size_t i = 0; i < attributes_.size(); ++i) {
    auto const& name = attributes_[i].name;
    if (!is_declaration(slice(name.prefix), slice(name.local))) continue;
    for (auto b = open_.back().bindings; b < bindings_.size(); ++b) {
      auto const prefix = name.prefix.end == 0 ? std::string_view{} : slice(name.local);
      if (slice(bindings_[b].prefix) == prefix) {
        return fail("an attribute of this name stands here already", name.local.begin);
      }
    }
    if (!bind(attributes_[i])) return false;
  }
  auto const first = static_cast<std::uint32_t>(out_.attributes.size());
  auto& node = out_.nodes.back();
  if (!resolve(tag, true, node.space) || !keep_attributes(first)) return false;
  node.attributes = first;
  node.attributes_end = static_cast<std::uint32_t>(out_.attributes.size());
  bool const empty = peek() == '/';
  if (empty) ++at_;
  if (peek() != '>') return fail("an unexpected character in a tag", at_);
  ++at_;
  if (empty) close();
  return true;
}

void Parser::close() {
  auto& node = out_.nodes[open_.back().node];
  node.source.end = static_cast<std::uint32_t>(at_);
  node.after = static_cast<std::uint32_t>(out_.nodes.size());
  bindings_.resize(open_.back().bindings);
  open_.pop_back();
}

bool Parser::end_tag() {
  auto const begin = at_;
  if (open_.empty()) return fail("an end tag without a start tag", begin);
  at_ += 2;
  auto const expected = slice(open_.back().name);
  if (!starts(expected)) return fail("the end tag is not that of the open element", begin);
  at_ += expected.size();
  if (is_name_character(peek()) || peek() == ':') {
    return fail("the end tag is not that of the open element", begin);
  }
  skip_space();
  if (peek() != '>') return fail("an unexpected character in a tag", at_);
  ++at_;
  close();
  return true;
}

}  // namespace

Result<Document> Document::parse(std::string text, Limits limits) {
  if (text.size() > std::min(limits.bytes_max, kBytesMax)) {
    return fail(ErrorCode::too_large, "the XML text is larger than the limit", "/");
  }
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  if (!is_utf8(text)) return fail(ErrorCode::malformed, "the XML text is not UTF-8", "/");

  auto nodes = std::make_unique<Nodes>();
  nodes->text = std::move(text);
  Parser parser(*nodes, limits);
  if (parser.run()) return Document(std::move(nodes));

  // What is open ends here, so that the path can be read from the tree as it stands.
  for (auto const& open : parser.open()) {
    nodes->nodes[open.node].after = static_cast<std::uint32_t>(nodes->nodes.size());
  }
  auto const [line, column] = position_of(nodes->text, parser.offset());
  auto what = std::string(parser.what()) + " at line " + std::to_string(line) + ", column " +
              std::to_string(column);
  auto where = parser.open().empty() ? "/" : path_of(Node(nodes.get(), parser.open().back().node));
  return fail(ErrorCode::malformed, std::move(what), std::move(where));
}

}  // namespace sinew::xml
