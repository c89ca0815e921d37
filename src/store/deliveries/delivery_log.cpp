#include "store/deliveries/delivery_log.h"

#include <array>
#include <cstring>
#include <limits>
#include <mutex>

#include "store/sqlite/database.h"

namespace sinew::store {
namespace {

using sqlite::Connection;
using sqlite::Cursor;

constexpr std::array<std::string_view, kDeliveryStatusCount> kStatusNames = {
    "waiting", "sending", "delivered", "held", "dead", "skipped"};

// Destinations are few and their names long: rows hold a number. Done rows leave the index of what
// is not done, so that it stays as small as the queues are.
constexpr char kSchema[] = R"sql(
CREATE TABLE IF NOT EXISTS destination(did INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS taken(one INTEGER PRIMARY KEY CHECK (one = 1), up_to INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS delivery(
  item INTEGER PRIMARY KEY, did INTEGER NOT NULL, cause INTEGER NOT NULL, keys BLOB NOT NULL,
  status INTEGER NOT NULL, attempts INTEGER NOT NULL, due INTEGER NOT NULL,
  changed INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS delivery_unfinished ON delivery(did, item) WHERE status IN (0, 1, 3);
CREATE INDEX IF NOT EXISTS delivery_status ON delivery(did, status, item);
CREATE INDEX IF NOT EXISTS delivery_cause ON delivery(cause);
INSERT OR IGNORE INTO taken VALUES(1, 0);
PRAGMA wal_autocheckpoint=1000;
)sql";

#define SINEW_DELIVERY_COLUMNS                                                              \
  "d.item, n.name, d.keys, d.cause, d.status, d.attempts, d.due, d.changed, d.reason FROM " \
  "delivery d JOIN destination n ON n.did = d.did "

constexpr std::uint64_t kForgottenAtATime = 500;

std::string_view bytes_of(std::vector<std::uint64_t> const& keys) {
  return {reinterpret_cast<char const*>(keys.data()), keys.size() * sizeof keys[0]};
}

Delivery delivery_of(Cursor const& row) {
  Delivery delivery;
  delivery.item = static_cast<std::uint64_t>(row.integer(0));
  delivery.destination = row.text(1);
  auto const keys = row.text(2);
  delivery.keys.resize(keys.size() / sizeof delivery.keys[0]);
  if (!delivery.keys.empty())
    std::memcpy(delivery.keys.data(), keys.data(), delivery.keys.size() * sizeof delivery.keys[0]);
  delivery.cause = static_cast<JournalId>(row.integer(3));
  delivery.status = static_cast<DeliveryStatus>(row.integer(4));
  delivery.attempts = static_cast<std::uint32_t>(row.integer(5));
  delivery.due = Instant{row.integer(6)};
  delivery.changed = Instant{row.integer(7)};
  delivery.reason = row.text(8);
  return delivery;
}

Result<std::vector<Delivery>> deliveries_of(Cursor rows) {
  std::vector<Delivery> deliveries;
  while (TRY(rows.next())) deliveries.push_back(delivery_of(rows));
  return deliveries;
}

class Log final : public DeliveryLog {
 public:
  explicit Log(Connection connection) : connection_(std::move(connection)) {}

  Result<std::uint64_t> taken_up_to() override {
    std::scoped_lock const lock(mutex_);
    auto const up_to = TRY(connection_.integer(0, "SELECT up_to FROM taken"));
    return static_cast<std::uint64_t>(up_to);
  }

  Result<> take(std::span<Delivery const> deliveries, std::uint64_t up_to) override {
    return in_transaction([&]() -> Result<> {
      for (auto const& delivery : deliveries) {
        auto const did = TRY(destination_of(delivery.destination));
        TRY(connection_.execute(
            "INSERT OR IGNORE INTO delivery VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)", delivery.item, did,
            delivery.cause, sqlite::Blob{bytes_of(delivery.keys)},
            static_cast<int>(delivery.status), delivery.attempts, delivery.due.ms,
            delivery.changed.ms, std::string_view(delivery.reason)));
      }
      return connection_.execute("UPDATE taken SET up_to = ?", up_to);
    });
  }

  Result<> record(std::span<Delivery const> deliveries) override {
    return in_transaction([&]() -> Result<> {
      for (auto const& delivery : deliveries) {
        TRY(connection_.execute(
            "UPDATE delivery SET status = ?, attempts = ?, due = ?, changed = ?, reason = ? WHERE "
            "item = ?",
            static_cast<int>(delivery.status), delivery.attempts, delivery.due.ms,
            delivery.changed.ms, std::string_view(delivery.reason), delivery.item));
      }
      return {};
    });
  }

  Result<std::vector<Delivery>> unfinished(std::string_view destination, std::uint64_t after,
                                           std::size_t count_max) override {
    std::scoped_lock const lock(mutex_);
    return deliveries_of(connection_.query(
        "SELECT " SINEW_DELIVERY_COLUMNS
        "WHERE n.name = ? AND d.item > ? AND d.status IN (0, 1, 3) ORDER BY d.item LIMIT ?",
        destination, after, count_max));
  }

  Result<Delivery> find(std::uint64_t item) override {
    std::scoped_lock const lock(mutex_);
    auto row = connection_.query("SELECT " SINEW_DELIVERY_COLUMNS "WHERE d.item = ?", item);
    if (!TRY(row.next())) return fail(ErrorCode::not_found, "no such delivery");
    return delivery_of(row);
  }

  Result<std::vector<Delivery>> list(std::string_view destination,
                                     std::optional<DeliveryStatus> status, std::uint64_t before,
                                     std::size_t count_max) override {
    std::scoped_lock const lock(mutex_);
    constexpr int kAnyStatus = -1;
    auto const end =
        before == 0 ? std::numeric_limits<std::int64_t>::max() : static_cast<std::int64_t>(before);
    return deliveries_of(connection_.query(
        "SELECT " SINEW_DELIVERY_COLUMNS
        "WHERE d.item < ? AND (? = '' OR n.name = ?) AND (? < 0 OR d.status = ?) "
        "ORDER BY d.item DESC LIMIT ?",
        end, destination, destination, status ? static_cast<int>(*status) : kAnyStatus,
        status ? static_cast<int>(*status) : kAnyStatus, count_max));
  }

  Result<std::vector<Delivery>> of_message(JournalId cause) override {
    std::scoped_lock const lock(mutex_);
    return deliveries_of(connection_.query(
        "SELECT " SINEW_DELIVERY_COLUMNS "WHERE d.cause = ? ORDER BY d.item", cause));
  }

  Result<std::vector<Count>> counts() override {
    std::scoped_lock const lock(mutex_);
    std::vector<Count> counts;
    auto rows = connection_.query(
        "SELECT n.name, d.status, count(*) FROM delivery d JOIN destination n ON n.did = d.did "
        "GROUP BY d.did, d.status ORDER BY n.name, d.status");
    while (TRY(rows.next()))
      counts.push_back({std::string(rows.text(0)), static_cast<DeliveryStatus>(rows.integer(1)),
                        static_cast<std::uint64_t>(rows.integer(2))});
    return counts;
  }

  Result<std::uint64_t> forget_done_before(Instant time) override {
    std::uint64_t forgotten = 0;
    for (bool more = true; more;) {
      TRY(in_transaction([&]() -> Result<> {
        TRY(connection_.execute(
            "DELETE FROM delivery WHERE item IN (SELECT item FROM delivery WHERE status IN (2, 4, "
            "5) AND changed < ? LIMIT ?)",
            time.ms, kForgottenAtATime));
        auto const gone = static_cast<std::uint64_t>(connection_.changes());
        forgotten += gone;
        more = gone == kForgottenAtATime;
        return {};
      }));
    }
    return forgotten;
  }

 private:
  template <class Work>
  Result<> in_transaction(Work const& work) {
    std::scoped_lock const lock(mutex_);
    TRY(connection_.execute("BEGIN IMMEDIATE"));
    auto done = work();
    if (done) done = connection_.execute("COMMIT");
    if (!done) (void)connection_.execute("ROLLBACK");
    return done;
  }

  Result<std::int64_t> destination_of(std::string_view name) {
    TRY(connection_.execute("INSERT OR IGNORE INTO destination(name) VALUES(?)", name));
    return connection_.integer(0, "SELECT did FROM destination WHERE name = ?", name);
  }

  std::mutex mutex_;
  Connection connection_;
};

}  // namespace

std::string_view to_string(DeliveryStatus status) {
  return kStatusNames[static_cast<std::size_t>(status)];
}

std::optional<DeliveryStatus> parse_delivery_status(std::string_view name) {
  for (std::size_t i = 0; i < kStatusNames.size(); ++i)
    if (kStatusNames[i] == name) return static_cast<DeliveryStatus>(i);
  return std::nullopt;
}

Result<std::unique_ptr<DeliveryLog>> DeliveryLog::open(std::string const& path) {
  auto connection = TRY(Connection::open(path, Connection::Mode::write, true));
  TRY(connection.run(kSchema));
  return std::unique_ptr<DeliveryLog>(std::make_unique<Log>(std::move(connection)));
}

}  // namespace sinew::store
