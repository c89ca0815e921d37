#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "store/compress.h"
#include "store/sqlite/index_lookup.h"
#include "store/sqlite/indexer.h"

// How an index job is done: a batch of bodies is read beside the writer, which then adds in pieces
// what the index lacks.

namespace sinew::store::sqlite {
namespace {

using Time = std::chrono::steady_clock;

constexpr std::size_t kBatchItems = 256;
constexpr std::size_t kBatchRows = 4096;
/// What of the writer one piece may take. The rows it adds are written after it, at some us each.
constexpr auto kPieceTime = std::chrono::milliseconds(5);
constexpr std::size_t kPieceRows = 512;
constexpr auto kRetryTime = std::chrono::milliseconds(200);
/// Others have the writer at least as long as a job has.
constexpr auto kPauseMin = std::chrono::milliseconds(1);

}  // namespace

void Indexer::run() {
  for (;;) {
    Batch batch;
    bool found = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [&] { return stopping_ || wants_refresh_ || (found = find_batch(batch)); });
      if (stopping_) return;
    }
    if (!found) {
      answer_refreshes();
      continue;
    }
    auto done = read_batch(batch);
    if (done) done = write_batch(batch);
    if (done) continue;
    log(Level::error, "index job stopped; it is tried again",
        {{"reason", to_string(done.error())}});
    pause(kRetryTime);
  }
}

void Indexer::pause(Time::duration time) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, time, [&] { return stopping_; });
}

/// Needs mutex_. The first job that is not finished, and those of its type that stand where it
/// stands.
bool Indexer::find_batch(Batch& batch) {
  auto const first =
      std::ranges::find_if(jobs_, [](Job const& job) { return !job.shown.finished; });
  if (first == jobs_.end()) return false;
  batch = {};
  batch.type = first->type;
  batch.after = batch.last = first->next;
  bool takes_all = false;
  for (auto const& job : jobs_) {
    if (job.shown.finished || job.type != batch.type || job.next != batch.after) continue;
    batch.jobs.push_back(job.shown.id);
    batch.paths.push_back(job.path);
    takes_all = takes_all || job.path == 0;
  }
  if (takes_all) batch.paths.clear();
  std::ranges::sort(batch.paths);
  return true;
}

/// The rows of a body that the jobs are about.
Result<std::vector<IndexRow>> Indexer::wanted_rows(Batch const& batch,
                                                   std::string_view packed) const {
  auto const document = TRY(json::Document::parse(TRY(unpack(packed))));
  auto rows = index_rows(document.root());
  if (!batch.paths.empty())
    std::erase_if(rows, [&](IndexRow const& row) {
      return !std::ranges::binary_search(batch.paths, catalogue_.path_key(batch.type, row.path));
    });
  return rows;
}

/// Without the writer: what the next resources should have in the index.
Result<> Indexer::read_batch(Batch& batch) {
  fhir::SearchScope const scope(catalogue_.definitions()->tables);
  auto lease = TRY(readers_.lease());
  auto rows = lease->query(
      "SELECT live.rid, res.ver, res.body FROM live JOIN res ON res.rid=live.rid "
      "WHERE live.tid=? AND live.rid>? ORDER BY live.rid LIMIT ?",
      batch.type, batch.after, kBatchItems);
  std::size_t count = 0;
  while (count < kBatchRows && TRY(rows.next())) {
    batch.items.push_back(
        {rows.integer(0), rows.integer(1), TRY(wanted_rows(batch, rows.text(2)))});
    count += batch.items.back().rows.size();
  }
  return {};
}

/// On the writer's thread: adds what is missing, for as many items as there is time for.
Result<> Indexer::write_piece(Applier& applier, Batch& batch) const {
  fhir::SearchScope const scope(catalogue_.definitions()->tables);
  auto const end = Time::now() + kPieceTime;
  auto& connection = applier.connection();
  // What others of the group have changed has to be in the tables, not on its way there.
  TRY(applier.index().flush());
  std::size_t added = 0;
  std::int64_t done = 0;
  auto last = batch.last;
  for (auto const& item : batch.items) {
    if (item.rid <= batch.last) continue;
    if (added >= kPieceRows || Time::now() >= end) break;
    auto rows = connection.query("SELECT ver, body FROM res WHERE rid=?", item.rid);
    bool const is_there = TRY(rows.next()) && !rows.is_null(1);
    if (is_there) {
      auto const wanted =
          rows.integer(0) == item.version ? item.rows : TRY(wanted_rows(batch, rows.text(1)));
      auto const missing = TRY(missing_rows(connection, catalogue_, batch.type, item.rid, wanted));
      TRY(applier.index().add(batch.type, item.rid, missing));
      added += missing.size();
    }
    last = item.rid;
    ++done;
  }
  TRY(applier.index().flush());
  std::int64_t const finished = batch.items.empty() ? clock_.now().ms : 0;
  for (auto const job : batch.jobs)
    TRY(connection.execute("UPDATE job SET next=?, done=done+?, finished=? WHERE id=?", last, done,
                           finished, job));
  batch.done = done;
  batch.after = last;
  return {};
}

Result<> Indexer::write_batch(Batch& batch) {
  bool const is_end = batch.items.empty();
  do {
    auto const begin = Time::now();
    TRY(run_in_writer([&](Applier& applier) { return write_piece(applier, batch); },
                      [&] {
                        batch.last = batch.after;
                        note_progress(batch, is_end);
                      }));
    auto const taken = Time::now() - begin;
    pause(std::max<Time::duration>(kPauseMin, taken));
    std::scoped_lock const lock(mutex_);
    if (stopping_) return {};
  } while (!is_end && batch.last < batch.items.back().rid);
  return {};
}

/// A piece is committed.
void Indexer::note_progress(Batch const& batch, bool is_end) {
  {
    std::scoped_lock const lock(mutex_);
    for (auto& job : jobs_) {
      if (std::ranges::find(batch.jobs, job.shown.id) == batch.jobs.end()) continue;
      job.next = batch.last;
      job.shown.done += static_cast<std::uint64_t>(batch.done);
      if (is_end) job.shown.finished = clock_.now();
    }
  }
  if (is_end) publish(catalogue_.definitions()->tables);
}

}  // namespace sinew::store::sqlite
