#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "wire/hl7v2/overlay.h"

namespace sinew::script {

inline constexpr auto kScriptTime = std::chrono::milliseconds(1000);  ///< of the processor, one run
inline constexpr std::size_t kScriptMemoryBytes = std::size_t{128} << 20;  ///< of a thread's heap
inline constexpr std::size_t kScriptBytesMax = std::size_t{1} << 20;
inline constexpr std::size_t kNotesMax = 100;
inline constexpr std::size_t kNoteBytesMax = 1000;

/// A piece of program text and the name that errors call it by.
struct Source {
  std::string name;  ///< "scripts/lab.js", "lab.yaml:12"
  std::string text;
  std::uint32_t first_line = 1;  ///< of the text within what the name means
};

/// A script as text, for any thread to run; each compiles it once. `return false` in it filters the
/// message.
class Script {
 public:
  /// The last source is the script; those before it are functions that it may call.
  /// Fails `invalid` at `name:line:column` when it is no JavaScript.
  [[nodiscard]] static Result<std::shared_ptr<Script const>> compile(std::vector<Source> sources);

  [[nodiscard]] std::uint64_t id() const { return id_; }  ///< different for each in the process
  [[nodiscard]] std::string const& text() const { return text_; }
  /// `name:line:column` of a place in text(), both counted from one.
  [[nodiscard]] std::string place(std::uint32_t line, std::uint32_t column) const;

 private:
  struct Part {
    std::uint32_t line;  ///< in text_
    std::uint32_t first_line;
    std::string name;
  };
  std::uint64_t id_ = 0;
  std::string text_;
  std::vector<Part> parts_;
};

/// What a script may know, beside the message.
struct Surroundings {
  Instant received;        ///< `new Date()` is this
  std::uint64_t seed = 0;  ///< of Math.random()
  /// What a lookup table says, or nothing. Fails where there is no such table or the table says so.
  std::function<Result<std::optional<std::string>>(std::string_view table,
                                                   std::span<std::string const> key)>
      lookup;
  std::vector<std::pair<std::string, std::string>> source;  ///< the sourceMap
};

/// The scripts of one message, one after the other, on one thread. They share the channelMap.
/// Nothing that a script does lasts beyond the session but its edits of the message.
class Session {
 public:
  /// Both must outlive the session. There is one session on a thread at a time.
  Session(hl7v2::Overlay& message, Surroundings const& surroundings);
  Session(Session const&) = delete;
  Session& operator=(Session const&) = delete;
  ~Session();

  /// False when the script filters the message. Fails `invalid` at `name:line:column` when it
  /// throws or runs too long; the message may then be half edited, and is to be thrown away.
  [[nodiscard]] Result<bool> run(Script const& script);
  /// What the scripts told `logger`, as `level: text`. May hold what is in the message.
  [[nodiscard]] std::vector<std::string> const& notes() const { return notes_; }

 private:
  friend class Runtime;
  hl7v2::Overlay* message_;
  Surroundings const* surroundings_;
  std::vector<std::string> notes_;
  std::uint64_t random_;
  bool has_begun_ = false;
};

}  // namespace sinew::script
