#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "contract/drift.h"
#include "contract/learner.h"
#include "contract/profile_file.h"

namespace {

using namespace sinew;

/// An admission, and a result of ten observations, of a thousand patients.
std::vector<std::string> sample_messages() {
  std::vector<std::string> all;
  for (int i = 0; i < 1000; ++i) {
    auto const number = std::to_string(i);
    std::string text =
        "MSH|^~\\&|LAB^2.16.840.1.113883.19.4.6^ISO|HOSP|EHR|HOSP|20240229153000-0500||" +
        std::string(i % 2 == 0 ? "ADT^A01^ADT_A01" : "ORU^R01^ORU_R01") + "|M" + number +
        "|P|2.5.1|||AL|NE|USA|UNICODE UTF-8\rPID|1||" + number +
        "^^^HOSP^MR~999^^^SSA^SS||DOE^JANE^Q||19800101|F|||12 MAIN ST^^TOWN^MA^02000^USA||"
        "^PRN^PH^^1^555^5551212\rPV1|1|I|W^389^1^HOSP\r";
    if (i % 2 == 1) {
      text += "ORC|RE|P1^EHR|F1^LAB\rOBR|1|P1^EHR|F1^LAB|24323-8^CMP^LN|||20240229120000\r";
      for (int obx = 1; obx <= 10; ++obx) {
        text += "OBX|" + std::to_string(obx) + "|NM|" + std::to_string(2951 + obx) +
                "-2^Sodium^LN||140|mmol/L|135-145|N|||F|||20240229120000\r";
      }
    }
    all.push_back(std::move(text));
  }
  return all;
}

struct Parsed {
  std::vector<std::string> texts = sample_messages();
  std::vector<hl7v2::Message> messages;
  std::vector<hl7v2::GroupTree> groups;
  Parsed() {
    for (auto const& text : texts) {
      messages.push_back(*hl7v2::parse_message(text));
      groups.push_back(hl7v2::group_segments(messages.back()));
    }
  }
};

void learn_parsed(benchmark::State& state) {
  static Parsed const parsed;
  contract::Learner learner("bench");
  std::size_t at = 0;
  for (auto _ : state) {
    learner.learn(parsed.messages[at], parsed.groups[at], {1'772'446'500'000});
    at = (at + 1) % parsed.messages.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(learn_parsed);

void learn_bytes(benchmark::State& state) {
  static auto const texts = sample_messages();
  contract::Learner learner("bench");
  std::size_t at = 0;
  for (auto _ : state) {
    learner.learn(texts[at], {1'772'446'500'000});
    at = (at + 1) % texts.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(learn_bytes);

void compare_profiles(benchmark::State& state) {
  contract::Learner learner("bench");
  for (auto const& text : sample_messages()) learner.learn(text, {});
  for (auto _ : state)
    benchmark::DoNotOptimize(contract::compare(learner.profile(), learner.profile()));
}
BENCHMARK(compare_profiles);

}  // namespace
