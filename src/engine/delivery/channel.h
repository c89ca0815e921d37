#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fhirpath/pattern.h"
#include "wire/hl7v2/overlay.h"
#include "wire/hl7v2/path.h"

namespace sinew::engine {

class LookupTable;
class Step;
class Transform;

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

inline constexpr std::uint32_t kConnectionsMax = 64;

/// What becomes of a message that may or may not have arrived when the process died.
enum class InDoubt : std::uint8_t {
  resend,  ///< under the same MSH-10, by which a receiver knows it again
  hold,    ///< until a person decides
};

class Sender;
class Source;
struct SenderContext;
struct SourceContext;
using OpenSender = std::function<std::unique_ptr<Sender>(SenderContext const&)>;
using OpenSource = std::function<std::unique_ptr<Source>(SourceContext const&)>;

/// Where messages go: a connector (connectors/connector.h) with its settings.
struct Target {
  std::string kind;  ///< "mllp"
  OpenSender open;
  std::string channel = {};  ///< that messages are handed to; empty: another kind
  std::string place = {};    ///< in the file
};

/// Where the messages of a channel come from, and how its feed reads them.
struct Origin {
  std::string kind;
  std::string written;  ///< as the file has it: the same text means the same source
  std::vector<std::string> map_folders;  ///< tables over those of the main feed
  std::string charset, zone;             ///< empty: as the main feed
  OpenSource open;
};

struct Destination {
  std::string name;  ///< "channel/destination"
  std::vector<Condition> accept;
  /// What becomes of a message before it leaves: the channel's steps, this destination's, and the
  /// format. Null: the bytes leave as they came in.
  std::shared_ptr<Transform const> transform;
  Target target;
  Order order = Order::patient;
  RetryPolicy retry;
  std::map<std::string, Reaction, std::less<>> answers;  ///< over the defaults of the target
  InDoubt in_doubt = InDoubt::resend;
  std::uint32_t connections = 1;  ///< messages of different lanes under way at a time
  /// All that it depends on, as the files have it: the same text means the same destination.
  std::string written;
};

/// A road through the engine: which messages of which feeds go where.
struct Channel {
  std::string name;
  std::optional<Origin> source;    ///< makes a feed of the channel's name
  std::vector<std::string> feeds;  ///< empty: all, or that of the source
  std::vector<Condition> accept;   ///< all must hold
  std::vector<Destination> destinations;
};

/// What a channel file may refer to: the files beside it.
struct ChannelFolder {
  std::string path;  ///< empty: there are none
  std::map<std::string, std::shared_ptr<LookupTable const>, std::less<>> tables;
  std::string digest;  ///< of everything in it that is no channel: scripts, tables
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
