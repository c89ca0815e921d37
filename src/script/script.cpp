#include "script/script.h"

#include <algorithm>
#include <atomic>

#include "base/text.h"
#include "script/runtime.h"

namespace sinew::script {

Result<std::shared_ptr<Script const>> Script::compile(std::vector<Source> sources) {
  static std::atomic<std::uint64_t> last_id{0};
  auto script = std::make_shared<Script>();
  script->id_ = ++last_id;
  std::uint32_t line = 1;
  for (auto& source : sources) {
    if (source.text.size() + script->text_.size() > kScriptBytesMax)
      return fail(ErrorCode::too_large, "the script is too long", source.name);
    if (!is_utf8(source.text))
      return fail(ErrorCode::invalid, "the script is not in UTF-8", source.name);
    script->parts_.push_back({line, source.first_line, std::move(source.name)});
    line += static_cast<std::uint32_t>(std::ranges::count(source.text, '\n')) + 1;
    script->text_ += source.text;
    script->text_ += '\n';
  }
  if (auto const wrong = TRY(check_syntax(script->text_)))
    return fail(ErrorCode::invalid, wrong->what, script->place(wrong->line, wrong->column));
  return script;
}

std::string Script::place(std::uint32_t line, std::uint32_t column) const {
  auto part = std::ranges::upper_bound(parts_, line, {}, &Part::line);
  if (part == parts_.begin()) return std::to_string(line) + ':' + std::to_string(column);
  --part;
  return part->name + ':' + std::to_string(line - part->line + part->first_line) + ':' +
         std::to_string(column);
}

Session::Session(hl7v2::Overlay& message, Surroundings const& surroundings)
    : message_(&message), surroundings_(&surroundings), random_(surroundings.seed) {}

Session::~Session() = default;

Result<bool> Session::run(Script const& script) {
  return TRY(Runtime::of_thread())->run(*this, script);
}

}  // namespace sinew::script
