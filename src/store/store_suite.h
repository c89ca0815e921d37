#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/time.h"
#include "store/store.h"

namespace sinew::store {

/// A clock that stands still until it is moved.
class TestClock final : public Clock {
 public:
  Instant now() override { return Instant{ms}; }
  std::int64_t ms = 1'700'000'000'000;
};

/// A clock that several threads may ask.
[[nodiscard]] Clock& shared_clock();

/// One suite for every backend: each case of store_*_test.cpp opens its store through this.
[[nodiscard]] std::unique_ptr<Store> open_test_store(Clock& clock);

/// The connection URI of a schema of its own in the database that SINEW_TEST_POSTGRES names
/// (tests/support/postgres sets it); empty: there is none, and the suite runs over SQLite.
[[nodiscard]] std::string fresh_postgres();
/// Runs one statement there.
void run_in_postgres(std::string const& target, std::string const& sql);

[[nodiscard]] Change put(std::string type, std::string id, std::string elements = {});
[[nodiscard]] Change change_of(Verb verb, std::string type, std::string id,
                               std::string elements = {});
/// `{"resourceType":"Patient","id":"1",...elements}`.
[[nodiscard]] std::string body_of(std::string_view type, std::string_view id,
                                  std::string_view elements);
[[nodiscard]] Result<std::vector<Outcome>> apply_one(Store& store, Change change);
[[nodiscard]] JournalEntry message(std::string control_id, std::string bytes = "MSH|^~\\&|A");

}  // namespace sinew::store
