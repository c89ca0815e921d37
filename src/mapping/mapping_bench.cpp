#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "mapping/program.h"

using namespace sinew;

namespace {

/// A laboratory report with ten results, as hospitals send it.
std::string make_report() {
  std::string text =
      "MSH|^~\\&|LAB^2.16.840.1.113883.3.1^ISO|HOSP^2.16.840.1.113883.3.2^ISO|EHR|GHH|"
      "20240229153000-0500||ORU^R01^ORU_R01|MSG-0000017|P|2.5.1\r"
      "PID|1||PATID1234^^^HOSP&2.16.840.1.113883.3.2.1&ISO^MR||EVERYMAN^ADAM^A||19610615|M||"
      "2106-3^White^HL70005|2222 HOME STREET^^GREENSBORO^NC^27401|||||S\r"
      "PV1|1|I|2000^2012^01||||004777^ATTEND^AARON^A|||SUR||||||||V100^^^HOSP||||||||||||||||||||||"
      "|||20240228\r"
      "ORC|RE|P1^EHR|F1^LAB|||||||||1234567893^SMITH^ANN^^^DR^^^NPI&2.16.840.1.113883.4.6&ISO\r"
      "OBR|1|P1^EHR|F1^LAB|58410-2^CBC panel^LN|||20240229150000-0500|||||||||"
      "1234567893^SMITH^ANN^^^DR^^^NPI&2.16.840.1.113883.4.6&ISO||||||20240229160000-0500|||F\r";
  for (int i = 0; i < 10; ++i) {
    auto const n = std::to_string(i + 1);
    text += "OBX|" + n + "|NM|718-" + n + "^Hemoglobin " + n + "^LN^HGB^Hgb^L||13." + n +
            "|g/dL^gram per deciliter^UCUM|12.0-16.0|N|||F|||20240229150000-0500||tech^JONES^AMY\r";
  }
  return text;
}

mapping::Program const& program() {
  static auto const compiled = mapping::compile(std::vector{mapping::built_in_layer()});
  return *compiled.program;
}

/// Parse, group and map with provenance: the figure of the issue, in messages a second.
void map_report(benchmark::State& state) {
  auto const text = make_report();
  auto const& tables = program();
  hl7v2::Message message;
  mapping::Output output;
  mapping::RunOptions options;
  options.provenance = true;
  mapping::Feed feed;
  feed.zone_offset_minutes = -300;
  for (auto _ : state) {
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
  auto const text = make_report();
  hl7v2::Message message;
  for (auto _ : state) {
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
