#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "wire/hl7v2/dictionary.h"
#include "wire/hl7v2/group.h"
#include "wire/hl7v2/message.h"

namespace {

using namespace sinew::hl7v2;

/// More than the last cache of the machine holds, so that both sides read memory.
constexpr std::size_t kBytes = std::size_t{192} << 20;

constexpr std::string_view kResult =
    "MSH|^~\\&|LAB^2.16.840.1.113883.19.4.6^ISO|HOSP|EHR|HOSP|20240229153000-0500||ORU^R01^ORU_R01|"
    "M1|P|2.5.1|||AL|NE|USA|UNICODE UTF-8\rPID|1||12345^^^HOSP^MR~999^^^SSA^SS||DOE^JANE^Q||"
    "19800101|F|||12 MAIN ST^^TOWN^MA^02000^USA||^PRN^PH^^1^555^5551212\rPV1|1|I|W^389^1^HOSP\r"
    "ORC|RE|P1^EHR|F1^LAB\rOBR|1|P1^EHR|F1^LAB|24323-8^CMP^LN|||20240229120000|||||||||"
    "1234^SMITH^JOHN|||||||||F\r";

/// The corpus beside the checkout where there is one, else results of a laboratory; repeated.
struct Corpus {
  std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(kBytes);
  std::vector<std::string_view> messages;
  std::size_t used = 0;
};

std::vector<std::string> seed_messages() {
  std::vector<std::string> seeds;
  std::string const folder = std::string(SINEW_SOURCE_DIR) + "/../shared/corpora/hl7v2/msg";
  if (auto const files = sinew::list_files(folder)) {
    for (auto const& file : *files) {
      auto content = sinew::read_file(folder + "/" + file);
      if (content && parse_message(*content)) seeds.push_back(*std::move(content));
    }
  }
  if (seeds.empty()) {
    std::string message(kResult);
    for (int i = 1; i <= 10; ++i) {
      message += "OBX|" + std::to_string(i) +
                 "|NM|2951-2^Sodium^LN||140|mmol/L|135-145|N|||F|||20240229120000\r";
    }
    seeds.push_back(std::move(message));
  }
  return seeds;
}

Corpus const& corpus() {
  static auto const made = [] {
    Corpus all;
    auto const seeds = seed_messages();
    for (std::size_t i = 0;; ++i) {
      auto const& seed = seeds[i % seeds.size()];
      if (all.used + seed.size() > kBytes) return all;
      std::memcpy(all.bytes.get() + all.used, seed.data(), seed.size());
      all.messages.emplace_back(all.bytes.get() + all.used, seed.size());
      all.used += seed.size();
    }
  }();
  return made;
}

/// Seconds of the processor, not of the wall: other work on the machine counts for neither side.
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

double seconds_of(auto&& work) {
  auto const start = thread_seconds();
  work();
  return thread_seconds() - start;
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.empty() ? 0 : values[values.size() / 2];
}

/// Parsing every message of the corpus against memcpy of the same bytes, in turns.
void parse_against_memcpy(benchmark::State& state) {
  auto const& all = corpus();
  auto const copy = std::make_unique<char[]>(all.used);  // zeroed, so its pages are there
  std::vector<double> ratios;
  std::vector<double> parse_rates;
  std::vector<double> copy_rates;
  Message message;
  std::size_t segments = 0;
  for (auto _ : state) {
    auto const copying = seconds_of([&] {
      std::memcpy(copy.get(), all.bytes.get(), all.used);
      benchmark::DoNotOptimize(copy.get());
    });
    auto const parsing = seconds_of([&] {
      for (auto const text : all.messages) {
        if (parse_message_into(message, text)) segments += message.segment_count();
      }
    });
    ratios.push_back(copying / parsing);
    parse_rates.push_back(static_cast<double>(all.used) / parsing / 1e9);
    copy_rates.push_back(static_cast<double>(all.used) / copying / 1e9);
    state.SetIterationTime(parsing);
  }
  benchmark::DoNotOptimize(segments);
  state.counters["ratio_to_memcpy"] = median(ratios);
  state.counters["parse_GB_per_s"] = median(parse_rates);
  state.counters["memcpy_GB_per_s"] = median(copy_rates);
}
BENCHMARK(parse_against_memcpy)->UseManualTime()->Iterations(9)->Unit(benchmark::kMillisecond);

std::string result_of_twenty_segments() {
  std::string message(kResult);
  for (int i = 1; i <= 15; ++i) {
    message += "OBX|" + std::to_string(i) +
               "|NM|2951-2^Sodium^LN||140|mmol/L|135-145|N|||F|||20240229120000\r";
  }
  return message;
}

void parse_one_result(benchmark::State& state) {
  auto const text = result_of_twenty_segments();
  for (auto _ : state) benchmark::DoNotOptimize(parse_message(text));
}
BENCHMARK(parse_one_result);

void group_one_result(benchmark::State& state) {
  auto const text = result_of_twenty_segments();
  auto const message = parse_message(text);
  for (auto _ : state) benchmark::DoNotOptimize(group_segments(*message));
}
BENCHMARK(group_one_result);

/// What the first message of a process pays for the dictionary.
void first_use_of_the_dictionary(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(find_structure(Version::v2_5_1, "ORU_R01"));
    benchmark::DoNotOptimize(structure_of_event(Version::v2_5_1, "ADT", "A04"));
    benchmark::DoNotOptimize(find_field(Version::v2_5_1, "PID", 3));
    benchmark::DoNotOptimize(find_type(Version::v2_5_1, "CX"));
    benchmark::DoNotOptimize(table_display(1, "F"));
  }
}
BENCHMARK(first_use_of_the_dictionary)->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace
