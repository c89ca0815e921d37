#include "store/sqlite/history.h"

#include <algorithm>

#include "base/text.h"
#include "store/compress.h"
#include "store/content.h"
#include "store/sqlite/rows.h"

namespace sinew::store::sqlite {
namespace {

/// `log` has no index by type: a page of a rare type ends where it has looked at this many.
constexpr std::int64_t kRowsScannedMax = 1'000'000;
/// A page is full with this many bytes, whatever its count.
constexpr std::size_t kPageBytesMax = std::size_t{32} << 20;

// Statements are kept by their address: these may not stand on the stack.
constexpr char kVersionsNewestFirst[] =
    "SELECT ver, ?1, rid, ver, upd FROM (SELECT rid, ver, upd FROM res WHERE rid=?2 "
    "UNION ALL SELECT rid, ver, upd FROM hist WHERE rid=?2) WHERE ver>=?3 AND ver<?4 "
    "ORDER BY ver DESC";
constexpr char kVersionsOldestFirst[] =
    "SELECT ver, ?1, rid, ver, upd FROM (SELECT rid, ver, upd FROM res WHERE rid=?2 "
    "UNION ALL SELECT rid, ver, upd FROM hist WHERE rid=?2) WHERE ver>=?3 AND ver<?4 "
    "ORDER BY ver";
constexpr char kLogNewestFirst[] =
    "SELECT vsn, tid, rid, ver, upd FROM log WHERE vsn>=? AND vsn<? AND rid>0 AND (?=0 OR tid=?) "
    "ORDER BY vsn DESC";
constexpr char kLogOldestFirst[] =
    "SELECT vsn, tid, rid, ver, upd FROM log WHERE vsn>=? AND vsn<? AND rid>0 AND (?=0 OR tid=?) "
    "ORDER BY vsn";

/// What is still to be read: positions in [from, until), from the one end or the other. A position
/// is a version of the one resource, or a row of `log`.
struct Range {
  std::int64_t from = 1;
  std::int64_t until = 1;
};

/// A version without its body.
struct Mark {
  std::int64_t position = 0, type = 0, rid = 0, version = 0, updated = 0;
};

/// `<from>.<until>` of what is left.
std::string cursor_text(Range range) {
  return std::to_string(range.from) + '.' + std::to_string(range.until);
}

/// A cursor only ever narrows what the query allows.
Result<Range> narrowed(Range range, std::string_view cursor) {
  if (cursor.empty()) return range;
  auto const dot = cursor.find('.');
  auto const from = parse_integer<std::int64_t>(cursor.substr(0, dot));
  auto const until =
      dot == cursor.npos ? std::nullopt : parse_integer<std::int64_t>(cursor.substr(dot + 1));
  if (!from || !until) return fail(ErrorCode::invalid, "not a cursor of ours", "_cursor");
  return Range{std::max(range.from, *from), std::min(range.until, *until)};
}

class HistoryReading {
 public:
  HistoryReading(Connection& connection, Catalogue const& catalogue, HistoryQuery const& query)
      : connection_(connection), catalogue_(catalogue), query_(query) {}

  Result<HistoryPage> of_resource();
  Result<HistoryPage> of_log();

 private:
  /// The first row of `log` that is not older than the instant.
  Result<std::int64_t> position_of(Instant instant, std::int64_t end);
  Result<Range> range_of_log();
  Result<bool> was_current(Mark const& mark);
  Result<> take(Mark const& mark);
  Result<> read(Cursor rows, Range& left);
  [[nodiscard]] bool is_full() const {
    return page_.versions.size() >= query_.count || bytes_ >= kPageBytesMax;
  }

  Connection& connection_;
  Catalogue const& catalogue_;
  HistoryQuery const& query_;
  HistoryPage page_;
  std::size_t bytes_ = 0;
};

/// Source: FHIR R4 http.html#history, `_at`: "resource versions that were current at some point
/// during the time period".
Result<bool> HistoryReading::was_current(Mark const& mark) {
  if (query_.since && mark.updated < query_.since->ms) return false;
  if (query_.at_before && mark.updated >= query_.at_before->ms) return false;
  if (!query_.at_low) return true;
  auto const next = mark.version + 1;
  auto const replaced =
      TRY(connection_.integer(INT64_MAX,
                              "SELECT upd FROM res WHERE rid=? AND ver=? "
                              "UNION ALL SELECT upd FROM hist WHERE rid=? AND ver=?",
                              mark.rid, next, mark.rid, next));
  return replaced > query_.at_low->ms;
}

Result<> HistoryReading::take(Mark const& mark) {
  auto rows = connection_.query(
      "SELECT res.id, res.ver, res.cause, res.body, hist.cause, hist.body FROM res "
      "LEFT JOIN hist ON hist.rid=res.rid AND hist.ver=? WHERE res.rid=?",
      mark.version, mark.rid);
  if (!TRY(rows.next())) return fail(ErrorCode::internal, "a version has no resource");
  bool const is_current = rows.integer(1) == mark.version;
  Resource resource;
  resource.type = catalogue_.type_name(mark.type);
  resource.id = rows.text(0);
  resource.version = static_cast<std::uint64_t>(mark.version);
  resource.updated = Instant{mark.updated};
  resource.cause = static_cast<JournalId>(rows.integer(is_current ? 2 : 4));
  resource.deleted = rows.is_null(is_current ? 3 : 5);
  if (!resource.deleted) {
    resource.body = with_meta(TRY(unpack(rows.text(is_current ? 3 : 5))), resource.type,
                              resource.id, resource.version, resource.updated);
  }
  bytes_ += resource.body.size();
  page_.versions.push_back(std::move(resource));
  return {};
}

/// Rows of position, type, rid, version, time in the order asked for. What is left behind the last
/// one taken stays in `left`.
Result<> HistoryReading::read(Cursor rows, Range& left) {
  while (TRY(rows.next())) {
    Mark const mark{rows.integer(0), rows.integer(1), rows.integer(2), rows.integer(3),
                    rows.integer(4)};
    if (is_full()) return {};
    (query_.oldest_first ? left.from : left.until) = mark.position + (query_.oldest_first ? 1 : 0);
    if (TRY(was_current(mark))) TRY(take(mark));
  }
  // Nothing more in this range.
  left.from = left.until;
  return {};
}

Result<HistoryPage> HistoryReading::of_resource() {
  auto const live = TRY(load_live(connection_, catalogue_, query_.type, query_.id));
  if (live.version == 0) return fail(ErrorCode::not_found, "no such resource", query_.type);
  auto const newest = static_cast<std::int64_t>(live.version);
  auto left = TRY(narrowed({1, newest + 1}, query_.cursor));
  if (!query_.since && !query_.at_low && !query_.at_before) page_.total = live.version;
  auto const tid = *catalogue_.type_key(query_.type);
  auto const range = left;
  TRY(read(query_.oldest_first
               ? connection_.query(kVersionsOldestFirst, tid, live.rid, range.from, range.until)
               : connection_.query(kVersionsNewestFirst, tid, live.rid, range.from, range.until),
           left));
  if (left.from < left.until) page_.next = cursor_text(left);
  return std::move(page_);
}

Result<std::int64_t> HistoryReading::position_of(Instant instant, std::int64_t end) {
  std::int64_t low = 1;
  std::int64_t high = end;
  while (low < high) {
    auto const middle = low + (high - low) / 2;
    // Positions may have gaps: the row asked is the next one there is.
    auto const updated = TRY(connection_.integer(
        INT64_MAX, "SELECT upd FROM log WHERE vsn>=? ORDER BY vsn LIMIT 1", middle));
    if (updated < instant.ms) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Result<Range> HistoryReading::range_of_log() {
  auto const end = TRY(connection_.integer(0, "SELECT max(vsn) FROM log")) + 1;
  Range range{1, end};
  if (query_.since) range.from = TRY(position_of(*query_.since, end));
  if (query_.at_before) range.until = TRY(position_of(*query_.at_before, end));
  return narrowed(range, query_.cursor);
}

Result<HistoryPage> HistoryReading::of_log() {
  std::int64_t tid = 0;
  if (!query_.type.empty()) {
    auto const known = catalogue_.type_key(query_.type);
    if (!known) return std::move(page_);  // no resource of the type was ever stored
    tid = *known;
  }
  auto const whole = TRY(range_of_log());
  // What this page looks at, and in `left` what it has not looked at.
  auto part = whole;
  if (query_.oldest_first) {
    part.until = std::min(whole.until, whole.from + kRowsScannedMax);
  } else {
    part.from = std::max(whole.from, whole.until - kRowsScannedMax);
  }
  auto left = part;
  auto const range = part;
  TRY(read(query_.oldest_first
               ? connection_.query(kLogOldestFirst, range.from, range.until, tid, tid)
               : connection_.query(kLogNewestFirst, range.from, range.until, tid, tid),
           left));
  if (left.from < left.until) {
    page_.next = query_.oldest_first ? cursor_text({left.from, whole.until})
                                     : cursor_text({whole.from, left.until});
  } else if (query_.oldest_first ? part.until < whole.until : whole.from < part.from) {
    page_.next = query_.oldest_first ? cursor_text({part.until, whole.until})
                                     : cursor_text({whole.from, part.from});
  }
  return std::move(page_);
}

}  // namespace

Result<HistoryPage> run_history(Connection& connection, Catalogue const& catalogue,
                                HistoryQuery const& query) {
  HistoryReading reading(connection, catalogue, query);
  return query.id.empty() ? reading.of_log() : reading.of_resource();
}

}  // namespace sinew::store::sqlite
