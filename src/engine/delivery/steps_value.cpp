#include <clocale>
#include <cwctype>

#include "base/text.h"
#include "engine/delivery/channel_read.h"
#include "engine/delivery/date_format.h"
#include "engine/delivery/lookup.h"
#include "engine/delivery/transform.h"

// Steps that make another value of a value.

namespace sinew::engine {
namespace {

using StepPointer = std::shared_ptr<Step>;

/// Changes every value of a place. Of a field, or a component, that has parts each part is a value;
/// what is empty, and HL7's null, stay.
class ValueStep : public Step {
 public:
  std::vector<hl7v2::Path> paths;

  Result<bool> apply(Work& work) const final {
    for (auto const& path : paths) {
      // Views of the message end with the first edit: the places are noted, and read one by one.
      std::vector<hl7v2::Path> places;
      for (auto& found : work.message.find_all(path)) places.push_back(std::move(found.path));
      for (auto const& place : places) TRY(change(work, place));
    }
    return true;
  }

 protected:
  [[nodiscard]] virtual Result<std::string> changed(std::string text, Work const& work) const = 0;

 private:
  Result<> change(Work& work, hl7v2::Path const& place) const {
    auto& message = work.message;
    auto const found = message.find_all(place, 1);
    if (found.empty()) return {};
    auto const& marks = message.delimiters();
    // The separators that may stand within the place.
    std::string separators;
    if (place.subcomponent == 0) separators += marks.subcomponent;
    if (place.component == 0) separators += marks.component;
    if (place.component == 0 && place.repetition == 0) separators += marks.repetition;
    std::string const raw(found.front().bytes);
    std::string out;
    for (std::size_t at = 0; at <= raw.size();) {
      auto const end = std::min(raw.find_first_of(separators, at), raw.size());
      auto const leaf = std::string_view(raw).substr(at, end - at);
      out += TRY(changed_leaf(work, leaf));
      if (end < raw.size()) out += raw[end];
      at = end + 1;
    }
    return out == raw ? Result<>() : set(message, place, out);
  }
  static Result<> set(hl7v2::Overlay& message, hl7v2::Path const& place, std::string const& raw) {
    TRY(message.set_raw(place, raw));
    return {};
  }
  [[nodiscard]] Result<std::string> changed_leaf(Work const& work, std::string_view raw) const {
    if (raw.empty() || hl7v2::is_null(raw)) return std::string(raw);
    auto const before = work.message.text(raw);
    auto after = TRY(changed(before, work));
    // What stays the same keeps its bytes, its escape sequences included.
    return after == before ? Result<std::string>(std::string(raw)) : work.message.raw_of(after);
  }
};

Result<std::vector<hl7v2::Path>> read_fields(Node const& node) {
  std::vector<hl7v2::Path> all;
  if (!node.is_list()) {
    all.push_back(TRY(read_field(node)));
    return all;
  }
  for (auto const& element : node.elements()) all.push_back(TRY(read_field(element)));
  return all;
}

// ------------------------------------------------------------------------------------------- case

/// The letters of all scripts, whatever the locale of the process.
::locale_t letters() {
  static ::locale_t const instance = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return instance;
}

template <std::wint_t (*kConvert)(std::wint_t, ::locale_t)>
std::string with_letters(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    auto const lead = static_cast<unsigned char>(text[at]);
    std::size_t const length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    constexpr unsigned kLeadBits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t point = lead & kLeadBits[length];
    for (std::size_t i = 1; i < length; ++i)
      point = point << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3F);
    append_utf8(out, static_cast<char32_t>(kConvert(static_cast<std::wint_t>(point), letters())));
    at += length;
  }
  return out;
}

class UpperStep final : public ValueStep {
  Result<std::string> changed(std::string text, Work const&) const override {
    return is_utf8(text) ? with_letters<::towupper_l>(text) : text;
  }
};

class LowerStep final : public ValueStep {
  Result<std::string> changed(std::string text, Work const&) const override {
    return is_utf8(text) ? with_letters<::towlower_l>(text) : text;
  }
};

class TrimStep final : public ValueStep {
  Result<std::string> changed(std::string text, Work const&) const override {
    return std::string(trim(text));
  }
};

// -------------------------------------------------------------------------------------------- pad

class PadStep final : public ValueStep {
 public:
  std::size_t width = 0;
  std::string fill = "0";
  bool is_left = true;

 private:
  Result<std::string> changed(std::string text, Work const&) const override {
    std::size_t length = 0;
    for (char const c : text) length += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    std::string padding;
    for (; length < width; ++length) padding += fill;
    return is_left ? padding + text : text + padding;
  }
};

// ---------------------------------------------------------------------------------------- replace

class ReplaceStep final : public ValueStep {
 public:
  std::shared_ptr<fhirpath::Pattern const> pattern;
  std::string by;

 private:
  Result<std::string> changed(std::string text, Work const&) const override {
    return pattern->replace(text, by);
  }
};

// ------------------------------------------------------------------------------------------- date

class DateStep final : public ValueStep {
 public:
  std::string from, to;

 private:
  Result<std::string> changed(std::string text, Work const&) const override {
    return rewrite_date(text, from, to);
  }
};

// -------------------------------------------------------------------------------------------- map

enum class Unknown : std::uint8_t { fail, keep, otherwise };

class MapStep final : public ValueStep {
 public:
  std::shared_ptr<LookupTable const> table;
  std::vector<Template> key;  ///< empty: the value itself
  std::size_t column = 0;
  Unknown unknown = Unknown::fail;
  std::string otherwise;

 private:
  Result<std::string> changed(std::string text, Work const& work) const override {
    std::vector<std::string> parts;
    for (auto const& part : key) parts.push_back(part.fill(work.message));
    if (parts.empty()) parts.push_back(text);
    std::vector<std::string_view> const views(parts.begin(), parts.end());
    if (auto const* const row = table->find(views)) return row->at(column);
    if (unknown == Unknown::keep) return text;
    if (unknown == Unknown::otherwise) return otherwise;
    // Which value it was is for those who may see the message.
    return fail(ErrorCode::not_found, "the value is not in the lookup table " + table->name());
  }
};

/// A step that takes `field` beside other keys.
template <class Made>
Result<std::shared_ptr<Made>> with_field(Node const& node, std::set<std::string> keys) {
  keys.insert("field");
  TRY(node.allow(keys));
  auto step = std::make_shared<Made>();
  step->paths = TRY(read_fields(node["field"]));
  return step;
}

template <class Made>
Result<StepPointer> of_fields(Node const& node) {
  auto step = std::make_shared<Made>();
  step->paths = TRY(read_fields(node));
  return StepPointer(step);
}

}  // namespace

Result<StepPointer> read_upper(Node const& node, ChannelFolder const&) {
  return of_fields<UpperStep>(node);
}
Result<StepPointer> read_lower(Node const& node, ChannelFolder const&) {
  return of_fields<LowerStep>(node);
}
Result<StepPointer> read_trim(Node const& node, ChannelFolder const&) {
  return of_fields<TrimStep>(node);
}

Result<StepPointer> read_pad(Node const& node, ChannelFolder const&) {
  constexpr std::size_t kWidthMax = 1000;
  constexpr auto kSides = std::to_array<NameRow<bool>>({{"left", true}, {"right", false}});
  auto step = TRY(with_field<PadStep>(node, {"width", "with", "side"}));
  step->width = TRY(node["width"].number<std::size_t>(0, 1, kWidthMax));
  if (step->width == 0) return node.wrong("needs a 'width'");
  step->fill = TRY(node["with"].text_or("0"));
  if (step->fill.size() != 1) return node["with"].wrong("is one character");
  step->is_left = TRY(node["side"].one_of(kSides, true));
  return StepPointer(step);
}

Result<StepPointer> read_replace(Node const& node, ChannelFolder const&) {
  auto step = TRY(with_field<ReplaceStep>(node, {"pattern", "with"}));
  auto pattern = fhirpath::Pattern::compile(TRY(node["pattern"].text_or({})));
  if (!pattern || !node["pattern"].exists())
    return node["pattern"].wrong("has to be a regular expression");
  step->pattern = *std::move(pattern);
  step->by = TRY(node["with"].text_or({}));
  return StepPointer(step);
}

Result<StepPointer> read_date(Node const& node, ChannelFolder const&) {
  auto step = TRY(with_field<DateStep>(node, {"from", "to"}));
  step->from = TRY(node["from"].text_or({}));
  step->to = TRY(node["to"].text_or({}));
  if (step->to.empty()) return node.wrong("needs a form 'to' write, such as yyyy-MM-dd");
  for (auto const* key : {"from", "to"})
    if (auto const checked = check_date_pattern(*key == 'f' ? step->from : step->to); !checked)
      return node[key].wrong(checked.error().what);
  return StepPointer(step);
}

Result<StepPointer> read_map(Node const& node, ChannelFolder const& folder) {
  constexpr auto kUnknowns = std::to_array<NameRow<Unknown>>(
      {{"fail", Unknown::fail}, {"keep", Unknown::keep}, {"default", Unknown::otherwise}});
  auto step = TRY(with_field<MapStep>(node, {"table", "key", "to", "unknown", "default"}));
  if (!node["table"].exists()) return node.wrong("needs a 'table'");
  step->table = TRY(read_table_name(node["table"], folder));
  for (auto const& text : TRY(node["key"].texts())) {
    auto part = Template::parse(text);
    if (!part) return node["key"].wrong(part.error().what);
    step->key.push_back(*std::move(part));
  }
  if (std::max<std::size_t>(step->key.size(), 1) != step->table->key_count())
    return node.wrong("has to give a 'key' of " + std::to_string(step->table->key_count()) +
                      " parts for that table");
  step->column = step->table->value_column();
  if (node["to"].exists()) {
    auto const column = step->table->column(TRY(node["to"].text()));
    if (!column) return node["to"].wrong(column.error().what);
    step->column = *column;
  }
  bool const has_default = node["default"].exists();
  step->unknown =
      TRY(node["unknown"].one_of(kUnknowns, has_default ? Unknown::otherwise : Unknown::fail));
  if (has_default != (step->unknown == Unknown::otherwise))
    return node.wrong("has 'default' where 'unknown' is 'default', and only there");
  step->otherwise = TRY(node["default"].text_or({}));
  return StepPointer(step);
}

}  // namespace sinew::engine
