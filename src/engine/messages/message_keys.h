#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/messages/message_index.h"

namespace sinew::engine {

/// Knows where in a message stands what it is found by.
class MessageKeys {
 public:
  /// Reads `data/hl7v2/message_keys.tsv`. Fails `malformed` or `invalid` at the row.
  [[nodiscard]] static Result<MessageKeys> load();

  /// A digest of the rules.
  [[nodiscard]] std::string const& digest() const { return digest_; }

  /// What the index keeps of a message. Of one that cannot be read: its feed, and its words.
  [[nodiscard]] store::IndexedMessage index(store::JournalRecord const& record) const;

 private:
  struct Rule {
    std::string segment;
    std::size_t field = 0, component = 0;  ///< component 0: all
    store::MessageKey key = store::MessageKey::text;
  };
  std::vector<Rule> rules_;
  std::string digest_;
};

}  // namespace sinew::engine
