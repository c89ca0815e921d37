#include <benchmark/benchmark.h>

#include <cstdlib>

#include "script/script.h"

// What a script costs: parse, run, write. One thread.

using namespace sinew;
using namespace sinew::script;

namespace {

constexpr std::string_view kHead =
    "MSH|^~\\&|LAB|HOSP|EHR|HOSP|20260301120000||ORU^R01^ORU_R01|4711|P|2.5.1\r"
    "PID|1||4711^^^HOSP^MR~123-45^^^SSA^SS||Everywoman^Eve^E^^^^L||19620320|F|||153 Fernwood "
    "Dr.^^Statesville^OH^35292||(206)3345232\r"
    "PV1|1|I|WARD^101^1^HOSP||||1234^Primary^Patricia|||MED\r"
    "ORC|RE|845439^GHH OE|1045813^GHH LAB\r"
    "OBR|1|845439^GHH OE|1045813^GHH LAB|24331-1^LIPID^LN|||20260301073000||||||||555-55-5555\r";

/// An ORU of about 1 KB.
std::string message_text() {
  std::string text(kHead);
  for (int i = 1; i <= 8; ++i) {
    text += "OBX|" + std::to_string(i) +
            "|NM|2093-3^Cholesterol^LN||196|mg/dL|<200|N|||F|||20260301080000\r";
  }
  return text;
}

constexpr char kMirth[] = R"js(
var mrn = msg['PID']['PID.3']['PID.3.1'].toString();
msg['MSH']['MSH.5']['MSH.5.1'] = 'BILLING';
msg['PID']['PID.3']['PID.3.1'] = mrn.padStart(10, '0');
msg['PID']['PID.5']['PID.5.1'] = msg['PID']['PID.5']['PID.5.1'].toString().toUpperCase();
if (msg['PV1']['PV1.2']['PV1.2.1'].toString() == 'I') msg['PV1']['PV1.18']['PV1.18.1'] = 'INP';
)js";

constexpr char kPaths[] = R"js(
const mrn = msg.get('PID-3[1].1');
msg.set('MSH-5', 'BILLING');
msg.set('PID-3[1].1', mrn.padStart(10, '0'));
msg.set('PID-5.1', msg.get('PID-5.1').toUpperCase());
if (msg.get('PV1-2') === 'I') msg.set('PV1-18', 'INP');
)js";

void run_script(benchmark::State& state, char const* text) {
  auto const script = Script::compile({{"bench.js", text, 1}});
  if (!script) std::abort();
  auto const bytes = message_text();
  Surroundings const surroundings;
  std::size_t written = 0;
  for (auto _ : state) {
    auto const message = hl7v2::parse_message(bytes);
    hl7v2::Overlay overlay(*message);
    Session session(overlay, surroundings);
    if (!session.run(**script)) std::abort();
    written += overlay.write().size();
  }
  benchmark::DoNotOptimize(written);
  state.SetItemsProcessed(state.iterations());
}

void five_lines_as_mirth_writes_them(benchmark::State& state) { run_script(state, kMirth); }
void five_lines_with_paths(benchmark::State& state) { run_script(state, kPaths); }
void nothing(benchmark::State& state) { run_script(state, "return true;"); }

}  // namespace

BENCHMARK(five_lines_as_mirth_writes_them);
BENCHMARK(five_lines_with_paths);
BENCHMARK(nothing);
