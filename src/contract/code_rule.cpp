#include "contract/code_rule.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace sinew::contract {
namespace {

constexpr std::uint32_t components(std::initializer_list<int> numbers) {
  std::uint32_t bits = 0;
  for (auto const number : numbers) bits |= 1u << number;
  return bits;
}

/// Composites of whose components only some may be codes, or codes that are typed as text.
struct CompositeRow {
  std::string_view type;
  std::uint32_t codes;  ///< bit n: component n
};
// clang-format off
constexpr auto kComposites = std::to_array<CompositeRow>({
    // type  components that may hold codes
    {"AD",   components({7})},              // address type
    {"CE",   components({1, 3, 4, 6})},
    {"CF",   components({1, 3, 4, 6})},
    {"CK",   components({3, 4})},
    {"CN",   components({8})},
    {"CNE",  components({1, 3, 4, 6})},
    {"CNN",  components({8, 9, 10, 11})},
    {"CWE",  components({1, 3, 4, 6})},
    {"CX",   components({4, 5, 6})},        // authority, kind of number, facility
    {"DLN",  components({})},
    {"ED",   components({2, 3, 4})},
    {"EI",   components({2, 4})},
    {"EIP",  components({})},
    {"FN",   components({})},
    {"PN",   components({})},
    {"PPN",  components({8, 9, 10, 13, 14})},
    {"SAD",  components({})},
    {"XAD",  components({7})},
    {"XCN",  components({9, 10, 13, 14})},
    {"XON",  components({2, 6, 7})},
    {"XPN",  components({7, 8})},
    {"XTN",  components({2, 3})},
});
// clang-format on
static_assert(std::ranges::is_sorted(kComposites, {}, &CompositeRow::type));

constexpr auto kTextCodes = std::to_array<std::string_view>({"CE", "CF", "CNE", "CWE"});

/// Segments about the message, the sender and the order of things, not about a person.
constexpr auto kImpersonal =
    std::to_array<std::string_view>({"BHS", "BTS", "DSC", "ERR", "EVN", "FHS", "FTS", "MFA", "MFE",
                                     "MFI", "MSA", "MSH", "QAK", "SFT"});

bool is_code_type(std::string_view type) { return type == "ID" || type == "IS"; }

CompositeRow const* find_composite(std::string_view type) {
  auto const found = std::ranges::find(kComposites, type, &CompositeRow::type);
  return found == kComposites.end() ? nullptr : &*found;
}

void describe(Element& element, hl7v2::Version version) {
  auto const* const parts = hl7v2::find_type(version, element.type);
  element.is_composite = parts != nullptr && parts->size() > 1;
  if (parts == nullptr && element.type != "varies") {
    // A primitive, or nothing that the dictionary knows.
    element.is_coded = element.is_coded || is_code_type(element.type);
  } else if (!element.is_composite) {
    element.is_coded = element.is_coded || is_code_type(element.type);
  }
}

}  // namespace

bool may_learn_codes(std::string_view composite, std::size_t number) {
  auto const* const row = find_composite(composite);
  return row == nullptr || (number < 32 && (row->codes >> number & 1) != 0);
}

Element make_field(hl7v2::Version version, std::string_view segment, std::size_t number) {
  Element element;
  element.is_of_person = std::ranges::find(kImpersonal, segment) == kImpersonal.end();
  if (auto const* const field = hl7v2::find_field(version, segment, number)) {
    element.type = field->type;
    element.table = field->table;
  }
  describe(element, version);
  return element;
}

Element make_part(hl7v2::Version version, std::string_view type, std::size_t number,
                  bool is_of_person) {
  Element element;
  element.is_of_person = is_of_person;
  auto const* const parts = hl7v2::find_type(version, type);
  if (parts == nullptr) return element;
  for (auto const& part : *parts) {
    if (part.number != number) continue;
    element.type = part.type;
    element.table = part.table;
  }
  bool const may = may_learn_codes(type, number);
  bool const is_text_code = std::ranges::find(kTextCodes, type) != kTextCodes.end();
  element.is_coded = may && is_text_code;
  describe(element, version);
  if (element.is_composite || !may) element.is_coded = false;
  return element;
}

bool is_code_like(std::string_view value) {
  constexpr std::ptrdiff_t kBlanksMax = 3;
  if (value.empty() || value.size() > kCodeBytesMax) return false;
  bool const is_printable = std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~'; });
  return is_printable && std::ranges::count(value, ' ') <= kBlanksMax;
}

}  // namespace sinew::contract
