#include "store/deliveries/delivery_log.h"

#include <doctest/doctest.h>

#include <filesystem>

using namespace sinew;
using namespace sinew::store;

namespace {

class Folder {
 public:
  Folder() : path_((std::filesystem::temp_directory_path() / "delivery-log-XXXXXX").string()) {
    REQUIRE(::mkdtemp(path_.data()) != nullptr);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file() const { return path_ + "/log"; }

 private:
  std::string path_;
};

Delivery delivery(std::uint64_t item, std::string destination, DeliveryStatus status = {}) {
  Delivery made;
  made.item = item;
  made.destination = std::move(destination);
  made.keys = {item % 3, ~std::uint64_t{0}};
  made.cause = 100 + item;
  made.status = status;
  made.changed = Instant{static_cast<std::int64_t>(item)};
  return made;
}

std::vector<std::uint64_t> items_of(Result<std::vector<Delivery>> const& deliveries) {
  REQUIRE(deliveries);
  std::vector<std::uint64_t> items;
  for (auto const& each : *deliveries) items.push_back(each.item);
  return items;
}

using Items = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("what was taken over, and where it stands, outlives the process") {
  Folder const folder;
  {
    auto const log = DeliveryLog::open(folder.file());
    REQUIRE(log);
    CHECK((*log)->taken_up_to().operator*() == 0);
    std::vector<Delivery> const some = {delivery(1, "a/x"), delivery(2, "a/y"), delivery(4, "a/x")};
    REQUIRE((*log)->take(some, 5));
    auto sent = some[0];
    sent.status = DeliveryStatus::held;
    sent.attempts = 3;
    sent.due = Instant{77};
    sent.reason = "AR: no";
    REQUIRE((*log)->record({&sent, 1}));
  }
  auto const log = DeliveryLog::open(folder.file());
  REQUIRE(log);
  CHECK(*(*log)->taken_up_to() == 5);
  auto const waiting = (*log)->unfinished("a/x", 0, 10);
  CHECK(items_of(waiting) == Items{1, 4});
  auto const& held = waiting->front();
  CHECK(held.status == DeliveryStatus::held);
  CHECK(held.keys == std::vector<std::uint64_t>{1, ~std::uint64_t{0}});
  CHECK(held.cause == 101);
  CHECK(held.attempts == 3);
  CHECK(held.due == Instant{77});
  CHECK(held.reason == "AR: no");
  CHECK(items_of((*log)->unfinished("a/x", 1, 10)) == Items{4});
  CHECK((*log)->find(9).error().code == ErrorCode::not_found);
}

TEST_CASE("items taken over twice stand where they stood") {
  Folder const folder;
  auto const log = DeliveryLog::open(folder.file());
  REQUIRE(log);
  auto one = delivery(1, "a/x");
  REQUIRE((*log)->take({&one, 1}, 1));
  one.status = DeliveryStatus::delivered;
  REQUIRE((*log)->record({&one, 1}));
  auto const again = delivery(1, "a/x");
  REQUIRE((*log)->take({&again, 1}, 1));
  CHECK((*log)->find(1)->status == DeliveryStatus::delivered);
}

TEST_CASE("lists, counts and forgetting") {
  Folder const folder;
  auto const log = DeliveryLog::open(folder.file());
  REQUIRE(log);
  std::vector<Delivery> all;
  for (std::uint64_t i = 1; i <= 1200; ++i) {
    auto const status = i % 100 == 0 ? DeliveryStatus::held : DeliveryStatus::delivered;
    all.push_back(delivery(i, i % 2 == 0 ? "a/x" : "a/y", status));
  }
  REQUIRE((*log)->take(all, 1200));
  CHECK(items_of((*log)->list({}, DeliveryStatus::held, 0, 3)) == Items{1200, 1100, 1000});
  CHECK(items_of((*log)->list("a/y", std::nullopt, 8, 2)) == Items{7, 5});
  CHECK(items_of((*log)->of_message(142)) == Items{42});
  auto const counts = (*log)->counts();
  REQUIRE(counts);
  REQUIRE(counts->size() == 3);
  CHECK((*counts)[0].destination == "a/x");
  CHECK((*counts)[0].status == DeliveryStatus::delivered);
  CHECK((*counts)[0].count == 588);
  CHECK((*counts)[1].count == 12);
  CHECK((*counts)[2].count == 600);
  // What waits for a person is not forgotten, however old.
  CHECK(*(*log)->forget_done_before(Instant{1101}) == 1089);
  CHECK(items_of((*log)->list({}, std::nullopt, 101, 5)) == Items{100});
  CHECK(items_of((*log)->list({}, std::nullopt, 1103, 2)) == Items{1102, 1101});
}
