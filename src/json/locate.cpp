#include "json/locate.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace sinew::json {
namespace {

constexpr std::size_t kLevelsMax = 256;    ///< deeper levels are left out of a path
constexpr std::size_t kNameShownMax = 64;  ///< bytes of a name that a path shows

/// The offset after the string whose opening quote stands at `at`.
std::size_t after_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

struct Level {
  bool object = false;
  bool name_is_next = false;
  std::size_t index = 0;
  std::string_view name;
};

/// Follows the structure of a text up to an offset.
class Walk {
 public:
  Walk(std::string_view text, std::size_t offset) : text_(text), end_(offset) {
    for (std::size_t at = 0; at < text.size() && at <= end_;) at = step(at);
  }

  std::string path() const {
    std::string path(root_.empty() ? "$" : root_);
    for (auto const& level : levels_) {
      if (!level.object) {
        path += '[' + std::to_string(level.index) + ']';
      } else if (!level.name.empty()) {
        path += '.';
        append_name(path, level.name);
      }
    }
    return path;
  }

 private:
  std::size_t step(std::size_t at) {
    switch (text_[at]) {
      case '{':
      case '[':
        open(text_[at] == '{', at);
        break;
      case '}':
      case ']':
        close(at);
        break;
      case ',':
        next(at);
        break;
      case '"':
        return string(at);
      default:
        break;
    }
    return at + 1;
  }

  void open(bool object, std::size_t at) {
    if (at == end_) return;
    if (levels_.size() == kLevelsMax) {
      ++beyond_;
    } else {
      levels_.push_back({object, object, 0, {}});
    }
  }

  void close(std::size_t at) {
    if (at == end_) return;
    if (beyond_ > 0) {
      --beyond_;
    } else if (!levels_.empty()) {
      levels_.pop_back();
    }
  }

  void next(std::size_t at) {
    if (at == end_ || beyond_ > 0 || levels_.empty()) return;
    auto& level = levels_.back();
    ++level.index;
    level.name_is_next = level.object;
    level.name = {};
  }

  std::size_t string(std::size_t at) {
    auto const after = after_string(text_, at);
    if (beyond_ > 0 || levels_.empty()) return after;
    auto const inside = text_.substr(at + 1, std::max(after, at + 2) - at - 2);
    auto& level = levels_.back();
    if (level.name_is_next) {
      level.name = inside;
      level.name_is_next = false;
    } else if (levels_.size() == 1 && level.name == "resourceType" && is_type_name(inside)) {
      root_ = inside;
    }
    return after;
  }

  static bool is_type_name(std::string_view name) {
    return !name.empty() && name.size() <= kNameShownMax &&
           std::ranges::all_of(name, is_ascii_alpha);
  }

  static void append_name(std::string& path, std::string_view name) {
    for (char const c : name.substr(0, kNameShownMax)) path += c > ' ' && c < 0x7F ? c : '?';
  }

  std::string_view text_;
  std::size_t end_;
  std::string_view root_;
  std::vector<Level> levels_;
  std::size_t beyond_ = 0;
};

/// The offset of the first byte that is not UTF-8, or the size of the text.
std::size_t first_bad_utf8(std::string_view text) {
  std::size_t good = 0;
  // Halve the range that holds the first fault; a cut inside a character is moved to its start.
  std::size_t bad = text.size();
  if (is_utf8(text)) return bad;
  while (bad - good > 4) {
    auto middle = good + (bad - good) / 2;
    while (middle > good && (text[middle] & 0xC0) == 0x80) --middle;
    if (middle == good) break;
    (is_utf8(text.substr(good, middle - good)) ? good : bad) = middle;
  }
  while (good < bad) {
    auto length = std::size_t{1};
    while (length < 4 && !is_utf8(text.substr(good, length))) ++length;
    if (!is_utf8(text.substr(good, length))) return good;
    good += length;
  }
  return good;
}

}  // namespace

std::string path_of(std::string_view text, std::size_t offset) { return Walk(text, offset).path(); }

LexicalFault find_lexical_fault(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '"') {
      ++at;
      continue;
    }
    auto const after = after_string(text, at);
    if (after - at < 2 || text[after - 1] != '"') return {"a string is not closed", at};
    for (auto i = at; i < after; ++i) {
      if (static_cast<unsigned char>(text[i]) < ' ') {
        return {"a control character stands in a string unescaped", i};
      }
    }
    at = after;
  }
  if (auto const bad = first_bad_utf8(text); bad < text.size()) return {"not UTF-8", bad};
  return {"the text is empty", 0};
}

}  // namespace sinew::json
