#include "contract/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/severity.h"
#include "json/write.h"

namespace sinew::contract {
namespace {

struct KindRow {
  DriftKind kind;
  std::string_view name, words;
};
// clang-format off
constexpr auto kKinds = std::to_array<KindRow>({
    {DriftKind::new_sender,            "new-sender",            "new sender"},
    {DriftKind::new_version,           "new-version",           "new version"},
    {DriftKind::new_charset,           "new-charset",           "new character set"},
    {DriftKind::new_delimiters,        "new-delimiters",        "other delimiters"},
    {DriftKind::new_message_type,      "new-message-type",      "new message type"},
    {DriftKind::message_type_vanished, "message-type-vanished", "message type no longer comes"},
    {DriftKind::new_segment,           "new-segment",           "new segment"},
    {DriftKind::segment_vanished,      "segment-vanished",      "segment no longer comes"},
    {DriftKind::more_segments,         "more-segments",         "segment more often than before"},
    {DriftKind::new_field,             "new-field",             "new field"},
    {DriftKind::field_vanished,        "field-vanished",        "field no longer filled"},
    {DriftKind::more_repetitions,      "more-repetitions",      "more repetitions than before"},
    {DriftKind::longer_value,          "longer-value",          "longer value than before"},
    {DriftKind::new_form,              "new-form",              "other form of value"},
    {DriftKind::new_code,              "new-code",              "new code"},
    {DriftKind::new_fault,             "new-fault",             "new fault"},
    {DriftKind::volume_drop,           "volume-drop",           "fewer messages than this hour has"},
    {DriftKind::volume_surge,          "volume-surge",          "more messages than this hour has"},
});
// clang-format on
static_assert(kKinds.size() == static_cast<std::size_t>(DriftKind::count));

KindRow const& row_of(DriftKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

}  // namespace

std::string_view to_string(DriftKind kind) { return row_of(kind).name; }

std::string Drift::key() const {
  std::string key(to_string(kind));
  for (auto const& part : {type, path}) {
    if (!part.empty()) key += " " + part;
  }
  bool const is_of_value = kind == DriftKind::new_code || kind == DriftKind::new_form ||
                           kind <= DriftKind::new_delimiters || kind == DriftKind::new_fault;
  return is_of_value ? key + " " + is : key;
}

std::string to_string(Drift const& drift) {
  std::string where = drift.type;
  if (!drift.path.empty()) where += (where.empty() ? "" : " ") + drift.path;
  auto out = fmt::format("{}: {}{}{}", name_of(drift.severity), where, where.empty() ? "" : ": ",
                         row_of(drift.kind).words);
  if (!drift.is.empty()) out += ": " + drift.is;
  if (!drift.was.empty()) out += ", was " + drift.was;
  if (!drift.name.empty()) out += " [" + drift.name + "]";
  if (drift.count != 0) out += fmt::format(" ({} times", drift.count);
  if (drift.count != 0 && drift.first != 0)
    out += fmt::format(", first in message {}", drift.first);
  if (drift.count != 0) out += ")";
  if (!drift.source.empty()) out += " " + drift.source;
  return out;
}

std::string drifts_json(std::vector<Drift> const& drifts) {
  std::string out;
  json::Writer writer(out);
  writer.begin_array();
  for (auto const& drift : drifts) {
    writer.begin_object();
    writer.member("kind", to_string(drift.kind));
    writer.member("severity", name_of(drift.severity));
    if (!drift.type.empty()) writer.member("type", drift.type);
    if (!drift.path.empty()) writer.member("path", drift.path);
    if (!drift.name.empty()) writer.member("name", drift.name);
    if (!drift.was.empty()) writer.member("was", drift.was);
    if (!drift.is.empty()) writer.member("is", drift.is);
    writer.key("count");
    writer.integer(static_cast<std::int64_t>(drift.count));
    if (drift.first != 0) {
      writer.key("firstMessage");
      writer.integer(static_cast<std::int64_t>(drift.first));
    }
    if (!drift.source.empty()) writer.member("source", drift.source);
    writer.end_object();
  }
  writer.end_array();
  return out;
}

}  // namespace sinew::contract
