#include "script/runtime.h"

#include <js/Array.h>
#include <js/CallAndConstruct.h>
#include <js/CompilationAndEvaluation.h>
#include <js/CompileOptions.h>
#include <js/Conversions.h>
#include <js/ErrorReport.h>
#include <js/Exception.h>
#include <js/GCVector.h>
#include <js/Initialization.h>
#include <js/Interrupt.h>
#include <js/Object.h>
#include <js/Principals.h>
#include <js/SourceText.h>
#include <js/Stack.h>
#include <jsapi.h>
#include <jsfriendapi.h>

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <unordered_map>

#include "base/data.h"
#include "base/file.h"
#include "base/text.h"
#include "script/places.h"
#include "script/watchdog.h"

// The only file that knows SpiderMonkey. Source of its interface: the headers of mozjs-102.

namespace sinew::script {
namespace {

/// The processor time of the calling thread: a script cannot wait, and a busy machine is not its
/// fault.
std::chrono::nanoseconds thread_time() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

constexpr std::size_t kNurseryBytes = std::size_t{1} << 20;
constexpr std::size_t kStackBytes = std::size_t{512} << 10;
/// Compiled scripts of a thread; beyond that those of former channel files are thrown away.
constexpr std::size_t kCompiledMax = 1000;
constexpr std::size_t kGlobalsMax = 10'000;
/// How much the process may grow while a script runs: a bound for what its heap does not count.
constexpr std::size_t kProcessGrowthBytes = std::size_t{256} << 20;

/// One for the process: it outlives the threads that run scripts.
Watchdog& watchdog() {
  static Watchdog instance;
  return instance;
}

/// The library: begun once, and ended with the process unless some thread still uses it.
class Library {
 public:
  Library() : is_ready_(JS_Init()) {}
  Library(Library const&) = delete;
  Library& operator=(Library const&) = delete;
  ~Library() {
    if (is_ready_ && users == 0) JS_ShutDown();
  }
  [[nodiscard]] bool is_ready() const { return is_ready_; }
  std::atomic<int> users{0};

 private:
  bool is_ready_;
};

Library& library() {
  static Library instance;
  return instance;
}

/// What the process holds, in bytes; 0 when the system does not say.
std::size_t resident_bytes() {
  auto const statm = read_file("/proc/self/statm");
  if (!statm) return 0;
  auto const pages = parse_integer<std::size_t>(hl7v2::part(*statm, ' ', 1)).value_or(0);
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

class MozRuntime;
/// The engine hands functions no argument of ours but through the context.
MozRuntime& runtime_of(JSContext* context) {
  return *static_cast<MozRuntime*>(JS_GetContextPrivate(context));
}

class MozRuntime final : public Runtime, public Watchdog::Watched {
 public:
  MozRuntime() = default;
  MozRuntime(MozRuntime const&) = delete;
  MozRuntime& operator=(MozRuntime const&) = delete;
  ~MozRuntime() override;
  Result<> open();
  Result<bool> run(Session& session, Script const& script) override;
  Result<std::optional<SyntaxError>> check(std::string const& text);
  void interrupt() override { JS_RequestInterruptCallback(context_); }

  [[nodiscard]] Session& session() const { return *session_; }
  [[nodiscard]] hl7v2::Overlay& message() const { return message_of(*session_); }
  [[nodiscard]] Surroundings const& surroundings() const { return surroundings_of(*session_); }
  [[nodiscard]] std::vector<std::string>& notes() const { return notes_of(*session_); }
  std::uint64_t next_random();
  void remember_global(JS::HandleId id);
  [[nodiscard]] bool may_go_on();

 private:
  [[nodiscard]] JSFunction* compile(std::string const& text);
  [[nodiscard]] JSFunction* compiled(Script const& script);
  [[nodiscard]] SyntaxError take_error();
  [[nodiscard]] Failure failure(Script const& script);
  [[nodiscard]] bool call(JS::HandleFunction function, JS::MutableHandleValue result);
  void forget_globals();
  bool make_realm();

  JSContext* context_ = nullptr;
  JS::PersistentRootedObject global_;
  JS::PersistentRootedObject begin_;
  std::unordered_map<std::uint64_t, JS::PersistentRootedFunction> compiled_;
  std::optional<JS::PersistentRootedVector<jsid>> made_globals_;
  Session* session_ = nullptr;
  std::chrono::nanoseconds ends_at_{};
  char const* stopped_by_ = nullptr;
  std::size_t resident_before_ = 0;  ///< when the script was first looked at
  bool is_ready_ = false;
};

// ---------------------------------------------------------------------------- values in and out

bool give(JSContext* context, JS::CallArgs const& arguments, std::string_view text) {
  bool plain = true;
  for (char const c : text) plain = plain && static_cast<unsigned char>(c) < 0x80;
  auto* const string =
      plain ? JS_NewStringCopyN(context, text.data(), text.size())
            : JS_NewStringCopyUTF8N(context, JS::UTF8Chars(text.data(), text.size()));
  if (string == nullptr) return false;
  arguments.rval().setString(string);
  return true;
}

bool take(JSContext* context, JS::HandleValue value, std::string& out) {
  JS::RootedString const string(context, JS::ToString(context, value));
  if (!string) return false;
  if (JS_GetStringLength(string) > hl7v2::kEditedValueBytesMax) {
    JS_ReportErrorASCII(context, "the text is too long");
    return false;
  }
  auto const encoded = JS_EncodeStringToUTF8(context, string);
  if (!encoded) return false;
  // Its length is not told; a NUL is a character of the text.
  out.assign(encoded.get(),
             JS::GetDeflatedUTF8StringLength(JS_EnsureLinearString(context, string)));
  return true;
}

/// The same of a short name, without a copy on the way.
bool take_name(JSContext* context, JS::HandleValue value, std::string& out) {
  if (!value.isString()) return take(context, value, out);
  auto* const linear = JS_EnsureLinearString(context, value.toString());
  if (linear == nullptr) return false;
  if (!JS::LinearStringHasLatin1Chars(linear)) return take(context, value, out);
  JS::AutoCheckCannotGC const nothing_moves;
  auto const* const characters = JS::GetLatin1LinearStringChars(nothing_moves, linear);
  out.assign(reinterpret_cast<char const*>(characters), JS::GetLinearStringLength(linear));
  // Beyond ASCII a character is two bytes of UTF-8; no id of a segment has one.
  return true;
}

bool refuse(JSContext* context, Error const& error) {
  JS_ReportErrorUTF8(context, "%s", to_string(error).c_str());
  return false;
}

std::size_t number_of(JS::CallArgs const& arguments, unsigned index) {
  auto const value = arguments.get(index);
  if (value.isInt32()) return static_cast<std::size_t>(std::max(0, value.toInt32()));
  return value.isDouble() && value.toDouble() >= 1 && value.toDouble() < 1e9
             ? static_cast<std::size_t>(value.toDouble())
             : 0;
}

constexpr unsigned kPlaceArguments = 6;

/// The place that the first six arguments say.
bool take_place(JSContext* context, JS::CallArgs const& arguments, hl7v2::Path& place) {
  if (!take_name(context, arguments.get(0), place.segment)) return false;
  std::size_t* const numbers[] = {&place.occurrence, &place.field, &place.repetition,
                                  &place.component, &place.subcomponent};
  for (unsigned i = 0; i < std::size(numbers); ++i) *numbers[i] = number_of(arguments, i + 1);
  return true;
}

bool take_path(JSContext* context, JS::CallArgs const& arguments, hl7v2::Path& place) {
  std::string text;
  if (!take(context, arguments.get(0), text)) return false;
  auto path = hl7v2::parse_path(text);
  if (!path) return refuse(context, path.error());
  place = *std::move(path);
  return true;
}

// ---------------------------------------------------------------------------- the host's functions

using TakePlace = bool (*)(JSContext*, JS::CallArgs const&, hl7v2::Path&);

/// Each function over a place exists twice: with the numbers of a node, and with a path as text.
template <TakePlace kTake>
bool host_get(JSContext* context, unsigned count, JS::Value* values) {
  auto const arguments = JS::CallArgsFromVp(count, values);
  hl7v2::Path place;
  if (!kTake(context, arguments, place)) return false;
  auto const& message = runtime_of(context).message();
  std::string scratch;
  return give(
      context, arguments,
      hl7v2::text_of(first_raw(message, place), message.delimiters(), message.charset(), scratch));
}

template <TakePlace kTake>
bool host_get_raw(JSContext* context, unsigned count, JS::Value* values) {
  auto const arguments = JS::CallArgsFromVp(count, values);
  hl7v2::Path place;
  if (!kTake(context, arguments, place)) return false;
  auto const& message = runtime_of(context).message();
  std::string utf8;
  message.charset().append_utf8(utf8, first_raw(message, place));
  return give(context, arguments, utf8);
}

template <TakePlace kTake>
bool host_count(JSContext* context, unsigned count, JS::Value* values) {
  auto const arguments = JS::CallArgsFromVp(count, values);
  hl7v2::Path place;
  if (!kTake(context, arguments, place)) return false;
  arguments.rval().setNumber(
      static_cast<double>(count_places(runtime_of(context).message(), place)));
  return true;
}

template <TakePlace kTake, unsigned kValueIndex>
bool host_set(JSContext* context, unsigned count, JS::Value* values) {
  auto const arguments = JS::CallArgsFromVp(count, values);
  hl7v2::Path place;
  std::string text;
  if (!kTake(context, arguments, place) || !take(context, arguments.get(kValueIndex), text))
    return false;
  if (auto const set = set_place(runtime_of(context).message(), place, text); !set)
    return refuse(context, set.error());
  arguments.rval().setUndefined();
  return true;
}

template <TakePlace kTake, unsigned kValueIndex>
bool host_set_raw(JSContext* context, unsigned count, JS::Value* values) {
  auto const arguments = JS::CallArgsFromVp(count, values);
  hl7v2::Path place;
  std::string text;
  if (!kTake(context, arguments, place) || !take(context, arguments.get(kValueIndex), text))
    return false;
  if (auto const set = set_raw_place(runtime_of(context).message(), place, text); !set)
    return refuse(context, set.error());
  arguments.rval().setUndefined();
  return true;
}

template <TakePlace kTake>
bool host_remove(JSContext* context, unsigned count, JS::Value* values) {
  auto const arguments = JS::CallArgsFromVp(count, values);
  hl7v2::Path place;
  if (!kTake(context, arguments, place)) return false;
  auto const removed = runtime_of(context).message().remove(place);
  if (!removed) return refuse(context, removed.error());
  arguments.rval().setNumber(static_cast<double>(*removed));
  return true;
}

/// nth(place, index): where it is, as occurrence * 100000 + repetition; 0 when there is none.
bool host_nth(JSContext* context, unsigned count, JS::Value* values) {
  constexpr double kOccurrenceFactor = 100'000;
  auto const arguments = JS::CallArgsFromVp(count, values);
  hl7v2::Path place;
  if (!take_place(context, arguments, place)) return false;
  auto const found =
      nth_place(runtime_of(context).message(), place, number_of(arguments, kPlaceArguments));
  arguments.rval().setNumber(found ? static_cast<double>(found->occurrence) * kOccurrenceFactor +
                                         static_cast<double>(found->repetition)
                                   : 0.0);
  return true;
}

bool host_segments(JSContext* context, unsigned count, JS::Value* values) {
  auto const arguments = JS::CallArgsFromVp(count, values);
  auto const& message = runtime_of(context).message();
  JS::RootedValueVector ids(context);
  for (std::size_t i = 0; i < message.segment_count(); ++i) {
    auto const id = to_upper(message.segment_id(i));
    auto* const string = JS_NewStringCopyN(context, id.data(), id.size());
    if (string == nullptr || !ids.append(JS::StringValue(string))) return false;
  }
  auto* const array = JS::NewArrayObject(context, ids);
  if (array == nullptr) return false;
  arguments.rval().setObject(*array);
  return true;
}

/// insert(id, after id, occurrence of it): the occurrence of the new one.
bool host_insert(JSContext* context, unsigned count, JS::Value* values) {
  auto const arguments = JS::CallArgsFromVp(count, values);
  std::string id, after;
  if (!take(context, arguments.get(0), id) || !take(context, arguments.get(1), after)) return false;
  auto const made = insert_after(runtime_of(context).message(), id, after, number_of(arguments, 2));
  if (!made) return refuse(context, made.error());
  arguments.rval().setNumber(static_cast<double>(*made));
  return true;
}

bool host_lookup(JSContext* context, unsigned count, JS::Value* values) {
  auto const arguments = JS::CallArgsFromVp(count, values);
  std::vector<std::string> given(arguments.length());
  for (unsigned i = 0; i < arguments.length(); ++i)
    if (!take(context, arguments.get(i), given[i])) return false;
  auto const& lookup = runtime_of(context).surroundings().lookup;
  if (given.empty() || !lookup) {
    JS_ReportErrorASCII(context, "there are no lookup tables");
    return false;
  }
  auto const found = lookup(given.front(), std::span(given).subspan(1));
  if (!found) return refuse(context, found.error());
  if (*found) return give(context, arguments, **found);
  arguments.rval().setUndefined();
  return true;
}

bool host_source(JSContext* context, unsigned count, JS::Value* values) {
  auto const arguments = JS::CallArgsFromVp(count, values);
  std::string key;
  if (!take(context, arguments.get(0), key)) return false;
  for (auto const& [name, value] : runtime_of(context).surroundings().source)
    if (name == key) return give(context, arguments, value);
  arguments.rval().setUndefined();
  return true;
}

bool host_note(JSContext* context, unsigned count, JS::Value* values) {
  auto const arguments = JS::CallArgsFromVp(count, values);
  std::string level, text;
  if (!take(context, arguments.get(0), level) || !take(context, arguments.get(1), text))
    return false;
  auto& notes = runtime_of(context).notes();
  if (notes.size() < kNotesMax) notes.push_back(level + ": " + text.substr(0, kNoteBytesMax));
  arguments.rval().setUndefined();
  return true;
}

bool host_now(JSContext* context, unsigned count, JS::Value* values) {
  JS::CallArgsFromVp(count, values)
      .rval()
      .setNumber(static_cast<double>(runtime_of(context).surroundings().received.ms));
  return true;
}

bool host_random(JSContext* context, unsigned count, JS::Value* values) {
  constexpr double kUnit = 1.0 / (std::uint64_t{1} << 53);
  auto const bits = runtime_of(context).next_random() >> 11;
  JS::CallArgsFromVp(count, values).rval().setNumber(static_cast<double>(bits) * kUnit);
  return true;
}

bool host_write(JSContext* context, unsigned count, JS::Value* values) {
  auto const& message = runtime_of(context).message();
  std::string utf8;
  message.charset().append_utf8(utf8, message.write());
  return give(context, JS::CallArgsFromVp(count, values), utf8);
}

// clang-format off
constexpr JSFunctionSpec kHostFunctions[] = {
    JS_FN("get",        host_get<take_place>, 0, 0),
    JS_FN("getRaw",     host_get_raw<take_place>, 0, 0),
    JS_FN("count",      host_count<take_place>, 0, 0),
    JS_FN("nth",        host_nth, 0, 0),
    JS_FN("set",        (host_set<take_place, kPlaceArguments>), 0, 0),
    JS_FN("setRaw",     (host_set_raw<take_place, kPlaceArguments>), 0, 0),
    JS_FN("remove",     host_remove<take_place>, 0, 0),
    JS_FN("getPath",    host_get<take_path>, 0, 0),
    JS_FN("getRawPath", host_get_raw<take_path>, 0, 0),
    JS_FN("countPath",  host_count<take_path>, 0, 0),
    JS_FN("setPath",    (host_set<take_path, 1>), 0, 0),
    JS_FN("setRawPath", (host_set_raw<take_path, 1>), 0, 0),
    JS_FN("removePath", host_remove<take_path>, 0, 0),
    JS_FN("segments",   host_segments, 0, 0),
    JS_FN("insert",     host_insert, 0, 0),
    JS_FN("lookup",     host_lookup, 0, 0),
    JS_FN("source",     host_source, 0, 0),
    JS_FN("note",       host_note, 0, 0),
    JS_FN("now",        host_now, 0, 0),
    JS_FN("random",     host_random, 0, 0),
    JS_FN("write",      host_write, 0, 0),
    JS_FS_END,
};
// clang-format on

// ---------------------------------------------------------------------------- the realm

/// A variable that a script did not declare becomes a property of the global object.
bool on_global_added(JSContext* context, JS::HandleObject, JS::HandleId id, JS::HandleValue) {
  runtime_of(context).remember_global(id);
  return true;
}

constexpr JSClassOps make_global_ops() {
  JSClassOps ops{};
  ops.addProperty = on_global_added;
  ops.enumerate = nullptr;
  ops.newEnumerate = JS_NewEnumerateStandardClasses;
  ops.resolve = JS_ResolveStandardClass;
  ops.mayResolve = JS_MayResolveStandardClass;
  ops.trace = JS_GlobalObjectTraceHook;
  return ops;
}
constexpr JSClassOps kGlobalOps = make_global_ops();
constexpr JSClass kGlobalClass = {"global", JSCLASS_GLOBAL_FLAGS, &kGlobalOps, nullptr, nullptr,
                                  nullptr};

/// eval and new Function: a text of a message never becomes a program.
bool refuse_eval(JSContext*, JS::RuntimeCode, JS::HandleString) { return false; }
constexpr JSSecurityCallbacks kSecurity = {refuse_eval, nullptr};

bool on_interrupt(JSContext* context) { return runtime_of(context).may_go_on(); }

bool MozRuntime::make_realm() {
  JS::RealmOptions options;
  global_.init(context_, JS_NewGlobalObject(context_, &kGlobalClass, nullptr,
                                            JS::FireOnNewGlobalHook, options));
  if (!global_) return false;
  JSAutoRealm const realm(context_, global_);
  auto const prelude = embedded_data("script/prelude.js");
  if (!prelude) return false;
  JS::CompileOptions compile_options(context_);
  compile_options.setFileAndLine("prelude.js", 1);
  JS::SourceText<mozilla::Utf8Unit> source;
  if (!source.init(context_, prelude->data(), prelude->size(), JS::SourceOwnership::Borrowed))
    return false;
  JS::RootedValue setup(context_), result(context_);
  if (!JS::Evaluate(context_, compile_options, source, &setup)) return false;
  JS::RootedObject const host(context_, JS_NewPlainObject(context_));
  if (!host || !JS_DefineFunctions(context_, host, kHostFunctions)) return false;
  JS::RootedValueVector arguments(context_);
  if (!arguments.append(JS::ObjectValue(*host))) return false;
  if (!JS_CallFunctionValue(context_, global_, setup, arguments, &result) || !result.isObject())
    return false;
  begin_.init(context_, &result.toObject());
  return true;
}

Result<> MozRuntime::open() {
  if (!library().is_ready()) return fail(ErrorCode::internal, "the script engine did not start");
  context_ = JS_NewContext(kScriptMemoryBytes);
  if (context_ == nullptr) return fail(ErrorCode::unavailable, "no memory for scripts");
  ++library().users;
  JS_SetContextPrivate(context_, this);
  JS_SetGCParameter(context_, JSGC_MAX_NURSERY_BYTES, kNurseryBytes);
  JS_SetNativeStackQuota(context_, kStackBytes);
  JS_SetSecurityCallbacks(context_, &kSecurity);
  if (!js::UseInternalJobQueues(context_) || !JS::InitSelfHostedCode(context_) ||
      !JS_AddInterruptCallback(context_, on_interrupt))
    return fail(ErrorCode::unavailable, "no memory for scripts");
  made_globals_.emplace(context_);
  if (!make_realm()) {
    auto const error = take_error();
    return fail(ErrorCode::internal, "the scripts' surroundings were not made: " + error.what +
                                         " at line " + std::to_string(error.line));
  }
  is_ready_ = true;
  watchdog().add(*this);
  return {};
}

MozRuntime::~MozRuntime() {
  if (context_ == nullptr) return;
  if (is_ready_) watchdog().remove(*this);
  compiled_.clear();
  made_globals_.reset();
  begin_.reset();
  global_.reset();
  JS_DestroyContext(context_);
  --library().users;
}

// ---------------------------------------------------------------------------- running

/// SplitMix64. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
std::uint64_t MozRuntime::next_random() {
  auto mixed = random_of(*session_) += 0x9E3779B97F4A7C15u;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
  return mixed ^ (mixed >> 31);
}

void MozRuntime::remember_global(JS::HandleId id) {
  if (is_ready_ && made_globals_->length() < kGlobalsMax) (void)made_globals_->append(id);
}

/// What a script left in the global object is taken out again.
void MozRuntime::forget_globals() {
  JS::RootedId id(context_);
  for (std::size_t i = 0; i < made_globals_->length(); ++i) {
    id = (*made_globals_)[i];
    JS::ObjectOpResult ignored;
    (void)JS_DeletePropertyById(context_, global_, id, ignored);
  }
  made_globals_->clear();
}

bool MozRuntime::may_go_on() {
  if (!is_running) return true;
  if (thread_time() >= ends_at_) stopped_by_ = "it ran longer than 1 s";
  // The heap says what objects take, and not what their texts and arrays do.
  auto const resident = resident_bytes();
  if (resident_before_ == 0) resident_before_ = resident;
  if (JS_GetGCParameter(context_, JSGC_BYTES) >= kScriptMemoryBytes ||
      resident > resident_before_ + kProcessGrowthBytes)
    stopped_by_ = "it took too much memory";
  return stopped_by_ == nullptr;
}

JSFunction* MozRuntime::compile(std::string const& text) {
  JS::CompileOptions options(context_);
  options.setFileAndLine("script", 1);
  JS::SourceText<mozilla::Utf8Unit> source;
  if (!source.init(context_, text.data(), text.size(), JS::SourceOwnership::Borrowed))
    return nullptr;
  JS::RootedObjectVector const scopes(context_);
  return JS::CompileFunction(context_, scopes, options, "script", 0, nullptr, source);
}

JSFunction* MozRuntime::compiled(Script const& script) {
  auto const found = compiled_.find(script.id());
  if (found != compiled_.end()) return found->second;
  JS::RootedFunction const function(context_, compile(script.text()));
  if (!function) return nullptr;
  if (compiled_.size() >= kCompiledMax) compiled_.clear();
  compiled_.try_emplace(script.id(), context_, function);
  return function;
}

SyntaxError MozRuntime::take_error() {
  SyntaxError error{"it was stopped", 0, 0};
  if (!JS_IsExceptionPending(context_)) return error;
  JS::ExceptionStack stack(context_);
  if (!JS::StealPendingExceptionStack(context_, &stack)) return error;
  JS::ErrorReportBuilder report(context_);
  if (!report.init(context_, stack, JS::ErrorReportBuilder::NoSideEffects)) {
    JS_ClearPendingException(context_);
    return error;
  }
  error.what = report.toStringResult().c_str();
  // The engine puts a line with the function's name in front.
  error.line = std::max(report.report()->lineno, 2u) - 1;
  error.column = report.report()->column;
  return error;
}

Failure MozRuntime::failure(Script const& script) {
  if (stopped_by_ != nullptr) {
    JS_ClearPendingException(context_);
    JS_GC(context_);
    return fail(ErrorCode::invalid, std::string("the script was stopped: ") + stopped_by_,
                script.place(1, 1));
  }
  auto const error = take_error();
  return fail(ErrorCode::invalid, error.what, script.place(error.line, error.column));
}

bool MozRuntime::call(JS::HandleFunction function, JS::MutableHandleValue result) {
  ends_at_ = thread_time() + kScriptTime;
  stopped_by_ = nullptr;
  resident_before_ = 0;
  is_running = true;
  watchdog().wake();
  bool const done =
      JS_CallFunction(context_, global_, function, JS::HandleValueArray::empty(), result);
  // What it promised to itself; nothing of it is left for the next message.
  if (done) js::RunJobs(context_);
  is_running = false;
  return done && stopped_by_ == nullptr;
}

Result<bool> MozRuntime::run(Session& session, Script const& script) {
  session_ = &session;
  JSAutoRealm const realm(context_, global_);
  JS::RootedValue result(context_);
  if (!has_begun(session)) {
    JS::RootedValue const begin(context_, JS::ObjectValue(*begin_));
    if (!JS_CallFunctionValue(context_, global_, begin, JS::HandleValueArray::empty(), &result))
      return failure(script);
    has_begun(session) = true;
  }
  JS::RootedFunction const function(context_, compiled(script));
  if (!function) return failure(script);
  bool const done = call(function, &result);
  auto outcome = done ? Result<bool>(!(result.isBoolean() && !result.toBoolean()))
                      : Result<bool>(failure(script));
  forget_globals();
  session_ = nullptr;
  return outcome;
}

Result<std::optional<SyntaxError>> MozRuntime::check(std::string const& text) {
  JSAutoRealm const realm(context_, global_);
  if (compile(text) != nullptr) return std::optional<SyntaxError>();
  return std::optional(take_error());
}

Result<MozRuntime*> of_this_thread() {
  thread_local std::unique_ptr<MozRuntime> mine;
  if (!mine) {
    (void)watchdog();  // made before, so that it is there when the last runtime goes
    auto fresh = std::make_unique<MozRuntime>();
    TRY(fresh->open());
    mine = std::move(fresh);
  }
  return mine.get();
}

}  // namespace

Result<Runtime*> Runtime::of_thread() { return static_cast<Runtime*>(TRY(of_this_thread())); }

Result<std::optional<SyntaxError>> check_syntax(std::string const& text) {
  return TRY(of_this_thread())->check(text);
}

}  // namespace sinew::script
