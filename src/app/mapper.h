#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "app/commands.h"
#include "base/result.h"
#include "mapping/program.h"
#include "wire/hl7v2/message.h"

namespace sinew::app {

/// The layers that the settings name: the built-in tables, then each folder.
[[nodiscard]] Result<std::vector<mapping::Layer>> open_layers(MapSettings const& settings);

/// What the settings say of the sender. Fails `malformed` at --zone.
[[nodiscard]] Result<mapping::Feed> make_feed(MapSettings const& settings);

/// Compiles the tables; every mistake goes to standard error. Fails `invalid` when there is an
/// error.
[[nodiscard]] Result<std::shared_ptr<mapping::Program const>> compile_tables(
    MapSettings const& settings);

/// One message on its way through the tables: everything a command may want to show of it.
struct Mapped {
  hl7v2::Message message;  ///< a view of the bytes given to `map_message`
  mapping::Output output;
};

/// Parses, groups and maps one message. `bytes` must outlive `mapped`.
Result<> map_message(mapping::Program const& program, mapping::Feed const& feed,
                     std::string_view bytes, mapping::RunOptions const& options, Mapped& mapped);

/// `PID-5[2].1`: the path of an atom that the ledger names. Repetition 1 is left out.
[[nodiscard]] std::string atom_path(hl7v2::Message const& message,
                                    mapping::LedgerEntry const& entry);

}  // namespace sinew::app
