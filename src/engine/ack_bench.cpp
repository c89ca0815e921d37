#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <span>
#include <thread>
#include <vector>

#include "base/check.h"
#include "engine/engine.h"
#include "net/mllp_frame.h"
#include "store/arrivals/disk.h"

// MLLP in, durable, ACK out, measured against the same server whose journal keeps nothing. Both
// run in turn in one process, alike but for the journal; the figure to look at is the median of the
// ratios. The client is a thread of this process. The ruler does not run beside what the store
// still has to file of the messages it acknowledged; `filing_cpu_us` is what that costs a message,
// later or, when messages come like this without a pause, beside them.

using namespace sinew;

namespace {

using Clock = std::chrono::steady_clock;

constexpr int kConnections = 64;
constexpr int kMessagesPerRun = 20'000;
constexpr int kRuns = 7;
constexpr int kSyncs = 200;
constexpr std::size_t kSyncBytes = 32'768;  // about what a group holds

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

/// Sixty-four connections, each with the same number of messages in flight.
class Client {
 public:
  explicit Client(std::uint16_t port, int in_flight)
      : poller_(::epoll_create1(0)), in_flight_(in_flight) {
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
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.fd = descriptor;
      SINEW_CHECK(::epoll_ctl(poller_, EPOLL_CTL_ADD, descriptor, &event) == 0);
      sockets_.push_back(descriptor);
    }
  }
  Client(Client const&) = delete;
  Client& operator=(Client const&) = delete;
  ~Client() {
    for (int const socket : sockets_) ::close(socket);
    ::close(poller_);
  }

  /// Messages acknowledged a second. All that were sent are acknowledged at the end.
  double run(int count) {
    auto const start = Clock::now();
    int sent = 0, acknowledged = 0;
    for (int i = 0; i < in_flight_; ++i)
      for (int const socket : sockets_) send(socket, sent++, 1);
    epoll_event ready[kConnections];
    while (acknowledged < count) {
      int const ready_count = ::epoll_wait(poller_, ready, kConnections, 10'000);
      SINEW_CHECK(ready_count > 0);
      for (auto const& event : std::span(ready, static_cast<std::size_t>(ready_count))) {
        int const answers = receive(event.data.fd);
        acknowledged += answers;
        int const more = std::min(answers, count - sent);
        if (more > 0) send(event.data.fd, sent, more);
        sent += std::max(more, 0);
      }
    }
    serial_ += count;
    return acknowledged / std::chrono::duration<double>(Clock::now() - start).count();
  }

 private:
  void send(int descriptor, int number, int count) {
    frames_.clear();
    for (int i = 0; i < count; ++i) net::append_frame(frames_, message(serial_ + number + i));
    SINEW_CHECK(::send(descriptor, frames_.data(), frames_.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(frames_.size()));
  }
  /// How many answers came, all of them positive. One may come in two parts: its end counts.
  static int receive(int descriptor) {
    char buffer[65'536];
    auto const size = ::recv(descriptor, buffer, sizeof buffer, 0);
    SINEW_CHECK(size > 0);
    std::string_view const answers(buffer, static_cast<std::size_t>(size));
    SINEW_CHECK(answers.find("MSA|AE|") == std::string_view::npos);
    return static_cast<int>(std::ranges::count(answers, '\x1C'));
  }

  std::vector<int> sockets_;
  int const poller_;
  std::string frames_;
  int const in_flight_;
  int serial_ = 0;
};

/// A server without workers: it journals and acknowledges.
struct Server {
  Metrics metrics;
  net::Loop loop{1};
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<Client> client;

  Server(store::Store& store, int in_flight) {
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
    client = std::make_unique<Client>(*port, in_flight);
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

/// What one sync of the journal costs on this disk: a file without holes, written in order.
double sync_us(std::string const& folder) {
  auto const disk = store::arrivals::make_file_disk();
  auto const file = disk->create(folder + "/ruler", kSyncBytes * kSyncs);
  SINEW_CHECK(file);
  std::string const group(kSyncBytes, 'x');
  std::vector<double> times;
  for (std::size_t i = 0; i < kSyncs; ++i) {
    auto const start = Clock::now();
    SINEW_CHECK((*file)->write(i * kSyncBytes, group));
    SINEW_CHECK((*file)->sync());
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  return median(times);
}

/// Of this process: both servers and the client.
double cpu_seconds() {
  rusage usage{};
  SINEW_CHECK(::getrusage(RUSAGE_SELF, &usage) == 0);
  auto const seconds = [](timeval time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// One run: messages a second, and the processor time of each.
struct Run {
  double per_s, cpu_us;
};
Run run_once(Client& client) {
  auto const before = cpu_seconds();
  auto const per_s = client.run(kMessagesPerRun);
  return {per_s, (cpu_seconds() - before) / kMessagesPerRun * 1e6};
}

/// Waits until the database has all messages. Returns the processor time of each.
double filing_cpu_us(store::Store& store) {
  auto const before = cpu_seconds();
  while (store.counters().journal_waiting > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return (cpu_seconds() - before) / kMessagesPerRun * 1e6;
}

void durable_ack(benchmark::State& state) {
  auto pattern = (std::filesystem::current_path() / "ack-bench-XXXXXX").string();
  SINEW_CHECK(mkdtemp(pattern.data()) != nullptr);
  auto const in_flight = static_cast<int>(state.range(0));
  store::StoreOptions options;
  options.path = pattern + "/journal.db";
  std::vector<double> durable, plain, ratio, plain_cpu, durable_cpu, filing_cpu;
  {
    NoJournal none;
    auto store = store::open_sqlite(options, system_clock());
    SINEW_CHECK(store);
    Server with(**store, in_flight), without(none, in_flight);
    filing_cpu_us(**store);  // of the first messages
    for (auto _ : state) {
      for (int run = 0; run < kRuns; ++run) {
        auto const without_journal = run_once(*without.client);
        auto const with_journal = run_once(*with.client);
        plain.push_back(without_journal.per_s);
        durable.push_back(with_journal.per_s);
        plain_cpu.push_back(without_journal.cpu_us);
        durable_cpu.push_back(with_journal.cpu_us);
        filing_cpu.push_back(filing_cpu_us(**store));
        ratio.push_back(durable.back() / plain.back());
      }
    }
    auto const counters = (*store)->counters();
    state.counters["messages_per_sync"] =
        static_cast<double>(counters.journal_entries) / static_cast<double>(counters.journal_syncs);
    state.counters["sync_us"] = sync_us(pattern);
  }
  std::filesystem::remove_all(pattern);
  state.counters["durable_per_s"] = median(durable);
  state.counters["without_journal_per_s"] = median(plain);
  state.counters["cpu_us"] = median(durable_cpu);
  state.counters["filing_cpu_us"] = median(filing_cpu);
  state.counters["cpu_us_without"] = median(plain_cpu);
  state.counters["ratio"] = median(ratio);
}

/// The argument is how many messages are in flight on each connection.
BENCHMARK(durable_ack)->Arg(1)->Arg(8)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
