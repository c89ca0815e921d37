#pragma once

#include <array>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mapping/context.h"
#include "mapping/convert.h"
#include "mapping/model.h"
#include "mapping/recall.h"
#include "wire/hl7v2/group.h"
#include "wire/hl7v2/text.h"

namespace sinew::mapping {

/// Limits of one message. What is beyond them is not mapped, and an Issue says so.
inline constexpr std::size_t kResourcesMax = 20'000;
inline constexpr std::size_t kJsonBytesMax = std::size_t{256} << 20;
/// A resource made of a value may make another of a part of it, and so on: so deep.
inline constexpr std::size_t kMakeDepthMax = 10;

inline constexpr std::size_t kUuidBytes = 36;
using UuidText = std::array<char, kUuidBytes>;

/// Why a row gave nothing for a value that is there.
enum class Refusal : std::uint8_t { not_legal, no_code, incomplete, other_value };

/// One written leaf and the bytes it is made of, or a refusal.
struct LogEntry {
  std::uint32_t out_begin, out_end;
  std::uint32_t source_begin, source_end;
  Index info;
};
/// Bytes that say what others say, and share their fate.
struct SameEntry {
  std::uint32_t begin, end, other_begin;
};
struct RefusalEntry {
  std::uint32_t source_begin, source_end;
  Index info;
  Refusal why;
};

/// A resource that a message table asks for.
struct Instance {
  Index shape = 0;
  Index name = 0;
  std::uint32_t scope = 0;    ///< node of the group tree
  std::uint32_t segment = 0;  ///< that made it
  std::uint32_t contribution = 0, contribution_count = 0;
  Index event = kNone;
  Verb verb = Verb::merge;
  bool skip = false;
  bool has_id = false, computing_id = false;
  bool processed = false, written = false;
  bool absent = false;    ///< found empty in an earlier pass
  bool promised = false;  ///< referred to before it was written
  UuidText id{};
};

/// A segment that gives rows to an instance.
struct Contribution {
  std::uint32_t instance;
  std::uint32_t segment;
  std::uint8_t slot;
  auto operator<=>(Contribution const&) const = default;
};

/// A resource being written; resources made of values nest.
struct Track {
  std::string json;
  std::vector<LogEntry> log;
  std::vector<std::string_view> clear;
};

/// A finished resource, before equal identities are merged.
struct Written {
  fhir::TypeId type;
  Verb verb;
  UuidText id;
  std::uint32_t begin, end;          ///< in Output::json
  std::uint32_t log_begin, log_end;  ///< in Workspace::log
  std::vector<std::string> clear;
};

/// A value a resource was made of, so that the same value makes it once.
struct Made {
  Index make = kNone;
  std::string_view raw;
  std::uint32_t written = 0;  ///< index; checked against `id`
  UuidText id{};
};

/// What a search for the nearest segment found last, so that the next one need not go as far.
struct Nearby {
  std::uint32_t scope = 0xFFFFFFFF, from = 0, result = 0xFFFFFFFF;
  std::uint8_t key = 0;
};
inline constexpr std::size_t kNearbySlots = 64;
inline constexpr std::size_t kNearestMax = 8192;
inline constexpr std::uint32_t kNotLooked = 0xFFFFFFFE;

/// What can be of a resource when certain fields are there, found once for each such pattern.
struct Possible {
  struct Entry {
    Index property;
    std::uint32_t first_group, group_count;  ///< in `groups`
  };
  std::string key;  ///< the object and the fields that are there
  std::vector<Entry> entries;
  std::vector<Index> groups;
  bool more_than_constant = false;  ///< not only constants and references
};

/// What is about to be kept of a fragment.
struct KeptMarks {
  std::vector<RecalledMark> log, refusals, ignored, same;
  [[nodiscard]] RecalledMarks view() const { return {log, refusals, ignored, same}; }
};

/// How far the records of a run are: what is beyond belongs to what is being written.
struct RecordMarks {
  std::size_t refusals, ignored, same;
};

/// A part of an identity as it was computed last; the results of one order share it.
struct PartText {
  std::uint64_t epoch = 0;
  std::uint32_t segment = 0;
  std::string text;
};

/// All memory of a run, kept from message to message.
struct Workspace {
  std::vector<Instance> instances;
  std::vector<Contribution> contributions;
  std::vector<std::uint32_t> order;          ///< instances as they are written
  std::vector<std::uint32_t> by_scope;       ///< instances by (name, scope, segment)
  std::vector<std::uint32_t> by_name;        ///< instances by (name, segment)
  std::vector<std::uint32_t> scopes;         ///< of segments: nearest repeating group
  std::vector<std::uint32_t> nodes;          ///< of segments: node in the group tree
  std::vector<std::uint32_t> parent_scopes;  ///< of nodes
  std::vector<std::uint32_t> last_segments;  ///< of nodes that are scopes: the last one in it
  std::vector<std::uint32_t> first_segments;
  std::vector<std::uint32_t> scope_order;  ///< segments by (scope, position)
  std::vector<std::uint32_t> scope_begin;  ///< of nodes, into scope_order
  std::vector<std::uint32_t> places;       ///< of nodes: place in the structure, or kNone
  std::vector<std::uint64_t> present;      ///< of segments
  std::vector<std::uint64_t> repeated;     ///< of segments: fields with more than one repetition
  std::array<Nearby, kNearbySlots> nearby;
  std::vector<std::uint32_t> nearest;  ///< by segment and key: of messages of usual length
  std::vector<std::uint8_t> keys;      ///< of segments: index into Program::segments, or 255
  std::vector<std::pair<std::uint32_t, Index>> rows;  ///< segment, message row of `+Name`
  std::vector<Track> tracks;
  std::vector<LogEntry> log;
  std::vector<RefusalEntry> refusals;
  std::vector<LogEntry> ignored;
  std::vector<SameEntry> same;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> reads;
  std::deque<std::string> texts;
  std::vector<Written> written;
  std::vector<Made> made;
  std::vector<std::uint8_t> marks;
  std::vector<std::uint32_t> mark_index;
  std::vector<std::uint32_t> table;  ///< hash table over `written`
  std::string json;
  /// For each condition the segment it was last decided for, and how; `epoch` tells runs apart.
  std::vector<std::uint64_t> decided;
  std::vector<PartText> parts;  ///< by node
  std::uint64_t epoch = 0;
  Recall recall;
  std::unordered_map<std::uint64_t, Possible> possible;  ///< by the hash of its key
  std::string possible_key, possible_digest;
  KeptMarks kept;
};

/// What became of a byte of the message.
enum Mark : std::uint8_t { kUntouched, kRefused, kIgnored, kMapped };

/// What an object has in it so far.
enum Content : unsigned { kNothing = 0, kConstant = 1, kReference = 2, kSource = 4 };

/// The elements of an object that are written, by place in the definition.
struct PresentSet {
  std::uint64_t bits[4] = {};
  [[nodiscard]] bool has(std::uint8_t order) const {
    return (bits[order >> 6] >> (order & 63)) & 1;
  }
  void add(std::uint8_t order) { bits[order >> 6] |= std::uint64_t{1} << (order & 63); }
};

/// The bytes that one element depends on, side by side, and where they stand in the message.
struct RecallKey {
  static constexpr std::size_t kPiecesMax = 48;
  struct Piece {
    std::uint32_t begin, size;
  };
  std::array<char, Recall::kKeyBytesMax> bytes;
  std::size_t size = 0;
  std::array<Piece, kPiecesMax> pieces;
  std::size_t piece_count = 0;
  [[nodiscard]] std::string_view text() const { return {bytes.data(), size}; }
};

/// Maps one message. Pure: everything it knows is in its arguments.
class Mapper {
 public:
  Mapper(Program const& program, hl7v2::Message const& message, hl7v2::GroupTree const& groups,
         Feed const& feed, RunOptions const& options, Output& out, Workspace& work);
  Result<> run();

 private:
  /// Where rows are evaluated: against one context, or (at the top of a resource) against every
  /// segment of the instance that the row's table reads.
  struct Frame {
    Context const* context = nullptr;
    Instance const* instance = nullptr;
    bool constants_do = false;
  };
  struct Checkpoint {
    std::size_t json, log, written, out_json, out_log;
  };

  // plan.cpp: which resources there will be
  Structure const* find_structure();
  void index_segments();
  void index_scopes();
  void find_places(Structure const& structure);
  Index stray_place(Structure const& structure, std::string_view id, Index near) const;
  void plan(Structure const& structure);
  void plan_segment(Structure const& structure, std::uint32_t segment, Index place);
  void add_contribution(Structure const& structure, std::uint32_t segment, Index row);
  std::uint32_t new_instance(Structure const& structure, std::uint32_t segment,
                             MessageRow const& row);
  void sort_instances(Structure const& structure);
  void index_instance(std::uint32_t instance);
  void choose_event(Instance& instance);
  Index find_event(Shape const& shape, Context const& context) const;

  // scope.cpp: what is nearest
  std::optional<std::uint32_t> nearest_segment(std::uint8_t key, std::uint32_t from) const;
  std::optional<std::uint32_t> look_for_nearest(std::uint8_t key, std::uint32_t from) const;
  std::optional<std::uint32_t> nearest_in_scope(std::uint8_t key, std::uint32_t from,
                                                std::uint32_t scope) const;
  Instance* nearest_instance(Index name, std::uint32_t segment, Instance const* self);
  std::pair<std::uint32_t, std::uint32_t> instances_in_scope(Index name,
                                                             std::uint32_t segment) const;
  Context context_of(std::uint32_t segment) const;

  // evaluate.cpp: sources, expressions, conditions
  bool repeats(std::uint32_t segment, std::uint16_t field) const;
  Found find(Source const& source, Context const& context) const;
  std::string_view whole_field(Source const& source, Context const& context,
                               std::uint32_t& segment) const;
  std::string_view text_of(Source const& source, Found const& found);
  std::string_view text_of(Source const& source, Context const& context);
  std::string_view decode(std::string_view raw);
  std::string_view first_atom(std::string_view raw, std::uint8_t level) const;
  std::string_view type_of_value(std::uint32_t segment) const;
  std::string_view evaluate(Index node, Context const& context);
  std::string_view evaluate_cut(Node const& node, Context const& context);
  std::string_view evaluate_join(Node const& node, Context const& context);
  std::string_view join_lines(Source const& source, Context const& context);
  std::string_view evaluate_reference_function(Node const& node, Context const& context);
  bool holds(Index condition, Context const& context);
  std::uint32_t home_segment(Node const& node, std::uint32_t segment) const;
  std::string_view evaluate_part(Index node, Context const& context);
  bool compare(Node const& node, Context const& context);
  std::size_t count_values(Source const& source, Context const& context) const;
  bool is_one_of(std::string_view left, Node const& node, Context const& context);
  bool is_evidence(Index condition, Context const& context);
  std::string& new_text();
  Node const& argument(Node const& node, Index i) const;
  Index argument_index(Node const& node, Index i) const;
  CodeRow const* find_code(CodeMap const& map, std::string_view code);
  std::string_view system_uri(std::string_view name);
  std::string_view authority_uri(Found const& found);

  // identity.cpp
  void identify_sender();
  void identify(Instance& instance);
  bool append_tuple(std::string& tuple, IdentityRow const& row, Context const& context,
                    std::uint32_t segment);
  UuidText identity_of(Shape const& shape, Context const& context, Index name);
  std::string_view identifier_text(Node const& node, Context const& context);

  // write_object.cpp, write_value.cpp, write_resource.cpp
  void write_resources();
  bool write_instance_resource(Instance& instance);
  std::optional<UuidText> make(Index make, Found const& found, Context const& context);
  bool repeat_made(Made const& made, std::string_view raw);
  void finish_resource(Shape const& shape, Verb verb, UuidText const& id);
  unsigned write_resource_body(Shape const& shape, Frame const& frame, UuidText const& id);
  unsigned write_object(Object const& object, Frame const& frame, PresentSet& present);
  void run_ignores(Object const& object, Frame const& frame);
  void note_same(Rule const& rule, std::string_view raw, Context const& context);
  bool can_be(Group const& group, Frame const& frame) const;
  bool can_be(Property const& property, Frame const& frame) const;
  bool passes_guards(std::span<Index const> groups, Frame const& frame);
  unsigned write_possible(Shape const& shape, Frame const& frame, PresentSet& present);
  bool evaluate_condition(Index node, Context const& context);
  unsigned write_property(Property const& property, Frame const& frame);
  unsigned write_primitive(Property const& property, Group const& group, Frame const& frame);
  unsigned write_list(Property const& property, Frame const& frame);
  unsigned write_entries(Property const& property, Group const& group, Frame const& frame);
  void take_out(std::size_t from, std::size_t to);
  void unite_codings(Checkpoint const& before);
  void unite_concepts(Checkpoint const& before);
  unsigned write_entry(Property const& property, Group const& group, Frame const& frame,
                       Context const& context);
  struct PrimitiveList {
    bool is_extensions = false;  ///< the pass: values first, then their extensions
    bool has_extensions = false, has_values = false;
    unsigned content = kNothing;
  };
  void write_primitive_entry(Property const& property, Group const& group, Frame const& frame,
                             Context const& context, PrimitiveList& list);
  unsigned write_primitive_list(Property const& property, Frame const& frame);
  unsigned write_braces(Property const& property, Group const& group, Frame const& frame);
  unsigned write_element_braces(Group const& group, Frame const& frame, std::string_view original);
  unsigned apply_rules(Group const& group, Frame const& frame, PresentSet& present);
  unsigned apply_rule(Rule const& rule, Context const& context, Frame const& frame,
                      PresentSet& present);
  unsigned apply_value(Rule const& rule, Found const& found, Context const& context,
                       Frame const& frame, PresentSet& present);
  unsigned apply_object(Index object, Found const& found, Context const& context,
                        Frame const& frame, PresentSet& present);
  unsigned apply_coding(Rule const& rule, Found const& found, Context const& context,
                        Frame const& frame, PresentSet& present);
  bool may_refer(Instance& instance);
  unsigned refer(Rule const& rule, Context const& context, PresentSet& present, Frame const& frame);
  unsigned write_reference(Property const& property, Rule const& rule, Frame const& frame);
  unsigned refer_all(Rule const& rule, Context const& context, Frame const& frame);
  void append_reference(Rule const& rule, Shape const& shape, UuidText const& id);
  unsigned primitive_of_rules(Group const& group, Property const& property, Frame const& frame);
  unsigned primitive_of_rule(Rule const& rule, Property const& property, Context const& context,
                             Frame const& frame);
  unsigned primitive_value(Rule const& rule, Property const& property, Found const& found,
                           Context const& context, Frame const& frame);
  unsigned append_value(Rule const& rule, Property const& property, std::string_view text);
  bool satisfy(fhir::TypeId type, Frame const& frame, PresentSet const& present);
  bool satisfy(Requirement const& requirement, Frame const& frame);
  bool binding_holds(Property const& property, std::size_t begin);
  template <class Take>
  bool each_context(Frame const& frame, Rule const& rule, Take&& take);
  template <class Take>
  bool each_contribution(Frame const& frame, std::uint8_t slot, Take&& take);
  Context any_context(Frame const& frame) const;
  template <class Take>
  bool each_found(Source const& source, Context const& context, Take&& take);
  template <class Take>
  bool each_driver(Source const& driver, Context const& context, Take&& take);
  Context value_context(Found const& found, Context const& outer,
                        std::string_view (&parts)[kPartsMax]) const;
  void note_null(Rule const& rule, std::string_view raw);
  bool holds_unrecorded(Index condition, Context const& context);
  void read_compared(Index condition, Context const& context);
  void consume(Rule const& rule, Context const& context);

  Checkpoint checkpoint() const;
  void roll_back(Checkpoint const& to);
  void comma();
  void log_reads(Index info, std::size_t begin);
  void refuse(Index info, Refusal why);
  void read(std::string_view raw);
  std::string& json() { return track_->json; }

  // possible.cpp
  void forget_patterns();
  Possible const& find_possible(Shape const& shape, Frame const& frame);
  void fill_possible(Object const& object, Frame const& frame, Possible& possible) const;
  bool is_more_than_constant(Group const& group) const;

  // write_recalled.cpp
  void describe_context();
  unsigned recall_property(Property const& property, Frame const& frame);
  unsigned recall_entries(Property const& property, Group const& group, Frame const& frame);
  template <class Write>
  unsigned recall(RecallPlan const& plan, std::uint32_t element, Instance const& instance,
                  Write&& write);
  bool gather_key(RecallPlan const& plan, std::uint32_t element, Instance const& instance,
                  RecallKey& key) const;
  bool append_piece(std::string_view text, RecallKey& key) const;
  bool append_dependency(Dependency const& dependency, std::uint32_t segment, RecallKey& key) const;
  void repeat_marks(Fragment const& fragment, RecallKey const& key, std::uint32_t json_begin,
                    std::vector<LogEntry>& log);
  bool mark_relative(std::uint32_t begin, std::uint32_t end, Index info, RecallKey const& key,
                     std::vector<RecalledMark>& out) const;
  [[nodiscard]] RecordMarks record_marks() const;
  bool gather_marks(RecallKey const& key, std::span<LogEntry const> entries,
                    std::uint32_t json_begin, RecordMarks const& start);

  // make_recalled.cpp
  struct MakeStart {
    std::size_t written, json, log, made, repeats, decisions, nulls;
    RecordMarks records;
  };
  MakeStart begin_making() const;
  bool make_key(Index make, Found const& found, Context const& context, RecallKey& key) const;
  std::optional<UuidText> recall_made(Index make, Found const& found, Context const& context);
  void learn_made(Index make, Found const& found, Context const& context, MakeStart const& start);

  // finish.cpp: merge, ledger, leaves
  void merge_equal();
  void merge_mentions(std::uint32_t first, std::vector<std::uint32_t> const& next,
                      std::vector<LogEntry>& log);
  struct Mention {
    std::string text;
    std::vector<LogEntry> entries;  ///< places in `text`
  };
  void merge_mention(Mention& mention, Written const& later, bool may_merge);
  void give(Written& written);
  void mark_bytes();
  void count_atoms();
  using Cuts = std::array<bool, 256>;  ///< by character: one that ends a subcomponent
  void count_field(std::uint32_t segment, std::uint16_t number, Cuts const& cuts,
                   std::vector<IgnoreRow> const* ignores);
  void count_atom(LedgerEntry& entry, std::vector<IgnoreRow> const* ignores);
  IgnoreRow const* find_ignore(std::vector<IgnoreRow> const* rows, LedgerEntry const& entry) const;
  void export_leaves();

  Program const& program_;
  hl7v2::Message const& message_;
  hl7v2::GroupTree const& groups_;
  Feed const& feed_;
  RunOptions const& options_;
  Output& out_;
  Workspace& work_;
  hl7v2::Charset charset_;
  hl7v2::Delimiters delimiters_;
  char const* base_;
  Structure const* structure_ = nullptr;
  Track* track_ = nullptr;
  std::size_t depth_ = 0;
  std::size_t texts_used_ = 0;
  bool recording_ = false;  ///< sources that are read go to Workspace::reads
  bool strict_ = false;     ///< refer only to what is written already
  bool lost_time_ = false;
  std::string_view lost_original_;
  std::string_view top_element_;
  bool top_required_ = false;
  Property const* top_property_ = nullptr;
  std::span<Index const> top_groups_;  ///< of the top element, those that can be
  std::string_view message_type_, trigger_;
  Uuid space_{};
  std::string sender_;
  std::array<std::uint64_t, 64> slot_present_{};  ///< fields there, by slot of the instance
  bool is_plain_ = false;  ///< no escape and no byte above 127 in the whole message
  bool full_ = false;
  std::uint32_t recall_context_ = 0;
  std::uint32_t make_context_ = 0;
  // Counted so that what is kept for later messages holds nothing of this one.
  std::size_t nulls_noted_ = 0, repeats_made_ = 0;
  mutable std::size_t decisions_ = 0;  ///< by more than the fields of a RecallPlan
};

}  // namespace sinew::mapping
