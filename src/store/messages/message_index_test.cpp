#include "store/messages/message_index.h"

#include <doctest/doctest.h>

#include <filesystem>

using namespace sinew;
using namespace sinew::store;

namespace {

class Folder {
 public:
  Folder() : path_((std::filesystem::temp_directory_path() / "message-index-XXXXXX").string()) {
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file() const { return path_ + "/index"; }

 private:
  std::string path_;
};

std::string& text_of(MessageTexts& texts, MessageKey key) {
  return texts[static_cast<std::size_t>(key)];
}

IndexedMessage message(JournalId id, std::string patient, std::string name) {
  IndexedMessage made;
  made.id = id;
  text_of(made.texts, MessageKey::feed) = "lab-1";
  text_of(made.texts, MessageKey::type) = "ORU^R01";
  text_of(made.texts, MessageKey::control) = "MSG/" + std::to_string(id);
  text_of(made.texts, MessageKey::patient) = std::move(patient);
  text_of(made.texts, MessageKey::name) = std::move(name);
  text_of(made.texts, MessageKey::text) = "Sodium 140 mmol/L";
  return made;
}

MessageSearch by(MessageKey key, std::string text) {
  MessageSearch search;
  text_of(search.texts, key) = std::move(text);
  return search;
}

using Ids = std::vector<JournalId>;

struct Filled {
  Folder folder;
  std::unique_ptr<MessageIndex> index;
  std::vector<IndexedMessage> messages;

  Filled() : index(MessageIndex::open(folder.file(), "rules 1").operator*()) {
    messages = {message(1, "A-100", "Müller Anna"), message(2, "A-200\nOLD.7", "Smith John"),
                message(4, "A-100", "Müller Anna"), message(5, "B100", "O'Neill Áine")};
    messages[1].status = JournalStatus::failed;
    messages[1].reason = "invalid: no table for ZZZ";
    messages[3].status = JournalStatus::duplicate;
    messages[3].reason = "same as 4";
    REQUIRE(index->add(messages));
  }
  Ids find(MessageSearch const& search) const { return index->search(search).operator*(); }
};

}  // namespace

TEST_CASE("messages are found by their numbers, names and words, newest first") {
  Filled const filled;
  CHECK(filled.find(by(MessageKey::patient, "a-100")) == Ids{4, 1});
  CHECK(filled.find(by(MessageKey::patient, "A100")) == Ids{4, 1});
  CHECK(filled.find(by(MessageKey::patient, "A*")) == Ids{4, 2, 1});
  CHECK(filled.find(by(MessageKey::patient, "A")) == Ids{});
  CHECK(filled.find(by(MessageKey::patient, "old7")) == Ids{2});
  CHECK(filled.find(by(MessageKey::name, "muller")) == Ids{4, 1});
  CHECK(filled.find(by(MessageKey::name, "ANNA MÜLL*")) == Ids{4, 1});
  CHECK(filled.find(by(MessageKey::name, "aine neill")) == Ids{5});
  CHECK(filled.find(by(MessageKey::type, "ORU^R01")) == Ids{5, 4, 2, 1});
  CHECK(filled.find(by(MessageKey::type, "R02")) == Ids{});
  CHECK(filled.find(by(MessageKey::control, "MSG/2")) == Ids{2});
  CHECK(filled.find(by(MessageKey::feed, "lab")) == Ids{});
  CHECK(filled.find(by(MessageKey::text, "sodium mmol")) == Ids{5, 4, 2, 1});
  auto both = by(MessageKey::text, "140");
  text_of(both.texts, MessageKey::patient) = "B-100";
  CHECK(filled.find(both) == Ids{5});
}

TEST_CASE("pages, spans and what became of them") {
  Filled const filled;
  auto search = by(MessageKey::text, "sodium");
  search.count = 2;
  CHECK(filled.find(search) == Ids{5, 4});
  search.before = 4;
  CHECK(filled.find(search) == Ids{2, 1});
  search.from = 2;
  CHECK(filled.find(search) == Ids{2});
  MessageSearch failed;
  failed.status = JournalStatus::failed;
  CHECK(filled.find(failed) == Ids{2});
  failed.reason = "zzz";
  CHECK(filled.find(failed) == Ids{});
  failed.reason = "ZZZ";
  CHECK(filled.find(failed) == Ids{2});
  auto applied = by(MessageKey::patient, "A*");
  applied.status = JournalStatus::applied;
  CHECK(filled.find(applied) == Ids{4, 1});
  MessageSearch reason;
  reason.reason = "same";
  CHECK(filled.find(reason) == Ids{5});
}

TEST_CASE("what means something to the query language is only text") {
  Filled const filled;
  for (auto const* text : {"\"", "' OR 1", "NEAR(", "- ", "a\" OR \"b", "*", "^^^"}) {
    auto const found = filled.index->search(by(MessageKey::text, text));
    if (found) CHECK(found->empty());
    if (!found) CHECK(found.error().code == ErrorCode::invalid);
  }
  CHECK(filled.index->search({}).error().code == ErrorCode::invalid);
}

TEST_CASE("messages are removed, and settle anew") {
  Filled filled;
  Ids const again = {2};
  REQUIRE(filled.index->reopened(again));
  CHECK(*filled.index->unsettled(10) == again);
  REQUIRE(filled.index->settle(2, JournalStatus::applied, {}));
  CHECK(filled.index->unsettled(10)->empty());
  MessageSearch failed;
  failed.status = JournalStatus::failed;
  CHECK(filled.find(failed) == Ids{});
  REQUIRE(filled.index->remove({&filled.messages[0], 1}));
  CHECK(filled.find(by(MessageKey::patient, "A100")) == Ids{4});
  CHECK(filled.find(by(MessageKey::text, "sodium")) == Ids{5, 4, 2});
}

TEST_CASE("what is removed again, after a crash between index and journal, is removed once") {
  Filled filled;
  // More removals than there are messages: counted each time, the engine would find itself damaged.
  for (int i = 0; i < 10; ++i) REQUIRE(filled.index->remove(filled.messages));
  CHECK(filled.find(by(MessageKey::text, "sodium")).empty());
  REQUIRE(filled.index->forgotten(filled.messages));
  auto const next = message(6, "A-100", "Smith");
  REQUIRE(filled.index->add({&next, 1}));
  CHECK(filled.find(by(MessageKey::patient, "A100")) == Ids{6});
  REQUIRE(filled.index->remove({&next, 1}));
  CHECK(filled.find(by(MessageKey::patient, "A100")).empty());
}

TEST_CASE("an index of other rules is made anew") {
  Filled filled;
  filled.index.reset();
  auto const same = *MessageIndex::open(filled.folder.file(), "rules 1");
  CHECK(*same->up_to() == 5);
  CHECK(same->search(by(MessageKey::patient, "A100"))->size() == 2);
  auto const other = *MessageIndex::open(filled.folder.file(), "rules 2");
  CHECK(*other->up_to() == 0);
  CHECK(other->search(by(MessageKey::patient, "A100"))->empty());
}

TEST_CASE("a document in the midst of a message is not indexed") {
  Filled filled;
  auto with = message(6, "C1", "Doe");
  text_of(with.texts, MessageKey::text) = std::string(1'000'000, 'Q') + " word";
  REQUIRE(filled.index->add({&with, 1}));
  CHECK(filled.find(by(MessageKey::text, "word")) == Ids{6});
  CHECK(filled.find(by(MessageKey::text, "Q*")) == Ids{});
}
