#include "api/operations/alignment.h"

#include <algorithm>
#include <cstdint>

namespace sinew::rest {
namespace {

constexpr std::size_t kAlignedMax = 400;

using Items = std::vector<std::string>;

/// Lengths of the longest common subsequence of what is left from each place on.
class Common {
 public:
  Common(Items const& from, Items const& to, Stretch const& whole)
      : width_(whole.to_end - whole.to + 1), cells_((whole.from_end - whole.from + 1) * width_) {
    for (auto i = whole.from_end - whole.from; i-- > 0;) {
      for (auto j = whole.to_end - whole.to; j-- > 0;) {
        bool const is_same = from[whole.from + i] == to[whole.to + j];
        cell(i, j) = is_same ? static_cast<std::uint16_t>(at(i + 1, j + 1) + 1)
                             : std::max(at(i + 1, j), at(i, j + 1));
      }
    }
  }
  [[nodiscard]] std::uint16_t at(std::size_t i, std::size_t j) const {
    return cells_[i * width_ + j];
  }

 private:
  std::uint16_t& cell(std::size_t i, std::size_t j) { return cells_[i * width_ + j]; }

  std::size_t width_;
  std::vector<std::uint16_t> cells_;
};

}  // namespace

std::vector<Stretch> align(Items const& from, Items const& to) {
  Stretch whole{0, from.size(), 0, to.size()};
  auto const is_open = [&] { return whole.from < whole.from_end && whole.to < whole.to_end; };
  while (is_open() && from[whole.from] == to[whole.to]) ++whole.from, ++whole.to;
  while (is_open() && from[whole.from_end - 1] == to[whole.to_end - 1]) {
    --whole.from_end, --whole.to_end;
  }
  if (whole.from == whole.from_end && whole.to == whole.to_end) return {};
  bool const is_long =
      whole.from_end - whole.from > kAlignedMax || whole.to_end - whole.to > kAlignedMax;
  if (!is_open() || is_long) return {whole};
  Common const common(from, to, whole);
  std::vector<Stretch> stretches;
  Stretch now{whole.from, whole.from, whole.to, whole.to};
  auto const close = [&] {
    if (now.from < now.from_end || now.to < now.to_end) stretches.push_back(now);
  };
  while (now.from_end < whole.from_end && now.to_end < whole.to_end) {
    auto const i = now.from_end - whole.from;
    auto const j = now.to_end - whole.to;
    if (from[now.from_end] == to[now.to_end]) {
      close();
      now = {now.from_end + 1, now.from_end + 1, now.to_end + 1, now.to_end + 1};
    } else if (common.at(i + 1, j) >= common.at(i, j + 1)) {
      ++now.from_end;
    } else {
      ++now.to_end;
    }
  }
  now.from_end = whole.from_end;
  now.to_end = whole.to_end;
  close();
  return stretches;
}

}  // namespace sinew::rest
