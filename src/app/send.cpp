#include <fmt/format.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include "app/commands.h"
#include "app/console.h"
#include "app/load.h"
#include "app/messages.h"
#include "net/mllp.h"
#include "wire/hl7v2/message.h"

namespace sinew::app {
namespace {

using std::chrono::steady_clock;

/// What all connections share.
struct Job {
  SendSettings const& settings;
  net::MllpClientOptions client;
  std::vector<std::string> const& messages;
  std::uint64_t total;
  std::atomic<std::uint64_t> next{0};
  std::mutex mutex;  ///< guards everything below and the printing
  Pace pace;
  Progress progress;
  Latencies latencies;
  std::uint64_t positive = 0, negative = 0, failed = 0;
  std::string first_error;

  Job(SendSettings const& given, net::MllpClientOptions options,
      std::vector<std::string> const& all)
      : settings(given),
        client(std::move(options)),
        messages(all),
        total(all.size() * given.repeat),
        pace(given.rate),
        progress("sent", total) {}
};

/// The message with an MSH-10 of its own for this copy.
std::string with_control_id(std::string const& message, std::uint64_t number) {
  auto const parsed = hl7v2::parse_message(message);
  if (!parsed) return message;
  auto const control_id = parsed->first("MSH", 10);
  if (control_id.empty()) return message;
  auto const at = static_cast<std::size_t>(control_id.data() - parsed->bytes().data());
  auto copy = message;
  copy.insert(at + control_id.size(), "-" + std::to_string(number));
  return copy;
}

/// AA and CA say yes; everything else, and what cannot be read, says no.
bool is_positive(std::string_view reply) {
  auto const parsed = hl7v2::parse_message(reply);
  if (!parsed) return false;
  auto const code = parsed->first("MSA", 1);
  return code == "AA" || code == "CA";
}

void note_answer(Job& job, std::string const& reply, steady_clock::time_point sent) {
  std::lock_guard const lock(job.mutex);
  job.latencies.add(steady_clock::now() - sent);
  (is_positive(reply) ? job.positive : job.negative) += 1;
  job.progress.advance();
  if (!job.settings.quiet) print(printable(reply));
}

void note_failure(Job& job, Error const& error, std::uint64_t unanswered) {
  std::lock_guard const lock(job.mutex);
  job.failed += unanswered;
  if (job.first_error.empty()) job.first_error = to_string(error);
}

void run_connection(Job& job) {
  auto connection = net::MllpClient::connect(job.client);
  if (!connection) return note_failure(job, connection.error(), 0);
  std::deque<steady_clock::time_point> unanswered;
  auto const receive = [&]() -> bool {
    auto reply = (*connection)->receive();
    if (!reply) {
      note_failure(job, reply.error(), unanswered.size());
      return false;
    }
    note_answer(job, *reply, unanswered.front());
    unanswered.pop_front();
    return true;
  };
  for (;;) {
    auto const number = job.next.fetch_add(1);
    if (number >= job.total) break;
    if (job.settings.rate > 0) {
      std::lock_guard const lock(job.mutex);
      job.pace.wait();
    }
    auto const& message = job.messages[number % job.messages.size()];
    unanswered.push_back(steady_clock::now());
    auto const sent =
        (*connection)
            ->send(job.settings.new_control_ids ? with_control_id(message, number) : message);
    if (!sent) return note_failure(job, sent.error(), unanswered.size());
    while (unanswered.size() >= job.settings.in_flight) {
      if (!receive()) return;
    }
  }
  while (!unanswered.empty()) {
    if (!receive()) return;
  }
}

void print_summary(Job& job, double seconds) {
  auto const answered = job.positive + job.negative;
  auto const rate = seconds > 0 ? static_cast<double>(answered) / seconds : 0;
  auto const p50 = job.latencies.milliseconds(0.5);
  auto const p99 = job.latencies.milliseconds(0.99);
  if (job.settings.json) {
    print(fmt::format(R"({{"sent":{},"positive":{},"negative":{},"unanswered":{},"seconds":{:.3f},)"
                      R"("messages_per_second":{:.1f},"p50_ms":{:.3f},"p99_ms":{:.3f}}})"
                      "\n",
                      answered + job.failed, job.positive, job.negative, job.failed, seconds, rate,
                      p50, p99));
    return;
  }
  complain(
      fmt::format("{} answered ({} positive, {} negative), {} without an answer; {:.1f} s, "
                  "{:.0f} messages/s, p50 {:.2f} ms, p99 {:.2f} ms",
                  answered, job.positive, job.negative, job.failed, seconds, rate, p50, p99));
}

}  // namespace

int send(SendSettings const& settings) {
  auto const address = parse_address(settings.mllp);
  if (!address) return complain(address.error()), kExitUsage;
  auto const messages = read_messages(settings.inputs);
  if (!messages) return complain(messages.error()), kExitFailed;
  if (messages->empty()) return complain("sinew: no message in the input"), kExitFailed;

  net::MllpClientOptions options;
  options.host = address->host;
  options.port = address->port;
  options.answer_timeout_ms = settings.timeout_ms;
  if (settings.tls.enabled || !settings.tls.ca_file.empty()) {
    options.tls = net::TlsClientOptions{
        settings.tls.ca_file, settings.tls.certificate_file, settings.tls.key_file, {}};
  }
  Job job(settings, options, *messages);
  auto const began = steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (unsigned i = 0; i < settings.connections; ++i) {
      threads.emplace_back([&job] { run_connection(job); });
    }
  }
  std::chrono::duration<double> const seconds = steady_clock::now() - began;
  print_summary(job, seconds.count());
  if (!job.first_error.empty()) complain("sinew: " + job.first_error);
  auto const all_positive = job.positive == job.total;
  return all_positive ? kExitSuccess : kExitFailed;
}

}  // namespace sinew::app
