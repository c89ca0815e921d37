#include <algorithm>
#include <array>

#include "api/graphql/lexer.h"
#include "base/text.h"

namespace sinew::graphql {
namespace {

struct KindRow {
  std::string_view word;
  OperationKind kind;
};
constexpr auto kKinds = std::to_array<KindRow>({
    {"query", OperationKind::query},
    {"mutation", OperationKind::mutation},
    {"subscription", OperationKind::subscription},
});

/// Reads tokens into a Document. What nests, selection sets and values, is kept on stacks of its
/// own. Source: GraphQL, October 2021, section 2.
class Parser {
 public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<Document> run() {
    TRY(advance());
    while (token_.kind != TokenKind::end) TRY(definition());
    if (document_.operations.empty()) return fail_at(0, "there is no query", ErrorCode::malformed);
    return std::move(document_);
  }

 private:
  /// A list, object or selection set that is not closed yet.
  struct Open {
    Index owner;         ///< that it belongs to; kNone: the definition
    Index last = kNone;  ///< of what it holds
  };

  Result<> advance() {
    token_ = TRY(lexer_.next());
    return {};
  }
  [[nodiscard]] bool at(std::string_view punctuator) const {
    return token_.kind == TokenKind::punctuator && token_.text == punctuator;
  }
  [[nodiscard]] bool at_word(std::string_view word) const {
    return token_.kind == TokenKind::name && token_.text == word;
  }
  Result<bool> take(std::string_view punctuator) {
    if (!at(punctuator)) return false;
    TRY(advance());
    return true;
  }
  Result<> expect(std::string_view punctuator) {
    if (TRY(take(punctuator))) return {};
    return unexpected("'" + std::string(punctuator) + "'");
  }
  [[nodiscard]] Failure unexpected(std::string const& wanted) const {
    return fail_at(token_.at, wanted + " is expected here", ErrorCode::malformed);
  }
  Result<std::string> name(std::string const& what) {
    if (token_.kind != TokenKind::name) return unexpected(what);
    auto text = std::move(token_.text);
    TRY(advance());
    return text;
  }

  Result<> definition();
  Result<> operation(OperationKind kind);
  Result<> fragment();
  Result<> variables(OperationDefinition& operation);
  Result<std::string> type();
  Result<> directives(std::vector<Directive>& into);
  Result<> arguments(std::vector<Argument>& into);
  Result<Index> value();
  Result<Value> scalar();
  Result<Index> selection_set();
  Result<Selection> selection();
  Result<Selection> spread();
  /// Adds to the innermost open one.
  template <class T>
  static Index append(std::vector<T>& all, std::vector<Open>& open, T item, Index& root);

  Lexer lexer_;
  Token token_;
  Document document_;
};

template <class T>
Index Parser::append(std::vector<T>& all, std::vector<Open>& open, T item, Index& root) {
  auto const index = static_cast<Index>(all.size());
  all.push_back(std::move(item));
  if (open.empty()) {
    root = index;
    return index;
  }
  auto& place = open.back();
  if (place.last != kNone) {
    all[place.last].next = index;
  } else if (place.owner != kNone) {
    all[place.owner].first = index;
  } else {
    root = index;
  }
  place.last = index;
  return index;
}

Result<> Parser::definition() {
  if (at("{")) return operation(OperationKind::query);
  if (at_word("fragment")) return fragment();
  auto const* const row = token_.kind == TokenKind::name
                              ? std::ranges::find(kKinds, token_.text, &KindRow::word)
                              : kKinds.end();
  if (row == kKinds.end()) return unexpected("a query or a fragment");
  return operation(row->kind);
}

Result<> Parser::operation(OperationKind kind) {
  OperationDefinition made;
  made.kind = kind;
  made.at = token_.at;
  if (!at("{")) {
    TRY(advance());
    if (token_.kind == TokenKind::name) made.name = TRY(name("a name"));
    TRY(variables(made));
    TRY(directives(made.directives));
  }
  bool const is_known = std::ranges::find(document_.operations, made.name,
                                          &OperationDefinition::name) != document_.operations.end();
  if (is_known) return fail_at(made.at, "two operations have one name");
  made.first = TRY(selection_set());
  document_.operations.push_back(std::move(made));
  return {};
}

Result<> Parser::fragment() {
  FragmentDefinition made;
  made.at = token_.at;
  TRY(advance());
  if (at_word("on")) return unexpected("the name of the fragment");
  made.name = TRY(name("the name of the fragment"));
  if (!at_word("on")) return unexpected("'on'");
  TRY(advance());
  made.type_condition = TRY(name("a type"));
  TRY(directives(made.directives));
  made.first = TRY(selection_set());
  if (document_.fragment(made.name)) return fail_at(made.at, "two fragments have one name");
  document_.fragments.push_back(std::move(made));
  return {};
}

Result<> Parser::variables(OperationDefinition& operation) {
  if (!TRY(take("("))) return {};
  while (!TRY(take(")"))) {
    VariableDefinition made;
    made.at = token_.at;
    TRY(expect("$"));
    made.name = TRY(name("the name of a variable"));
    TRY(expect(":"));
    made.type = TRY(type());
    made.is_required = TRY(take("!"));
    if (TRY(take("="))) made.fallback = TRY(value());
    std::vector<Directive> ignored;
    TRY(directives(ignored));
    operation.variables.push_back(std::move(made));
  }
  return {};
}

/// `[String!]`, as text.
Result<std::string> Parser::type() {
  std::string text;
  std::size_t depth = 0;
  while (TRY(take("["))) {
    if (++depth > kValueDepthMax) return fail_at(token_.at, "the type is nested too deep");
    text += '[';
  }
  text += TRY(name("a type"));
  for (; depth > 0; --depth) {
    if (TRY(take("!"))) text += '!';
    TRY(expect("]"));
    text += ']';
  }
  return text;
}

Result<> Parser::directives(std::vector<Directive>& into) {
  while (at("@")) {
    Directive made;
    made.at = token_.at;
    TRY(advance());
    made.name = TRY(name("the name of a directive"));
    TRY(arguments(made.arguments));
    into.push_back(std::move(made));
  }
  return {};
}

/// An empty list of arguments is accepted: FHIR's own examples have it.
Result<> Parser::arguments(std::vector<Argument>& into) {
  if (!TRY(take("("))) return {};
  while (!TRY(take(")"))) {
    Argument made;
    made.at = token_.at;
    made.name = TRY(name("the name of an argument"));
    TRY(expect(":"));
    made.value = TRY(value());
    if (std::ranges::find(into, made.name, &Argument::name) != into.end()) {
      return fail_at(made.at, "the argument is given twice");
    }
    into.push_back(std::move(made));
  }
  return {};
}

Result<Value> Parser::scalar() {
  Value made;
  made.at = token_.at;
  if (TRY(take("$"))) {
    made.kind = ValueKind::variable;
    made.text = TRY(name("the name of a variable"));
    return made;
  }
  switch (token_.kind) {
    case TokenKind::integer:
      made.kind = ValueKind::integer;
      break;
    case TokenKind::number:
      made.kind = ValueKind::number;
      break;
    case TokenKind::string:
      made.kind = ValueKind::string;
      break;
    case TokenKind::name: {
      bool const is_boolean = token_.text == "true" || token_.text == "false";
      made.kind = is_boolean              ? ValueKind::boolean
                  : token_.text == "null" ? ValueKind::null
                                          : ValueKind::enumeration;
      break;
    }
    default:
      return unexpected("a value");
  }
  made.text = std::move(token_.text);
  TRY(advance());
  return made;
}

Result<Index> Parser::value() {
  auto& all = document_.values;
  std::vector<Open> open;
  Index root = kNone;
  do {
    bool const is_in_object = !open.empty() && all[open.back().owner].kind == ValueKind::object;
    if (!open.empty() && TRY(take(is_in_object ? "}" : "]"))) {
      open.pop_back();
      continue;
    }
    std::string field;
    if (is_in_object) {
      field = TRY(name("the name of a field"));
      TRY(expect(":"));
    }
    bool const is_list = at("[");
    bool const is_object = at("{");
    Value made;
    if (is_list || is_object) {
      made.kind = is_list ? ValueKind::list : ValueKind::object;
      made.at = token_.at;
      TRY(advance());
    } else {
      made = TRY(scalar());
    }
    made.name = std::move(field);
    auto const index = append(all, open, std::move(made), root);
    if (!is_list && !is_object) continue;
    if (open.size() == kValueDepthMax) return fail_at(token_.at, "the value is nested too deep");
    open.push_back({index});
  } while (!open.empty());
  return root;
}

Result<Selection> Parser::spread() {
  Selection made;
  made.at = token_.at;
  TRY(advance());
  if (token_.kind == TokenKind::name && !at_word("on")) {
    made.kind = SelectionKind::spread;
    made.name = TRY(name("the name of a fragment"));
  } else {
    made.kind = SelectionKind::inline_fragment;
    if (at_word("on")) {
      TRY(advance());
      made.type_condition = TRY(name("a type"));
    }
  }
  TRY(directives(made.directives));
  if (made.kind == SelectionKind::inline_fragment && !at("{")) return unexpected("'{'");
  return made;
}

Result<Selection> Parser::selection() {
  if (at("...")) return spread();
  Selection made;
  made.at = token_.at;
  made.alias = TRY(name("a field"));
  made.name = TRY(take(":")) ? TRY(name("a field")) : made.alias;
  TRY(arguments(made.arguments));
  TRY(directives(made.directives));
  return made;
}

Result<Index> Parser::selection_set() {
  auto& all = document_.selections;
  std::vector<Open> open;
  Index root = kNone;
  TRY(expect("{"));
  open.push_back({kNone});
  while (!open.empty()) {
    if (at("}")) {
      if (open.back().last == kNone) return unexpected("a field");
      TRY(advance());
      open.pop_back();
      continue;
    }
    auto made = TRY(selection());
    bool const opens = made.kind != SelectionKind::spread && at("{");
    made.has_set = opens;
    auto const index = append(all, open, std::move(made), root);
    if (!opens) continue;
    if (open.size() == kSelectionDepthMax) {
      return fail_at(token_.at, "selections are nested too deep", ErrorCode::too_large);
    }
    TRY(advance());
    open.push_back({index});
  }
  return root;
}

}  // namespace

FragmentDefinition const* Document::fragment(std::string_view name) const {
  auto const found = std::ranges::find(fragments, name, &FragmentDefinition::name);
  return found == fragments.end() ? nullptr : &*found;
}

Failure fail_at(Offset at, std::string what, ErrorCode code) {
  return fail(code, std::move(what), std::to_string(at));
}

Offset offset_of(Error const& error) { return parse_integer<Offset>(error.where).value_or(kNone); }

Result<Document> parse_document(std::string_view text) {
  if (text.size() > kQueryBytesMax) {
    return fail_at(0, "the query is too long", ErrorCode::too_large);
  }
  if (!is_utf8(text)) return fail_at(0, "the query is not UTF-8", ErrorCode::malformed);
  return Parser(text).run();
}

}  // namespace sinew::graphql
