#include "fhirpath/arena.h"

#include <algorithm>
#include <cstring>

namespace sinew::fhirpath {

std::string_view TextArena::keep(std::string_view text) {
  if (text.empty()) return {};
  if (blocks_.empty() || blocks_.back().size - used_ < text.size()) {
    auto const size = std::max(kBlockBytes, text.size());
    blocks_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
    used_ = 0;
  }
  auto* const at = blocks_.back().bytes.get() + used_;
  std::memcpy(at, text.data(), text.size());
  used_ += text.size();
  bytes_ += text.size();
  return {at, text.size()};
}

void TextArena::clear() {
  if (blocks_.size() > 1) blocks_.resize(1);
  used_ = 0;
  bytes_ = 0;
}

}  // namespace sinew::fhirpath
