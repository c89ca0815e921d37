#pragma once

#include <utility>

namespace sinew {

/// Protected health information: a value about a person. It has no formatter and converts to
/// nothing, so that logging it, or putting it in an Error, does not compile.
template <class T>
class Phi {
 public:
  Phi() = default;
  explicit Phi(T value) : value_(std::move(value)) {}

  /// The value, for code whose business it is. Never in the arguments of `log` or `fail`.
  [[nodiscard]] T const& reveal() const { return value_; }

  bool operator==(Phi const&) const = default;

 private:
  T value_;
};

}  // namespace sinew
