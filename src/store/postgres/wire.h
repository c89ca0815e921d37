#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sinew::store::postgres {

/// The types of values that go over the wire, by PostgreSQL's numbers for them.
/// Source: PostgreSQL 15, src/include/catalog/pg_type.dat.
enum class WireType : std::uint32_t {
  bytes = 17,    ///< bytea
  integer = 20,  ///< int8
  real = 701,    ///< float8
  byte_list = 1001,
  integer_list = 1016,
  real_list = 1022,
};

/// The values of one statement's parameters, in the binary format.
class Parameters {
 public:
  struct Value {
    WireType type;
    bool is_null = false;
    std::string bytes;
  };

  template <std::integral Integer>
  Parameters& add(Integer value) {
    return add_integer(static_cast<std::int64_t>(value));
  }
  Parameters& add(double value);
  Parameters& add(std::string_view bytes);
  Parameters& add(class List const& list);
  /// Sets a parameter by its number, from 1 on; those not set are null.
  void set(int index, Value value);
  void clear() { values_.clear(); }
  [[nodiscard]] std::vector<Value> const& values() const { return values_; }

 private:
  Parameters& add_integer(std::int64_t value);
  std::vector<Value> values_;
};

[[nodiscard]] Parameters::Value wire_value(std::int64_t value);
[[nodiscard]] Parameters::Value wire_value(double value);
[[nodiscard]] Parameters::Value wire_value(std::string_view bytes);

/// One column of many rows, as an array: what `unnest` makes rows of again.
/// Source: PostgreSQL 15, src/backend/utils/adt/arrayfuncs.c, array_recv.
class List {
 public:
  explicit List(WireType type);

  template <std::integral Integer>
  void add(Integer value) {
    add_integer(static_cast<std::int64_t>(value));
  }
  void add(double value);
  void add(std::string_view bytes);
  void add_null();

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] WireType type() const { return type_; }
  [[nodiscard]] std::string bytes() const;
  /// About what it holds in memory.
  [[nodiscard]] std::size_t byte_size() const { return items_.size(); }
  void clear();

 private:
  void add_integer(std::int64_t value);
  WireType type_;
  std::size_t size_ = 0;
  bool has_null_ = false;
  std::string items_;
};

/// Reads an integer or a boolean of 1, 2, 4 or 8 bytes.
[[nodiscard]] std::int64_t read_integer(std::string_view bytes);
[[nodiscard]] double read_real(std::string_view bytes);

}  // namespace sinew::store::postgres
