#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mirth/item.h"
#include "mirth/part.h"
#include "mirth/yaml.h"

namespace sinew::mirth {

/// The kinds of connector that channel files take: what else is converted stays a comment.
struct Kinds {
  std::set<std::string, std::less<>> sources, targets;
};

/// A connector as a section of a channel file: `mllp: {..}`.
struct Section {
  explicit Section(std::string its_kind = {}) : kind(std::move(its_kind)) {}
  std::string kind;       ///< empty: nothing stands for it
  Settings settings;      ///< values are YAML
  std::string value;      ///< instead of settings, as YAML
  bool is_draft = false;  ///< something is missing that a person has to add: it stays a comment
};

/// A source connector. Says in the report what became of each of its settings.
[[nodiscard]] Section convert_source(Item const& connector, Part const& part);
/// What scripts keep in maps, where it is a field of the message: variable → path.
using MapFields = std::map<std::string, std::string, std::less<>>;

/// A destination connector's target.
[[nodiscard]] Section convert_target(Item const& connector, Part const& part,
                                     MapFields const& fields);
/// How a destination queues, retries and orders: the keys beside the target.
[[nodiscard]] Settings convert_policies(Item const& connector, Part const& part);

/// The section as YAML at a depth.
void write_section(Yaml& yaml, int depth, Section const& section);

/// The name of a connector's kind as people see it, such as "TCP Listener".
[[nodiscard]] std::string transport_of(Item const& connector);

// What sources and targets share.

/// `10s` of milliseconds.
[[nodiscard]] std::string duration(std::int64_t milliseconds);
/// A password, a key: a variable of the environment, never the value.
[[nodiscard]] std::string secret(Part const& part, std::string_view what);
/// `host` and `port` as settings.
void add_address(Settings& settings, Part const& part, std::string const& host,
                 std::string const& port);
/// The bytes round a message, `{start: .., end: ..}`; empty where they are those of MLLP.
[[nodiscard]] std::string frame_of(Item const& mode);
/// Where a file connector looks or writes: a folder, or a server of SFTP and its folder.
[[nodiscard]] Section folder_section(Item const& properties, Part const& part);
/// A database as a section `sql` with its `connection`.
[[nodiscard]] Section database_section(Item const& properties, Part const& part);
/// Reports the TLS settings of a connector's plugins. `{..}` for the key `tls`, or nothing.
[[nodiscard]] std::string tls_of(Item const& properties, Part const& part, std::string_view side);
/// Reports plugins of a connector that nothing stands for.
void report_plugins(Item const& properties, Part const& part);

}  // namespace sinew::mirth
