#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "mapping/model.h"
#include "mapping/tree.h"
#include "wire/hl7v2/dictionary.h"

namespace sinew::mapping {

/// What relative and own paths of a table mean.
struct TableContext {
  std::string_view segment;  ///< own segment; empty in a type table
  std::string_view v2_type;  ///< type of the value at hand; empty in a segment table
  Source prefix;             ///< spread tables: where their value stands in the caller's value
};

/// A source with the v2 type found there ("" when nothing is known: any type).
struct TypedSource {
  Source source;
  std::string_view v2_type;
};

/// Turns effective tables into a Program. Reports every mistake and goes on.
class Compiler {
 public:
  Compiler(Program& program, EffectiveTables const& tables, std::vector<Issue>& issues)
      : program_(program), tables_(tables), issues_(issues) {}
  void compile();

 private:
  friend class TreeBuilder;

  // compile.cpp: the parts without rules
  void compile_vocabulary();
  void compile_code_map(EffectiveTable const& table);
  void compile_systems();
  void compile_ignores();
  Index add_info(EffectiveTable const& table, TableRow const& row);
  std::string_view keep(std::string text);
  void error(TableRow const& row, std::string what);
  void warn(TableRow const& row, std::string what);
  Index code_map(std::string_view name) const;

  // compile_source.cpp: paths, expressions, conditions
  std::optional<TypedSource> resolve(SourcePath const& path, TableContext const& context,
                                     TableRow const& row);
  std::optional<TypedSource> resolve_text(std::string_view text, TableContext const& context,
                                          TableRow const& row);
  std::string_view component_type(std::string_view type, std::uint16_t number, bool& known) const;
  struct FieldFacts {
    hl7v2::FieldDefinition const* newest = nullptr;
    bool may_repeat = false;
  };
  FieldFacts const& field_facts(std::string_view segment, std::uint16_t number);
  bool explain_unknown_field(SourcePath const& path, TableRow const& row);
  Index compile_value(std::string_view text, TableContext const& context, TypedSource const* it,
                      TableRow const& row);
  Index compile_condition(std::string_view text, TableContext const& context, TypedSource const* it,
                          TableRow const& row);
  Index compile_node(Expression const& expression, TableContext const& context,
                     TypedSource const* it, TableRow const& row);
  Index segment_index(std::string_view id);
  Index source_index(Source const& source);
  Index intern(Node node, std::vector<Index> const& arguments);
  bool is_stable(Node const& node, std::vector<Index> const& arguments) const;
  std::uint8_t home_of(Node const& node, std::vector<Index> const& arguments) const;

  // compile_rule.cpp: one row
  struct RowPlace {
    EffectiveTable const* table;
    TableRow const* row;
    TableContext context;
    std::uint8_t slot = 0;
    Index event = kNone;
    Index condition = kNone;  ///< of the row that spreads this one
    int depth = 0;            ///< of spreading
  };
  struct Cells {
    std::string_view source, target, as, when;
  };
  void add_row(Tree& tree, RowPlace const& place, Cells const& cells);
  void add_ignore(Tree& tree, RowPlace const& place, Cells const& cells, TypedSource const* source);
  void add_same(Tree& tree, RowPlace const& place, Cells const& cells, TypedSource const* source);
  void take(Tree& tree, PreparedRow row);
  void insert(Tree& tree, std::vector<TargetStep> const& steps, Rule const& rule,
              TableRow const& row);
  std::optional<std::vector<TargetStep>> parse_target(fhir::TypeId root, std::string_view target,
                                                      TableRow const& row);
  bool make_rule(Rule& rule, fhir::TypeId target, std::string_view as, TypedSource const* source,
                 TableContext const& context, TableRow const& row);
  bool make_expression_rule(Rule& rule, fhir::TypeId target, std::string_view as,
                            TypedSource const* source, TableContext const& context,
                            TableRow const& row);
  Index both(Index a, Index b);
  bool compares_values(Index condition) const;
  bool make_default_rule(Rule& rule, fhir::TypeId target, TypedSource const* source,
                         TableRow const& row);
  bool make_map_rule(Rule& rule, fhir::TypeId target, std::string_view name,
                     TypedSource const* source, TableRow const& row);
  bool make_reference_rule(Rule& rule, fhir::TypeId target, std::string_view as,
                           TableRow const& row);
  bool make_table_rule(Rule& rule, fhir::TypeId target, std::string_view name, TableRow const& row);
  void spread(Tree& tree, RowPlace const& place, Cells const& cells);
  Index find_default_object(std::string_view v2_type, fhir::TypeId target);
  Index choice_for(fhir::TypeId target);
  void check_map_codes(CodeMap const& map, fhir::Element const& element, TableRow const& row);
  bool check_reference_target(fhir::Element const& element, fhir::TypeId target,
                              TableRow const& row);

  // compile_tree.cpp: objects
  Index object_of_table(EffectiveTable const& table);
  Index object_with_map(EffectiveTable const* table, Index map, fhir::TypeId target,
                        TableRow const& row);
  void add_table(Tree& tree, EffectiveTable const& table, std::uint8_t slot);
  Index build(Tree& tree);
  Index flatten(std::vector<TreeProperty>& properties, fhir::TypeId type);
  Group flatten_group(TreeGroup& group, fhir::TypeId type);
  Property flatten_property(TreeProperty& property);
  void check_segment_table(EffectiveTable const& table);
  void check_required(std::vector<TreeProperty> const& properties, fhir::TypeId type,
                      TableRow const& row, bool has_whole);
  bool gives_always(TreeGroup const& group, bool constants_do) const;
  bool add_need(Source const& source, std::uint8_t slot, std::vector<Need>& needs) const;
  bool add_needs_of_node(Index node, std::uint8_t slot, std::vector<Need>& needs) const;
  bool collect_needs(TreeGroup const& group, std::vector<Need>& needs) const;
  std::vector<Index> stable_conjuncts(Index condition) const;
  std::vector<Index> collect_guards(TreeGroup const& group, bool constants_count) const;
  std::string_view key_of(fhir::Element const& element, bool underscore);

  // compile_message.cpp: structures
  void compile_structures();
  void compile_structure(std::string_view name, EffectiveTable const& table, bool is_alias);
  struct ShapeDraft;
  void add_message_row(Structure& structure, std::vector<ShapeDraft>& drafts,
                       EffectiveTable const& table, TableRow const& row, bool may_miss);
  void finish_shapes(Structure& structure, std::vector<ShapeDraft>& drafts);
  std::uint8_t slot_of(ShapeDraft& draft, EffectiveTable const& table,
                       EffectiveTable const& message_table, TableRow const& row);
  Index object_of_shape(Shape const& shape, ShapeDraft const& draft);
  void add_links(Tree& tree, EffectiveTable const& table, TableRow const& row, std::uint8_t slot);
  void sort_shapes(Structure& structure);
  void collect_references(Index object, std::vector<bool>& seen, std::vector<Index>& names) const;
  void mark_segment_use();
  Index make_of_table(EffectiveTable const& table);
  Index name_index(std::string_view name);
  void collect_names();

  // compile_dependency.cpp
  void find_dependencies();

  // compile_policy.cpp: identity, required, events
  void compile_required();
  void compile_events();
  void compile_identities();
  void attach_policies(Shape& shape, std::string_view name);
  void add_event_sets(Tree& tree, Shape const& shape);
  bool compile_tuple(std::string_view tuple, TableContext const& context, TableRow const& row,
                     IdentityRow& identity);
  bool check_absent(fhir::Element const& element, TableRow const& row);
  bool is_resource_name(std::string_view name) const;

  Program& program_;
  EffectiveTables const& tables_;
  std::vector<Issue>& issues_;
  std::unordered_map<std::string, EffectiveTable const*> types_;          ///< "CX.Identifier"
  std::unordered_map<std::string_view, EffectiveTable const*> segments_;  ///< "PID.Patient"
  std::unordered_map<std::string_view, std::string_view> extensions_;
  std::unordered_map<std::string_view, Index> maps_;
  std::unordered_map<std::string, Index> objects_;  ///< by table name, and "+map" variants
  std::unordered_map<EffectiveTable const*, std::vector<PreparedRow>> prepared_;
  std::unordered_map<Index, std::vector<Index>> referred_;  ///< object -> names it refers to
  std::unordered_map<std::string, Index> shape_objects_;
  std::unordered_map<std::string_view, Index> makes_;
  std::unordered_map<std::string_view, Index> names_;
  std::unordered_map<std::string_view, Index> infos_;  ///< by rule name
  std::unordered_map<fhir::TypeId, Index> choices_;
  bool checks_required_ = true;
  std::map<std::pair<fhir::TypeId, std::uint16_t>, bool> policies_;  ///< type and order
  std::unordered_map<std::string, std::string_view> keys_;
  std::unordered_map<std::string, Index> sources_;
  std::unordered_map<std::string, FieldFacts> fields_;
  std::unordered_map<std::string, Index> nodes_;  ///< equal expressions are one
  std::unordered_map<std::string_view, std::vector<IdentityRow>> identities_;
  struct EventDraft {
    EventRow row;
    std::string_view resource, set;
    EffectiveTable const* table;
    TableRow const* source;
  };
  void read_clears(EventDraft& draft);
  std::vector<EventDraft> events_;
};

}  // namespace sinew::mapping
