#include "store/store.h"

#include <algorithm>
#include <array>
#include <future>
#include <memory>

#include "base/hash.h"
#include "base/waiting.h"

namespace sinew::store {
namespace {

/// In the order of JournalStatus.
constexpr std::array<std::string_view, 5> kJournalStatusNames = {"received", "applied", "failed",
                                                                 "duplicate", "ignored"};

}  // namespace

std::string_view to_string(JournalStatus status) {
  return kJournalStatusNames[static_cast<std::size_t>(status)];
}

std::optional<JournalStatus> parse_journal_status(std::string_view name) {
  auto const found = std::ranges::find(kJournalStatusNames, name);
  if (found == kJournalStatusNames.end()) return std::nullopt;
  return static_cast<JournalStatus>(found - kJournalStatusNames.begin());
}

// The promise is shared with the callback, which may still be leaving set_value when get returns.
Result<JournalId> Store::append_and_wait(JournalEntry entry) {
  auto const promise = std::make_shared<std::promise<Result<JournalId>>>();
  auto answer = promise->get_future();
  append(std::move(entry),
         [promise](Result<JournalId> result) { promise->set_value(std::move(result)); });
  Waiting const waiting;
  return answer.get();
}

Result<std::vector<Outcome>> Store::apply_and_wait(Transaction transaction) {
  auto const promise = std::make_shared<std::promise<Result<std::vector<Outcome>>>>();
  auto answer = promise->get_future();
  apply(std::move(transaction),
        [promise](Result<std::vector<Outcome>> result) { promise->set_value(std::move(result)); });
  Waiting const waiting;
  return answer.get();
}

Result<JournalPage> Store::journal_page(JournalQuery const&) {
  return fail(ErrorCode::not_supported, "this store does not list its journal");
}

Result<HistoryPage> Store::history_page(HistoryQuery const&) {
  return fail(ErrorCode::not_supported, "this store gives no history of types");
}

Result<std::uint64_t> Store::purge(std::vector<Purge> const&) {
  return fail(ErrorCode::not_supported, "this store takes nothing away for good");
}

Result<std::vector<ValueInUse>> Store::values_in_use(std::string_view, std::string_view,
                                                     std::size_t) {
  return fail(ErrorCode::not_supported, "this store does not list values");
}

Result<std::string> Store::signature(std::string_view text) { return sha256_hex(text); }

void Store::when_abandoned(std::function<void()>) {}

bool is_shared(std::string_view path) {
  return path.starts_with("postgresql://") || path.starts_with("postgres://");
}

Result<std::unique_ptr<Store>> open_store(StoreOptions options, Clock& clock) {
  return is_shared(options.path) ? open_postgres(std::move(options), clock)
                                 : open_sqlite(std::move(options), clock);
}

Result<Resource> Store::read_as_of(std::string_view, std::string_view, Instant) {
  return fail(ErrorCode::not_supported, "this store reads what is current");
}

Result<std::vector<std::string>> Store::add_search_parameters(std::vector<std::string> const&) {
  return fail(ErrorCode::not_supported, "this store knows the search parameters of R4 alone");
}

std::shared_ptr<fhir::SearchTables const> Store::search_tables() const { return nullptr; }

Result<std::vector<std::uint64_t>> Store::reindex(std::string_view) {
  return fail(ErrorCode::not_supported, "this store has no index jobs");
}

Result<std::vector<IndexJob>> Store::index_jobs() { return std::vector<IndexJob>(); }

Result<VerifyReport> Store::verify(VerifyOptions const&) {
  return fail(ErrorCode::not_supported, "this store is verified by no program");
}

}  // namespace sinew::store
