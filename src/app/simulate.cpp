#include "simulate/hospital.h"

#include <fmt/format.h>

#include <csignal>
#include <filesystem>
#include <map>

#include "app/commands.h"
#include "app/console.h"
#include "app/load.h"
#include "app/messages.h"
#include "base/file.h"
#include "net/mllp.h"
#include "wire/hl7v2/message.h"

namespace sinew::app {
namespace {

/// Where the messages go: one of the three ways, chosen by the settings.
class Destination {
 public:
  virtual ~Destination() = default;
  virtual Result<> deliver(simulate::Message const& message, std::uint64_t number) = 0;
};

class StandardOutput final : public Destination {
 public:
  Result<> deliver(simulate::Message const& message, std::uint64_t) override {
    print(is_terminal_output() ? printable(message.er7) + "\n" : message.er7);
    return {};
  }
};

class Folder final : public Destination {
 public:
  explicit Folder(std::string path) : path_(std::move(path)) {
    std::error_code ignored;  // the first write says what is wrong
    std::filesystem::create_directories(path_, ignored);
  }
  Result<> deliver(simulate::Message const& message, std::uint64_t number) override {
    auto event = message.event;
    event[event.find('^')] = '_';
    return write_file(fmt::format("{}/{:07}_{}.hl7", path_, number, event), message.er7);
  }

 private:
  std::string path_;
};

/// One connection per sending system, as in a hospital; each waits for its answer.
class Mllp final : public Destination {
 public:
  explicit Mllp(Address address) : address_(std::move(address)) {}

  Result<> deliver(simulate::Message const& message, std::uint64_t) override {
    auto& connection = connections_[message.feed];
    if (!connection) {
      net::MllpClientOptions options;
      options.host = address_.host;
      options.port = address_.port;
      connection = TRY(net::MllpClient::connect(options));
    }
    auto const reply = exchange(*connection, message.er7);
    if (!reply) connection.reset();  // a new connection for the next one
    auto const answer = TRY(reply);
    auto const parsed = TRY(hl7v2::parse_message(answer));
    auto const code = parsed.first("MSA", 1);
    if (code != "AA" && code != "CA") {
      complain(fmt::format("{} was answered {}", message.event, code));
    }
    return {};
  }

 private:
  static Result<std::string> exchange(net::MllpClient& connection, std::string_view er7) {
    TRY(connection.send(er7));
    return connection.receive();
  }
  Address address_;
  std::map<std::string, std::unique_ptr<net::MllpClient>> connections_;
};

Result<std::unique_ptr<Destination>> open_destination(SimulateSettings const& settings) {
  std::unique_ptr<Destination> destination;
  if (!settings.mllp.empty()) {
    destination = std::make_unique<Mllp>(TRY(parse_address(settings.mllp)));
  } else if (!settings.out_folder.empty()) {
    destination = std::make_unique<Folder>(settings.out_folder);
  } else {
    destination = std::make_unique<StandardOutput>();
  }
  return destination;
}

volatile std::sig_atomic_t stop_asked = 0;

}  // namespace

int simulate(SimulateSettings const& settings) {
  auto hospital = simulate::Hospital::open({.seed = settings.seed, .quirks = !settings.no_quirks});
  if (!hospital) return complain(hospital.error()), kExitFailed;
  auto destination = open_destination(settings);
  if (!destination) return complain(destination.error()), kExitUsage;
  std::signal(SIGINT, [](int) { stop_asked = 1; });
  std::signal(SIGTERM, [](int) { stop_asked = 1; });

  Pace pace(settings.rate);
  Progress progress("simulated", settings.count);
  std::uint64_t failures = 0;
  std::uint64_t given = 0;
  while (stop_asked == 0 && (settings.count == 0 || given < settings.count)) {
    auto const message = hospital->next();
    if (!settings.feed.empty() && message.feed != settings.feed) continue;
    pace.wait();
    auto delivered = (*destination)->deliver(message, ++given);
    if (!delivered) {
      complain(delivered.error());
      if (settings.mllp.empty() || ++failures > 10) return kExitFailed;
      continue;
    }
    failures = 0;
    progress.advance();
  }
  return kExitSuccess;
}

}  // namespace sinew::app
