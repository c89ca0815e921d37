#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "store/sqlite/parameters.h"
#include "store/sqlite/readers.h"
#include "store/sqlite/writer.h"

namespace sinew::store::sqlite {

/// Fills the index for search parameters that are added, in a thread of its own: bodies are read
/// and their rows worked out there; the writer adds what is missing in pieces of a few ms, and
/// notes in the same commit how far the job has come.
///
/// A job begins when everybody already indexes by its path, so what is written from then on is
/// complete; the job brings in what was there before.
class Indexer {
 public:
  Indexer(Catalogue& catalogue, Readers& readers, Clock& clock)
      : catalogue_(catalogue), readers_(readers), clock_(clock) {}
  ~Indexer() { stop(); }

  /// Reads what an earlier process left. `parameters`: what the catalogue was loaded with.
  /// `connection` writes, and is in a transaction.
  Result<> load(Connection& connection, std::vector<ParameterRow> parameters);
  void start(Writer& writer);
  void stop();

  /// Takes in the definitions of a package. Waits for the commit.
  [[nodiscard]] Result<std::vector<std::string>> add(std::vector<std::string> const& resources);
  /// Stored SearchParameters have changed. `done` is called when they are in force, by this thread.
  void refresh(std::function<void()> done);
  [[nodiscard]] Result<std::vector<std::uint64_t>> reindex(std::vector<std::string> const& types);
  [[nodiscard]] std::vector<IndexJob> jobs();

 private:
  /// As the table `job` has it.
  struct Job {
    IndexJob shown;
    TypeKey type = 0;
    PathKey path = 0;  ///< 0: all
    std::int64_t next = 0;
  };
  /// A resource and the rows that it should have, as far as the jobs ask for them.
  struct Item {
    std::int64_t rid = 0;
    std::int64_t version = 0;
    std::vector<IndexRow> rows;
  };
  /// Jobs of one type that have come equally far, done together.
  struct Batch {
    TypeKey type = 0;
    std::vector<std::uint64_t> jobs;
    std::vector<PathKey> paths;  ///< empty: all
    std::int64_t after = 0;
    std::vector<Item> items;
    std::int64_t last = 0;  ///< the last one that the writer has done
    std::int64_t done = 0;
  };

  void run();
  void answer_refreshes();
  Result<> read_stored();
  Result<> change(std::vector<ParameterRow> rows);
  Result<> insert_jobs(Connection& connection, std::vector<Job>& jobs) const;
  [[nodiscard]] std::vector<Job> jobs_for_paths(std::size_t first,
                                                std::vector<std::int64_t> const& rows);
  [[nodiscard]] Job make_job(std::string_view type, PathKey path, std::string name);
  void publish(std::shared_ptr<fhir::SearchTables const> tables);
  [[nodiscard]] bool find_batch(Batch& batch);
  Result<> read_batch(Batch& batch);
  Result<> write_batch(Batch& batch);
  Result<> write_piece(Applier& applier, Batch& batch) const;
  [[nodiscard]] Result<std::vector<IndexRow>> wanted_rows(Batch const& batch,
                                                          std::string_view packed) const;
  void note_progress(Batch const& batch, bool is_end);
  Result<> run_in_writer(std::function<Result<>(Applier&)> work, std::function<void()> committed);
  void pause(std::chrono::steady_clock::duration time);

  Catalogue& catalogue_;
  Readers& readers_;
  Writer* writer_ = nullptr;
  Clock& clock_;

  std::mutex change_mutex_;               ///< one change of the parameters at a time
  std::vector<ParameterRow> parameters_;  ///< of whoever holds change_mutex_
  std::uint64_t generation_ = 1;          ///< likewise

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::vector<Job> jobs_;
  std::uint64_t last_job_ = 0;
  std::vector<std::function<void()>> refreshes_;
  bool wants_refresh_ = true;
  std::thread thread_;
};

}  // namespace sinew::store::sqlite
