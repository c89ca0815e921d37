#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>

#include "fhirpath/item.h"

namespace sinew::fhirpath {

/// A vector of items that counts instead of measuring.
/// OPTIMIZATION: the size of a std::vector is a division by 48, asked for at every push; and a push
/// that writes in place does not read back what was just written (filters 1.3x).
class ItemStack {
 public:
  [[nodiscard]] std::uint32_t size() const { return size_; }
  [[nodiscard]] Item& operator[](std::uint32_t index) { return items_[index]; }
  [[nodiscard]] Item const& operator[](std::uint32_t index) const { return items_[index]; }
  void clear() { size_ = 0; }
  /// Drops the items above `size`.
  void cut(std::uint32_t size) { size_ = size; }
  /// A new item on top, with what stood there before.
  [[nodiscard]] Item& add() {
    if (size_ == capacity_) [[unlikely]]
      grow();
    return items_[size_++];
  }
  /// Moves the items from `begin` on down to `to`.
  void move_down(std::uint32_t begin, std::uint32_t to) {
    std::copy(items_.get() + begin, items_.get() + size_, items_.get() + to);
    size_ -= begin - to;
  }
  [[nodiscard]] std::span<Item const> range(std::uint32_t begin, std::uint32_t end) const {
    return {items_.get() + begin, end - begin};
  }

 private:
  void grow() {
    constexpr std::uint32_t kFirst = 64;
    auto const capacity = std::max(kFirst, capacity_ * 2);
    auto items = std::make_unique<Item[]>(capacity);
    std::copy(items_.get(), items_.get() + size_, items.get());
    items_ = std::move(items);
    capacity_ = capacity;
  }

  std::unique_ptr<Item[]> items_;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
};

}  // namespace sinew::fhirpath
