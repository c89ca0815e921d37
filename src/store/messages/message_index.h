#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace sinew::store {

/// What a message is found by.
enum class MessageKey : std::uint8_t {
  feed,
  type,     ///< "ADT^A01", or its parts
  control,  ///< MSH-10
  patient,  ///< numbers of the patient, also former ones
  visit,
  order,  ///< placer's and filler's
  accession,
  name,  ///< of the patient
  text,  ///< every word of the message
  count
};
inline constexpr std::size_t kMessageKeyCount = static_cast<std::size_t>(MessageKey::count);
[[nodiscard]] std::string_view to_string(MessageKey key);

/// Texts by key. A number is one word, whatever signs are in it; of the others each word counts.
using MessageTexts = std::array<std::string, kMessageKeyCount>;

struct IndexedMessage {
  JournalId id = 0;
  JournalStatus status = JournalStatus::applied;
  std::string reason;  ///< why it failed
  MessageTexts texts;
};

/// All must hold; what is empty or absent does not restrict.
struct MessageSearch {
  MessageTexts texts;  ///< every word; `word*`: words that begin so
  std::string reason;  ///< stands in the reason of a failure
  std::optional<JournalStatus> status;
  JournalId from = 0;    ///< this one and later
  JournalId before = 0;  ///< earlier than this one; 0: from the newest on
  std::size_t count = 50;
};

/// Finds messages by what is in them: an inverted index in a database of its own beside the store.
/// It is derived from the journal: lost, or made by other rules, it is made again. Calls may be
/// made from any thread.
class MessageIndex {
 public:
  /// Opens, or creates. `rules`: a digest of what says which texts a message has; an index of other
  /// rules is emptied.
  [[nodiscard]] static Result<std::unique_ptr<MessageIndex>> open(std::string const& path,
                                                                  std::string_view rules);
  virtual ~MessageIndex() = default;

  /// All messages up to this one are in it.
  [[nodiscard]] virtual Result<JournalId> up_to() = 0;
  /// Takes in messages, all or none of them, and notes that everything up to the last is there.
  virtual Result<> add(std::span<IndexedMessage const> messages) = 0;
  /// Removes messages, given as they were taken in. Again, it does nothing, until `forgotten`.
  virtual Result<> remove(std::span<IndexedMessage const> messages) = 0;
  /// Removed messages have left the journal as well: nobody will remove them again.
  virtual Result<> forgotten(std::span<IndexedMessage const> messages) = 0;

  /// Ids, newest first. Fails `invalid` where a text has no word in it, and where nothing but a
  /// place in the journal is asked for: the journal tells that itself.
  [[nodiscard]] virtual Result<std::vector<JournalId>> search(MessageSearch const& search) = 0;

  /// These are taken up again: what becomes of them is not known until `settle`.
  virtual Result<> reopened(std::span<JournalId const> ids) = 0;
  [[nodiscard]] virtual Result<std::vector<JournalId>> unsettled(std::size_t count_max) = 0;
  virtual Result<> settle(JournalId id, JournalStatus status, std::string_view reason) = 0;
};

}  // namespace sinew::store
