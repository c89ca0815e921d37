#pragma once

#include <memory>

#include "script/script.h"

namespace sinew::script {

/// The engine of one thread: its heap, its one realm, and the scripts compiled in it.
class Runtime {
 public:
  /// Of the calling thread, made when it is first asked for. Fails `unavailable` without memory.
  [[nodiscard]] static Result<Runtime*> of_thread();
  virtual ~Runtime() = default;

  [[nodiscard]] virtual Result<bool> run(Session& session, Script const& script) = 0;

 protected:
  // What the functions of the engine see of a session.
  static hl7v2::Overlay& message_of(Session& session) { return *session.message_; }
  static Surroundings const& surroundings_of(Session& session) { return *session.surroundings_; }
  static std::vector<std::string>& notes_of(Session& session) { return session.notes_; }
  static std::uint64_t& random_of(Session& session) { return session.random_; }
  static bool& has_begun(Session& session) { return session.has_begun_; }
};

/// Whether a text is a function's body in JavaScript. Fails `invalid`; `where` is "line:column".
struct SyntaxError {
  std::string what;
  std::uint32_t line = 0, column = 0;
};
[[nodiscard]] Result<std::optional<SyntaxError>> check_syntax(std::string const& text);

}  // namespace sinew::script
