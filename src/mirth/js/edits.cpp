#include "mirth/js/edits.h"

#include <algorithm>
#include <tuple>

namespace sinew::mirth::js {
namespace {

// At one offset: first what closes the text before, then what opens the text after, then what
// replaces that text.
constexpr int kOpenings = 1 << 29;
constexpr int kReplacements = 1 << 30;

}  // namespace

void Edits::open(std::size_t at, std::string text) {
  edits_.push_back({at, at, kReplacements - ++opened_, false, std::move(text), 0});
}
void Edits::close(std::size_t at, std::string text) {
  edits_.push_back({at, at, ++closed_, false, std::move(text), 0});
}
void Edits::replace(std::size_t begin, std::size_t end, std::string text) {
  edits_.push_back({begin, end, kReplacements, false, std::move(text), 0});
}
void Edits::replace_whole(std::size_t begin, std::size_t end, std::string text) {
  // Before what opens there, so that this comes first and hides it.
  edits_.push_back({begin, end, kOpenings, true, std::move(text), 0});
}

std::string Edits::apply(std::string_view text) const {
  auto sorted = edits_;
  // A number of its own for each, for a stable order (std::stable_sort does not pass clang here).
  for (std::size_t i = 0; i < sorted.size(); ++i) sorted[i].number = i;
  std::ranges::sort(sorted, [](Edit const& a, Edit const& b) {
    return std::tie(a.begin, a.rank, a.number) < std::tie(b.begin, b.rank, b.number);
  });
  std::string out;
  std::size_t at = 0;
  std::size_t hidden_until = 0;
  for (auto const& each : sorted) {
    bool const is_inner_close = each.rank < kOpenings && each.begin == hidden_until;
    if (each.begin < at || each.begin < hidden_until) continue;
    if (is_inner_close && hidden_until != 0) continue;
    out += text.substr(at, each.begin - at);
    out += each.text;
    // What goes takes no line with it: the lines below keep their numbers.
    auto const had = std::ranges::count(text.substr(each.begin, each.end - each.begin), '\n');
    auto const has = std::ranges::count(each.text, '\n');
    if (had > has) out.append(static_cast<std::size_t>(had - has), '\n');
    at = each.end;
    if (each.is_whole) hidden_until = each.end;
  }
  out += text.substr(std::min(at, text.size()));
  return out;
}

}  // namespace sinew::mirth::js
