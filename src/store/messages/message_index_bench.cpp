#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>

#include "base/check.h"
#include "base/text.h"
#include "store/messages/message_index.h"

// Searches over many messages: 1 million, or as many as SINEW_BENCH_MESSAGES says. The index is
// made once, of results about as long as a short ORU, with words as unevenly spread as in real
// ones.

namespace sinew::store {
namespace {

constexpr std::size_t kMessagesUsually = 1'000'000;
constexpr std::size_t kAtATime = 1000;
constexpr std::size_t kPatientsPerMessage = 20;
constexpr std::size_t kNames = 5000;
constexpr std::size_t kVocabulary = 20'000;
constexpr std::size_t kWords = 60;

std::string& text_of(MessageTexts& texts, MessageKey key) {
  return texts[static_cast<std::size_t>(key)];
}

/// Small numbers far more often than large ones.
std::size_t uneven(std::uint64_t& random, std::size_t end) {
  random = random * 6364136223846793005 + 1442695040888963407;
  auto const share = static_cast<double>(random >> 11) * 0x1.0p-53;
  return static_cast<std::size_t>(share * share * share * static_cast<double>(end));
}

IndexedMessage make_message(JournalId id, std::size_t count, std::uint64_t& random) {
  IndexedMessage message;
  message.id = id;
  if (id % 500 == 0) {
    message.status = JournalStatus::failed;
    message.reason = "invalid: no table";
  }
  auto const number = [](char const* prefix, std::size_t value) {
    return prefix + std::to_string(value);
  };
  auto& texts = message.texts;
  text_of(texts, MessageKey::feed) = number("feed", id % 20);
  text_of(texts, MessageKey::type) = id % 3 == 0 ? "ADT^A08" : "ORU^R01";
  text_of(texts, MessageKey::control) = number("C", id);
  text_of(texts, MessageKey::patient) = number("P", uneven(random, count / kPatientsPerMessage));
  text_of(texts, MessageKey::visit) = number("V", id / 5);
  text_of(texts, MessageKey::order) = number("O", id) + '\n' + number("F", id);
  text_of(texts, MessageKey::accession) = number("A", id);
  text_of(texts, MessageKey::name) =
      number("family", uneven(random, kNames)) + '^' + number("given", uneven(random, kNames));
  auto& text = text_of(texts, MessageKey::text);
  for (std::size_t i = 0; i < kWords; ++i) text += number("w", uneven(random, kVocabulary)) + '|';
  text += number("C", id) + '|' + number("O", id);
  return message;
}

/// The index, made when first asked for; removed at the end.
class Filled {
 public:
  Filled() {
    if (auto const* given = std::getenv("SINEW_BENCH_MESSAGES"))
      count_ = parse_integer<std::size_t>(given).value_or(kMessagesUsually);
    SINEW_CHECK(::mkdtemp(folder_.data()) != nullptr);
    index_ = *MessageIndex::open(folder_ + "/index", "bench");
    std::uint64_t random = 1;
    std::vector<IndexedMessage> messages;
    for (JournalId id = 1; id <= count_; ++id) {
      messages.push_back(make_message(id, count_, random));
      if (messages.size() < kAtATime && id < count_) continue;
      SINEW_CHECK(static_cast<bool>(index_->add(messages)));
      messages.clear();
    }
  }
  ~Filled() { std::filesystem::remove_all(folder_); }
  MessageIndex& index() { return *index_; }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] double bytes() const {
    return static_cast<double>(std::filesystem::file_size(folder_ + "/index"));
  }

 private:
  std::string folder_ = (std::filesystem::temp_directory_path() / "index-bench-XXXXXX").string();
  std::size_t count_ = kMessagesUsually;
  std::unique_ptr<MessageIndex> index_;
};

Filled& filled() {
  static Filled instance;
  return instance;
}

struct SearchRow {
  char const* name;
  std::vector<std::pair<MessageKey, std::string>> texts;
  bool is_failed = false;
};

void find_messages(benchmark::State& state, SearchRow const& row) {
  auto& data = filled();
  MessageSearch search;
  for (auto const& [key, text] : row.texts) text_of(search.texts, key) = text;
  if (row.is_failed) search.status = JournalStatus::failed;
  std::size_t found = 0;
  for (auto _ : state) found = data.index().search(search)->size();
  state.counters["found"] = static_cast<double>(found);
  state.counters["messages"] = static_cast<double>(data.count());
  state.counters["index_bytes_each"] = data.bytes() / static_cast<double>(data.count());
}

using enum MessageKey;
BENCHMARK_CAPTURE(find_messages, patient, {"", {{patient, "P7"}}});
BENCHMARK_CAPTURE(find_messages, order, {"", {{order, "O4711"}}});
BENCHMARK_CAPTURE(find_messages, name_prefix, {"", {{name, "family12* given1*"}}});
BENCHMARK_CAPTURE(find_messages, frequent_word, {"", {{text, "w0"}}});
BENCHMARK_CAPTURE(find_messages, frequent_and_rare, {"", {{text, "w0 w19999"}}});
BENCHMARK_CAPTURE(find_messages, words_and_feed, {"", {{text, "w5 w6 w7"}, {feed, "feed3"}}});
BENCHMARK_CAPTURE(find_messages, none_with_both, {"", {{control, "C1"}, {text, "w0 w1 w2"}}});
BENCHMARK_CAPTURE(find_messages, never_together,
                  {"", {{type, "ADT"}, {text, "R01"}, {feed, "feed4"}}});
BENCHMARK_CAPTURE(find_messages, failed_with_word, {"", {{text, "w3"}}, true});

}  // namespace
}  // namespace sinew::store
