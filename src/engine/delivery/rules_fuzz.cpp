#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/delivery/channel.h"
#include "engine/delivery/date_format.h"
#include "engine/delivery/difference.h"
#include "engine/delivery/format.h"
#include "engine/delivery/lookup.h"

/// The first byte says what the rest is: a template, a date and its pattern, a lookup table, a
/// channel file, or a message to write in every format. All are read, or refused.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew;
  if (size == 0) return 0;
  std::string_view const rest(reinterpret_cast<char const*>(data) + 1, size - 1);
  constexpr std::string_view kMessage = "MSH|^~\\&|A|B|||2026||ADT^A01|1|P|2.5\rPID|1||4711~5\r";
  auto const line = rest.substr(0, rest.find('\n'));
  auto const below = rest.substr(line.size());
  switch (data[0] % 5) {
    case 0: {
      auto const message = hl7v2::parse_message(kMessage);
      hl7v2::Overlay const overlay(*message);
      if (auto const made = engine::Template::parse(rest)) (void)made->fill(overlay);
      break;
    }
    case 1:
      (void)engine::check_date_pattern(line);
      (void)engine::rewrite_date(below, line, "yyyyMMddHHmmssSSSZ");
      (void)engine::rewrite_date(below, {}, line);
      break;
    case 2:
      (void)engine::LookupTable::read(rest, "t", ',', "t.csv");
      (void)engine::LookupTable::read(rest, "t", '\t', "t.tsv");
      break;
    case 3:
      (void)engine::read_channel(rest, "a.yaml");
      break;
    default: {
      auto const message = hl7v2::parse_message(rest);
      if (!message) break;
      (void)engine::format_json(*message);
      (void)engine::format_xml(*message);
      (void)engine::find_differences(kMessage, rest);
    }
  }
  return 0;
}
