#include <algorithm>
#include <new>
#include <vector>

#include "base/text.h"
#include "json/escape.h"
#include "json/json.h"
#include "json/locate.h"
#include "json/nodes.h"
#include "json/stage1.h"

#define SINEW_INLINE [[gnu::always_inline]] inline

namespace sinew::json {
namespace {

constexpr std::size_t kBytesMax = std::size_t{1} << 31;  ///< offsets are 32 bits
constexpr std::uint32_t kScannedMembersMax = 64;  ///< more are compared once, sorted, at the end

constexpr char const* kDuplicate = "a member of this name stands here already";
constexpr char const* kBadEscape = "a faulty escape";

struct Fault {
  char const* what = nullptr;
  std::size_t offset = 0;
};

/// An open object or array.
struct Frame {
  Node* node = nullptr;
  std::uint32_t count = 0;
  std::uint64_t seen[4] = {};  ///< one bit for each hash of a member name met so far
};

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }

/// Source: RFC 8259 §6. The bytes end at `end`, where something other than a digit stands.
bool is_number(char const* at, char const* end) {
  if (*at == '-') ++at;
  if (*at == '0') {
    ++at;
  } else {
    if (!is_digit(*at)) return false;
    while (is_digit(*at)) ++at;
  }
  if (*at == '.') {
    if (!is_digit(*++at)) return false;
    while (is_digit(*at)) ++at;
  }
  if (*at == 'e' || *at == 'E') {
    ++at;
    if (*at == '+' || *at == '-') ++at;
    if (!is_digit(*at)) return false;
    while (is_digit(*at)) ++at;
  }
  return at == end;
}

/// A member name as a node keeps it.
struct Name {
  std::uint32_t offset = 0;
  std::uint32_t meta = 0;
};

/// Where one text is built, and from what.
struct Work {
  Document::Nodes& out;
  Structure structure;
  Node* nodes;
  Frame* frames;
  std::size_t depth_max;
};

Node const* next_sibling(Node const* nodes, Node const* node) {
  return is_container(*node) ? nodes + node->extent : node + 1;
}

[[gnu::noinline]] std::uint32_t find_backslash(std::string const& text, std::uint32_t from) {
  return static_cast<std::uint32_t>(std::min(text.find('\\', from), text.size()));
}

/// The offset of a faulty escape in the string between two offsets, or npos.
[[gnu::noinline]] std::size_t bad_escape_in(std::string const& text, std::uint32_t begin,
                                            std::uint32_t end) {
  auto const found = find_bad_escape(std::string_view(text).substr(begin + 1, end - begin - 2));
  return found == std::string_view::npos ? found : begin + 1 + found;
}

[[gnu::noinline]] Name keep_unescaped(Document::Nodes& out, std::uint32_t begin,
                                      std::uint32_t end) {
  auto& names = out.unescaped_names;
  names.append(kLongSize, '\0');
  auto const offset = static_cast<std::uint32_t>(names.size());
  unescape(std::string_view(out.text).substr(begin + 1, end - begin - 2), names);
  auto const length = static_cast<std::uint32_t>(names.size()) - offset;
  std::memcpy(names.data() + offset - kLongSize, &length, kLongSize);
  return {offset, name_key(names.data() + offset, length) | kNameEscapedFlag};
}

/// Whether one of the siblings from `first` up to `end` bears the name already.
[[gnu::noinline]] bool is_duplicate(Work const& work, Node const* first, Node const* end,
                                    Name name) {
  auto const text = work.out.name({0, 0, name.offset, name.meta});
  for (auto const* node = first; node != end; node = next_sibling(work.nodes, node)) {
    if (((node->meta ^ name.meta) & kKeyMask) == 0 && work.out.name(*node) == text) return true;
  }
  return false;
}

/// The same for all members of a large object at once, by sorting their names.
[[gnu::noinline]] Fault find_duplicate(Work const& work, Node const* object, Node const* end) {
  std::vector<std::string_view> names;
  for (auto const* node = object + 2; node != end; node = next_sibling(work.nodes, node)) {
    names.push_back(work.out.name(*node));
  }
  std::ranges::sort(names);
  auto const twin = std::ranges::adjacent_find(names);
  if (twin == names.end()) return {};
  // The later of the two in the text; an unescaped name lies elsewhere, then blame the object.
  auto const later = std::max(twin[0].data(), twin[1].data());
  auto const* const text = work.out.text.data();
  bool const in_text = later >= text && later < text + work.out.text.size();
  return {kDuplicate, in_text ? static_cast<std::size_t>(later - text - 1) : object->begin};
}

/// Builds the nodes of one text from its structure: simdjson's stage 2, but for our nodes.
///
/// OPTIMIZATION: every method is inlined into `build` and no address of the builder escapes, so
/// that its state lives in registers: twice as fast as leaving it to the compiler.
class Builder {
 public:
  explicit Builder(Work const& work)
      : work_(work),
        text_(work.out.text.data()),
        size_(static_cast<std::uint32_t>(work.out.text.size())),
        at_(work.structure.at),
        node_(work.nodes),
        frame_(work.frames),
        backslash_(find_backslash(work.out.text, 0)) {}

  SINEW_INLINE Fault build();
  [[nodiscard]] SINEW_INLINE std::uint32_t count() const {
    return static_cast<std::uint32_t>(node_ - work_.nodes);
  }

 private:
  SINEW_INLINE bool string_value(std::uint32_t begin);
  SINEW_INLINE bool plain_value(std::uint32_t begin);
  SINEW_INLINE bool member_name();
  SINEW_INLINE bool check_unique();
  SINEW_INLINE bool open(std::uint32_t begin, Kind kind);
  SINEW_INLINE void close(std::uint32_t end);
  SINEW_INLINE bool close_object(std::uint32_t end);
  SINEW_INLINE bool fail(char const* what, std::size_t offset) {
    fault_ = {what, offset};
    return false;
  }
  [[nodiscard]] SINEW_INLINE bool in_object() const {
    return node_kind(*frame_->node) == Kind::object;
  }

  /// The end of the token before the next structural byte: that byte, less the space before it.
  [[nodiscard]] SINEW_INLINE std::uint32_t token_end() const {
    auto end = *at_;
    if (static_cast<unsigned char>(text_[end - 1]) > ' ') [[likely]]
      return end;
    while (is_space(text_[end - 1])) --end;
    return end;
  }
  [[nodiscard]] SINEW_INLINE bool is_string(std::uint32_t begin, std::uint32_t end) const {
    return text_[end - 1] == '"' && end - begin >= 2;
  }

  Work const& work_;
  char const* text_;
  std::uint32_t size_;
  std::uint32_t const* at_;  ///< the next structural offset
  Node* node_;               ///< the next free node
  Frame* frame_;
  std::uint32_t backslash_;  ///< the next one at or after the token being read
  Name name_;                ///< of the member whose value comes next
  Fault fault_;
};

inline bool Builder::string_value(std::uint32_t begin) {
  auto const end = token_end();
  if (!is_string(begin, end)) [[unlikely]] {
    return fail("a string is followed by something other than ',', ':', '}' or ']'", end - 1);
  }
  auto meta = name_.meta | static_cast<std::uint32_t>(Kind::string);
  if (backslash_ < end) [[unlikely]] {
    auto const bad = bad_escape_in(work_.out.text, begin, end);
    if (bad != std::string_view::npos) return fail(kBadEscape, bad);
    meta |= kEscapedFlag;
    backslash_ = find_backslash(work_.out.text, end);
  }
  *node_++ = {begin, end - begin, name_.offset, meta};
  return true;
}

inline bool Builder::plain_value(std::uint32_t begin) {
  auto const end = token_end();
  auto const literal = [&](std::string_view word) {
    return end - begin == word.size() && std::memcmp(text_ + begin, word.data(), word.size()) == 0;
  };
  auto kind = Kind::number;
  bool valid;
  switch (text_[begin]) {
    case 't':
      kind = Kind::boolean;
      valid = literal("true");
      break;
    case 'f':
      kind = Kind::boolean;
      valid = literal("false");
      break;
    case 'n':
      kind = Kind::null;
      valid = literal("null");
      break;
    default:
      valid = is_number(text_ + begin, text_ + end);
  }
  if (!valid) [[unlikely]]
    return fail("not a number, true, false or null", begin);
  *node_++ = {begin, end - begin, name_.offset, name_.meta | static_cast<std::uint32_t>(kind)};
  return true;
}

inline bool Builder::open(std::uint32_t begin, Kind kind) {
  if (frame_ == work_.frames + work_.depth_max) [[unlikely]] {
    return fail("nested too deeply", begin);
  }
  ++frame_;
  *frame_ = {node_, 0, {}};
  *node_ = {begin, 0, name_.offset, name_.meta | static_cast<std::uint32_t>(kind)};
  node_ += 2;
  name_ = {};
  return true;
}

inline void Builder::close(std::uint32_t end) {
  auto* const node = frame_->node;
  Extra const extra{end + 1 - node->begin, frame_->count, 0};
  std::memcpy(node + 1, &extra, sizeof extra);
  node->extent = count();
  --frame_;
}

inline bool Builder::close_object(std::uint32_t end) {
  auto const* const object = frame_->node;
  bool const compare = frame_->count > kScannedMembersMax;
  close(end);
  if (!compare) [[likely]]
    return true;
  auto const fault = find_duplicate(work_, object, node_);
  return !fault.what || fail(fault.what, fault.offset);
}

inline bool Builder::check_unique() {
  auto const bit = std::uint64_t{1} << (name_.meta >> 26);
  auto& seen = frame_->seen[(name_.meta >> 24) & 3];
  bool const perhaps = seen & bit;
  seen |= bit;
  ++frame_->count;
  return !perhaps || frame_->count > kScannedMembersMax ||
         !is_duplicate(work_, frame_->node + 2, node_, name_);
}

/// Reads a name and its colon, and refuses a name that the object has already.
inline bool Builder::member_name() {
  auto const begin = *at_++;
  if (text_[begin] != '"') [[unlikely]]
    return fail("a member name is missing", begin);
  auto const end = token_end();
  if (!is_string(begin, end) || text_[*at_] != ':') [[unlikely]] {
    return fail("no ':' after the member name", begin);
  }
  ++at_;
  auto const length = end - begin - 2;
  if (backslash_ < end) [[unlikely]] {
    auto const bad = bad_escape_in(work_.out.text, begin, end);
    if (bad != std::string_view::npos) return fail(kBadEscape, bad);
    name_ = keep_unescaped(work_.out, begin, end);
    backslash_ = find_backslash(work_.out.text, end);
  } else if (begin + 1 + sizeof(std::uint64_t) <= size_) [[likely]] {
    name_ = {begin + 1, name_key_with_slack(text_ + begin + 1, length)};
  } else {
    name_ = {begin + 1, name_key(text_ + begin + 1, length)};
  }
  return check_unique() || fail(kDuplicate, begin);
}

inline Fault Builder::build() {
next_value: {
  auto const begin = *at_++;
  if (text_[begin] == '"') {
    if (!string_value(begin)) return fault_;
  } else if (text_[begin] == '{') {
    if (!open(begin, Kind::object)) return fault_;
    if (text_[*at_] == '}') {
      close(*at_++);
    } else {
      if (!member_name()) return fault_;
      goto next_value;
    }
  } else if (text_[begin] == '[') {
    if (!open(begin, Kind::array)) return fault_;
    if (text_[*at_] == ']') {
      close(*at_++);
    } else {
      frame_->count = 1;
      goto next_value;
    }
  } else if (!plain_value(begin)) {
    return fault_;
  }
}
after_value:
  if (frame_ == work_.frames) {
    if (at_ != work_.structure.at + work_.structure.count) {
      return {"something follows the value", *at_};
    }
    return {};
  }
  auto const next = *at_++;
  if (in_object()) {
    if (text_[next] == ',') {
      if (!member_name()) return fault_;
      goto next_value;
    }
    if (text_[next] != '}') return {"neither ',' nor '}' after a member", next};
    if (!close_object(next)) return fault_;
  } else {
    if (text_[next] == ',') {
      ++frame_->count;
      name_ = {};
      goto next_value;
    }
    if (text_[next] != ']') return {"neither ',' nor ']' after an element", next};
    close(next);
  }
  goto after_value;
}

Fault build_nodes(Work const& work, std::uint32_t& count) {
  Builder builder(work);
  auto const fault = builder.build();
  count = builder.count();
  return fault;
}

/// What a thread keeps from one text to the next.
///
/// OPTIMIZATION: nodes are built here and then copied to a block of their exact size. Building in
/// a block of the largest possible size and shrinking it costs page faults on every large text:
/// 1.6 ms instead of 0.9 for 1 MB.
struct Scratch {
  std::unique_ptr<Node[], Document::Nodes::Free> nodes;
  std::size_t capacity = 0;
  std::vector<Frame> frames;

  [[nodiscard]] bool reserve(std::size_t nodes_wanted, std::size_t frames_wanted) {
    if (frames.size() < frames_wanted) frames.resize(frames_wanted);
    if (nodes_wanted <= capacity) return true;
    nodes.reset(static_cast<Node*>(std::malloc(nodes_wanted * sizeof(Node))));
    capacity = nodes ? nodes_wanted : 0;
    return capacity > 0;
  }

  void release_excess() {
    constexpr std::size_t kNodesKeptMax = std::size_t{1} << 20;  // 16 MB
    if (capacity <= kNodesKeptMax) return;
    nodes.reset();
    capacity = 0;
  }
};

Scratch& scratch_of_thread() {
  thread_local Scratch scratch;
  return scratch;
}

Failure fail_at(std::string_view text, std::string_view what, std::size_t offset) {
  auto const [line, column] = position_of(text, offset);
  auto const place = " at line " + std::to_string(line) + ", column " + std::to_string(column);
  return fail(ErrorCode::malformed, std::string(what) + place, path_of(text, offset));
}

}  // namespace

Result<Document> Document::parse(std::string text, Limits limits) {
  if (text.size() > std::min(limits.bytes_max, kBytesMax)) {
    return fail(ErrorCode::too_large, "the JSON text is larger than the limit", "$");
  }
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  // "implementations that parse JSON texts MAY ignore the presence of a byte order mark"
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());

  auto document = std::make_unique<Nodes>();
  document->text = std::move(text);
  Structure structure;
  if (!find_structure(document->text, structure)) {
    auto const fault = find_lexical_fault(document->text);
    return fail_at(document->text, fault.what, fault.offset);
  }
  // A value takes one node and at least one structural byte; a container two of each, except that
  // in a faulty text it may not be closed.
  auto const nodes_max = structure.count + limits.depth_max + 2;
  auto& scratch = scratch_of_thread();
  if (!scratch.reserve(nodes_max, limits.depth_max + 1)) {
    return fail(ErrorCode::too_large, "no memory for the JSON text", "$");
  }
  Work const work{*document, structure, scratch.nodes.get(), scratch.frames.data(),
                  limits.depth_max};
  if (auto const fault = build_nodes(work, document->count); fault.what) {
    return fail_at(document->text, fault.what, fault.offset);
  }
  auto const bytes = document->count * sizeof(Node);
  document->nodes.reset(static_cast<Node*>(std::malloc(bytes)));
  if (!document->nodes) return fail(ErrorCode::too_large, "no memory for the JSON text", "$");
  std::memcpy(document->nodes.get(), scratch.nodes.get(), bytes);
  scratch.release_excess();
  return Document(std::move(document));
}

}  // namespace sinew::json
