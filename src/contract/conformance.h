#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "contract/expression.h"
#include "wire/hl7v2/message.h"

namespace sinew::contract {

/// A field or a component, as a conformance profile constrains it.
struct ProfiledElement {
  std::string name, usage, datatype;
  std::size_t min = 0, max = 1;                ///< repetitions of a field; max 0: no limit
  std::size_t length_min = 0, length_max = 0;  ///< 0: not said
  std::size_t conformance_length = 0;          ///< 0: not said
  std::string constant;
  std::vector<std::string> value_sets;
  std::vector<std::size_t> code_components;  ///< of a composite: any of them; empty: the value
  char strength = 'R';                       ///< of the binding: R, S, U
};
struct ProfiledDatatype {
  std::string id, name;
  std::vector<ProfiledElement> components;
};
/// The type of one field by the value of another.
struct DynamicType {
  std::size_t position = 0, reference = 0;
  std::map<std::string, std::string, std::less<>> datatypes;
};
struct ProfiledSegment {
  std::string id, name;
  std::vector<ProfiledElement> fields;
  std::vector<DynamicType> dynamic;
};
/// A segment or group of a message; positions are those of the children of a group, from 1.
struct ProfiledNode {
  bool is_group = false;
  std::string id;    ///< of the group, or of the segment's definition
  std::string name;  ///< "PATIENT", "PID"
  std::string usage;
  std::size_t min = 0, max = 1;
  std::vector<ProfiledNode> children;
};
struct ProfiledMessage {
  std::string type, event;
  ProfiledNode root;
};
struct ProfiledValueSet {
  std::map<std::string, char, std::less<>> values;  ///< usage: R, P, E (excluded)
  bool is_open = false;
};

struct ConformanceFinding {
  Severity severity = Severity::error;
  std::string category;  ///< "usage", "cardinality", "length", "value-set", "constraint", ...
  std::string path;      ///< "PID[1]-3[2].4"
  std::string text;      ///< holds no value of the message
};

/// An HL7 v2 conformance profile as the tools of NIST export it: Profile, Constraints, ValueSets.
/// Source: usnistgov/v2-validation, Profile.xsd, ConformanceContext.xsd, ValueSets.xsd.
/// DEVIATION: slicings, co-constraints, value set bindings in a file of their own, and plug-ins are
/// not obeyed; the last are told as not checked.
class Conformance {
 public:
  static constexpr std::size_t kFindingsMax = 10'000;

  /// Empty texts: that part is left out. Fails `malformed` or `invalid` at the place in the file.
  [[nodiscard]] static Result<Conformance> read(std::string profile, std::string constraints,
                                                std::string values);
  /// What stands against the message, in its order.
  [[nodiscard]] std::vector<ConformanceFinding> check(hl7v2::Message const& message) const;

 private:
  friend class ConformanceReader;
  friend class ConformanceCheck;
  std::vector<ProfiledMessage> messages_;
  std::map<std::string, ProfiledSegment, std::less<>> segments_;
  std::map<std::string, ProfiledDatatype, std::less<>> datatypes_;
  std::map<std::string, ProfiledValueSet, std::less<>> value_sets_;
  std::map<std::string, bool, std::less<>> not_validated_;
  Rules rules_;
};

}  // namespace sinew::contract
