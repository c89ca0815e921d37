#include <algorithm>
#include <new>
#include <vector>

#include "json/escape.h"
#include "json/json.h"
#include "json/locate.h"
#include "json/nodes.h"
#include "json/stage1.h"

namespace sinew::json {
namespace {

constexpr std::size_t kBytesMax = std::size_t{1} << 31;  ///< offsets are 32 bits
constexpr std::uint32_t kScannedMembersMax = 64;  ///< more are compared once, sorted, at the end

struct Fault {
  char const* what = nullptr;
  std::size_t offset = 0;
};

/// An open object or array.
struct Frame {
  Node* node = nullptr;
  std::uint64_t seen = 0;  ///< one bit for each hash of a member name met so far
  std::uint32_t count = 0;
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

/// Builds the nodes of one text from its structure: simdjson's stage 2, but for our nodes.
class Builder {
 public:
  Builder(Document::Nodes& out, Structure structure, Node* nodes, Frame* frames,
          std::size_t depth_max)
      : out_(out),
        text_(out.text.data()),
        at_(structure.at),
        end_(structure.at + structure.count),
        nodes_(nodes),
        node_(nodes),
        frame_(frames),
        frames_(frames),
        frames_end_(frames + depth_max + 1),
        backslash_(find_backslash(0)) {}

  Fault build();
  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(node_ - nodes_); }

 private:
  bool string_value(std::uint32_t begin);
  bool plain_value(std::uint32_t begin, Kind kind);
  bool member_name();
  bool escaped_name(std::uint32_t begin, std::uint32_t end);
  bool open(std::uint32_t begin, Kind kind);
  void close(std::uint32_t end);
  bool is_duplicate() const;
  bool close_object(std::uint32_t end);
  bool fail(char const* what, std::size_t offset) {
    fault_ = {what, offset};
    return false;
  }

  std::uint32_t find_backslash(std::uint32_t from) const {
    auto const found = std::string_view(out_.text).find('\\', from);
    return static_cast<std::uint32_t>(std::min(found, out_.text.size()));
  }
  /// Whether the bytes up to `end` hold a backslash; asked with growing `end` only.
  bool holds_escape(std::uint32_t end) const { return backslash_ < end; }

  /// The end of the token that begins at `begin`: the next one's begin, less the space between.
  std::uint32_t token_end() const {
    auto end = *at_;
    while (is_space(text_[end - 1])) --end;
    return end;
  }

  Document::Nodes& out_;
  char const* text_;
  std::uint32_t const* at_;  ///< the next structural offset
  std::uint32_t const* end_;
  Node* nodes_;
  Node* node_;  ///< the next free node
  Frame* frame_;
  Frame* frames_;
  Frame* frames_end_;
  std::uint32_t backslash_;  ///< the next one at or after the token being read
  std::uint32_t name_ = 0;   ///< of the member whose value comes next
  std::uint32_t meta_ = 0;
  Fault fault_;
};

inline bool Builder::string_value(std::uint32_t begin) {
  auto const end = token_end();
  if (text_[end - 1] != '"' || end - begin < 2) [[unlikely]] {
    return fail("a string is followed by something other than ',', ':', '}' or ']'", end - 1);
  }
  auto meta = meta_ | static_cast<std::uint32_t>(Kind::string);
  if (holds_escape(end)) [[unlikely]] {
    auto const inside = std::string_view(text_ + begin + 1, end - begin - 2);
    auto const bad = find_bad_escape(inside);
    if (bad != std::string_view::npos) return fail("a faulty escape", begin + 1 + bad);
    meta |= kEscapedFlag;
    backslash_ = find_backslash(end);
  }
  *node_++ = {begin, end - begin, name_, meta};
  return true;
}

inline bool Builder::plain_value(std::uint32_t begin, Kind kind) {
  auto const end = token_end();
  auto const token = std::string_view(text_ + begin, end - begin);
  bool const valid = kind == Kind::number    ? is_number(text_ + begin, text_ + end)
                     : kind == Kind::boolean ? token == "true" || token == "false"
                                             : token == "null";
  if (!valid) [[unlikely]]
    return fail("not a number, true, false or null", begin);
  *node_++ = {begin, end - begin, name_, meta_ | static_cast<std::uint32_t>(kind)};
  return true;
}

inline bool Builder::open(std::uint32_t begin, Kind kind) {
  if (++frame_ == frames_end_) [[unlikely]]
    return fail("nested too deeply", begin);
  *frame_ = {node_, 0, 0};
  *node_ = {begin, 0, name_, meta_ | static_cast<std::uint32_t>(kind)};
  node_ += 2;
  name_ = 0;
  meta_ = 0;
  return true;
}

inline void Builder::close(std::uint32_t end) {
  auto* const node = frame_->node;
  Extra const extra{end + 1 - node->begin, frame_->count, 0};
  std::memcpy(node + 1, &extra, sizeof extra);
  node->extent = count();
  --frame_;
}

/// Reads a name and its colon, and refuses a name that the object has already.
inline bool Builder::member_name() {
  auto const begin = *at_++;
  if (text_[begin] != '"') [[unlikely]]
    return fail("a member name is missing", begin);
  auto const end = token_end();
  if (text_[end - 1] != '"' || end - begin < 2 || text_[*at_] != ':') [[unlikely]] {
    return fail("no ':' after the member name", begin);
  }
  ++at_;
  if (holds_escape(end)) [[unlikely]] {
    if (!escaped_name(begin, end)) return false;
  } else {
    name_ = begin + 1;
    meta_ = name_key(text_ + name_, end - begin - 2);
  }
  ++frame_->count;
  auto const bit = std::uint64_t{1} << (meta_ >> 26);
  if ((frame_->seen & bit) && frame_->count <= kScannedMembersMax && is_duplicate()) [[unlikely]] {
    return fail("a member of this name stands here already", begin);
  }
  frame_->seen |= bit;
  return true;
}

bool Builder::escaped_name(std::uint32_t begin, std::uint32_t end) {
  auto const inside = std::string_view(text_ + begin + 1, end - begin - 2);
  auto const bad = find_bad_escape(inside);
  if (bad != std::string_view::npos) return fail("a faulty escape", begin + 1 + bad);
  auto& names = out_.unescaped_names;
  names.append(kLongSize, '\0');
  name_ = static_cast<std::uint32_t>(names.size());
  unescape(inside, names);
  auto const length = static_cast<std::uint32_t>(names.size()) - name_;
  std::memcpy(names.data() + name_ - kLongSize, &length, kLongSize);
  meta_ = name_key(names.data() + name_, length) | kNameEscapedFlag;
  backslash_ = find_backslash(end);
  return true;
}

bool Builder::is_duplicate() const {
  Node const candidate{0, 0, name_, meta_};
  auto const name = out_.name(candidate);
  for (auto const* sibling = frame_->node + 2; sibling != node_;
       sibling = is_container(*sibling) ? nodes_ + sibling->extent : sibling + 1) {
    if (((sibling->meta ^ meta_) & kKeyMask) == 0 && out_.name(*sibling) == name) return true;
  }
  return false;
}

/// Closes an object; the names of a large one are compared here, by sorting them.
inline bool Builder::close_object(std::uint32_t end) {
  auto const* const first = frame_->node + 2;
  bool const compare = frame_->count > kScannedMembersMax;
  close(end);
  if (!compare) [[likely]]
    return true;
  std::vector<std::string_view> names;
  for (auto const* member = first; member != node_;
       member = is_container(*member) ? nodes_ + member->extent : member + 1) {
    names.push_back(out_.name(*member));
  }
  std::ranges::sort(names);
  auto const twin = std::ranges::adjacent_find(names);
  if (twin == names.end()) return true;
  // The later of the two in the text; an unescaped name lies elsewhere, then blame the object.
  auto const later = std::max(twin[0].data(), twin[1].data());
  bool const in_text = later >= text_ && later < text_ + out_.text.size();
  return fail("a member of this name stands here already",
              in_text ? static_cast<std::size_t>(later - text_ - 1) : first[-2].begin);
}

Fault Builder::build() {
next_value: {
  auto const begin = *at_++;
  switch (text_[begin]) {
    case '"':
      if (!string_value(begin)) return fault_;
      break;
    case '{':
      if (!open(begin, Kind::object)) return fault_;
      if (text_[*at_] == '}') {
        close(*at_++);
        break;
      }
      if (!member_name()) return fault_;
      goto next_value;
    case '[':
      if (!open(begin, Kind::array)) return fault_;
      if (text_[*at_] == ']') {
        close(*at_++);
        break;
      }
      frame_->count = 1;
      goto next_value;
    case 't':
    case 'f':
      if (!plain_value(begin, Kind::boolean)) return fault_;
      break;
    case 'n':
      if (!plain_value(begin, Kind::null)) return fault_;
      break;
    default:
      if (!plain_value(begin, Kind::number)) return fault_;
  }
}
after_value:
  if (frame_ == frames_) {
    if (at_ != end_) return {"something follows the value", *at_};
    return {};
  }
  auto const next = *at_++;
  if (node_kind(*frame_->node) == Kind::object) {
    if (text_[next] == ',') {
      if (!member_name()) return fault_;
      goto next_value;
    }
    if (text_[next] != '}') return {"neither ',' nor '}' after a member", next};
    if (!close_object(next)) return fault_;
  } else {
    if (text_[next] == ',') {
      ++frame_->count;
      name_ = meta_ = 0;
      goto next_value;
    }
    if (text_[next] != ']') return {"neither ',' nor ']' after an element", next};
    close(next);
  }
  goto after_value;
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
  Builder builder(*document, structure, scratch.nodes.get(), scratch.frames.data(),
                  limits.depth_max);
  if (auto const fault = builder.build(); fault.what) {
    return fail_at(document->text, fault.what, fault.offset);
  }
  document->count = builder.count();
  auto const bytes = document->count * sizeof(Node);
  document->nodes.reset(static_cast<Node*>(std::malloc(bytes)));
  if (!document->nodes) return fail(ErrorCode::too_large, "no memory for the JSON text", "$");
  std::memcpy(document->nodes.get(), scratch.nodes.get(), bytes);
  scratch.release_excess();
  return Document(std::move(document));
}

}  // namespace sinew::json
