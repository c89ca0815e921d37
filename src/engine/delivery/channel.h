#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "fhirpath/pattern.h"
#include "net/tls.h"
#include "wire/hl7v2/overlay.h"
#include "wire/hl7v2/path.h"

namespace sinew::engine {

class LookupTable;

/// A test of one message. `exists` looks for a value that is not empty; the others hold the decoded
/// value of every place that the path means against every alternative, the pattern or the keys of
/// the table. `all`, `any` and `none` are about `parts`.
struct Condition {
  enum class Test : std::uint8_t {
    is,
    is_not,
    exists,
    absent,
    matches,  ///< the pattern is found in some value
    in,       ///< some value is a key of the table
    not_in,   ///< no value is
    all,
    any,
    none,
  };
  hl7v2::Path path;
  Test test = Test::is;
  std::vector<std::string> values;
  std::shared_ptr<fhirpath::Pattern const> pattern;
  std::shared_ptr<LookupTable const> table;
  std::vector<Condition> parts;
};

/// What is done about an answer.
enum class Reaction : std::uint8_t {
  done,   ///< the receiver has it
  retry,  ///< again, later
  hold,   ///< keep it, and what must come after it, until a person decides
  drop,   ///< give it up; it stays in the list of the dead, and the rest goes on
  stop,   ///< hold it and pause the destination
};
[[nodiscard]] std::string_view to_string(Reaction reaction);

/// Which deliveries have to stay in order.
enum class Order : std::uint8_t {
  patient,      ///< those that name the same patient (PID-3, MRG-1): a merge waits for both
  order,        ///< those that name the same order (ORC-2, ORC-3, OBR-2, OBR-3)
  destination,  ///< all
  none,
};

/// How long to wait before the next attempt: `first`, then `factor` times as long each time, never
/// longer than `longest`, each off by up to `jitter` of itself at random.
struct RetryPolicy {
  std::chrono::milliseconds first = std::chrono::seconds(1);
  double factor = 2;
  std::chrono::milliseconds longest = std::chrono::minutes(5);
  double jitter = 0.2;
  std::uint32_t attempts_max = 0;  ///< 0: never gives up; else it is dead after so many
};

/// What becomes of a message that may or may not have arrived when the process died.
enum class InDoubt : std::uint8_t {
  resend,  ///< under the same MSH-10, by which a receiver knows it again
  hold,    ///< until a person decides
};

struct MllpTarget {
  std::string host;
  std::uint16_t port = 0;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  ///< for the answer
  bool is_tls = false;
  net::TlsClientOptions tls;
};

struct HttpTarget {
  std::string url;
  std::string method = "POST";
  std::string content_type = "x-application/hl7-v2+er7; charset=utf-8";
  std::map<std::string, std::string> headers;
  std::chrono::milliseconds timeout = std::chrono::seconds(30);
};

/// A file a message. `name` may hold {control_id}, {type}, {item}, {date} (of the message's
/// receipt).
struct FileTarget {
  std::string folder;
  std::string name = "{date}-{item}.hl7";
};

using Target = std::variant<MllpTarget, HttpTarget, FileTarget>;

struct Destination {
  std::string name;  ///< "channel/destination"
  std::vector<Condition> accept;
  Target target;
  Order order = Order::patient;
  RetryPolicy retry;
  std::map<std::string, Reaction, std::less<>> answers;  ///< over the defaults of the target
  InDoubt in_doubt = InDoubt::resend;
};

/// A road through the engine: which messages of which feeds go where.
struct Channel {
  std::string name;
  std::vector<std::string> feeds;  ///< empty: all
  std::vector<Condition> accept;   ///< all must hold
  std::vector<Destination> destinations;
};

/// What a channel file may refer to: the files beside it.
struct ChannelFolder {
  std::string path;  ///< empty: there are none
  std::map<std::string, std::shared_ptr<LookupTable const>, std::less<>> tables;
};
/// Subfolders of a folder of channels that hold no channels.
inline constexpr std::string_view kTestFolder = "tests/";
inline constexpr std::string_view kLookupFolder = "lookups/";
/// Reads the lookup tables of a folder.
[[nodiscard]] Result<ChannelFolder> read_channel_folder(std::string const& folder);

/// Reads one channel. `${NAME}` in a text stands for the variable of the environment: what differs
/// between sites, and every secret, stays out of the file.
/// Fails `malformed` or `invalid` at `where:line:column`, naming the key.
/// Source of the form: docs/reference/channels.md.
[[nodiscard]] Result<Channel> read_channel(std::string_view text, std::string const& where,
                                           ChannelFolder const& folder = {});

/// Every *.yaml and *.yml of a folder, by name. Two channels of one name are a mistake.
[[nodiscard]] Result<std::vector<Channel>> read_channels(std::string const& folder);

/// Whether a message passes all conditions.
[[nodiscard]] bool holds(std::vector<Condition> const& conditions, hl7v2::Message const& message);
/// The same of a message that is being edited.
[[nodiscard]] bool holds(std::vector<Condition> const& conditions, hl7v2::Overlay const& message);

}  // namespace sinew::engine
