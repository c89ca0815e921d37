#include "store/sqlite/indexer.h"

#include <pthread.h>

#include <algorithm>
#include <future>
#include <utility>

#include "base/log.h"
#include "store/compress.h"
#include "store/sqlite/index_lookup.h"

// Which parameters there are, and which jobs. How a job is done: index_job.cpp.

namespace sinew::store::sqlite {

Result<> Indexer::load(Connection& connection, std::vector<ParameterRow> parameters) {
  parameters_ = std::move(parameters);
  {
    auto rows = connection.query(
        "SELECT id, tid, path, name, next, done, total, started FROM job WHERE finished=0 "
        "ORDER BY id");
    while (TRY(rows.next())) {
      Job job;
      job.shown.id = static_cast<std::uint64_t>(rows.integer(0));
      job.type = rows.integer(1);
      job.shown.type = catalogue_.type_name(job.type);
      job.path = rows.integer(2);
      job.shown.path = rows.text(3);
      job.next = rows.integer(4);
      job.shown.done = static_cast<std::uint64_t>(rows.integer(5));
      job.shown.total = static_cast<std::uint64_t>(rows.integer(6));
      job.shown.started = Instant{rows.integer(7)};
      jobs_.push_back(std::move(job));
    }
  }
  last_job_ = static_cast<std::uint64_t>(TRY(connection.integer(0, "SELECT max(id) FROM job")));
  // What this program knows and the one before did not.
  auto const known = TRY(connection.integer(0, "SELECT max(vsn) FROM log"));
  if (known != 0 && !catalogue_.added().empty()) {
    std::vector<Job> added;
    for (auto const path : catalogue_.added())
      for (auto const type : types_of_path(path)) {
        auto const name = fhir::type(type).name.view();
        auto const key = catalogue_.path_key(catalogue_.type_key(name).value_or(0), path);
        added.push_back(make_job(name, key, std::string(fhir::index_paths()[path].expression)));
      }
    TRY(insert_jobs(connection, added));
    jobs_.insert(jobs_.end(), added.begin(), added.end());
  }
  publish(catalogue_.definitions()->tables);
  return {};
}

void Indexer::start(Writer& writer) {
  writer_ = &writer;
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "store-indexer");
}

void Indexer::stop() {
  if (!thread_.joinable()) return;
  {
    std::scoped_lock const lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  for (auto const& done : std::exchange(refreshes_, {})) done();
}

std::vector<IndexJob> Indexer::jobs() {
  std::scoped_lock const lock(mutex_);
  std::vector<IndexJob> shown;
  for (auto const& job : jobs_) shown.push_back(job.shown);
  return shown;
}

/// Does work on the writer's thread and waits until it is committed; then, still there,
/// `committed`.
Result<> Indexer::run_in_writer(std::function<Result<>(Applier&)> work,
                                std::function<void()> committed) {
  auto const promise = std::make_shared<std::promise<Result<>>>();
  auto answer = promise->get_future();
  TaskWork task;
  task.run = std::move(work);
  task.done = [promise, committed = std::move(committed)](Result<> result) {
    if (result && committed) committed();
    promise->set_value(std::move(result));
  };
  writer_->submit(std::move(task));
  return answer.get();
}

// ------------------------------------------------------------------ parameters

Result<std::vector<std::string>> Indexer::add(std::vector<std::string> const& resources) {
  std::vector<std::string> faults;
  std::vector<fhir::ParameterDefinition> definitions;
  for (auto const& text : resources) {
    auto const document = TRY(json::Document::parse(text));
    auto definition = fhir::read_parameter_definition(document.root());
    if (definition)
      definitions.push_back(*std::move(definition));
    else
      faults.push_back(document.root()["url"].text() + ": " + to_string(definition.error()));
  }
  std::scoped_lock const lock(change_mutex_);
  TRY(change(with_definitions(parameters_, kFromPackage, definitions, faults)));
  return faults;
}

void Indexer::refresh(std::function<void()> done) {
  {
    std::scoped_lock const lock(mutex_);
    if (!stopping_) {
      wants_refresh_ = true;
      refreshes_.push_back(std::exchange(done, nullptr));
    }
  }
  if (done) return done();  // the store is closing: the next start reads what is stored
  wake_.notify_all();
}

void Indexer::answer_refreshes() {
  std::vector<std::function<void()>> waiting;
  {
    std::scoped_lock const lock(mutex_);
    wants_refresh_ = false;
    waiting = std::exchange(refreshes_, {});
  }
  if (auto const read = read_stored(); !read)
    log(Level::error, "search parameters not read", {{"reason", to_string(read.error())}});
  for (auto const& done : waiting) done();
}

/// Brings what is in force in line with the SearchParameters that are stored.
Result<> Indexer::read_stored() {
  std::scoped_lock const change_lock(change_mutex_);
  std::vector<std::pair<std::int64_t, fhir::ParameterDefinition>> stored;
  std::vector<std::string> faults;
  {
    auto lease = TRY(readers_.lease());
    auto rows = lease->query(
        "SELECT live.rid, res.body FROM live JOIN res ON res.rid=live.rid WHERE live.tid=?",
        catalogue_.type_key("SearchParameter").value_or(0));
    while (TRY(rows.next())) {
      auto const document = TRY(json::Document::parse(TRY(unpack(rows.text(1)))));
      auto definition = fhir::read_parameter_definition(document.root());
      if (definition)
        stored.emplace_back(rows.integer(0), *std::move(definition));
      else
        faults.push_back(to_string(definition.error()));
    }
  }
  auto rows = parameters_;
  for (auto& row : rows)
    if (row.source != kFromPackage) row.definition.in_force = false;
  for (auto const& [rid, definition] : stored)
    rows = with_definitions(std::move(rows), rid, {definition}, faults);
  for (auto const& fault : faults)
    log(Level::warning, "search parameter not used", {{"reason", fault}});
  return change(std::move(rows));
}

/// Puts a list of parameters in force, and has new paths indexed.
Result<> Indexer::change(std::vector<ParameterRow> rows) {
  auto const is_same = [](ParameterRow const& a, ParameterRow const& b) {
    return a.seq == b.seq && a.definition.in_force == b.definition.in_force;
  };
  if (std::ranges::equal(rows, parameters_, is_same)) return {};
  auto const tables = tables_of(rows, generation_ + 1);
  auto const first = catalogue_.path_count();
  std::vector<std::int64_t> numbers;
  std::vector<Job> jobs;
  auto const work = [&](Applier& applier) -> Result<> {
    fhir::SearchScope const scope(tables);
    numbers = TRY(Catalogue::number_paths(applier.connection(), first));
    TRY(save_parameters(applier.connection(), parameters_, rows));
    jobs = jobs_for_paths(first, numbers);
    return insert_jobs(applier.connection(), jobs);
  };
  auto const committed = [&] {
    fhir::SearchScope const scope(tables);
    catalogue_.add_paths(first, numbers);
    {
      std::scoped_lock const lock(mutex_);
      jobs_.insert(jobs_.end(), jobs.begin(), jobs.end());
    }
    publish(tables);
  };
  TRY(run_in_writer(work, committed));
  ++generation_;
  parameters_ = std::move(rows);
  wake_.notify_all();
  return {};
}

void Indexer::publish(std::shared_ptr<fhir::SearchTables const> tables) {
  auto definitions = std::make_shared<Definitions>();
  definitions->tables = std::move(tables);
  std::scoped_lock const lock(mutex_);
  for (auto const& job : jobs_)
    if (job.path != 0 && !job.shown.finished) definitions->unready.insert(job.path);
  catalogue_.publish(std::move(definitions));
}

// ------------------------------------------------------------------ jobs

Indexer::Job Indexer::make_job(std::string_view type, PathKey path, std::string name) {
  Job job;
  job.shown.id = ++last_job_;
  job.shown.type = type;
  job.shown.path = std::move(name);
  job.shown.started = clock_.now();
  job.type = catalogue_.type_key(type).value_or(0);
  job.path = path;
  return job;
}

std::vector<Indexer::Job> Indexer::jobs_for_paths(std::size_t first,
                                                  std::vector<std::int64_t> const& rows) {
  std::vector<Job> jobs;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    auto const path = static_cast<fhir::PathId>(first + i);
    for (auto const type : types_of_path(path)) {
      auto const name = fhir::type(type).name.view();
      auto const key = Catalogue::path_key(catalogue_.type_key(name).value_or(0), path, rows[i]);
      jobs.push_back(make_job(name, key, std::string(fhir::index_paths()[path].expression)));
    }
  }
  return jobs;
}

Result<> Indexer::insert_jobs(Connection& connection, std::vector<Job>& jobs) const {
  for (auto& job : jobs) {
    job.shown.total = static_cast<std::uint64_t>(
        TRY(connection.integer(0, "SELECT live FROM tally WHERE tid=?", job.type)));
    TRY(connection.execute(
        "INSERT INTO job(id, tid, path, name, next, done, total, started, finished) "
        "VALUES(?, ?, ?, ?, 0, 0, ?, ?, 0)",
        job.shown.id, job.type, job.path, job.shown.path, job.shown.total, job.shown.started.ms));
  }
  return {};
}

Result<std::vector<std::uint64_t>> Indexer::reindex(std::vector<std::string> const& types) {
  std::scoped_lock const change_lock(change_mutex_);
  std::vector<Job> jobs;
  for (auto const& type : types) jobs.push_back(make_job(type, 0, {}));
  TRY(run_in_writer([&](Applier& applier) { return insert_jobs(applier.connection(), jobs); },
                    [&] {
                      std::scoped_lock const lock(mutex_);
                      jobs_.insert(jobs_.end(), jobs.begin(), jobs.end());
                    }));
  wake_.notify_all();
  std::vector<std::uint64_t> ids;
  for (auto const& job : jobs) ids.push_back(job.shown.id);
  return ids;
}

}  // namespace sinew::store::sqlite
