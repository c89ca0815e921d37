#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace sinew::fhir {
struct SearchTables;
}

namespace sinew::store {

namespace arrivals {
class Disk;
}

// ---------------------------------------------------------------- journal: raw messages, durable
// first

using JournalId = std::uint64_t;  ///< grows by one per entry; 0 is "none"

enum class JournalStatus : std::uint8_t { received, applied, failed, duplicate, ignored };
[[nodiscard]] std::string_view to_string(JournalStatus status);
[[nodiscard]] std::optional<JournalStatus> parse_journal_status(std::string_view name);

/// A message as it came in.
struct JournalEntry {
  std::string feed;        ///< which sender
  std::uint64_t lane = 0;  ///< entries of one lane are applied in order
  std::string control_id;  ///< MSH-10
  std::string type;        ///< "ADT^A01"
  std::string sender;      ///< MSH-3|MSH-4, raw: with control_id and digest the duplicate key
  std::string bytes;       ///< exactly as received
};

struct JournalRecord {
  JournalId id = 0;
  Instant received{};
  JournalStatus status = JournalStatus::received;
  std::string reason;   ///< why it failed
  std::string program;  ///< digest of the mapping program that was applied
  /// False: a person had it taken up again, and does not want it sent again.
  bool is_passed_on = true;
  JournalEntry entry;
};

/// Messages, newest first. What is empty or absent does not restrict.
struct JournalQuery {
  std::string feed = {}, type = {}, control_id = {};
  std::optional<JournalStatus> status = {};
  JournalId before = 0;  ///< 0: from the newest on
  std::size_t count = 50;
};
struct JournalPage {
  std::vector<JournalRecord> records;  ///< may be fewer than asked for, with a next page
  JournalId next = 0;                  ///< `before` of the next page; 0: there is none
};

// ---------------------------------------------------------------- resources

enum class Verb : std::uint8_t {
  create,  ///< POST: fails `conflict` if the id exists
  put,     ///< replace whole, create when missing
  merge,   ///< element-wise: top-level elements given replace those stored, `clear` removes, the
           ///< rest stays
  ensure,  ///< create when missing, else leave untouched
  remove,  ///< DELETE: history survives; removing what is not there is not an error
};

/// One change of a transaction. `body` is a resource as JSON with resourceType and id;
/// meta.versionId and meta.lastUpdated are written by the store. A put or merge that changes
/// nothing but meta makes no version.
struct Change {
  Verb verb = Verb::put;
  std::string type;                         ///< "Patient"
  std::string id;                           ///< FHIR logical id
  std::string body;                         ///< empty for remove
  std::vector<std::string> clear;           ///< merge: top-level element names to remove
  std::optional<std::uint64_t> if_version;  ///< If-Match
  std::string if_none_exist;  ///< conditional create: the search query; a match makes it a no-op
  /// With if_none_exist: a match fails the transaction, `conflict` at kIfNoneExist. For those who
  /// have told others of the id already.
  bool match_fails = false;
};

/// `where` of the failure that Change::match_fails asks for.
inline constexpr std::string_view kIfNoneExist = "if_none_exist";

struct Outcome {
  enum class What : std::uint8_t { created, updated, unchanged, removed, absent } what;
  std::string type, id;
  std::uint64_t version = 0;
  Instant updated{};
};

/// All or nothing. The journal entry it came from is marked in the same commit.
struct Transaction {
  std::vector<Change> changes;
  JournalId cause = 0;
  JournalStatus cause_status = JournalStatus::applied;
  std::string cause_reason;
  std::string program;
  std::vector<std::string> outbox;  ///< payloads to hand to deliveries, durable with the rest
  bool can_wait = false;            ///< nobody waits for the outcome: the commit may gather company
};

struct Resource {
  std::string type, id;
  std::uint64_t version = 0;
  Instant updated{};
  bool deleted = false;
  JournalId cause = 0;  ///< the message that made this version; 0: the API did
  std::string body;     ///< JSON with meta in place; empty when deleted
};

// ---------------------------------------------------------------- search

/// One parameter of a search. `_has:Observation:subject:code` is parameter "_has", modifier
/// "Observation:subject", chain "code".
/// Source: FHIR R4 search.html.
struct Criterion {
  std::string parameter;  ///< "birthdate", "subject", "_id", "_lastUpdated"
  std::string modifier;  ///< "", "exact", "contains", "missing", "not", "identifier", "Patient" ...
  std::vector<std::string> values;  ///< the comma-separated alternatives, with prefixes; `\|`, `\$`
                                    ///< and `\\` still escaped
  std::string chain;                ///< "name" in `subject:Patient.name`; empty: no chain
};

struct SortKey {
  std::string parameter;
  bool descending = false;
};

/// A criterion that no client writes: the resource whose compartment it is, "Patient/1".
inline constexpr std::string_view kCompartmentParameter = "_compartment";

/// Whether resources inside of others are found. Source: FHIR R4 search.html#contained.
enum class Contained : std::uint8_t {
  no,    ///< `_contained=false`
  only,  ///< `_contained=true`
  both,
};

struct Query {
  std::string type;                     ///< resource type; empty: see `types`
  std::vector<std::string> types = {};  ///< with an empty `type`: these; none: all that are stored.
                                        ///< Criteria have to be known to each of them
  std::vector<Criterion> criteria;      ///< all must hold
  std::vector<SortKey> sort;            ///< empty: newest first
  std::size_t count = 50;
  std::string cursor;  ///< opaque, from SearchPage::next
  bool want_total = true;
  std::vector<std::string> include;  ///< "Observation:subject", "Observation:subject:Patient", "*"
  std::vector<std::string>
      revinclude;        ///< both: with "iterate:" in front to go on from what was included
  bool explain = false;  ///< fills SearchPage::plan
  /// What it may cost, in steps of the database's machine, some 30 ns each; a body that has to be
  /// read to be judged counts 500. What is dearer fails `not_supported`.
  std::uint64_t cost_max = 200'000'000;
  /// The search as a reader at that instant would have seen it; nothing: now.
  std::optional<Instant> as_of = {};
  Contained contained = Contained::no;
  /// `_containedType=contained`: a contained match is shown itself, not what contains it.
  bool shows_contained = false;
};

struct SearchPage {
  std::vector<Resource> matches;
  std::vector<Resource> included;
  std::optional<std::uint64_t> total;
  std::string next;                    ///< empty: last page
  std::vector<std::string> plan = {};  ///< how it was found, and what that cost; for people
};

// ---------------------------------------------------------------- history

/// Versions of one resource, of a type, or of everything, deletions included.
/// Source: FHIR R4 http.html#history.
struct HistoryQuery {
  std::string type = {};                  ///< empty: all types
  std::string id = {};                    ///< empty: all resources of the type
  std::optional<Instant> since = {};      ///< made at or after
  std::optional<Instant> at_low = {};     ///< with at_before: current at some time in
  std::optional<Instant> at_before = {};  ///< [at_low, at_before)
  std::size_t count = 50;
  bool oldest_first = false;
  std::string cursor = {};  ///< opaque, from HistoryPage::next
};

/// Pages of one query are one snapshot: no version twice, none left out, whatever is written
/// meanwhile. A page may hold fewer than `count`, even none, and have a next one: where a scan has
/// gone far enough, or the bodies are many bytes.
struct HistoryPage {
  std::vector<Resource> versions;
  std::optional<std::uint64_t> total;  ///< of one resource without since and at
  std::string next;                    ///< empty: last page
};

/// A value that a search parameter finds.
struct ValueInUse {
  std::string system, code;  ///< a uri has a code alone
  std::string display;       ///< empty where the store keeps none that could be shown
};

// ---------------------------------------------------------------- taking away for good

/// What is to be forgotten: nothing of it can be read or found any more, in no history either. The
/// journal keeps the messages it was made from.
struct Purge {
  enum class What : std::uint8_t {
    resource,  ///< with all its versions; its name may be given again and begins at version 1
    history,   ///< all versions but the current one, or but the deletion where that is the current
    version,   ///< this one, which is not the current one
  };
  What what = What::resource;
  std::string type, id;
  std::uint64_t version = 0;
};

// ---------------------------------------------------------------- care of the index

/// A part of the index that is being filled, beside everything else, in pieces of a few ms of the
/// writer; a restart goes on where it stood.
struct IndexJob {
  std::uint64_t id = 0;
  std::string type;  ///< of the resources that are read
  std::string path;  ///< what is indexed: "Patient.extension..."; empty: everything
  std::uint64_t done = 0, total = 0;  ///< resources
  Instant started{};
  std::optional<Instant> finished = {};
};

/// A place where the database does not say what the resources say.
struct VerifyFault {
  std::string table;     ///< "str", "tally", "pending"
  std::string resource;  ///< "Patient/1"; empty: concerns none
  std::string what;      ///< "a row is missing", without values of the resource
  bool repaired = false;
};

struct VerifyProgress {
  std::string_view step;  ///< "resources", "str"
  std::uint64_t done = 0, total = 0;
};

struct VerifyOptions {
  bool repair = false;
  std::size_t faults_max = 1000;  ///< faults that are listed; all are counted
  std::function<void(VerifyProgress const&)> progress;
};

struct VerifyReport {
  std::uint64_t resources = 0, rows = 0;  ///< compared
  std::uint64_t faults = 0, repaired = 0;
  std::vector<VerifyFault> listed;
};

// ---------------------------------------------------------------- the store

class JournalCare;

/// A payload that waits for its delivery.
struct OutboxItem {
  std::uint64_t id = 0;  ///< grows by one per item
  JournalId cause = 0;
  Instant made{};
  std::string payload;
};

struct StoreOptions {
  std::string path;                      ///< database file; ":memory:" for tests
  std::uint32_t group_wait_ms_max = 25;  ///< how long transactions that can wait may be held back
  bool create = true;
  std::size_t young_rows_max = 65536;  ///< index rows collected before they move to the large trees
  bool read_only = false;              ///< beside a running server; append and apply fail
  std::size_t journal_file_bytes = std::size_t{16} << 20;  ///< of a file of arrivals
  /// How long a commit that only follows the journal may stay out of the disk's reach.
  std::uint32_t sync_interval_ms = 200;
  std::shared_ptr<arrivals::Disk> disk = {};  ///< null: the machine's; tests give one that fails
};

struct StoreCounters {
  std::uint64_t commits = 0, journal_entries = 0, transactions = 0, versions = 0, unchanged = 0;
  std::uint64_t journal_syncs = 0;    ///< groups of entries made durable
  std::uint64_t journal_waiting = 0;  ///< entries durable and not yet in the database
};

/// Durable memory. Every call may be made from any thread. Calls with a `done` return at once; done
/// is called once, from a thread of the store, and must not block.
class Store {
 public:
  virtual ~Store() = default;

  using Appended = std::function<void(Result<JournalId>)>;
  using Applied = std::function<void(Result<std::vector<Outcome>>)>;

  /// Makes a message durable (one sync for all callers that wait). `done` is called once it is on
  /// disk, in the order of the ids; what fails `unavailable` leaves no trace.
  virtual void append(JournalEntry entry, Appended done) = 0;
  /// Applies a transaction (one commit for all callers that wait). `done` is called once it is on
  /// disk; where it has a cause, once it can be read: the cause is in the journal, and should the
  /// commit be lost with the machine's power, the entry is unfinished again at the next start.
  /// Fails `precondition` (If-Match), `conflict`, `invalid`.
  virtual void apply(Transaction transaction, Applied done) = 0;
  /// The same, waiting.
  [[nodiscard]] Result<JournalId> append_and_wait(JournalEntry entry);
  [[nodiscard]] Result<std::vector<Outcome>> apply_and_wait(Transaction transaction);

  [[nodiscard]] virtual Result<JournalRecord> journal_record(JournalId id) = 0;
  /// A page of the journal, which may lack what came within the last second.
  [[nodiscard]] virtual Result<JournalPage> journal_page(JournalQuery const& query);
  /// Entries still `received`, oldest first, from `after` on: what a restart must finish.
  [[nodiscard]] virtual Result<std::vector<JournalRecord>> unfinished(JournalId after,
                                                                      std::size_t count_max) = 0;
  /// An earlier entry with the same sender, control id and bytes digest, or 0.
  [[nodiscard]] virtual Result<JournalId> find_duplicate(JournalEntry const& entry,
                                                         JournalId before) = 0;

  /// Outbox items after `after`, oldest first. They stay: how far each delivery came is its own
  /// mark.
  [[nodiscard]] virtual Result<std::vector<OutboxItem>> outbox(std::uint64_t after,
                                                               std::size_t count_max) = 0;

  /// What keeps the journal from growing for ever; null where there is none, as in a store that is
  /// open for reading only.
  [[nodiscard]] virtual JournalCare* journal_care() { return nullptr; }

  /// The current version. Fails `not_found`, or `gone` when it was deleted.
  [[nodiscard]] virtual Result<Resource> read(std::string_view type, std::string_view id) = 0;
  [[nodiscard]] virtual Result<Resource> read_version(std::string_view type, std::string_view id,
                                                      std::uint64_t version) = 0;
  /// All versions, newest first, deletions included. Fails `not_found`.
  [[nodiscard]] virtual Result<std::vector<Resource>> history(std::string_view type,
                                                              std::string_view id) = 0;
  /// A page of versions. Fails `not_found` where the one resource never was, `invalid` at a cursor
  /// that is none; `not_supported` in a store that does not override it.
  [[nodiscard]] virtual Result<HistoryPage> history_page(HistoryQuery const& query);
  /// Fails `invalid` at the parameter that is unknown or whose value cannot be read.
  [[nodiscard]] virtual Result<SearchPage> search(Query const& query) = 0;
  /// Live resources per type.
  [[nodiscard]] virtual Result<std::vector<std::pair<std::string, std::uint64_t>>> counts() = 0;

  [[nodiscard]] virtual StoreCounters counters() const = 0;

  /// Takes versions away for good, all of the call in one commit: callers with many make several
  /// calls, so that nobody waits long. Returns how many versions there were; what was not there is
  /// no error. Fails `conflict` for a current version, `not_supported` in a store that does not
  /// override it.
  [[nodiscard]] virtual Result<std::uint64_t> purge(std::vector<Purge> const& items);
  /// The values that live resources of a type have for a parameter of kind token or uri, each once.
  /// Fails `not_supported` for a parameter whose values are nearly all different (identifiers), and
  /// in a store that does not override it.
  [[nodiscard]] virtual Result<std::vector<ValueInUse>> values_in_use(std::string_view type,
                                                                      std::string_view parameter,
                                                                      std::size_t count_max);
  /// A mark for a text that is handed out and has to come back as it was: keyed with a secret of
  /// the store; a plain digest in a store that does not override it.
  [[nodiscard]] virtual Result<std::string> signature(std::string_view text);
  /// Where several processes share the store: calls `found`, from a thread of the store, whenever
  /// entries that a dead process took in wait for somebody; `unfinished` makes them this one's.
  virtual void when_abandoned(std::function<void()> found);

  /// The version that was current at an instant. Fails `not_found` where there was none yet, `gone`
  /// where it was deleted then; `not_supported` in a store that does not override it.
  [[nodiscard]] virtual Result<Resource> read_as_of(std::string_view type, std::string_view id,
                                                    Instant instant);

  /// Takes in search parameters beyond those of R4: the SearchParameter resources (JSON) of a
  /// package. They stay, also after a restart. One whose paths are indexed is usable at once, for
  /// the others an index job begins; until it is finished a search by them reads bodies.
  /// SearchParameter resources that are stored need no call: they count from their commit on.
  /// Returns what could not be taken and why, a line each; `not_supported` in a store that does
  /// not override it.
  [[nodiscard]] virtual Result<std::vector<std::string>> add_search_parameters(
      std::vector<std::string> const& resources);
  /// The parameters in force, for fhir::SearchScope; null: R4's alone.
  [[nodiscard]] virtual std::shared_ptr<fhir::SearchTables const> search_tables() const;
  /// Begins a job that adds every index row that the live resources of a type lack; empty: of all
  /// types. Returns the ids of the jobs. (What is too many is found by `verify`.)
  [[nodiscard]] virtual Result<std::vector<std::uint64_t>> reindex(std::string_view type);
  /// The jobs that are not finished, and those that finished since the store was opened.
  [[nodiscard]] virtual Result<std::vector<IndexJob>> index_jobs();

  /// Compares every table with the resources, in both directions, beside everything else; with
  /// `repair`, mends what differs. Fails `unavailable` to repair a store that is open for reading.
  [[nodiscard]] virtual Result<VerifyReport> verify(VerifyOptions const& options);
};

/// Opens (and creates or migrates) the embedded store.
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite(StoreOptions options, Clock& clock);

/// Opens (and creates or migrates) the store in a PostgreSQL database. `options.path` is a
/// connection URI, "postgresql://user@host/database"; several processes may share one.
[[nodiscard]] Result<std::unique_ptr<Store>> open_postgres(StoreOptions options, Clock& clock);

/// True for a connection URI: a store that other processes may work on as well.
[[nodiscard]] bool is_shared(std::string_view path);

/// The one of the two that `options.path` names.
[[nodiscard]] Result<std::unique_ptr<Store>> open_store(StoreOptions options, Clock& clock);

/// Reads a query string (`name=Smith&birthdate=ge2000&_sort=-date`) into a Query.
/// Fails `invalid` naming the parameter. Source: FHIR R4 search.html.
[[nodiscard]] Result<Query> parse_search(std::string_view type, std::string_view query_string);

}  // namespace sinew::store
