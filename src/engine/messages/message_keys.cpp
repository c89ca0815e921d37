#include "engine/messages/message_keys.h"

#include <algorithm>

#include "base/data.h"
#include "base/hash.h"
#include "base/table.h"
#include "base/text.h"
#include "wire/hl7v2/message.h"
#include "wire/hl7v2/text.h"

namespace sinew::engine {
namespace {

constexpr std::string_view kTable = "hl7v2/message_keys.tsv";
/// Changed when this file makes other texts of the same message.
constexpr std::string_view kVersion = "1";
/// A longer field is a document, whose words nobody looks for here.
constexpr std::size_t kFieldBytesMax = 16'384;
constexpr std::size_t kTextBytesMax = 262'144;

using store::MessageKey;

Result<MessageKey> key_of(Table const& table, Table::Row const& row) {
  auto const name = table.cell(row, "key");
  for (std::size_t i = 0; i < store::kMessageKeyCount; ++i)
    if (to_string(static_cast<MessageKey>(i)) == name) return static_cast<MessageKey>(i);
  return fail(ErrorCode::invalid, "no key of messages", table.where(row));
}

std::string& text_of(store::MessageTexts& texts, MessageKey key) {
  return texts[static_cast<std::size_t>(key)];
}

/// The value of a field's part, decoded, as a line.
void add_value(std::string& text, std::string_view raw, hl7v2::Message const& message,
               hl7v2::Charset const& charset) {
  if (raw.empty() || hl7v2::is_null(raw)) return;
  if (!text.empty()) text += '\n';
  hl7v2::append_text(text, raw, message.delimiters(), charset);
}

void add_words(std::string& text, hl7v2::Message const& message, hl7v2::Charset const& charset) {
  for (std::size_t segment = 0; segment < message.segment_count(); ++segment) {
    auto const fields = message.field_count(segment);
    for (std::size_t field = 1; field <= fields && text.size() < kTextBytesMax; ++field) {
      auto const raw = message.field(segment, field);
      if (raw.size() <= kFieldBytesMax) add_value(text, raw, message, charset);
    }
  }
}

}  // namespace

Result<MessageKeys> MessageKeys::load() {
  auto const text = TRY(embedded_data(kTable));
  auto const table = TRY(Table::parse(text, kTable));
  MessageKeys keys;
  keys.digest_ = sha256_hex(std::string(kVersion) + std::string(text));
  for (auto const& row : table.rows()) {
    auto const field = parse_integer<std::size_t>(table.cell(row, "field"));
    auto const component = parse_integer<std::size_t>(table.cell(row, "component"));
    if (!field || *field == 0 || !component)
      return fail(ErrorCode::invalid, "fields and components are numbers", table.where(row));
    keys.rules_.push_back(
        {std::string(table.cell(row, "segment")), *field, *component, TRY(key_of(table, row))});
  }
  return keys;
}

store::IndexedMessage MessageKeys::index(store::JournalRecord const& record) const {
  store::IndexedMessage indexed;
  indexed.id = record.id;
  indexed.status = record.status;
  indexed.reason = record.reason;
  auto& texts = indexed.texts;
  text_of(texts, MessageKey::feed) = record.entry.feed;
  text_of(texts, MessageKey::type) = record.entry.type;
  text_of(texts, MessageKey::control) = record.entry.control_id;
  auto const message = hl7v2::parse_message(record.entry.bytes);
  if (!message) {
    text_of(texts, MessageKey::text) = record.entry.bytes.substr(0, kTextBytesMax);
    return indexed;
  }
  auto const charset = hl7v2::Charset::of(*message);
  auto const& delimiters = message->delimiters();
  for (std::size_t segment = 0; segment < message->segment_count(); ++segment) {
    for (auto const& rule : rules_) {
      if (!equals_ignoring_case(message->segment_id(segment), rule.segment)) continue;
      auto const field = message->field(segment, rule.field);
      auto const count = hl7v2::part_count(field, delimiters.repetition);
      for (std::size_t i = 0; i < count; ++i) {
        auto const repetition = hl7v2::part(field, delimiters.repetition, i);
        auto const value = rule.component == 0
                               ? repetition
                               : hl7v2::part(repetition, delimiters.component, rule.component - 1);
        add_value(text_of(texts, rule.key), value, *message, charset);
      }
    }
  }
  add_words(text_of(texts, MessageKey::text), *message, charset);
  return indexed;
}

}  // namespace sinew::engine
