#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mapping/program.h"
#include "store/store.h"

namespace sinew::app {

/// `Observation/123.component[1].valueQuantity`, taken apart.
struct ElementPath {
  std::string type, id;
  std::vector<std::string>
      steps;  ///< element names and indexes ("component", "1", "valueQuantity")
};
/// Fails `malformed` with the form expected.
[[nodiscard]] Result<ElementPath> parse_element_path(std::string_view text);

/// One leaf value and where it came from.
struct ValueSource {
  std::string value;                         ///< as JSON
  std::string segment_line;                  ///< the raw line of the message
  std::size_t mark_begin = 0, mark_end = 0;  ///< of the source within that line; equal: a constant
  std::string source_path;                   ///< "OBX[3]-5"; empty for a constant
  mapping::RuleInfo rule;
};

struct Explanation {
  std::string resource;       ///< "Observation/123"
  std::uint64_t version = 0;  ///< the version whose message wrote the element
  store::JournalRecord message;
  bool same_tables = true;  ///< false: the tables have changed since; this is what they say today
  std::vector<ValueSource> values;
};

/// How the messages of a feed are read: its settings and its tables.
struct FeedTables {
  mapping::Feed feed;
  std::shared_ptr<mapping::Program const> program;
};
using TablesOf = std::function<FeedTables(std::string_view feed)>;

/// Finds the newest message that wrote the element, maps it again, and reads off the leaves.
/// Conversion is deterministic, so nothing but the raw message and the tables has to be kept for
/// this. Fails `not_found` (resource or element), `not_supported` when the API wrote it.
[[nodiscard]] Result<Explanation> explain_element(store::Store& store, TablesOf const& tables_of,
                                                  ElementPath const& what);

[[nodiscard]] std::string explanation_text(Explanation const& explanation);
[[nodiscard]] std::string explanation_json(Explanation const& explanation);

}  // namespace sinew::app
