#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mirth/connector.h"
#include "mirth/item.h"
#include "mirth/part.h"

namespace sinew::mirth {

/// A filter or a transformer: conditions, edits that are plain, and a script for the rest.
struct Logic {
  std::vector<std::string> conditions;  ///< for `accept`, each a map of YAML on one line
  std::vector<std::string> steps;       ///< for `transform`, each a map of YAML on one line
  std::string script;                   ///< JavaScript; empty: none
  bool needs_e4x = false;
  bool uses_destination_set = false;
  /// Conditions under which destinations are left out, by their number in Mirth.
  std::map<std::int64_t, std::vector<std::string>> removals;
};

/// `file`  where the script will be, for the report.
[[nodiscard]] Logic convert_filter(Item const& filter, Part const& part, std::string const& file);
/// `destinations`  the numbers of the channel's destinations, which a step may take out.
[[nodiscard]] Logic convert_transformer(Item const& transformer, Part const& part,
                                        std::string const& file,
                                        std::vector<std::int64_t> const& destinations);

/// The fields that mapper steps put into maps.
void collect_fields(Item const& transformer, MapFields& fields);

/// A script that is put together of pieces, each of which the report names.
class ScriptText {
 public:
  /// Adds text to the line that is being written.
  void add(std::string_view text);
  /// What comes from here on is this piece of the export.
  void begin(std::string label);
  [[nodiscard]] bool is_empty() const { return text_.empty(); }
  /// Rewrites it as plain JavaScript, and reports each piece.
  void finish(Logic& logic, Part const& part, std::string const& file) const;

 private:
  std::string text_;
  std::vector<std::pair<std::size_t, std::string>> labels_;  ///< first line, what
};

/// `{field: PID-8, is: [F]}`; empty where the rule is not as plain as that.
[[nodiscard]] std::string plain_condition(Item const& rule, Part const& part,
                                          std::string const& label);
/// The rule as an expression of JavaScript.
[[nodiscard]] std::string condition_script(Item const& rule);
/// A text as a string of JavaScript.
[[nodiscard]] std::string js_string(std::string_view text);
/// `rule 2 "Only A01" (Rule Builder)`.
[[nodiscard]] std::string label_of(std::string_view what, std::size_t number, Item const& element);

}  // namespace sinew::mirth
