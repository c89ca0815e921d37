#include "api/rest/operation.h"

#include <algorithm>

#include "api/rest/outcome.h"

namespace sinew::rest {
namespace {

constexpr int kBadRequest = 400;

bool is_on_type(Operation const& operation, std::string_view type) {
  return operation.types.empty() ||
         std::ranges::find(operation.types, type) != operation.types.end();
}

bool is_at(Operation const& operation, OperationAddress const& address) {
  if (std::ranges::find(operation.levels, address.level) == operation.levels.end()) return false;
  return address.level == Level::system || is_on_type(operation, address.type);
}

void append(std::string& list, std::string_view item) {
  if (!list.empty()) list += ", ";
  list += item;
}

/// "$meta, $validate": what can be called at the same place.
std::string names_at(OperationTable const& table, OperationAddress const& address) {
  std::vector<std::string> names;
  for (auto const& operation : table) {
    if (is_at(operation, address)) names.push_back('$' + operation.name);
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  std::string list;
  for (auto const& name : names) append(list, name);
  return list.empty() ? "none" : list;
}

/// "Patient/[id]", "[type]", "[base]": where an operation can be called.
std::string places_of(OperationTable const& table, std::string_view name) {
  std::string list;
  for (auto const& operation : table) {
    if (operation.name != name) continue;
    for (auto const level : operation.levels) {
      if (level == Level::system) {
        append(list, "[base]");
        continue;
      }
      std::string_view const tail = level == Level::type       ? ""
                                    : level == Level::instance ? "/[id]"
                                                               : "/[id]/_history/[version]";
      auto const types =
          operation.types.empty() ? std::vector<std::string>{"[type]"} : operation.types;
      for (auto const& type : types) append(list, type + std::string(tail));
    }
  }
  return list;
}

/// The caller's mistakes are 400, whatever their row says for a resource that is stored.
Answer refuse_call(Error const& error) {
  bool const is_callers = error.code == ErrorCode::invalid || error.code == ErrorCode::malformed ||
                          error.code == ErrorCode::not_supported;
  return is_callers ? refuse(kBadRequest, error) : refuse(error);
}

Level level_of(Call const& call) {
  if (!call.version.empty()) return Level::version;
  if (!call.id.empty()) return Level::instance;
  return call.type.empty() ? Level::system : Level::type;
}

}  // namespace

std::optional<OperationAddress> operation_address(std::vector<std::string> const& segments) {
  constexpr std::size_t kWithVersion = 5;
  if (segments.empty() || segments.back().size() < 2 || segments.back()[0] != '$') return {};
  auto const is_name = [](std::string const& segment) {
    return !segment.empty() && segment[0] != '_' && segment[0] != '$';
  };
  OperationAddress address;
  address.name = segments.back().substr(1);
  auto const size = segments.size();
  if (size == 1) return address;
  bool const is_version = size == kWithVersion && segments[2] == "_history";
  if (size > 3 && !is_version) return {};
  address.type = segments[0];
  address.level = Level::type;
  if (size > 2) {
    address.id = segments[1];
    address.level = Level::instance;
  }
  if (is_version) {
    address.version = segments[3];
    address.level = Level::version;
  }
  bool const fits = is_name(address.type) && (size <= 2 || is_name(address.id)) &&
                    (!is_version || is_name(address.version));
  if (!fits) return {};
  return address;
}

Result<Operation const*> find_operation(OperationTable const& table,
                                        OperationAddress const& address) {
  if (address.level != Level::system) TRY(check_type(address.type));
  bool is_known = false;
  for (auto const& operation : table) {
    if (operation.name != address.name) continue;
    if (is_at(operation, address)) return &operation;
    is_known = true;
  }
  if (is_known) {
    return fail(
        ErrorCode::invalid,
        "$" + address.name + " is not called here but on: " + places_of(table, address.name),
        "url");
  }
  return fail(ErrorCode::not_found,
              "no such operation; here there are: " + names_at(table, address), "url");
}

std::vector<std::string_view> methods_of(Operation const& operation) {
  if (operation.effect == Effect::changes) return {"POST"};
  return {"GET", "POST"};
}

Argument const* Arguments::find(std::string_view name) const {
  auto const found = std::ranges::find(all_, name, &Argument::name);
  return found == all_.end() ? nullptr : &*found;
}

std::string_view Arguments::text(std::string_view name) const {
  auto const* const found = find(name);
  return found ? std::string_view(found->text) : std::string_view{};
}

json::Value Arguments::value(std::string_view name) const {
  auto const* const found = find(name);
  return found ? found->value : json::Value{};
}

std::vector<std::string_view> Arguments::texts(std::string_view name) const {
  std::vector<std::string_view> found;
  for (auto const& argument : all_) {
    if (argument.name == name) found.push_back(argument.text);
  }
  return found;
}

Answer run_operation(Context const& context, Operation const& operation, Call const& call) {
  std::vector<std::string> ignored;
  auto const arguments = read_arguments(operation, call, ignored);
  if (!arguments) {
    constexpr int kUnsupportedMediaType = 415;
    auto const& error = arguments.error();
    bool const is_type = error.code == ErrorCode::not_supported && error.where == "Content-Type";
    return is_type ? refuse(kUnsupportedMediaType, error) : refuse_call(error);
  }
  auto answer = operation.handler({context, call, level_of(call), *arguments, ignored});
  return answer ? *std::move(answer) : refuse_call(answer.error());
}

}  // namespace sinew::rest
