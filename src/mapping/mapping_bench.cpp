#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <random>
#include <string>
#include <vector>

#include "mapping/program.h"

using namespace sinew;

namespace {

constexpr std::size_t kReports = 2000;
constexpr std::uint32_t kPatients = 300, kDoctors = 25, kTechnicians = 6, kPanels = 4;

/// A laboratory report with ten results, as a hospital's laboratory sends it all day: every message
/// has its own order, times, values and control id; patients, doctors and tests come again.
std::string make_report(std::uint32_t n) {
  std::mt19937 random(n);
  auto const below = [&](std::uint32_t limit) {
    return static_cast<std::uint32_t>(random() % limit);
  };
  auto const patient = below(kPatients), doctor = below(kDoctors), panel = below(kPanels);
  auto const minute = fmt::format("{:02}{:02}", below(24), below(60));
  auto const orderer = fmt::format("{}^SMITH{}^ANN^^^DR^^^NPI&2.16.840.1.113883.4.6&ISO",
                                   1234567893 + doctor, doctor);
  auto text = fmt::format(
      "MSH|^~\\&|LAB^2.16.840.1.113883.3.1^ISO|HOSP^2.16.840.1.113883.3.2^ISO|EHR|GHH|"
      "20240229{}{:02}-0500||ORU^R01^ORU_R01|MSG-{:07}|P|2.5.1\r"
      "PID|1||PATID{}^^^HOSP&2.16.840.1.113883.3.2.1&ISO^MR||EVERYMAN{}^ADAM^A||19{:02}0615|M||"
      "2106-3^White^HL70005|{} HOME STREET^^GREENSBORO^NC^27401|||||S\r"
      "PV1|1|I|{}^2012^01||||{}^ATTEND{}^AARON^A|||SUR||||||||V{}^^^HOSP||||||||||||||||||||||"
      "|||202402{:02}\r"
      "ORC|RE|P{}^EHR|F{}^LAB|||||||||{}\r"
      "OBR|1|P{}^EHR|F{}^LAB|5841{}-2^CBC panel^LN|||20240229{}00-0500|||||||||{}||||||"
      "20240229{}30-0500|||F\r",
      minute, below(60), n, 1000 + patient, patient, 30 + patient % 60, 100 + patient,
      2000 + patient % 8, 4777 + patient % kDoctors, patient % kDoctors, 100 + patient,
      10 + patient % 19, n, n, orderer, n, n, panel, minute, orderer, minute);
  auto const technician = below(kTechnicians);
  for (std::uint32_t i = 1; i <= 10; ++i) {
    auto const value = 100 + below(80);
    auto const test = panel * 10 + i;
    text += fmt::format(
        "OBX|{}|NM|71{}-{}^Hemoglobin {}^LN^HGB^Hgb^L||{}.{}|g/dL^gram per deciliter^UCUM|"
        "12.0-16.0|{}|||F|||20240229{}00-0500||tech{}^JONES^AMY\r",
        i, 10 + test, i % 10, test, value / 10, value % 10,
        value < 120 ? "L" : (value > 160 ? "H" : "N"), minute, technician);
  }
  return text;
}

std::vector<std::string> const& reports() {
  static auto const made = [] {
    std::vector<std::string> texts;
    for (std::uint32_t n = 0; n < kReports; ++n) texts.push_back(make_report(n));
    return texts;
  }();
  return made;
}

mapping::Program const& program() {
  static auto const compiled = mapping::compile(std::vector{mapping::built_in_layer()});
  return *compiled.program;
}

/// Parse, group and map with provenance: the figure of the issue, in messages a second.
void map_report(benchmark::State& state) {
  auto const& texts = reports();
  auto const& tables = program();
  hl7v2::Message message;
  mapping::Output output;
  mapping::RunOptions options;
  options.provenance = true;
  mapping::Feed feed;
  feed.zone_offset_minutes = -300;
  std::size_t next = 0;
  for (auto _ : state) {
    auto const& text = texts[next++ % kReports];
    if (!hl7v2::parse_message_into(message, text)) return state.SkipWithError("parse");
    auto const groups = hl7v2::group_segments(message);
    if (!mapping::run(tables, message, groups, feed, options, output)) {
      return state.SkipWithError("run");
    }
    benchmark::DoNotOptimize(output.json.data());
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["json_bytes"] = static_cast<double>(output.json.size());
  state.counters["leaves"] = static_cast<double>(output.leaves.size());
  state.counters["resources"] = static_cast<double>(output.resources.size());
}
BENCHMARK(map_report)->Unit(benchmark::kMicrosecond);

/// The part of it before the tables.
void parse_and_group(benchmark::State& state) {
  auto const& texts = reports();
  hl7v2::Message message;
  std::size_t next = 0;
  for (auto _ : state) {
    auto const& text = texts[next++ % kReports];
    if (!hl7v2::parse_message_into(message, text)) return state.SkipWithError("parse");
    auto groups = hl7v2::group_segments(message);
    benchmark::DoNotOptimize(groups.nodes.data());
  }
}
BENCHMARK(parse_and_group)->Unit(benchmark::kMicrosecond);

void compile_tables(benchmark::State& state) {
  std::vector const layers{mapping::built_in_layer()};
  for (auto _ : state) {
    auto compiled = mapping::compile(layers);
    benchmark::DoNotOptimize(compiled.program.get());
  }
}
BENCHMARK(compile_tables)->Unit(benchmark::kMillisecond);

}  // namespace
