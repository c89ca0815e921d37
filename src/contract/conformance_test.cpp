#include "contract/conformance.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

using namespace sinew;
using namespace sinew::contract;

namespace {

constexpr std::string_view kProfile = R"(<?xml version="1.0"?>
<ConformanceProfile ID="p">
 <Messages><Message ID="m1" Type="ORU" Event="R01" StructID="ORU_R01">
  <Segment Ref="MSH_1" Usage="R" Min="1" Max="1"/>
  <Group ID="g1" Name="PATIENT" Usage="R" Min="1" Max="1">
   <Segment Ref="PID_1" Usage="R" Min="1" Max="1"/>
   <Segment Ref="NTE_1" Usage="X" Min="0" Max="0"/>
  </Group>
  <Group ID="g2" Name="ORDER" Usage="R" Min="1" Max="*">
   <Segment Ref="OBR_1" Usage="R" Min="1" Max="1"/>
   <Segment Ref="NTE_1" Usage="O" Min="0" Max="2"/>
   <Group ID="g3" Name="OBSERVATION" Usage="RE" Min="0" Max="*">
    <Segment Ref="OBX_1" Usage="R" Min="1" Max="1"/>
    <Segment Ref="NTE_1" Usage="O" Min="0" Max="*"/>
   </Group>
  </Group>
 </Message></Messages>
 <Segments>
  <Segment ID="MSH_1" Name="MSH"/>
  <Segment ID="NTE_1" Name="NTE"><Field Name="Set ID" Usage="O" Datatype="SI" Min="0" Max="1" MinLength="NA" MaxLength="NA"/></Segment>
  <Segment ID="OBR_1" Name="OBR"><Field Name="Set ID" Usage="R" Datatype="SI" Min="1" Max="1" MinLength="1" MaxLength="4"/></Segment>
  <Segment ID="PID_1" Name="PID">
   <Field Name="Set ID" Usage="R" Datatype="SI" Min="1" Max="1" MinLength="1" MaxLength="4" ConstantValue="1"/>
   <Field Name="Patient ID" Usage="X" Datatype="ST" Min="0" Max="0" MinLength="NA" MaxLength="NA"/>
   <Field Name="Identifiers" Usage="R" Datatype="CX_1" Min="1" Max="2" MinLength="NA" MaxLength="NA"/>
   <Field Name="Alternate" Usage="O" Datatype="ST" Min="0" Max="1" MinLength="NA" MaxLength="NA" ConfLength="3#"/>
   <Field Name="Name" Usage="C" Datatype="ST" Min="0" Max="1" MinLength="NA" MaxLength="NA"/>
   <Field Name="Sex" Usage="RE" Datatype="IS" Min="0" Max="1" MinLength="1" MaxLength="1" Binding="HL70001" BindingStrength="R"/>
  </Segment>
  <Segment ID="OBX_1" Name="OBX">
   <DynamicMapping><Mapping Position="5" Reference="2"><Case Value="NM" Datatype="NM"/><Case Value="CX" Datatype="CX_1"/></Mapping></DynamicMapping>
   <Field Name="Set ID" Usage="R" Datatype="SI" Min="1" Max="1" MinLength="1" MaxLength="4"/>
   <Field Name="Type" Usage="RE" Datatype="ID" Min="0" Max="1" MinLength="2" MaxLength="3"/>
   <Field Name="Code" Usage="R" Datatype="CWE_1" Min="1" Max="1" MinLength="NA" MaxLength="NA" Binding="OPEN:HL70001" BindingStrength="R" BindingLocation="1:4"/>
   <Field Name="Sub" Usage="O" Datatype="ST" Min="0" Max="1" MinLength="NA" MaxLength="NA"/>
   <Field Name="Value" Usage="RE" Datatype="var" Min="0" Max="*" MinLength="NA" MaxLength="NA"/>
  </Segment>
 </Segments>
 <Datatypes>
  <Datatype ID="SI" Name="SI"/><Datatype ID="ST" Name="ST"/><Datatype ID="IS" Name="IS"/>
  <Datatype ID="ID" Name="ID"/><Datatype ID="NM" Name="NM"/><Datatype ID="var" Name="Varies"/>
  <Datatype ID="CX_1" Name="CX">
   <Component Name="ID" Usage="R" Datatype="ST" MinLength="1" MaxLength="5"/>
   <Component Name="Check" Usage="X" Datatype="ST" MinLength="NA" MaxLength="NA"/>
   <Component Name="Scheme" Usage="C" Datatype="ST" MinLength="NA" MaxLength="NA"/>
   <Component Name="Authority" Usage="O" Datatype="HD_1" MinLength="NA" MaxLength="NA"/>
  </Datatype>
  <Datatype ID="HD_1" Name="HD">
   <Component Name="Name" Usage="O" Datatype="IS" MinLength="1" MaxLength="20"/>
   <Component Name="ID" Usage="R" Datatype="ST" MinLength="1" MaxLength="199"/>
  </Datatype>
  <Datatype ID="CWE_1" Name="CWE">
   <Component Name="Code" Usage="RE" Datatype="ST" MinLength="1" MaxLength="20"/>
   <Component Name="Text" Usage="O" Datatype="ST" MinLength="NA" MaxLength="NA"/>
   <Component Name="System" Usage="O" Datatype="ID" MinLength="NA" MaxLength="NA"/>
   <Component Name="Alternate" Usage="O" Datatype="ST" MinLength="NA" MaxLength="NA"/>
  </Datatype>
 </Datatypes>
</ConformanceProfile>)";

constexpr std::string_view kValues = R"(<ValueSetLibrary ValueSetLibraryIdentifier="v">
 <NoValidation><BindingIdentifier>HL70002</BindingIdentifier></NoValidation>
 <ValueSetDefinitions>
  <ValueSetDefinition BindingIdentifier="HL70001" Extensibility="Closed"><ValueElement Value="F" Usage="R"/><ValueElement Value="M"/><ValueElement Value="U" Usage="E"/></ValueSetDefinition>
  <ValueSetDefinition BindingIdentifier="OPEN" Extensibility="Open"><ValueElement Value="A"/></ValueSetDefinition>
 </ValueSetDefinitions></ValueSetLibrary>)";

/// One constraint or predicate in a context.
std::string rules(std::string_view section, std::string_view context, std::string_view inside) {
  auto const kind = context.substr(0, context.find('/'));
  return fmt::format(
      "<ConformanceContext UUID='u'><{0}><{1}><ByID ID='{2}'>{3}</ByID></{1}></{0}>"
      "</ConformanceContext>",
      section, kind, context.substr(kind.size() + 1), inside);
}
std::string constraint(std::string_view context, std::string_view assertion) {
  return rules("Constraints", context,
               fmt::format("<Constraint ID='C-1' Strength='SHALL'><Description>d</Description>"
                           "<Assertion>{}</Assertion></Constraint>",
                           assertion));
}

struct Sent {
  std::string pid = "PID|1||12345^^S^AUTH&1.2.3~9||Name|F";
  std::string more = "";
};
std::string er7(Sent const& sent) {
  return "MSH|^~\\&|A|B|C|D|20260302||ORU^R01|1|P|2.5.1\r" + sent.pid + "\r" + sent.more +
         "OBR|1\rOBX|1|NM|A^text^L||5\r";
}

std::vector<std::string> findings(std::string const& text, std::string const& constraints = {}) {
  auto const profile = Conformance::read(std::string(kProfile), constraints, std::string(kValues));
  REQUIRE_MESSAGE(bool(profile), (profile ? "" : to_string(profile.error())));
  auto const message = hl7v2::parse_message(text);
  REQUIRE(message);
  std::vector<std::string> all;
  for (auto const& finding : profile->check(*message)) {
    auto const level = finding.severity == Severity::error     ? "E "
                       : finding.severity == Severity::warning ? "W "
                                                               : "I ";
    all.push_back(level + finding.category + " " + finding.path);
  }
  return all;
}

}  // namespace

TEST_CASE("a message that obeys its profile has no findings") { CHECK(findings(er7({})).empty()); }

TEST_CASE("each thing that a profile says of elements is checked, with the place") {
  struct {
    Sent sent;
    std::string finding;
  } const rows[] = {
      {{.pid = "PID|1|x|12345"}, "E usage PID[1]-2"},
      {{.pid = "PID|1"}, "E usage PID[1]-3"},
      {{.pid = "PID|2||1"}, "E constant PID[1]-1[1]"},
      {{.pid = "PID|1||1~2~3"}, "E cardinality PID[1]-3"},
      {{.pid = "PID|1||1~123456"}, "E length PID[1]-3[2].1"},
      {{.pid = "PID|1||^^S"}, "E usage PID[1]-3[1].1"},
      {{.pid = "PID|1||1^x"}, "E usage PID[1]-3[1].2"},
      {{.pid = "PID|1||1^^^AUTH"}, "E usage PID[1]-3[1].4.2"},
      {{.pid = "PID|1||1|long"}, "W length PID[1]-4[1]"},
      {{.pid = "PID|1||1|||X"}, "E value-set PID[1]-6[1]"},
      {{.pid = "PID|1||1|||U"}, "E value-set PID[1]-6[1]"},
      {{.pid = "PID|1||1|||F|more"}, "W structure PID[1]-7"},
      {{.more = "NTE|1\r"}, "E usage NTE[1]"},
      {{.more = "ZZZ|1\r"}, "E structure ZZZ[1]"},
      {{.more = "OBR|\r"}, "E usage OBR[1]-1"},
      {{.more = "OBR|1\rNTE|1\rNTE|2\rNTE|3\r"}, "E cardinality NTE[1]"},
      {{.more = "OBR|1\rOBX|1|ST|A||x\r"}, "E structure OBX[1]-2[1]"},
      {{.more = "OBR|1\rOBX|1|CX|A||1^x\r"}, "E usage OBX[1]-5[1].2"},
      {{.more = "OBR|1\rOBX|1|NM|Q||1\r"}, "W value-set OBX[1]-3[1].1"},  // one set is open
  };
  for (auto const& row : rows) {
    CAPTURE(row.finding);
    auto const all = findings(er7(row.sent));
    CAPTURE(fmt::format("{}", fmt::join(all, ", ")));
    CHECK(std::ranges::count(all, row.finding) == 1);
  }
  // The alternate code is one of the two places: no finding.
  CHECK(findings(er7({.more = "OBR|1\rOBX|1|NM|Q^^L^M||1\r"})).empty());
  // What is not said to be there is missing; what is null is there.
  CHECK(findings("MSH|^~\\&|A|B|C|D|20260302||ORU^R01|1|P|2.5.1\r").size() == 2);
  CHECK(findings(er7({.pid = "PID|1||\"\"|||\"\""})).empty());
  CHECK(findings("MSH|^~\\&|A|B|C|D|20260302||ADT^A01|1|P|2.5.1\r") ==
        std::vector<std::string>{"E structure MSH[1]-9[1]"});
}

TEST_CASE("every operation of an assertion") {
  struct {
    std::string_view assertion;
    std::string_view verdict;  // "": holds; E: fails; I: nobody knows
  } const rows[] = {
      // In PID: 1, 12345^^S^AUTH&1.2.3 and 9, Name, F
      {"<Presence Path='3[1]'/>", ""},
      {"<Presence Path='3[3]'/>", "E"},
      {"<Presence Path='3[*].4[1].2[1]'/>", ""},
      {"<PlainText Path='3[1].1[1]' Text='12345'/>", ""},
      {"<PlainText Path='3[*].1[1]' Text='12345'/>", "E"},
      {"<PlainText Path='3[*].1[1]' Text='12345' AtLeastOnce='true'/>", ""},
      {"<PlainText Path='5[1]' Text='NAME' IgnoreCase='true'/>", ""},
      {"<PlainText Path='5[1]' Text='NAME' IgnoreCase='false'/>", "E"},
      {"<PlainText Path='9[1]' Text='x'/>", ""},
      {"<PlainText Path='9[1]' Text='x' NotPresentBehavior='FAIL'/>", "E"},
      {"<PlainText Path='9[1]' Text='x' NotPresentBehavior='INCONCLUSIVE'/>", "I"},
      {"<Format Path='3[1].1[1]' Regex='^[0-9]{5}$'/>", ""},
      {"<Format Path='3[1].1[1]' Regex='[0-9]{4}'/>", "E"},
      {"<Format Path='3[1].1[1]' Regex='(?=x)'/>", "I"},
      {"<StringFormat Path='3[1].4[1].2[1]' Format='ISO'/>", ""},
      {"<StringList Path='6[1]' CSV='M, F'/>", ""},
      {"<StringList Path='6[1]' CSV='M,U'/>", "E"},
      {"<NumberList Path='3[2].1[1]' CSV='8, 9.0'/>", ""},
      {"<SimpleValue Path='3[2].1[1]' Operator='LT' Value='10' Type='Number'/>", ""},
      {"<SimpleValue Path='3[2].1[1]' Operator='LT' Value='10' Type='String'/>", "E"},
      {"<PathValue Path1='3[1].1[1]' Operator='GT' Path2='3[2].1[1]'/>", ""},
      {"<PathValue Path1='3[1].1[1]' Operator='EQ' Path2='9[1]'/>", "E"},
      {"<PathValue Path1='8[1]' Operator='EQ' Path2='9[1]'/>", ""},
      {"<ValueSet Path='6[1]' ValueSetID='HL70001' BindingStrength='R' BindingLocation='1'/>", ""},
      {"<ValueSet Path='6[1]' ValueSetID='NONE' BindingStrength='R' BindingLocation='1'/>", "I"},
      {"<NOT><Presence Path='9[1]'/></NOT>", ""},
      {"<AND><Presence Path='3[1]'/><Presence Path='9[1]'/></AND>", "E"},
      {"<OR><Presence Path='3[1]'/><Presence Path='9[1]'/></OR>", ""},
      {"<XOR><Presence Path='3[1]'/><Presence Path='5[1]'/></XOR>", "E"},
      {"<IMPLY><Presence Path='9[1]'/><Presence Path='8[1]'/></IMPLY>", ""},
      {"<IMPLY><Presence Path='3[1]'/><Presence Path='8[1]'/></IMPLY>", "E"},
      {"<FORALL><Presence Path='3[1]'/><Presence Path='5[1]'/><Presence Path='9[1]'/></FORALL>",
       "E"},
      {"<EXIST><Presence Path='8[1]'/><Presence Path='9[1]'/><Presence Path='5[1]'/></EXIST>", ""},
      {"<Plugin QualifiedClassName='x.Y'/>", "I"},
      {"<OR><Plugin QualifiedClassName='x.Y'/><Presence Path='3[1]'/></OR>", ""},
      {"<AND><Plugin QualifiedClassName='x.Y'/><Presence Path='9[1]'/></AND>", "E"},
      {"<NOT><Plugin QualifiedClassName='x.Y'/></NOT>", "I"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.assertion);
    auto const all = findings(er7({}), constraint("Segment/PID_1", row.assertion));
    std::vector<std::string> wanted;
    if (!row.verdict.empty()) wanted.push_back(std::string(row.verdict) + " constraint PID[1]");
    CHECK(fmt::format("{}", fmt::join(all, ", ")) == fmt::format("{}", fmt::join(wanted, ", ")));
  }
}

TEST_CASE("conditions say what becomes of a conditional element, from any context") {
  auto const predicate = [](std::string_view context, std::string_view target,
                            std::string_view condition) {
    return rules("Predicates", context,
                 fmt::format("<Predicate Target='{}' TrueUsage='R' FalseUsage='X'><Description>d"
                             "</Description><Condition>{}</Condition></Predicate>",
                             target, condition));
  };
  using Findings = std::vector<std::string>;
  auto const of_segment = predicate("Segment/PID_1", "5[1]", "<Presence Path='6[1]'/>");
  CHECK(findings(er7({}), of_segment).empty());
  CHECK(findings(er7({.pid = "PID|1||1|||F"}), of_segment) == Findings{"E usage PID[1]-5"});
  CHECK(findings(er7({.pid = "PID|1||1||Name"}), of_segment) == Findings{"E usage PID[1]-5"});
  auto const of_type = predicate("Datatype/CX_1", "3[1]", "<PlainText Path='1[1]' Text='9'/>");
  CHECK(findings(er7({}), of_type) == Findings{"E usage PID[1]-3[1].3", "E usage PID[1]-3[2].3"});
  // Of the message: PATIENT, its PID, its third field, all of them, the third component.
  auto const of_message =
      predicate("Message/m1", "2[1].1[1].3[*].3[1]", "<Presence Path='3[1].1[1]'/>");
  CHECK(findings(er7({}), of_message) == Findings{"E usage PID[1]-3[2].3"});
}

TEST_CASE("a set id is the number of its group among its like") {
  auto const rule = constraint("Group/g2", "<SetID Path='1[1].1[1]'/>");
  CHECK(findings(er7({}), rule).empty());
  CHECK(findings(er7({.more = "OBR|1\rOBX|1|NM|A||1\r"}), rule) ==
        std::vector<std::string>{"E constraint ORDER[2]"});  // 1 and 1
}

TEST_CASE("the delimiters are a value like others") {
  auto const rule = constraint("Segment/MSH_1", "<PlainText Path='2[1]' Text='^~\\&amp;'/>");
  CHECK(findings(er7({}), rule).empty());
}

TEST_CASE("what is no profile is refused, at the element") {
  auto const read = [](std::string profile, std::string constraints = {}) {
    auto const made = Conformance::read(std::move(profile), std::move(constraints), {});
    return made ? std::string() : to_string(made.error());
  };
  CHECK_FALSE(read("").empty());
  CHECK_FALSE(read("<ConformanceProfile/>").empty());
  CHECK_FALSE(read("<Other/>").empty());
  auto broken = std::string(kProfile);
  broken.replace(broken.find("Ref=\"PID_1\""), 11, "Ref=\"PID_9\"");
  CHECK(read(broken).find("PID_9") != std::string::npos);
  for (auto const* const assertion :
       {"", "<NOT/>", "<Presence Path='x'/>", "<Presence Path='0[1]'/>", "<Presence Path='1[0]'/>",
        "<IMPLY><Presence Path='1[1]'/></IMPLY>"}) {
    CAPTURE(assertion);
    CHECK_FALSE(read(std::string(kProfile), constraint("Segment/PID_1", assertion)).empty());
  }
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "<NOT>";
  deep += "<Presence Path='1[1]'/>";
  for (int i = 0; i < 1000; ++i) deep += "</NOT>";
  CHECK_FALSE(read(std::string(kProfile), constraint("Segment/PID_1", deep)).empty());
}
