#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "fhir/definitions.h"
#include "mapping/expression.h"
#include "mapping/program.h"
#include "mapping/tables.h"

namespace sinew::mapping {

/// An index into one of the program's pools, or none.
using Index = std::uint32_t;
inline constexpr Index kNone = 0xFFFFFFFF;

/// How a v2 value is read where one text is wanted.
enum class Reading : std::uint8_t {
  whole,   ///< ST, TX, FT: separators in it are a sender that does not escape
  first,   ///< everything else: its first subcomponent
  varies,  ///< OBX-5: as OBX-2 says
};

/// Where a value comes from, resolved against the dictionary.
struct Source {
  enum class Base : std::uint8_t { none, value, own, other };
  Base base = Base::none;
  Reading reading = Reading::first;
  std::uint8_t segment = 0;  ///< other: index into Program::segments
  bool repeats = false;      ///< the field may repeat, and no repetition is named
  std::uint16_t field = 0;
  std::uint16_t repetition = 0;  ///< 0: every one in a row, the current or first in an operand
  std::uint16_t parts[3] = {};   ///< 1-based, outermost first; 0 ends them
  bool operator==(Source const&) const = default;
};

inline constexpr std::uint8_t kNoHome = 255;

/// A node of a compiled expression or condition; arguments lie side by side in Program::arguments.
struct Node {
  Op op;
  std::uint8_t argument_count = 0;
  bool is_stable = false;  ///< depends on the segment alone, not on a repetition or value
  /// Of a stable node: the one segment it reads (index into Program::segments), or kNoHome.
  std::uint8_t home = kNoHome;
  Index first_argument = 0;
  std::string_view text;     ///< literal, pattern
  Index index = kNone;       ///< reference: source; lookup, display: code map
  double value = 0;          ///< of a numeric literal
  std::uint64_t packed = 0;  ///< of a literal: see pack(); 0: too long
};

/// A short text with its length as one number, which compares at once; 0 when it is too long.
[[nodiscard]] constexpr std::uint64_t pack(std::string_view text) {
  if (text.empty() || text.size() > 7) return 0;
  std::uint64_t packed = 0;
  for (char const c : text) packed = packed << 8 | static_cast<unsigned char>(c);
  return packed << 8 | text.size();
}

/// The lexical forms of FHIR primitives.
enum class Primitive : std::uint8_t {
  none,
  string,
  markdown,
  code,
  uri,
  url,
  id,
  oid,
  uuid,
  date,
  date_time,
  instant,
  time,
  boolean,
  decimal,
  integer,
  unsigned_integer,
  positive_integer,
  base64
};

enum class Action : std::uint8_t {
  text,        ///< the value as a primitive
  expression,  ///< an expression as a primitive
  code,        ///< a code map as a primitive
  object,      ///< the rows of Program::objects[argument]
  varies,      ///< the object of the type that OBX-2 names: Program::choices[argument]
  coding,      ///< the mapped coding of a code map, else the object `expression`, as a Coding
  make,        ///< a resource of its own: Program::makes[argument]
  refer,       ///< the nearest resource of a name
  refer_all,   ///< all resources of a name in scope
  ignore,
  same,  ///< says what another source says: Program::sources[argument]
};

struct Rule {
  Index info = 0;  ///< into Program::infos
  Action action = Action::text;
  Primitive primitive = Primitive::none;
  bool is_constant = false;  ///< a literal: present, but no reason for an object to be
  bool consumes = false;     ///< its condition compares values: they count as mapped
  std::uint8_t slot = 0;     ///< which segment table of the resource
  Source source;
  Index condition = kNone;
  Index expression = kNone;
  Index argument = kNone;
  std::string_view json;  ///< of a literal: its JSON, ready to write
  Index event = kNone;    ///< holds only when this event row is the resource's
  fhir::Element const* element = nullptr;
};

/// Fields (or components) of which one has to be there for a group to give anything.
struct Need {
  std::uint8_t slot = 0;
  std::uint64_t mask = 0;  ///< bit n: field n; 63: any beyond
};

/// A field that what an element becomes depends on.
struct Dependency {
  static constexpr std::uint8_t kOfInstance = 255;  ///< the segment that made the resource
  static constexpr std::uint8_t kOwn = 255;         ///< the segment at hand itself
  std::uint8_t slot = 0;
  std::uint8_t segment = kOwn;  ///< else the nearest one: index into Program::segments
  std::uint16_t field = 0;
  bool operator==(Dependency const&) const = default;
};

/// Whether what an element becomes can be kept and used again, and by which fields.
struct RecallPlan {
  bool is_possible = false;  ///< it depends on nothing but these fields
  std::uint16_t dependency_count = 0;
  Index first_dependency = 0;
  std::uint64_t slots = 0;  ///< bit n: rows of slot n; whether there are such segments counts too
};

/// One instance of an element (the only one, or one kind of entry in a list): whole-value rules of
/// which the first that yields wins, and rows for the elements below it.
struct Group {
  Index first_rule = 0;
  std::uint16_t rule_count = 0;
  std::uint8_t slot = 0;
  bool is_joint = false;      ///< one instance for all segments of the resource
  bool is_constant = false;   ///< no row below it has a source
  bool is_bare = false;       ///< and none of them has a condition
  bool is_reference = false;  ///< to a planned resource, and nothing else
  Index driver = kNone;       ///< source of which every repetition makes one instance
  Index object = kNone;
  Index first_need = 0;
  std::uint16_t need_count = 0;  ///< 0: not known
  std::string_view url;          ///< of an extension
  /// In a list: conditions on the segment that every row has which could give more than constants.
  Index guard = kNone;
  RecallPlan recall;  ///< in a list at the top of a resource that as a whole cannot be kept
};

struct Property {
  fhir::Element const* element = nullptr;
  std::string_view key;             ///< `"birthDate":`
  std::string_view underscore_key;  ///< `"_birthDate":`, of primitives
  std::uint8_t order = 0;
  bool is_list = false;
  bool is_coding = false, is_concept = false;
  Primitive primitive = Primitive::none;
  bool binds = false;        ///< complex, with a required binding to check when written
  bool is_required = false;  ///< may consist of constants only
  Index first_group = 0;
  std::uint16_t group_count = 0;  ///< 1 unless a list
  RecallPlan recall;              ///< at the top of a resource
};

/// What happens when an element with min >= 1 is missing.
enum class Policy : std::uint8_t { drop, absent, expression };

struct Requirement {
  fhir::Element const* element = nullptr;
  std::uint8_t order = 0;
  Policy policy = Policy::drop;
  Primitive primitive = Primitive::none;
  Index expression = kNone;
  Index info = 0;
  std::string_view key, underscore_key;
};

/// The elements that rows write of one type, in the order of the definition.
struct Object {
  fhir::TypeId type = 0;
  Index first_property = 0;
  std::uint16_t property_count = 0;
  Index first_ignore = 0;  ///< rules with target "-" or "="
  std::uint16_t ignore_count = 0;
  bool uses_segment = false;  ///< its value depends on more than the value at hand
};

struct CodeRow {
  std::string_view to, system, display, note;
  Index info = 0;
};
struct CodeMap {
  std::string_view name;
  std::unordered_map<std::string_view, CodeRow> exact;
  std::unordered_map<std::string, CodeRow> folded;  ///< lower case
  CodeRow const* fallback = nullptr;
  CodeRow fallback_row;
};

/// The object for each v2 type that OBX-2 can name, for one FHIR type.
struct Choice {
  std::vector<std::pair<std::string_view, Index>> objects;
};

struct IdentityPart {
  Index expression = kNone;
  Index name = kNone;  ///< the identity of a resource of this name
};
struct IdentityRow {
  std::vector<IdentityPart> parts;
  Index condition = kNone;
};

struct EventRow {
  std::string_view message, trigger;  ///< "ADT", "A03"; `*` in either
  std::uint8_t rank = 0;              ///< the more, the more specific
  bool skip = false;
  Verb verb = Verb::merge;
  Index condition = kNone;
  Index info = 0;
  std::vector<std::string_view> clear;  ///< as in MappedResource
};

/// Everything needed to write one kind of resource.
struct Shape {
  Index name = 0;  ///< into Program::names
  fhir::TypeId type = 0;
  Index object = kNone;
  std::string_view head;  ///< `{"resourceType":"Patient","id":"`
  std::vector<IdentityRow> identities;
  std::vector<Index> events;  ///< of Program::events, most specific first
  std::uint8_t slot_count = 1;
  RecallPlan recall;  ///< of a resource made of a value: what it depends on beside the value
};

/// A row of a message table.
struct MessageRow {
  Index shape = 0;  ///< of its structure
  std::uint8_t slot = 0;
  bool adds = false;  ///< `+Name`
  Index condition = kNone;
  Index info = 0;
};

/// A place in a message structure, as a trie of group names.
struct Place {
  std::string_view name;
  Index parent = 0;
  std::vector<Index> children;
  std::vector<Index> rows;  ///< of Structure::rows, for segments
};

struct Structure {
  std::vector<Shape> shapes;  ///< in the order they are written
  std::vector<MessageRow> rows;
  std::vector<Place> places;  ///< place 0: the message
  /// Rows by segment id, with the place each row names: for segments that stand where no place is.
  std::vector<std::pair<std::string_view, Index>> strays;
};

struct IgnoreRow {
  Source source;  ///< field 0: the whole segment
  std::string_view note;
  Index info = 0;
};

class Program {
 public:
  std::string digest;
  std::vector<Layer> layers;        ///< the texts that views point into
  std::deque<std::string> strings;  ///< texts made by the compiler
  std::vector<RuleInfo> infos;
  std::vector<std::string_view> notes;  ///< by info: the reason shown in the ledger

  std::vector<std::string_view> names;  ///< of resources: "Patient", "Observation:bp"
  std::unordered_map<std::string_view, std::uint8_t> segment_keys;  ///< index into `segments`
  std::vector<std::string_view> segments;  ///< ids that tables refer to from other segments
  std::vector<Source> sources;
  std::vector<Node> nodes;
  std::vector<Index> arguments;
  std::vector<Rule> rules;
  std::vector<Group> groups;
  std::vector<Property> properties;
  std::vector<Need> needs;
  std::vector<Dependency> dependencies;
  std::vector<Object> objects;
  std::vector<Choice> choices;
  std::vector<Shape> makes;
  std::deque<CodeMap> code_maps;
  std::vector<EventRow> events;
  std::vector<std::vector<Requirement>> required;             ///< by TypeId
  std::unordered_map<std::string, std::string_view> systems;  ///< by lower-case name
  std::unordered_map<std::string_view, Structure> structures;
  std::unordered_map<std::string_view, std::vector<IgnoreRow>> ignores;  ///< by segment id
};

}  // namespace sinew::mapping
