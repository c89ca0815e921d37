#include "engine/delivery/transform.h"

#include "base/hash.h"
#include "engine/delivery/lookup.h"
#include "wire/hl7v2/convert_charset.h"

namespace sinew::engine {

Result<std::optional<std::string>> Transform::look_up(std::string_view table,
                                                      std::span<std::string const> key) const {
  auto const found = tables_.find(table);
  if (found == tables_.end())
    return fail(ErrorCode::not_found, "no such lookup table", std::string(table));
  std::vector<std::string_view> const parts(key.begin(), key.end());
  auto const* const row = found->second->find(parts);
  if (row == nullptr) return std::optional<std::string>();
  return std::optional(row->at(found->second->value_column()));
}

Result<bool> Transform::run_steps(Work& work, Transformed& out) const {
  for (auto const& step : steps_) {
    if (!step->when.empty() && !holds(step->when, work.message)) continue;
    auto passes = step->apply(work);
    if (!passes) {
      auto const& error = passes.error();
      return fail(error.code, error.what,
                  error.where.empty() ? step->written_at : step->written_at + ": " + error.where);
    }
    if (*passes) continue;
    out.filtered_by = step->written_at;
    return false;
  }
  return true;
}

Result<std::string> Transform::formatted(std::string bytes, Original const& original,
                                         ToFhir const& to_fhir) const {
  if (format_.kind == FormatKind::fhir) {
    if (!to_fhir) return fail(ErrorCode::not_supported, "there are no mapping tables here");
    return to_fhir(original.feed, bytes);
  }
  if (format_.kind == FormatKind::hl7v2)
    return charset_.empty() ? std::move(bytes) : hl7v2::convert_charset(bytes, charset_);
  auto const message = TRY(hl7v2::parse_message(bytes));
  return format_message(format_, message);
}

Result<Transformed> Transform::run(Original const& original, ToFhir const& to_fhir) const {
  auto const message = TRY(hl7v2::parse_message(original.bytes));
  hl7v2::Overlay overlay(message);
  script::Surroundings surroundings;
  surroundings.received = original.received;
  surroundings.seed = hash64(original.bytes);
  surroundings.lookup = [this](std::string_view table, std::span<std::string const> key) {
    return look_up(table, key);
  };
  surroundings.source = {{"feed", std::string(original.feed)}, {"destination", destination_}};
  script::Session scripts(overlay, surroundings);
  Work work{overlay, scripts};
  Transformed out;
  out.passes = TRY(run_steps(work, out));
  out.notes = scripts.notes();
  if (!out.passes) return out;
  auto const first = [&overlay](std::size_t field) {
    return overlay.segment_count() == 0 ? std::string() : std::string(overlay.field(0, field));
  };
  out.control_id = first(10);
  out.type = first(9);
  // The bytes of before where nothing was edited: a message that was transcoded keeps its own.
  auto bytes = overlay.is_edited() ? overlay.write() : std::string(original.bytes);
  out.bytes = TRY(formatted(std::move(bytes), original, to_fhir));
  return out;
}

}  // namespace sinew::engine
