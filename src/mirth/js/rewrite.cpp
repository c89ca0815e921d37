#include "mirth/js/rewrite.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.h"
#include "mirth/js/absent.h"
#include "mirth/js/code.h"
#include "mirth/js/edits.h"

namespace sinew::mirth::js {
namespace {

/// `{..}` in a literal holds a script that may hold a literal.
constexpr int kLiteralDepthMax = 8;

bool is_segment_name(std::string_view name) {
  return name.size() == 3 && is_ascii_upper(name[0]) &&
         std::ranges::all_of(name, [](char c) { return is_ascii_upper(c) || is_ascii_digit(c); });
}

std::string quoted(std::string_view text) {
  std::string out = "'";
  for (char const c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else if (c != '\r') {
      out += c;
    }
  }
  return out + '\'';
}

class Rewriter {
 public:
  Rewriter(Code const& code, int depth) : code_(code), depth_(depth) {}
  Script run();

 private:
  void find_declared();
  void declare_assigned();
  void word(std::size_t at);
  void name(std::size_t at);
  void dot(std::size_t at);
  void for_each(std::size_t at);
  void descendants(std::size_t at);
  void attribute(std::size_t at);
  void qualified(std::size_t at);
  void predicate(std::size_t dot);
  void names_of_predicate(std::size_t open, std::size_t close);
  void literal(std::size_t at);
  void default_namespace(std::size_t at);
  void new_xml(std::size_t at);
  bool java(std::size_t at);
  void configuration(std::size_t at);
  void give_up(std::size_t at, std::string_view why);
  void type_of_xml(std::size_t at);

  [[nodiscard]] bool is_free_name(std::size_t at) const;
  [[nodiscard]] bool is_message(Stretch chain) const {
    return chain.end == chain.first + 1 && !declared_.contains(code_.text(chain.first)) &&
           (code_.is(chain.first, "msg") || code_.is(chain.first, "tmp"));
  }
  void remark(std::size_t at, Verdict verdict, std::string_view why) {
    script_.remarks.push_back({code_.line(at), verdict, std::string(why)});
  }
  void replace(std::size_t first, std::size_t end, std::string text) {
    edits_.replace(code_.begin(first), code_.end(end - 1), std::move(text));
  }

  Code const& code_;
  int depth_;
  Edits edits_;
  std::string declaration_;
  Script script_;
  std::set<std::string_view> declared_;
  std::size_t skip_until_ = 0;  ///< words before it are part of something replaced
};

/// A name that stands for itself: no member, no key of an object, and not declared in the script.
bool Rewriter::is_free_name(std::size_t at) const {
  if (!code_.is_name(at) || declared_.contains(code_.text(at))) return false;
  if (at == 0) return true;
  for (auto const mark : {".", "..", "?.", "@", "::"})
    if (code_.is(at - 1, mark)) return false;
  if (!code_.is(at + 1, ":")) return true;
  auto const brace = code_.enclosing(at);
  return brace == kNone || !code_.is(brace, "{") || code_.is_block(brace);
}

void Rewriter::find_declared() {
  for (std::size_t i = 0; i < code_.size(); ++i) {
    bool const declares = code_.is(i, "var") || code_.is(i, "let") || code_.is(i, "const") ||
                          code_.is(i, "function") || code_.is(i, "class");
    if (declares && code_.is_name(i + 1)) declared_.insert(code_.text(i + 1));
    // `var a = f(1), b`
    if (!code_.is(i, "var") && !code_.is(i, "let") && !code_.is(i, "const")) continue;
    auto const statement = code_.statement(i);
    for (auto at = i; at < statement.end;) {
      if (code_.is(at, ",") && code_.is_name(at + 1)) declared_.insert(code_.text(at + 1));
      auto const close = code_.partner(at);
      at = close != kNone && close > at ? close + 1 : at + 1;
    }
  }
  for (std::size_t i = 0; i < code_.size(); ++i) {
    if (!code_.is(i, "function") && !code_.is(i, "catch")) continue;
    auto open = i + 1;
    if (code_.is_name(open)) ++open;
    auto const close = code_.is(open, "(") ? code_.partner(open) : kNone;
    for (auto at = open + 1; close != kNone && at < close; ++at)
      if (code_.is_name(at)) declared_.insert(code_.text(at));
  }
}

/// Rhino makes a global of a name that is assigned and declared nowhere; here it would be an error.
void Rewriter::declare_assigned() {
  std::set<std::string_view> assigned;
  for (std::size_t i = 0; i < code_.size(); ++i) {
    if (!is_free_name(i) || is_reserved_word(code_.text(i)) || is_known_name(code_.text(i)))
      continue;
    bool const is_loop =
        i >= 2 && code_.is(i - 1, "(") && (code_.is(i - 2, "for") || code_.is(i - 2, "each"));
    bool const is_assigned = code_.is(i + 1, "=") && !code_.is(i - 1, "xml");  // xml namespace = ..
    if (is_assigned || (is_loop && code_.is(i + 1, "in"))) assigned.insert(code_.text(i));
  }
  if (assigned.empty()) return;
  std::string names;
  for (auto const each : assigned) names += (names.empty() ? "var " : ", ") + std::string(each);
  declaration_ = names + "; ";
}

Script Rewriter::run() {
  find_declared();
  if (depth_ == 0) declare_assigned();
  for (std::size_t i = 0; i < code_.size(); ++i)
    if (i >= skip_until_) word(i);
  script_.text = declaration_ + edits_.apply(code_.script());
  return std::move(script_);
}

void Rewriter::word(std::size_t at) {
  switch (code_.kind(at)) {
    case Kind::name:
      return name(at);
    case Kind::xml:
      return literal(at);
    case Kind::punctuator:
      return dot(at);
    case Kind::bad:
      return remark(at, Verdict::by_hand,
                    "this is not JavaScript: " + std::string(code_.text(at).substr(0, 20)));
    default:
      return;
  }
}

void Rewriter::dot(std::size_t at) {
  if (code_.is(at, "..")) return descendants(at);
  if (code_.is(at, "@")) return attribute(at);
  if (code_.is(at, "::")) return qualified(at);
  if (code_.is(at, ".") && code_.is(at + 1, "(")) return predicate(at);
  // x += <a/> appends in E4X; in JavaScript it would join texts.
  if (code_.is(at, "+=") && code_.kind(at + 1) == Kind::xml)
    give_up(at, "adding XML with += has no counterpart: use appendChild");
}

void Rewriter::name(std::size_t at) {
  auto const text = code_.text(at);
  if (code_.is(at, "for") && code_.is(at + 1, "each") && code_.is(at + 2, "(")) return for_each(at);
  if (code_.is(at, "default") && code_.is(at + 1, "xml") && code_.is(at + 2, "namespace"))
    return default_namespace(at);
  if (code_.is(at, "typeof")) return type_of_xml(at);
  if (!is_free_name(at)) return;
  if (text == "XML" || text == "XMLList") return new_xml(at);
  if (text == "Namespace" || text == "QName") {
    script_.needs_e4x = true;
    edits_.open(code_.begin(at), "e4x.");
    return remark(at, Verdict::differs, "XML names are compared without their namespaces");
  }
  if (text == "configurationMap" || text == "$cfg") return configuration(at);
  if (text == "destinationSet" && code_.is(at + 1, ".")) {
    script_.needs_e4x = script_.uses_destination_set = true;
    return edits_.open(code_.begin(at), "e4x.");
  }
  if (text == "UUIDGenerator" || text == "Lists" || text == "Maps") {
    script_.needs_e4x = true;
    return edits_.open(code_.begin(at), "e4x.");
  }
  auto const why = why_absent(text);
  if (why.empty() || java(at)) return;
  // `org` and `com` are Java only with a package after them.
  bool const is_package = text == "org" || text == "com" || text == "java" || text == "javax";
  if (is_package && !(code_.is(at + 1, ".") && code_.is_name(at + 2))) return;
  give_up(at, why);
}

void Rewriter::for_each(std::size_t at) {
  auto const open = at + 2;
  auto const close = code_.partner(open);
  if (close == kNone) return;
  auto in = open + 1;
  while (in < close && !code_.is(in, "in")) {
    auto const partner = code_.partner(in);
    in = partner != kNone && partner > in ? partner + 1 : in + 1;
  }
  if (in >= close || in + 1 == close) return;
  edits_.replace(code_.end(at), code_.begin(open), " ");
  replace(in, in + 1, "of");
  bool const is_of_message = (code_.is(in + 1, "msg") || code_.is(in + 1, "tmp")) &&
                             !declared_.contains("each") && !declared_.contains("msg");
  if (!is_of_message) script_.needs_e4x = true;
  edits_.open(code_.begin(in + 1), is_of_message ? "each(" : "e4x.each(");
  edits_.close(code_.end(close - 1), ")");
}

void Rewriter::descendants(std::size_t at) {
  if (at == 0) return;
  Stretch const chain{code_.chain_begin(at - 1), at};
  if (code_.is(at + 1, "@")) {
    script_.needs_e4x = true;
    edits_.open(code_.begin(chain.first), "e4x.attributes(");
    replace(at, at + 3, ", " + quoted(code_.text(at + 2)) + ")");
    skip_until_ = at + 3;
    return;
  }
  bool const is_bracket = code_.is(at + 1, "[");
  if (!is_bracket && !code_.is_name(at + 1) && !code_.is(at + 1, "*")) return;
  auto wanted = at + 1;
  if (code_.is(at + 2, "::")) wanted = at + 3;  // the namespace is not looked at
  if (is_message(chain) && is_segment_name(code_.text(wanted))) {
    replace(at, wanted + 1, "['" + std::string(code_.text(wanted)) + "']");
    skip_until_ = wanted + 1;
    return;
  }
  script_.needs_e4x = true;
  edits_.open(code_.begin(chain.first), "e4x.descendants(");
  if (is_bracket) {
    auto const close = code_.partner(wanted);
    if (close == kNone) return;
    replace(at, wanted + 1, ", ");
    replace(close, close + 1, ")");
    return;
  }
  replace(at, wanted + 1, ", " + quoted(code_.text(wanted)) + ")");
  skip_until_ = wanted + 1;
}

/// `.@name`, `.@*`, `.@[name]`; without a dot, an attribute of what a predicate is about.
void Rewriter::attribute(std::size_t at) {
  script_.needs_e4x = true;
  auto wanted = at + 1;
  if (code_.is(at + 2, "::")) wanted = at + 3;
  bool const is_member = at > 0 && code_.is(at - 1, ".");
  auto const from = is_member ? at - 1 : at;
  std::string const object = is_member ? "" : "it";
  remark(at, Verdict::differs, "attributes are those of XML; fields of HL7 v2 have none here");
  if (code_.is(wanted, "[")) return replace(from, wanted + 1, object + "['@' + ");
  if (!code_.is_name(wanted) && !code_.is(wanted, "*")) return;
  replace(from, wanted + 1, object + "['@" + std::string(code_.text(wanted)) + "']");
  skip_until_ = wanted + 1;
}

/// `x.ns::NAME`.
void Rewriter::qualified(std::size_t at) {
  if (at < 2 || !code_.is(at - 2, ".")) return;
  remark(at, Verdict::differs, "XML names are compared without their namespaces");
  if (code_.is(at + 1, "[")) {
    edits_.replace(code_.begin(at - 2), code_.begin(at + 1), "");
    return;
  }
  replace(at - 2, at + 2, "[" + quoted(code_.text(at + 1)) + "]");
  skip_until_ = at + 2;
}

void Rewriter::predicate(std::size_t at) {
  auto const open = at + 1;
  auto const close = code_.partner(open);
  if (at == 0 || close == kNone) return;
  script_.needs_e4x = true;
  edits_.open(code_.begin(code_.chain_begin(at - 1)), "e4x.where(");
  replace(at, open + 1, ", it => (");
  edits_.close(code_.end(close), ")");
  names_of_predicate(open, close);
}

/// In a predicate a bare name means an element of the object that is looked at.
void Rewriter::names_of_predicate(std::size_t open, std::size_t close) {
  for (auto i = open + 1; i < close; ++i) {
    if (!is_free_name(i) || is_reserved_word(code_.text(i))) continue;
    bool const is_call = code_.is(i + 1, "(");
    if (is_call ? !is_xml_method(code_.text(i)) : is_known_name(code_.text(i))) continue;
    edits_.open(code_.begin(i), "it.");
  }
}

/// An XML literal becomes a text that is parsed when the script gets there.
void Rewriter::literal(std::size_t at) {
  script_.needs_e4x = true;
  auto const xml = code_.text(at);
  std::string out = xml.starts_with("<>") ? "e4x.list(`" : "e4x.xml(`";
  for (std::size_t i = 0; i < xml.size(); ++i) {
    if (xml[i] == '{') {
      auto const end = end_of_braces(xml, i);
      if (end == std::string_view::npos) return;
      auto const inner = xml.substr(i + 1, end - i - 2);
      // Between `=` and the next space it is an attribute's value, which brings its quotes.
      bool const is_value = i > 0 && xml[i - 1] == '=';
      std::string text(inner);
      if (depth_ < kLiteralDepthMax) {
        if (auto const code = Code::read(inner)) text = Rewriter(*code, depth_ + 1).run().text;
      }
      out += is_value ? "\"${e4x.escape(" : "${e4x.content(";
      out += text + (is_value ? ")}\"" : ")}");
      i = end - 1;
      continue;
    }
    if (xml[i] == '`' || xml[i] == '\\' ||
        (xml[i] == '$' && i + 1 < xml.size() && xml[i + 1] == '{'))
      out += '\\';
    out += xml[i];
  }
  replace(at, at + 1, out + "`)");
}

void Rewriter::default_namespace(std::size_t at) {
  auto const statement = code_.statement(at);
  auto text = std::string(code_.slice(statement));
  edits_.replace_whole(code_.begin(statement.first), code_.end(statement.end - 1),
                       "/* from Mirth: " + text + " */");
  skip_until_ = statement.end;
  remark(at, Verdict::differs, "XML names are compared without their namespaces");
}

void Rewriter::new_xml(std::size_t at) {
  auto const text = code_.text(at);
  if (code_.is(at + 1, ".")) {  // XML.ignoreWhitespace = false
    auto const statement = code_.statement(at);
    auto const source = std::string(code_.slice(statement));
    edits_.replace_whole(code_.begin(statement.first), code_.end(statement.end - 1),
                         "/* from Mirth: " + source + " */");
    skip_until_ = statement.end;
    return remark(at, Verdict::differs, "settings of XML have no effect: white space is left out");
  }
  if (!code_.is(at + 1, "(")) return;
  script_.needs_e4x = true;
  bool const is_new = at > 0 && code_.is(at - 1, "new");
  replace(is_new ? at - 1 : at, at + 1, text == "XML" ? "e4x.xml" : "e4x.list");
}

/// `java.lang.String(x)`, `new Packages.java.util.ArrayList()`: what has a counterpart.
bool Rewriter::java(std::size_t at) {
  auto first = at;
  if (code_.is(at, "Packages") && code_.is(at + 1, ".")) first = at + 2;
  std::string path(code_.text(first));
  JavaRow const* found = nullptr;
  std::size_t last = first;
  for (auto i = first; code_.is(i + 1, ".") && code_.is_name(i + 2); i += 2) {
    path += '.' + std::string(code_.text(i + 2));
    if (auto const* row = find_java(path); row != nullptr) {
      found = row;
      last = i + 2;
    }
  }
  if (found == nullptr) return false;
  bool const is_new = at > 0 && code_.is(at - 1, "new");
  replace(is_new && found->drops_new ? at - 1 : at, last + 1, std::string(found->counterpart));
  if (found->counterpart.starts_with("e4x.")) script_.needs_e4x = true;
  skip_until_ = last + 1;
  return true;
}

/// configurationMap.get('x') and $cfg('x') ask the lookup table that the importer makes of the map.
void Rewriter::configuration(std::size_t at) {
  script_.uses_configuration = true;
  if (code_.is(at, "$cfg"))
    return replace(at, at + 1, "e4x.configuration"), void(script_.needs_e4x = true);
  if (!code_.is(at + 1, ".") || !code_.is(at + 2, "get"))
    return give_up(at, "the configuration is a lookup table, which scripts only read");
  replace(at, at + 3, "e4x.configuration");
  script_.needs_e4x = true;
  skip_until_ = at + 3;
}

void Rewriter::type_of_xml(std::size_t at) {
  auto const statement = code_.statement(at);
  for (auto i = at; i + 1 < statement.end && i < at + 12; ++i) {
    bool const compares =
        code_.is(i, "==") || code_.is(i, "===") || code_.is(i, "!=") || code_.is(i, "!==");
    if (!compares || code_.kind(i + 1) != Kind::string) continue;
    if (code_.text(i + 1).find("xml") == std::string_view::npos) return;
    replace(i + 1, i + 2, "'object'");
    return remark(at, Verdict::differs, "the type of XML is 'object', as that of other objects");
  }
}

/// The statement becomes an error that is thrown; its text stays beside it. Within the brackets of
/// `if (..)` only what stands in them is replaced.
void Rewriter::give_up(std::size_t at, std::string_view why) {
  auto const statement = code_.statement(at);
  auto source = std::string(code_.slice(statement));
  for (auto end = source.find("*/"); end != std::string::npos; end = source.find("*/", end))
    source.replace(end, 2, "* /");
  std::string const error = "new Error(" + quoted(std::string(kMark) + std::string(why)) + ")";
  std::string comment = "/* " + std::string(kMark) + source + " */";
  bool const ends = code_.is(statement.end - 1, ";");
  std::string text = "throw " + error + "; " + comment;
  if (code_.is_header(statement)) {
    // All that stands in the brackets of `for (x in y)` is one of the three parts it has otherwise.
    auto const open = statement.first - 1;
    bool const is_loop = code_.is(open - 1, "for") || code_.is(open - 1, "each");
    if (is_loop && code_.partner(open) == statement.end && !ends) {
      if (code_.is(open - 1, "each")) edits_.replace(code_.end(open - 2), code_.begin(open), " ");
      comment += " ;;";
    }
    text = "(() => { throw " + error + "; })() " + comment + (ends ? ";" : "");
  } else if (!ends && code_.is(statement.first, "case")) {
    text = comment;
  }
  edits_.replace_whole(code_.begin(statement.first), code_.end(statement.end - 1), text);
  skip_until_ = statement.end;
  remark(at, Verdict::by_hand, std::string(code_.text(at)) + ": " + std::string(why));
}

}  // namespace

Result<Script> rewrite(std::string_view script) {
  auto const code = TRY(Code::read(script));
  return Rewriter(code, 0).run();
}

}  // namespace sinew::mirth::js
