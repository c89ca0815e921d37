#include "store/store.h"

#include <future>
#include <memory>

namespace sinew::store {

// The promise is shared with the callback, which may still be leaving set_value when get returns.
Result<JournalId> Store::append_and_wait(JournalEntry entry) {
  auto const promise = std::make_shared<std::promise<Result<JournalId>>>();
  auto answer = promise->get_future();
  append(std::move(entry),
         [promise](Result<JournalId> result) { promise->set_value(std::move(result)); });
  return answer.get();
}

Result<std::vector<Outcome>> Store::apply_and_wait(Transaction transaction) {
  auto const promise = std::make_shared<std::promise<Result<std::vector<Outcome>>>>();
  auto answer = promise->get_future();
  apply(std::move(transaction),
        [promise](Result<std::vector<Outcome>> result) { promise->set_value(std::move(result)); });
  return answer.get();
}

Result<HistoryPage> Store::history_page(HistoryQuery const&) {
  return fail(ErrorCode::not_supported, "this store gives no history of types");
}

}  // namespace sinew::store
