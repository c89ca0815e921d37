#include "store/postgres/wire.h"

#include <bit>

namespace sinew::store::postgres {
namespace {

template <class Unsigned>
void append_number(std::string& out, Unsigned value) {
  for (int shift = 8 * static_cast<int>(sizeof value); shift > 0;) {
    shift -= 8;
    out.push_back(static_cast<char>(value >> shift & 0xff));
  }
}

std::string number_bytes(std::uint64_t value) {
  std::string out;
  append_number(out, value);
  return out;
}

WireType type_of_items(WireType list) {
  switch (list) {
    case WireType::integer_list:
      return WireType::integer;
    case WireType::real_list:
      return WireType::real;
    default:
      return WireType::bytes;
  }
}

}  // namespace

Parameters::Value wire_value(std::int64_t value) {
  return {WireType::integer, false, number_bytes(static_cast<std::uint64_t>(value))};
}
Parameters::Value wire_value(double value) {
  return {WireType::real, false, number_bytes(std::bit_cast<std::uint64_t>(value))};
}
Parameters::Value wire_value(std::string_view bytes) {
  return {WireType::bytes, false, std::string(bytes)};
}

Parameters& Parameters::add_integer(std::int64_t value) {
  values_.push_back(wire_value(value));
  return *this;
}
Parameters& Parameters::add(double value) {
  values_.push_back(wire_value(value));
  return *this;
}
Parameters& Parameters::add(std::string_view bytes) {
  values_.push_back(wire_value(bytes));
  return *this;
}
Parameters& Parameters::add(List const& list) {
  values_.push_back({list.type(), false, list.bytes()});
  return *this;
}

void Parameters::set(int index, Value value) {
  auto const place = static_cast<std::size_t>(index);
  if (values_.size() < place) values_.resize(place, {WireType::bytes, true, {}});
  values_[place - 1] = std::move(value);
}

List::List(WireType type) : type_(type) {}

void List::add_integer(std::int64_t value) {
  append_number(items_, std::uint32_t{8});
  append_number(items_, static_cast<std::uint64_t>(value));
  ++size_;
}

void List::add(double value) {
  append_number(items_, std::uint32_t{8});
  append_number(items_, std::bit_cast<std::uint64_t>(value));
  ++size_;
}

void List::add(std::string_view bytes) {
  append_number(items_, static_cast<std::uint32_t>(bytes.size()));
  items_.append(bytes);
  ++size_;
}

void List::add_null() {
  append_number(items_, std::uint32_t{0xffffffff});
  has_null_ = true;
  ++size_;
}

std::string List::bytes() const {
  std::string out;
  out.reserve(20 + items_.size());
  append_number(out, std::uint32_t{size_ == 0 ? 0U : 1U});  // dimensions
  append_number(out, std::uint32_t{has_null_ ? 1U : 0U});
  append_number(out, static_cast<std::uint32_t>(type_of_items(type_)));
  if (size_ == 0) return out;
  append_number(out, static_cast<std::uint32_t>(size_));
  append_number(out, std::uint32_t{1});  // the first index
  return out.append(items_);
}

void List::clear() {
  size_ = 0;
  has_null_ = false;
  items_.clear();
}

std::int64_t read_integer(std::string_view bytes) {
  if (bytes.empty()) return 0;
  // The sign is in the first byte.
  auto value = static_cast<std::int64_t>(static_cast<signed char>(bytes[0]));
  for (auto const c : bytes.substr(1))
    value = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << 8 |
                                      static_cast<unsigned char>(c));
  return value;
}

double read_real(std::string_view bytes) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(read_integer(bytes)));
}

}  // namespace sinew::store::postgres
