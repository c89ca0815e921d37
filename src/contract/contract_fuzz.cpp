#include <cstdint>
#include <string>

#include "base/check.h"
#include "contract/drift.h"
#include "contract/learner.h"
#include "contract/profile_file.h"
#include "contract/specification.h"

// The first byte says whether the rest is a contract to read or a message to learn. What was read
// or learned is printed, read again, compared and shown.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace sinew::contract;
  if (size == 0) return 0;
  std::string text(reinterpret_cast<char const*>(data) + 1, size - 1);
  Learner learner("fuzz");
  if (data[0] % 2 == 0) {
    auto read = read_contract(std::move(text));
    if (!read) return 0;
    learner = Learner(*std::move(read));
    learner.learn("MSH|^~\\&|A|B|||20260302||ADT^A01|1|P|2.5.1\rPID|1||2~3&4^5\r", {});
  } else {
    learner.learn(text, {});
    learner.learn(text, {});
  }
  auto const again = read_contract(print_contract(learner.profile()));
  SINEW_CHECK(bool(again));
  SINEW_CHECK(!drifts_json(compare(*again, learner.profile())).empty());
  SINEW_CHECK(!specification(*again, Page::Format::markdown).empty());
  return 0;
}
