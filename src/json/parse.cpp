#include <algorithm>
#include <utility>
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
  std::uint64_t seen = 0;  ///< one bit for each hash of a member name met so far
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

/// What a token that is no string and no container is; `object` for a faulty one.
SINEW_INLINE Kind plain_kind(char const* begin, char const* end) {
  auto const is = [&](std::string_view word) {
    return static_cast<std::size_t>(end - begin) == word.size() &&
           std::memcmp(begin, word.data(), word.size()) == 0;
  };
  switch (*begin) {
    case 't':
      return is("true") ? Kind::boolean : Kind::object;
    case 'f':
      return is("false") ? Kind::boolean : Kind::object;
    case 'n':
      return is("null") ? Kind::null : Kind::object;
    default:
      return is_number(begin, end) ? Kind::number : Kind::object;
  }
}

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
/// that its state lives in registers; the name of a member is written into the next node at once,
/// and the value completes it. Twice as fast as the plain way.
class Builder {
 public:
  explicit Builder(Work const& work)
      : work_(work),
        text_(work.out.text.data()),
        at_(work.structure.at),
        node_(work.nodes),
        frame_(work.frames),
        backslash_(find_backslash(work.out.text, 0)) {
    auto const size = static_cast<std::uint32_t>(work.out.text.size());
    slack_end_ = size - std::min<std::uint32_t>(size, sizeof(std::uint64_t));
    *frame_ = {node_, 0, 0};
    clear_name();
  }

  SINEW_INLINE Fault build();
  [[nodiscard]] SINEW_INLINE std::uint32_t count() const {
    return static_cast<std::uint32_t>(node_ - work_.nodes);
  }

 private:
  SINEW_INLINE bool string_value(std::uint32_t begin);
  SINEW_INLINE bool plain_value(std::uint32_t begin);
  SINEW_INLINE bool member_name();
  SINEW_INLINE bool escaped_name(std::uint32_t begin, std::uint32_t end);
  SINEW_INLINE bool check_unique(std::uint32_t key);
  SINEW_INLINE bool open(std::uint32_t begin, Kind kind);
  SINEW_INLINE void close(std::uint32_t end);
  SINEW_INLINE bool close_object(std::uint32_t end);
  SINEW_INLINE bool fail(char const* what, std::size_t offset) {
    fault_ = {what, offset};
    return false;
  }

  /// The end of the token before the next structural byte: that byte, less the space before it.
  [[nodiscard]] SINEW_INLINE std::uint32_t token_end() const {
    auto end = *at_;
    while (is_space(text_[end - 1])) --end;
    return end;
  }
  /// The end of the string that begins there, or 0 when something else follows it.
  [[nodiscard]] SINEW_INLINE std::uint32_t string_end(std::uint32_t begin) const {
    auto end = *at_;
    if (text_[end - 1] != '"') {
      end = token_end();
      if (text_[end - 1] != '"') return 0;
    }
    return end - begin >= 2 ? end : 0;
  }
  SINEW_INLINE void set_name(std::uint32_t offset, std::uint32_t meta) {
    node_->name = offset;
    node_->meta = meta;
  }
  SINEW_INLINE void clear_name() { set_name(0, 0); }
  /// Completes a scalar.
  SINEW_INLINE void add(std::uint32_t begin, std::uint32_t end, std::uint32_t meta) {
    node_->begin = begin;
    node_->extent = end - begin;
    node_->meta |= meta;
    ++node_;
  }

  Work const& work_;
  char const* text_;
  std::uint32_t const* at_;  ///< the next structural offset
  Node* node_;               ///< the next free node, with its name
  Frame* frame_;
  std::uint32_t backslash_;  ///< the next one at or after the token being read
  std::uint32_t slack_end_;  ///< before it, eight bytes can be read
  Fault fault_;
};

inline bool Builder::string_value(std::uint32_t begin) {
  auto const end = string_end(begin);
  if (end == 0) [[unlikely]] {
    return fail("a string is followed by something other than ',', ':', '}' or ']'", begin);
  }
  auto meta = static_cast<std::uint32_t>(Kind::string);
  if (backslash_ < end) [[unlikely]] {
    auto const bad = bad_escape_in(work_.out.text, begin, end);
    if (bad != std::string_view::npos) return fail(kBadEscape, bad);
    meta |= kEscapedFlag;
    backslash_ = find_backslash(work_.out.text, end);
  }
  add(begin, end, meta);
  return true;
}

inline bool Builder::plain_value(std::uint32_t begin) {
  auto const end = token_end();
  auto const kind = plain_kind(text_ + begin, text_ + end);
  if (kind == Kind::object) [[unlikely]]
    return fail("not a number, true, false or null", begin);
  add(begin, end, static_cast<std::uint32_t>(kind));
  return true;
}

inline bool Builder::open(std::uint32_t begin, Kind kind) {
  if (frame_ == work_.frames + work_.depth_max) [[unlikely]] {
    return fail("nested too deeply", begin);
  }
  ++frame_;
  *frame_ = {node_, 0, 0};
  node_->begin = begin;
  node_->meta |= static_cast<std::uint32_t>(kind);
  node_ += 2;
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

inline bool Builder::check_unique(std::uint32_t key) {
  auto const bit = std::uint64_t{1} << (key >> 26);
  auto const seen = frame_->seen;
  frame_->seen = seen | bit;
  ++frame_->count;
  if (!(seen & bit)) [[likely]]
    return true;
  return frame_->count > kScannedMembersMax ||
         !is_duplicate(work_, frame_->node + 2, node_, {node_->name, node_->meta});
}

inline bool Builder::escaped_name(std::uint32_t begin, std::uint32_t end) {
  auto const bad = bad_escape_in(work_.out.text, begin, end);
  if (bad != std::string_view::npos) return fail(kBadEscape, bad);
  auto const name = keep_unescaped(work_.out, begin, end);
  set_name(name.offset, name.meta);
  backslash_ = find_backslash(work_.out.text, end);
  return true;
}

/// Reads a name and its colon, and refuses a name that the object has already.
inline bool Builder::member_name() {
  auto const begin = *at_++;
  if (text_[begin] != '"') [[unlikely]]
    return fail("a member name is missing", begin);
  auto const end = string_end(begin);
  if (end == 0 || text_[*at_] != ':') [[unlikely]] {
    return fail("no ':' after the member name", begin);
  }
  ++at_;
  auto const length = end - begin - 2;
  if (backslash_ < end) [[unlikely]] {
    if (!escaped_name(begin, end)) return false;
  } else if (begin < slack_end_) [[likely]] {
    set_name(begin + 1, name_key_with_slack(text_ + begin + 1, length));
  } else {
    set_name(begin + 1, name_key(text_ + begin + 1, length));
  }
  return check_unique(node_->meta) || fail(kDuplicate, begin);
}

inline Fault Builder::build() {
  bool in_object = false;
next_value: {
  auto const begin = *at_++;
  char const first = text_[begin];
  if (first == '"') [[likely]] {
    if (!string_value(begin)) return fault_;
  } else if (first == '{') {
    if (!open(begin, Kind::object)) return fault_;
    in_object = true;
    if (text_[*at_] != '}') goto next_member;
    close(*at_++);
  } else if (first == '[') {
    if (!open(begin, Kind::array)) return fault_;
    in_object = false;
    if (text_[*at_] != ']') goto next_element;
    close(*at_++);
  } else if (!plain_value(begin)) {
    return fault_;
  } else {
    goto after_scalar;
  }
  if (first != '"') goto after_container;
}
after_scalar: {
  auto const next = *at_++;
  char const what = text_[next];
  if (in_object) {
    if (what == ',') [[likely]]
      goto next_member;
    if (what != '}') return {"neither ',' nor '}' after a member", next};
    if (!close_object(next)) return fault_;
  } else {
    if (frame_ == work_.frames) [[unlikely]] {
      --at_;
      goto end_of_text;
    }
    if (what == ',') goto next_element;
    if (what != ']') return {"neither ',' nor ']' after an element", next};
    close(next);
  }
}
after_container:
  if (frame_ == work_.frames) goto end_of_text;
  in_object = node_kind(*frame_->node) == Kind::object;
  goto after_scalar;
next_member:
  if (!member_name()) return fault_;
  goto next_value;
next_element:
  ++frame_->count;
  clear_name();
  goto next_value;
end_of_text:
  if (at_ == work_.structure.at + work_.structure.count) return {};
  return {"something follows the value", *at_};
}

Fault build_nodes(Work const& work, std::uint32_t& count) {
  Builder builder(work);
  auto const fault = builder.build();
  count = builder.count();
  return fault;
}

/// A document may outlive what its thread kept: one in a static, at the end of the process.
thread_local bool scratch_has_ended = false;

/// What a thread keeps from one text to the next.
///
/// OPTIMIZATION: nodes are built here. Few are then copied to a block of their exact size; many
/// leave with the block, and bring it back when the document goes. A fresh block for every large
/// text costs page faults: 1.6 ms instead of 0.7 for 1 MB.
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

  /// Gives the document its nodes. False when memory is short.
  [[nodiscard]] bool hand_over(Document::Nodes& document) {
    constexpr std::size_t kCopiedMax = 4096;  // 64 KB
    if (document.count > kCopiedMax) {
      document.nodes = std::move(nodes);
      document.reserved = std::exchange(capacity, 0);
      return true;
    }
    auto const bytes = document.count * sizeof(Node);
    document.nodes.reset(static_cast<Node*>(std::malloc(bytes)));
    if (!document.nodes) return false;
    std::memcpy(document.nodes.get(), nodes.get(), bytes);
    return true;
  }

  ~Scratch() { scratch_has_ended = true; }

  void take_back(Document::Nodes& document) {
    constexpr std::size_t kKeptMax = std::size_t{1} << 20;  // 16 MB
    if (document.reserved <= capacity || document.reserved > kKeptMax) return;
    nodes = std::move(document.nodes);
    capacity = document.reserved;
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

Document::Nodes::~Nodes() {
  if (reserved > 0 && !scratch_has_ended) scratch_of_thread().take_back(*this);
}

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
  if (!scratch.hand_over(*document)) {
    return fail(ErrorCode::too_large, "no memory for the JSON text", "$");
  }
  return Document(std::move(document));
}

}  // namespace sinew::json
