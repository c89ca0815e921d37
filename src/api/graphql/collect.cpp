#include "api/graphql/collect.h"

#include <algorithm>
#include <map>
#include <set>

namespace sinew::graphql {
namespace {

void append_value(std::string& out, Document const& document, Index index) {
  struct Open {
    Index value;
    char close;
  };
  std::vector<Open> open = {{index, ' '}};
  while (!open.empty()) {
    if (open.back().value == kNone) {
      out += open.back().close;
      open.pop_back();
      continue;
    }
    auto const& value = document.values[open.back().value];
    open.back().value = value.next;
    out += static_cast<char>('0' + static_cast<int>(value.kind));
    out += value.name + ':' + std::to_string(value.text.size()) + ':' + value.text;
    bool const is_list = value.kind == ValueKind::list;
    if (is_list || value.kind == ValueKind::object)
      open.push_back({value.first, is_list ? ']' : '}'});
  }
}

/// What has to be equal for two selections to be one.
std::string signature(Document const& document, Selection const& selection) {
  auto text = selection.alias + '\n' + selection.name;
  auto const add = [&](std::vector<Argument> const& arguments) {
    std::map<std::string_view, Index> sorted;
    for (auto const& argument : arguments) sorted.emplace(argument.name, argument.value);
    for (auto const& [name, value] : sorted) {
      text += '\n' + std::string(name) + '=';
      append_value(text, document, value);
    }
  };
  add(selection.arguments);
  for (auto const& directive : selection.directives) {
    if (directive.name == "skip" || directive.name == "include") continue;
    text += "\n@" + directive.name;
    add(directive.arguments);
  }
  return text;
}

class Collector {
 public:
  Collector(Document const& document, Variables const& variables, Type const& type)
      : document_(document), variables_(variables), type_(type) {}

  Result<std::vector<Group>> run(std::vector<Index> const& firsts) {
    for (auto const first : firsts) {
      open_.push_back(first);
      while (!open_.empty()) TRY(step());
    }
    return std::move(groups_);
  }

 private:
  Result<> step() {
    if (open_.back() == kNone) {
      open_.pop_back();
      return {};
    }
    auto const index = open_.back();
    auto const& selection = document_.selections[index];
    open_.back() = selection.next;
    if (!TRY(is_included(selection))) return {};
    switch (selection.kind) {
      case SelectionKind::field:
        add(index, selection);
        return {};
      case SelectionKind::inline_fragment: {
        auto const& condition = selection.type_condition;
        bool const fits = condition.empty() || applies(condition, type_).value_or(false);
        if (fits) open_.push_back(selection.first);
        return {};
      }
      case SelectionKind::spread: {
        auto const* const fragment = document_.fragment(selection.name);
        // Once is enough: a second time its fields would be the same groups.
        bool const is_new = fragment && seen_.insert(selection.name).second;
        if (is_new && applies(fragment->type_condition, type_).value_or(false)) {
          open_.push_back(fragment->first);
        }
      }
    }
    return {};
  }

  Result<bool> is_included(Selection const& selection) const {
    for (auto const& directive : selection.directives) {
      bool const is_skip = directive.name == "skip";
      if ((!is_skip && directive.name != "include") || directive.arguments.empty()) continue;
      auto const& argument = directive.arguments.front();
      auto const value = TRY(variables_.text(document_, argument));
      if (!value || value->kind != ValueKind::boolean) {
        return fail_at(argument.at, "'if' is true or false");
      }
      if ((value->text == "true") == is_skip) return false;
    }
    return true;
  }

  void add(Index index, Selection const& selection) {
    auto const [place, is_new] =
        by_signature_.try_emplace(signature(document_, selection), groups_.size());
    if (is_new) groups_.push_back({index, {}});
    if (selection.has_set) groups_[place->second].firsts.push_back(selection.first);
  }

  Document const& document_;
  Variables const& variables_;
  Type const& type_;
  std::vector<Index> open_;
  std::set<std::string> seen_;
  std::map<std::string, std::size_t> by_signature_;
  std::vector<Group> groups_;
};

}  // namespace

Result<std::vector<Group>> collect(Document const& document, Variables const& variables,
                                   Type const& type, std::vector<Index> const& firsts) {
  return Collector(document, variables, type).run(firsts);
}

Directive const* find_directive(Selection const& selection, std::string_view name) {
  auto const found = std::ranges::find(selection.directives, name, &Directive::name);
  return found == selection.directives.end() ? nullptr : &*found;
}

Argument const* find_argument(Selection const& selection, std::string_view name) {
  auto const found = std::ranges::find(selection.arguments, name, &Argument::name);
  return found == selection.arguments.end() ? nullptr : &*found;
}

}  // namespace sinew::graphql
