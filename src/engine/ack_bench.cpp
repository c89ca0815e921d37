#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/check.h"
#include "engine/engine.h"
#include "net/mllp_frame.h"

// MLLP in, durable, ACK out, measured against the same server whose journal keeps nothing. Both
// run in turn in one process; the figure to look at is the median of the ratios. The client is a
// thread of this process, with one message in flight on each connection.

using namespace sinew;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kConnections = 64;
constexpr int kMessagesPerRun = 20'000;
constexpr int kRuns = 7;

/// A journal that keeps nothing: the ruler.
class NoJournal final : public store::Store {
 public:
  void append(store::JournalEntry, Appended done) override { done(++last_); }
  void apply(store::Transaction, Applied done) override { done(std::vector<store::Outcome>()); }
  Result<store::JournalRecord> journal_record(store::JournalId) override { return none(); }
  Result<std::vector<store::JournalRecord>> unfinished(store::JournalId, std::size_t) override {
    return none();
  }
  Result<store::JournalId> find_duplicate(store::JournalEntry const&, store::JournalId) override {
    return none();
  }
  Result<std::vector<store::OutboxItem>> outbox(std::uint64_t, std::size_t) override {
    return none();
  }
  Result<store::Resource> read(std::string_view, std::string_view) override { return none(); }
  Result<store::Resource> read_version(std::string_view, std::string_view, std::uint64_t) override {
    return none();
  }
  Result<std::vector<store::Resource>> history(std::string_view, std::string_view) override {
    return none();
  }
  Result<store::SearchPage> search(store::Query const&) override { return none(); }
  Result<std::vector<std::pair<std::string, std::uint64_t>>> counts() override { return none(); }
  store::StoreCounters counters() const override { return {}; }

 private:
  static Failure none() { return fail(ErrorCode::not_found, "nothing is kept"); }
  std::atomic<store::JournalId> last_ = 0;
};

/// About 1 KB, as laboratory reports are.
std::string message(int number) {
  std::string text = "MSH|^~\\&|LAB|HOSP|SINEW|HOSP|20260301120000||ORU^R01^ORU_R01|" +
                     std::to_string(number) + "|P|2.5.1\rPID|1||4711^^^HOSP^MR||Test^T\r";
  text += "OBR|1|P1^EHR|F1^LAB|51990-0^Basic metabolic panel^LN|||20260301113000\r";
  for (int i = 1; i <= 10; ++i) {
    text += "OBX|" + std::to_string(i) +
            "|NM|2823-3^Potassium^LN||5.50|mmol/L^mmol/L^UCUM|3.5-5.1|H|||F|||20260301113000\r";
  }
  return text;
}

/// Sixty-four connections, one message in flight on each.
class Client {
 public:
  explicit Client(std::uint16_t port) {
    for (int i = 0; i < kConnections; ++i) {
      int const descriptor = ::socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_port = htons(port);
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      SINEW_CHECK(::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) ==
                  0);
      int const one = 1;
      ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      sockets_.push_back({descriptor, POLLIN, 0});
    }
  }
  Client(Client const&) = delete;
  Client& operator=(Client const&) = delete;
  ~Client() {
    for (auto const& socket : sockets_) ::close(socket.fd);
  }

  /// Messages acknowledged a second.
  double run(int count) {
    auto const start = Clock::now();
    int sent = 0, acknowledged = 0;
    for (auto const& socket : sockets_) send(socket.fd, sent++);
    while (acknowledged < count) {
      SINEW_CHECK(::poll(sockets_.data(), sockets_.size(), 10'000) > 0);
      for (auto const& socket : sockets_) {
        if ((socket.revents & POLLIN) == 0) continue;
        char buffer[4096];
        auto const size = ::recv(socket.fd, buffer, sizeof buffer, 0);
        SINEW_CHECK(size > 0);
        std::string_view const answer(buffer, static_cast<std::size_t>(size));
        SINEW_CHECK(answer.find("MSA|AA|") != std::string_view::npos && answer.ends_with("\x1C\r"));
        ++acknowledged;
        if (sent < count + kConnections) send(socket.fd, sent++);
      }
    }
    auto const seconds = std::chrono::duration<double>(Clock::now() - start).count();
    settle(sent - acknowledged);
    return acknowledged / seconds;
  }

 private:
  void send(int descriptor, int number) {
    frame_.clear();
    net::append_frame(frame_, message(serial_ + number));
    SINEW_CHECK(::send(descriptor, frame_.data(), frame_.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(frame_.size()));
  }
  /// Takes the answers still on their way, so that the next run begins with quiet connections.
  void settle(int missing) {
    while (missing > 0) {
      SINEW_CHECK(::poll(sockets_.data(), sockets_.size(), 10'000) > 0);
      for (auto const& socket : sockets_) {
        if ((socket.revents & POLLIN) == 0) continue;
        char buffer[4096];
        SINEW_CHECK(::recv(socket.fd, buffer, sizeof buffer, 0) > 0);
        --missing;
      }
    }
    serial_ += 1'000'000;
  }

  std::vector<pollfd> sockets_;
  std::string frame_;
  int serial_ = 0;
};

/// A server without workers: it journals and acknowledges.
struct Server {
  Metrics metrics;
  net::Loop loop{1};
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<Client> client;

  explicit Server(store::Store& store) {
    engine::EngineOptions options;
    options.workers = 0;
    engine::FeedSettings feed;
    feed.mapping.name = "bench";
    auto const layer = mapping::built_in_layer();
    feed.program = mapping::compile({&layer, 1}).program;
    engine = engine::Engine::start(store, metrics, system_clock(), options, {feed});
    loop.run();
    auto const port = engine->listen(loop, "bench", {});
    SINEW_CHECK(port);
    client = std::make_unique<Client>(*port);
    client->run(kMessagesPerRun / 10);
  }
  ~Server() {
    client.reset();
    engine->stop();
  }
};

double median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

void durable_ack(benchmark::State& state) {
  auto pattern = (std::filesystem::current_path() / "ack-bench-XXXXXX").string();
  SINEW_CHECK(mkdtemp(pattern.data()) != nullptr);
  store::StoreOptions options;
  options.path = pattern + "/journal.db";
  options.group_wait_ms_max = static_cast<std::uint32_t>(state.range(0));
  std::vector<double> durable, plain, ratio;
  {
    NoJournal none;
    auto store = store::open_sqlite(options, system_clock());
    SINEW_CHECK(store);
    Server with(**store), without(none);
    for (auto _ : state) {
      for (int run = 0; run < kRuns; ++run) {
        plain.push_back(without.client->run(kMessagesPerRun));
        durable.push_back(with.client->run(kMessagesPerRun));
        ratio.push_back(durable.back() / plain.back());
      }
    }
    auto const counters = (*store)->counters();
    state.counters["messages_per_commit"] =
        static_cast<double>(counters.journal_entries) / static_cast<double>(counters.commits);
  }
  std::filesystem::remove_all(pattern);
  state.counters["durable_per_s"] = median(durable);
  state.counters["without_journal_per_s"] = median(plain);
  state.counters["ratio"] = median(ratio);
}

/// The argument is how long the store's writer may wait for company, in milliseconds.
BENCHMARK(durable_ack)->Arg(0)->Arg(2)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
