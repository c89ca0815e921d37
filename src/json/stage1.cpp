#include "json/stage1.h"

#include <simdjson.h>

#include <memory>

namespace sinew::json {
namespace {

// The only file that knows simdjson. `stage1` and `structural_indexes` are in its public header
// but marked internal; stage1_test.cpp holds what we rely on.

constexpr std::size_t kCapacityMin = std::size_t{64} << 10;
constexpr std::size_t kCapacityKeptMax = std::size_t{16} << 20;  ///< a thread keeps at most this

using Parser = simdjson::internal::dom_parser_implementation;

/// The scanner of this thread, grown to `size`. Nothing when memory is short.
Parser* scanner(std::size_t size) {
  thread_local std::unique_ptr<Parser> kept;
  bool const oversized = kept && kept->capacity() > kCapacityKeptMax && size <= kCapacityKeptMax;
  if (kept && kept->capacity() >= size && !oversized) return kept.get();
  kept.reset();
  auto capacity = kCapacityMin;
  while (capacity < size) capacity *= 2;
  constexpr std::size_t kDepthUnused = 1;  // the depth belongs to simdjson's stage 2
  simdjson::implementation const* const implementation = simdjson::get_active_implementation();
  if (implementation->create_dom_parser_implementation(capacity, kDepthUnused, kept)) return {};
  return kept.get();
}

}  // namespace

bool find_structure(std::string_view text, Structure& structure) {
  auto* const parser = scanner(text.size());
  if (!parser) return false;
  auto const* const bytes = reinterpret_cast<std::uint8_t const*>(text.data());
  if (parser->stage1(bytes, text.size(), simdjson::stage1_mode::regular)) return false;
  structure = {parser->structural_indexes.get(), parser->n_structural_indexes};
  return true;
}

void append_without_space(std::string& out, std::string_view json) {
  auto const before = out.size();
  out.resize(before + json.size());
  std::size_t written = 0;
  if (simdjson::minify(json.data(), json.size(), out.data() + before, written)) {
    out.replace(before, json.size(), json);
    return;
  }
  out.resize(before + written);
}

}  // namespace sinew::json
