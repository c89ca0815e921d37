#include "store/messages/message_index.h"

#include <algorithm>
#include <limits>
#include <mutex>

#include "base/text.h"
#include "fhir/search_index.h"
#include "store/sqlite/database.h"

namespace sinew::store {
namespace {

using sqlite::Connection;
using sqlite::Cursor;

struct KeyRow {
  std::string_view name;
  bool is_number;  ///< a line is one word
};
constexpr std::array<KeyRow, kMessageKeyCount> kKeys = {{
    {"feed", true},
    {"type", false},
    {"control", true},
    {"patient", true},
    {"visit", true},
    {"order", true},
    {"accession", true},
    {"name", false},
    {"text", false},
}};

// The words alone: which message has which, not where, and no copy of the text. `fault` has those
// that were not simply applied; `unsettled` those that were reopened; `removed` those taken out
// that may still be in the journal: taken out twice, a message would spoil the engine's counts.
constexpr char kSchema[] = R"sql(
CREATE TABLE IF NOT EXISTS state(one INTEGER PRIMARY KEY CHECK (one = 1), up_to INTEGER NOT NULL,
  rules TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fault(id INTEGER PRIMARY KEY, status INTEGER NOT NULL,
  reason TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS fault_status ON fault(status, id);
CREATE TABLE IF NOT EXISTS unsettled(id INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS removed(id INTEGER PRIMARY KEY);
CREATE VIRTUAL TABLE IF NOT EXISTS word USING fts5(feed, type, control, patient, visit, "order",
  accession, name, text, content='', columnsize=0, detail=column, tokenize='ascii');
PRAGMA wal_autocheckpoint=4000;
)sql";
constexpr char kEmpty[] = R"sql(
DELETE FROM state; DELETE FROM fault; DELETE FROM unsettled; DELETE FROM removed;
INSERT INTO word(word) VALUES('delete-all');
)sql";

constexpr auto kLastId = std::numeric_limits<std::int64_t>::max();
/// A longer run of letters is no word that anybody looks for: an embedded document.
constexpr std::size_t kWordBytesMax = 64;

/// As the tokenizer sees it: letters and digits, and all that is not ASCII.
bool is_of_word(char c) {
  return is_ascii_alpha(c) || is_ascii_digit(c) || static_cast<unsigned char>(c) >= 0x80;
}

/// Calls back with each word of a folded text.
template <class Visit>
void each_word(std::string_view folded, Visit const& visit) {
  for (std::size_t i = 0; i < folded.size();) {
    if (!is_of_word(folded[i])) {
      ++i;
      continue;
    }
    auto end = i;
    while (end < folded.size() && is_of_word(folded[end])) ++end;
    visit(folded.substr(i, end - i), end < folded.size() && folded[end] == '*');
    i = end;
  }
}

/// "A-12/7" is "a127".
std::string number_word(std::string_view number) {
  std::string word;
  for (char const c : fhir::fold_text(number))
    if (is_of_word(c)) word += c;
  return word;
}

template <class Visit>
void each_line(std::string_view text, Visit const& visit) {
  while (!text.empty()) {
    auto const end = std::min(text.find('\n'), text.size());
    visit(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// The words of a text, each once, as the index takes them.
std::string words_of(std::size_t key, std::string_view text) {
  std::vector<std::string> words;
  if (kKeys[key].is_number) {
    each_line(text, [&](std::string_view line) { words.push_back(number_word(line)); });
  } else {
    each_word(fhir::fold_text(text),
              [&](std::string_view word, bool) { words.emplace_back(word); });
  }
  std::erase_if(
      words, [](std::string const& word) { return word.empty() || word.size() > kWordBytesMax; });
  std::ranges::sort(words);
  auto const repeated = std::ranges::unique(words);
  words.erase(repeated.begin(), repeated.end());
  std::string joined;
  for (auto const& word : words) {
    if (!joined.empty()) joined += ' ';
    joined += word;
  }
  return joined;
}

void add_term(std::string& match, std::string_view column, std::string_view word, bool is_prefix) {
  if (!match.empty()) match += " AND ";
  // Words hold letters and digits only: nothing in them means anything to the query language.
  match += '"';
  match += column;
  match += "\" : \"";
  match += word;
  match += is_prefix ? "\" *" : "\"";
}

/// The query of the full-text engine; empty: every message.
Result<std::string> match_of(MessageSearch const& search) {
  std::string match;
  for (std::size_t key = 0; key < kMessageKeyCount; ++key) {
    std::string_view const text = search.texts[key];
    if (text.empty()) continue;
    auto const before = match.size();
    auto const& row = kKeys[key];
    if (row.is_number) {
      auto const word = number_word(text);
      if (!word.empty()) add_term(match, row.name, word, text.ends_with('*'));
    } else {
      each_word(fhir::fold_text(text), [&](std::string_view word, bool is_prefix) {
        add_term(match, row.name, word, is_prefix);
      });
    }
    if (match.size() == before)
      return fail(ErrorCode::invalid, "holds no letter or digit", std::string(row.name));
  }
  return match;
}

// Newest first, in the order of the index itself: nothing is sorted, and the engine stops at the
// count. ?1 match, ?2 from, ?3 before, ?4 status or -1, ?5 reason, ?6 count.
#define SINEW_FAULTS                                                       \
  "(?4<0 OR ?4=coalesce((SELECT status FROM fault WHERE id=hit), 1)) AND " \
  "(?5='' OR instr(coalesce((SELECT reason FROM fault WHERE id=hit), ''), ?5)>0) "
constexpr char kByWords[] =
    "SELECT rowid AS hit FROM word WHERE word MATCH ?1 AND rowid>=?2 AND rowid<?3 "
    "AND " SINEW_FAULTS "ORDER BY rowid DESC LIMIT ?6";
constexpr char kByStatus[] =
    "SELECT id FROM fault WHERE ?1='' AND id>=?2 AND id<?3 AND status=?4 AND "
    "(?5='' OR instr(reason, ?5)>0) ORDER BY id DESC LIMIT ?6";
constexpr char kByReason[] =
    "SELECT id FROM fault WHERE ?1='' AND id>=?2 AND id<?3 AND (?4<0 OR status=?4) AND "
    "instr(reason, ?5)>0 ORDER BY id DESC LIMIT ?6";

/// The statement for what is asked; null: nothing is.
char const* statement_of(MessageSearch const& search, std::string const& match) {
  if (!match.empty()) return kByWords;
  if (!search.reason.empty()) return kByReason;
  return search.status && *search.status != JournalStatus::applied ? kByStatus : nullptr;
}

class Index final : public MessageIndex {
 public:
  Index(Connection writing, Connection reading)
      : writing_(std::move(writing)), reading_(std::move(reading)) {}

  Result<> take_rules(std::string_view rules) {
    return in_transaction([&]() -> Result<> {
      if (TRY(writing_.integer(0, "SELECT count(*) FROM state WHERE rules=?", rules)) == 1)
        return {};
      TRY(writing_.run(kEmpty));
      return writing_.execute("INSERT INTO state(one, up_to, rules) VALUES(1, 0, ?)", rules);
    });
  }

  Result<JournalId> up_to() override {
    std::scoped_lock const lock(write_mutex_);
    return static_cast<JournalId>(TRY(writing_.integer(0, "SELECT up_to FROM state")));
  }

  Result<> add(std::span<IndexedMessage const> messages) override {
    if (messages.empty()) return {};
    return in_transaction([&]() -> Result<> {
      for (auto const& message : messages) {
        TRY(
            write_words("INSERT INTO word(rowid, feed, type, control, patient, visit, \"order\", "
                        "accession, name, text) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        message));
        TRY(write_state(message.id, message.status, message.reason));
      }
      return writing_.execute("UPDATE state SET up_to=max(up_to, ?)", messages.back().id);
    });
  }

  Result<> remove(std::span<IndexedMessage const> messages) override {
    return in_transaction([&]() -> Result<> {
      auto const up_to =
          static_cast<JournalId>(TRY(writing_.integer(0, "SELECT up_to FROM state")));
      for (auto const& message : messages) {
        if (message.id > up_to) continue;
        TRY(writing_.execute("INSERT OR IGNORE INTO removed(id) VALUES(?)", message.id));
        if (writing_.changes() == 0) continue;
        TRY(
            write_words("INSERT INTO word(word, rowid, feed, type, control, patient, visit, "
                        "\"order\", accession, name, text) VALUES('delete', ?, ?, ?, ?, ?, ?, ?, "
                        "?, ?, ?)",
                        message));
        TRY(writing_.execute("DELETE FROM fault WHERE id=?", message.id));
        TRY(writing_.execute("DELETE FROM unsettled WHERE id=?", message.id));
      }
      return {};
    });
  }

  Result<> forgotten(std::span<IndexedMessage const> messages) override {
    return in_transaction([&]() -> Result<> {
      for (auto const& message : messages)
        TRY(writing_.execute("DELETE FROM removed WHERE id=?", message.id));
      return {};
    });
  }

  Result<std::vector<JournalId>> search(MessageSearch const& search) override {
    auto const match = TRY(match_of(search));
    auto const status = search.status ? static_cast<int>(*search.status) : -1;
    auto const before = search.before == 0 ? kLastId : static_cast<std::int64_t>(search.before);
    auto const* const sql = statement_of(search, match);
    if (sql == nullptr) return fail(ErrorCode::invalid, "nothing is asked for");
    std::scoped_lock const lock(read_mutex_);
    auto rows = reading_.query(sql, std::string_view(match), search.from, before, status,
                               std::string_view(search.reason), search.count);
    std::vector<JournalId> ids;
    while (TRY(rows.next())) ids.push_back(static_cast<JournalId>(rows.integer(0)));
    return ids;
  }

  Result<> reopened(std::span<JournalId const> ids) override {
    return in_transaction([&]() -> Result<> {
      for (auto const id : ids)
        TRY(writing_.execute("INSERT OR IGNORE INTO unsettled(id) VALUES(?)", id));
      return {};
    });
  }

  Result<std::vector<JournalId>> unsettled(std::size_t count_max) override {
    std::scoped_lock const lock(write_mutex_);
    std::vector<JournalId> ids;
    auto rows = writing_.query("SELECT id FROM unsettled ORDER BY id LIMIT ?", count_max);
    while (TRY(rows.next())) ids.push_back(static_cast<JournalId>(rows.integer(0)));
    return ids;
  }

  Result<> settle(JournalId id, JournalStatus status, std::string_view reason) override {
    return in_transaction([&]() -> Result<> {
      TRY(writing_.execute("DELETE FROM fault WHERE id=?", id));
      TRY(write_state(id, status, reason));
      return writing_.execute("DELETE FROM unsettled WHERE id=?", id);
    });
  }

 private:
  template <class Work>
  Result<> in_transaction(Work const& work) {
    std::scoped_lock const lock(write_mutex_);
    TRY(writing_.execute("BEGIN IMMEDIATE"));
    auto done = work();
    if (done) done = writing_.execute("COMMIT");
    if (!done) (void)writing_.execute("ROLLBACK");
    return done;
  }

  Result<> write_words(char const* sql, IndexedMessage const& message) {
    MessageTexts words;
    for (std::size_t key = 0; key < kMessageKeyCount; ++key)
      words[key] = words_of(key, message.texts[key]);
    auto cursor = writing_.query(sql, message.id);
    int column = 1;
    for (auto const& text : words) cursor.bind(++column, std::string_view(text));
    auto const row = cursor.next();
    if (!row) return Result<bool>(row).failure();
    return {};
  }

  Result<> write_state(JournalId id, JournalStatus status, std::string_view reason) {
    if (status == JournalStatus::applied) return {};
    return writing_.execute("INSERT OR REPLACE INTO fault(id, status, reason) VALUES(?, ?, ?)", id,
                            static_cast<int>(status), reason);
  }

  std::mutex write_mutex_, read_mutex_;
  Connection writing_, reading_;
};

}  // namespace

std::string_view to_string(MessageKey key) { return kKeys[static_cast<std::size_t>(key)].name; }

Result<std::unique_ptr<MessageIndex>> MessageIndex::open(std::string const& path,
                                                         std::string_view rules) {
  auto writing = TRY(Connection::open(path, Connection::Mode::write, true));
  TRY(writing.run(kSchema));
  auto reading = TRY(Connection::open(path, Connection::Mode::read, false));
  auto index = std::make_unique<Index>(std::move(writing), std::move(reading));
  TRY(index->take_rules(rules));
  return std::unique_ptr<MessageIndex>(std::move(index));
}

}  // namespace sinew::store
