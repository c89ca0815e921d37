#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "store/index_row.h"
#include "store/postgres/session.h"
#include "store/postgres/work.h"
#include "store/sqlite/catalogue.h"

namespace sinew::store::postgres {

using sqlite::PathKey;
using sqlite::TypeKey;

/// A row of `res`.
struct ResourceRow {
  std::int64_t rid = 0;
  TypeKey type = 0;
  std::string id;
  std::uint64_t version = 0;  ///< 0: mentioned only
  std::int64_t updated = 0;
  std::int64_t born = 0;  ///< the log's number of the version that made it exist; 0: stays
  JournalId cause = 0;
  bool exists = false;
  std::string packed;
};

/// The rows that a commit group writes, collected so that each table costs one statement,
/// whatever the group is made of. Owned by the writer's thread.
class WriteSet {
 public:
  /// A resource that is new to the database: its first version, or a mention.
  void insert(ResourceRow row, std::int64_t key_hash);
  /// The next version of a resource that has a row. `had_version`: what it replaces is history.
  void update(ResourceRow row, bool had_version);
  void log(std::int64_t version_number, ResourceRow const& row);
  void set_live(TypeKey type, std::int64_t rid, bool lives);

  // Index rows, their keys resolved.
  void token(std::int64_t value, std::int64_t rid, bool adds);
  void hashed(PathKey path, std::int64_t hash, std::int64_t rid, bool adds);
  void reference(PathKey path, std::int64_t target, std::int64_t rid, bool adds);
  void date(PathKey path, std::int64_t low, std::int64_t high, std::int64_t rid, bool adds);
  void string(PathKey path, std::string const& text, std::int64_t rid, bool adds);
  void uri(PathKey path, std::string const& text, std::int64_t rid, bool adds);
  void quantity(PathKey path, double number, std::int64_t unit, std::int64_t rid, bool adds);
  void number(PathKey path, double number, std::int64_t rid, bool adds);
  /// A new entry of the dictionary of tokens.
  void value(std::int64_t number, PathKey path, TokenParts const& parts);

  void journal(JournalRow const& row);
  /// Entries that wait to be applied by `owner`.
  void pending(JournalId id, std::int64_t owner) { pending_[id] = owner; }
  void state(JournalId id, JournalStatus status, std::string_view reason, std::int64_t program,
             std::int64_t updated);
  void outbox(std::uint64_t id, JournalId cause, std::int64_t made, std::string_view payload);
  void program(std::int64_t number, std::string_view digest);

  /// Puts the statements on their way, one for each table that has rows, and is empty again.
  Result<> flush(Session& session);
  /// Forgets what was not flushed.
  void clear() { *this = WriteSet(); }
  /// About what it holds in memory.
  [[nodiscard]] std::size_t byte_size() const { return bytes_; }

 private:
  template <class Key>
  struct Row {
    Key key;
    bool adds;
    std::uint32_t sequence;
    bool operator<(Row const& other) const {
      return std::tie(key, sequence) < std::tie(other.key, other.sequence);
    }
  };
  template <class Key>
  using Rows = std::vector<Row<Key>>;
  using Pair = std::tuple<std::int64_t, std::int64_t>;
  using Triple = std::tuple<std::int64_t, std::int64_t, std::int64_t>;
  using Quad = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>;
  using TextKey = std::tuple<std::int64_t, std::string, std::int64_t>;
  using NumberKey = std::tuple<std::int64_t, double, std::int64_t>;
  using QuantityKey = std::tuple<std::int64_t, double, std::int64_t, std::int64_t>;

  struct Current {
    ResourceRow row;
    bool is_new = false;        ///< the database has no row of it
    bool keeps_stored = false;  ///< the row that is stored goes to the history
    std::int64_t key_hash = 0;  ///< of a new one
  };

  void add_history(ResourceRow const& row);
  Result<> flush_resources(Session& session);
  Result<> flush_updates(Session& session);
  Result<> flush_index(Session& session);
  Result<> flush_journal(Session& session);

  std::uint32_t sequence_ = 0;
  std::size_t bytes_ = 0;
  std::unordered_map<std::int64_t, Current> resources_;
  List hist_rid_{WireType::integer_list}, hist_version_{WireType::integer_list},
      hist_updated_{WireType::integer_list}, hist_cause_{WireType::integer_list},
      hist_body_{WireType::byte_list};
  List log_number_{WireType::integer_list}, log_type_{WireType::integer_list},
      log_rid_{WireType::integer_list}, log_version_{WireType::integer_list},
      log_updated_{WireType::integer_list};
  std::map<TypeKey, std::int64_t> tallies_;

  Rows<Pair> live_, tokens_;
  Rows<Triple> hashed_, references_;
  Rows<Quad> dates_;
  Rows<TextKey> strings_, uris_;
  Rows<QuantityKey> quantities_;
  Rows<NumberKey> numbers_;
  List value_number_{WireType::integer_list}, value_path_{WireType::integer_list},
      value_code_{WireType::byte_list}, value_system_{WireType::byte_list},
      value_display_{WireType::byte_list};

  List journal_id_{WireType::integer_list}, journal_received_{WireType::integer_list},
      journal_feed_{WireType::byte_list}, journal_lane_{WireType::integer_list},
      journal_control_{WireType::byte_list}, journal_type_{WireType::byte_list},
      journal_sender_{WireType::byte_list}, journal_bytes_{WireType::byte_list},
      journal_hash_{WireType::integer_list};
  std::map<JournalId, std::int64_t> pending_;
  List state_id_{WireType::integer_list}, state_status_{WireType::integer_list},
      state_reason_{WireType::byte_list}, state_program_{WireType::integer_list},
      state_updated_{WireType::integer_list};
  List done_id_{WireType::integer_list};  ///< entries that are pending in the database no more
  List outbox_id_{WireType::integer_list}, outbox_cause_{WireType::integer_list},
      outbox_made_{WireType::integer_list}, outbox_payload_{WireType::byte_list};
  List program_number_{WireType::integer_list}, program_digest_{WireType::byte_list};
};

}  // namespace sinew::store::postgres
