#include "validate/validator.h"

#include <doctest/doctest.h>

namespace sinew::validate {
namespace {

json::Document parse(std::string_view text) {
  auto document = json::Document::parse(std::string(text));
  REQUIRE(document);
  return *std::move(document);
}

void add(Library& library, std::string_view text) {
  auto definition = read_definition(parse(text));
  REQUIRE(definition);
  library.add(*definition);
}

/// A profile by its differential alone. `elements` is the inside of the list.
void add_profile(Library& library, std::string_view name, std::string_view type,
                 std::string_view elements, std::string_view base = {}) {
  std::string const core = "http://hl7.org/fhir/StructureDefinition/";
  auto const on = base.empty() ? core + std::string(type) : std::string(base);
  add(library, R"({"resourceType":"StructureDefinition","url":"http://x/)" + std::string(name) +
                   R"(","version":"1.0.0","type":")" + std::string(type) +
                   R"(","derivation":"constraint","baseDefinition":")" + on +
                   R"(","differential":{"element":[)" + std::string(elements) + "]}}");
}

/// Errors and warnings as `location: text`, a line each.
std::string faults(Library const& library, std::string_view resource, std::string profile = {},
                   Severity least = Severity::error) {
  ValidatorOptions options;
  if (!profile.empty()) options.profiles.push_back("http://x/" + std::move(profile));
  auto const document = parse(resource);
  std::string out;
  for (auto const& finding : validate(document, library, options)) {
    if (finding.severity < least) continue;
    out += finding.location + ": " + finding.text + "\n";
  }
  return out;
}

std::string patient(std::string_view members) {
  return R"({"resourceType":"Patient",)" + std::string(members) + "}";
}

std::string observation(std::string_view members) {
  return R"({"resourceType":"Observation","status":"final","code":{"text":"x"},)" +
         std::string(members) + "}";
}

}  // namespace

TEST_CASE("cardinality, fixed values, patterns, limits and lengths of a differential") {
  Library library;
  add_profile(library, "p", "Patient", R"(
    {"path":"Patient.name","min":1,"max":"2"},
    {"path":"Patient.name.family","min":1,"maxLength":3},
    {"path":"Patient.photo","max":"0"},
    {"path":"Patient.active","fixedBoolean":true},
    {"path":"Patient.birthDate","minValueDate":"2000-01-01","maxValueDate":"2010"},
    {"path":"Patient.maritalStatus","patternCodeableConcept":{"coding":[{"code":"M"}]}})");
  struct {
    std::string_view members;
    std::string_view expected;
  } const rows[] = {
      {R"("name":[{"family":"Öst"}],"active":true,"birthDate":"2005")", ""},
      {R"("active":true)", "Patient: name: at least 1 expected, 0 found\n"},
      {R"("name":[{"family":"a"},{"family":"b"},{"family":"c"}])",
       "Patient: name: at most 2 expected, 3 found\n"},
      {R"("name":[{"family":"a"},{"given":["b"]}])",
       "Patient.name[1]: family: at least 1 expected, 0 found\n"},
      {R"("name":[{"family":"Östl"}])", "Patient.name[0].family: longer than 3 characters\n"},
      {R"("name":[{"family":"a"}],"photo":[{"title":"x"}])",
       "Patient: photo: at most 0 expected, 1 found\n"},
      {R"("name":[{"family":"a"}],"active":false)", "Patient.active: must be exactly true\n"},
      {R"("name":[{"family":"a"}],"birthDate":"1999-12-31")",
       "Patient.birthDate: must be at least \"2000-01-01\"\n"},
      {R"("name":[{"family":"a"}],"birthDate":"2011-01-01")",
       "Patient.birthDate: must be at most \"2010\"\n"},
      {R"("name":[{"family":"a"}],"maritalStatus":{"coding":[{"code":"S"},{"code":"M"}]})", ""},
      {R"("name":[{"family":"a"}],"maritalStatus":{"coding":[{"code":"S"}]})",
       "Patient.maritalStatus: must hold {\"coding\":[{\"code\":\"M\"}]}\n"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.members);
    CHECK(faults(library, patient(row.members), "p") == row.expected);
  }
}

TEST_CASE("a profile on a profile adds to it, and either may be asked for by meta.profile") {
  Library library;
  add_profile(library, "a", "Patient", R"({"path":"Patient.name","min":1})");
  add_profile(library, "b", "Patient", R"({"path":"Patient.birthDate","min":1})", "http://x/a");
  CHECK(faults(library, patient(R"("birthDate":"2001")"), "b") ==
        "Patient: name: at least 1 expected, 0 found\n");
  CHECK(faults(library,
               patient(R"("meta":{"profile":["http://x/b|1.0.0"]},"name":[{"text":"x"}])")) ==
        "Patient: birthDate: at least 1 expected, 0 found\n");
  CHECK(
      faults(library, patient(R"("meta":{"profile":["http://x/b|2.0.0"]})"), {}, Severity::warning)
          .starts_with("Patient: A resource") == false);
  add_profile(library, "orphan", "Patient", R"({"path":"Patient.name","min":1})", "http://y");
  CHECK(faults(library, patient(R"("name":[{"text":"x"}])"), "orphan", Severity::information)
            .find("its base is not known") != std::string::npos);
  CHECK(faults(library, patient(R"("active":true)"), "none") ==
        "Patient: profile http://x/none is not known\n");
  CHECK(faults(library, observation(R"("valueString":"x")"), "a") ==
        "Observation: profile http://x/a is about Patient\n");
}

TEST_CASE("a definition that is its own base is compiled without end") {
  Library library;
  add_profile(library, "c", "Patient", R"({"path":"Patient.name","min":1})", "http://x/d");
  add_profile(library, "d", "Patient", R"({"path":"Patient.photo","max":"0"})", "http://x/c");
  CHECK(faults(library, patient(R"("active":true)"), "c") ==
        "Patient: name: at least 1 expected, 0 found\n");
}

namespace {

constexpr std::string_view kComponents = R"(
  {"path":"Observation.component","min":2,"slicing":{"rules":"RULES","ordered":ORDERED,
    "discriminator":[{"type":"pattern","path":"code"}]}},
  {"id":"Observation.component:sys","path":"Observation.component","sliceName":"sys","min":1,"max":"1"},
  {"id":"Observation.component:sys.code","path":"Observation.component.code",
    "patternCodeableConcept":{"coding":[{"code":"8480-6"}]}},
  {"id":"Observation.component:sys.value[x]","path":"Observation.component.value[x]","min":1,
    "type":[{"code":"Quantity"}]},
  {"id":"Observation.component:dia","path":"Observation.component","sliceName":"dia","max":"1"},
  {"id":"Observation.component:dia.code","path":"Observation.component.code",
    "patternCodeableConcept":{"coding":[{"code":"8462-4"}]}})";

std::string with_rules(std::string_view rules, std::string_view ordered) {
  std::string text(kComponents);
  text.replace(text.find("RULES"), 5, rules);
  text.replace(text.find("ORDERED"), 7, ordered);
  return text;
}

std::string component(std::string_view code, std::string_view value) {
  return R"({"code":{"coding":[{"code":")" + std::string(code) + R"("}]},)" + std::string(value) +
         "}";
}

constexpr std::string_view kQuantity = R"("valueQuantity":{"value":1})";

std::string components(std::initializer_list<std::string> list) {
  std::string inside;
  for (auto const& one : list) inside += (inside.empty() ? "" : ",") + one;
  return observation(R"("component":[)" + inside + "]");
}

}  // namespace

TEST_CASE("slices by pattern: limits, types, closed, open at the end, ordered") {
  Library library;
  add_profile(library, "open", "Observation", with_rules("open", "false"));
  add_profile(library, "closed", "Observation", with_rules("closed", "false"));
  add_profile(library, "end", "Observation", with_rules("openAtEnd", "false"));
  add_profile(library, "ordered", "Observation", with_rules("open", "true"));
  auto const sys = component("8480-6", kQuantity);
  auto const dia = component("8462-4", kQuantity);
  auto const other = component("1", kQuantity);
  auto const empty_sys = component("8480-6", R"("valueString":"x")");
  struct {
    std::string resource, profile, expected;
  } const rows[] = {
      {components({sys, dia, other}), "open", ""},
      {components({dia, other}), "open",
       "Observation: component:sys: at least 1 expected, 0 found\n"},
      {components({sys}), "open", "Observation: component: at least 2 expected, 1 found\n"},
      {components({sys, dia, dia}), "open",
       "Observation: component:dia: at most 1 expected, 2 found\n"},
      {components({empty_sys, dia}), "open",
       "Observation.component[0].value: may not be of type string\n"},
      {components({sys, dia, other}), "closed",
       "Observation.component[2]: is none of the slices allowed\n"},
      {components({sys, dia, other}), "end", ""},
      {components({sys, other, dia}), "end",
       "Observation.component[2]: slice dia is out of order\n"},
      {components({sys, other, dia}), "ordered", ""},
      {components({dia, sys}), "ordered", "Observation.component[1]: slice sys is out of order\n"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.resource);
    CAPTURE(row.profile);
    CHECK(faults(library, row.resource, row.profile) == row.expected);
  }
}

TEST_CASE("slices by type, by existence, by what a reference resolves to, and by extension") {
  Library library;
  add_profile(library, "type", "Observation", R"(
    {"path":"Observation.value[x]","slicing":{"rules":"closed",
      "discriminator":[{"type":"type","path":"$this"}]}},
    {"id":"Observation.value[x]:valueString","path":"Observation.value[x]","sliceName":"valueString",
      "type":[{"code":"string"}],"maxLength":2})");
  CHECK(faults(library, observation(R"("valueString":"ab")"), "type").empty());
  CHECK(faults(library, observation(R"("valueString":"abc")"), "type") ==
        "Observation.value: longer than 2 characters\n");
  CHECK(faults(library, observation(R"("valueInteger":1)"), "type") ==
        "Observation.value: is none of the slices allowed\n");

  add_profile(library, "shortcut", "Observation",
              R"({"path":"Observation.valueString","maxLength":2})");
  CHECK(faults(library, observation(R"("valueString":"abc")"), "shortcut") ==
        "Observation.value: longer than 2 characters\n");
  CHECK(faults(library, observation(R"("valueInteger":1)"), "shortcut").empty());

  add_profile(library, "exists", "Patient", R"(
    {"path":"Patient.identifier","slicing":{"rules":"open",
      "discriminator":[{"type":"exists","path":"period"}]}},
    {"id":"Patient.identifier:old","path":"Patient.identifier","sliceName":"old","max":"1"},
    {"id":"Patient.identifier:old.period","path":"Patient.identifier.period","min":1},
    {"id":"Patient.identifier:now","path":"Patient.identifier","sliceName":"now","min":1},
    {"id":"Patient.identifier:now.period","path":"Patient.identifier.period","max":"0"})");
  constexpr std::string_view kOld = R"({"value":"1","period":{"start":"2001"}})";
  auto const both = [&](std::string_view more) {
    return patient(R"("identifier":[)" + std::string(kOld) + std::string(more) + "]");
  };
  CHECK(faults(library, both(R"(,{"value":"2"})"), "exists").empty());
  CHECK(faults(library, both(""), "exists") ==
        "Patient: identifier:now: at least 1 expected, 0 found\n");
  CHECK(faults(library, both(R"(,{"value":"2"},)" + std::string(kOld)), "exists") ==
        "Patient: identifier:old: at most 1 expected, 2 found\n");

  add_profile(library, "resolve", "Observation", R"j(
    {"path":"Observation.performer","slicing":{"rules":"open",
      "discriminator":[{"type":"type","path":"resolve()"
}]
}
},
    {"id":"Observation.performer:org","path":"Observation.performer","sliceName":"org","min":1,
      "type":[{"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Organization"]}]})j");
  CHECK(faults(library, observation(R"("performer":[{"reference":"Organization/1"}])"), "resolve")
            .empty());
  CHECK(faults(library, observation(R"("performer":[{"reference":"Patient/1"}])"), "resolve") ==
        "Observation: performer:org: at least 1 expected, 0 found\n");

  add_profile(library, "by-extension", "Patient", R"(
    {"path":"Patient.telecom","slicing":{"rules":"open",
      "discriminator":[{"type":"value","path":"extension('http://e').value"}]}},
    {"id":"Patient.telecom:a","path":"Patient.telecom","sliceName":"a","min":1},
    {"id":"Patient.telecom:a.extension:e","path":"Patient.telecom.extension","sliceName":"e","min":1},
    {"id":"Patient.telecom:a.extension:e.url","path":"Patient.telecom.extension.url","fixedUri":"http://e"},
    {"id":"Patient.telecom:a.extension:e.value[x]","path":"Patient.telecom.extension.value[x]",
      "fixedCode":"yes"})");
  auto const telecom = [](std::string_view code) {
    return patient(R"("telecom":[{"extension":[{"url":"http://e","valueCode":")" +
                   std::string(code) + R"("}],"rank":1}])");
  };
  CHECK(faults(library, telecom("yes"), "by-extension").empty());
  CHECK(faults(library, telecom("no"), "by-extension") ==
        "Patient: telecom:a: at least 1 expected, 0 found\n");
}

TEST_CASE("a slice is sliced again") {
  Library library;
  add_profile(library, "base", "Patient", R"(
    {"path":"Patient.identifier","slicing":{"rules":"open",
      "discriminator":[{"type":"value","path":"system"}]}},
    {"id":"Patient.identifier:mrn","path":"Patient.identifier","sliceName":"mrn","min":1},
    {"id":"Patient.identifier:mrn.system","path":"Patient.identifier.system","fixedUri":"http://mrn"})");
  add_profile(library, "again", "Patient", R"(
    {"id":"Patient.identifier:mrn","path":"Patient.identifier","sliceName":"mrn",
      "slicing":{"rules":"open","discriminator":[{"type":"value","path":"use"}]}},
    {"id":"Patient.identifier:mrn/old","path":"Patient.identifier","sliceName":"mrn/old","max":"0"},
    {"id":"Patient.identifier:mrn/old.use","path":"Patient.identifier.use","fixedCode":"old"})",
              "http://x/base");
  auto const with = [](std::string_view use) {
    return patient(R"("identifier":[{"system":"http://mrn","use":")" + std::string(use) + R"("}])");
  };
  CHECK(faults(library, with("usual"), "again").empty());
  CHECK(faults(library, with("old"), "base").empty());
  CHECK(faults(library, with("old"), "again") ==
        "Patient: identifier:mrn/old: at most 0 expected, 1 found\n");
  CHECK(faults(library, patient(R"("active":true)"), "again") ==
        "Patient: identifier:mrn: at least 1 expected, 0 found\n");
}

TEST_CASE("invariants of R4 and of profiles, with their severity, place and key") {
  Library library;
  add_profile(library, "inv", "Patient", R"j(
    {"path":"Patient","constraint":[{"key":"x-1","severity":"warning","human":"be named",
      "expression":"name.exists()"
}]
},
    {"path":"Patient.name","constraint":[{"key":"x-2","severity":"error","human":"be short",
      "expression":"family.length() < 5 or %resource.active.exists()"}]})j");
  auto const document =
      parse("{\"resourceType\":\"Patient\",\n \"name\":[{\"family\":\"Newton\"}]}");
  ValidatorOptions options;
  options.profiles = {"http://x/inv"};
  std::vector<Finding> errors;
  for (auto& finding : validate(document, library, options)) {
    if (finding.severity == Severity::error) errors.push_back(finding);
  }
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].key == "x-2");
  CHECK(errors[0].code == FindingCode::invariant);
  CHECK(errors[0].location == "Patient.name[0]");
  CHECK(errors[0].line == 2);
  CHECK(errors[0].column == 10);
  CHECK(errors[0].profile == "http://x/inv|1.0.0");
  CHECK(faults(library, patient(R"("active":true,"name":[{"family":"Newton"}])"), "inv").empty());
  CHECK(faults(library, patient(R"("active":true)"), "inv", Severity::warning)
            .find("Patient: x-1: be named\n") != std::string::npos);
  // R4's own: of a backbone, of a data type, of a resource, of an element.
  CHECK(faults(library, patient(R"("contact":[{"gender":"male"}])"))
            .starts_with("Patient.contact[0]: pat-1: "));
  CHECK(faults(library, patient(R"("telecom":[{"value":"1"}])"))
            .starts_with("Patient.telecom[0]: cpt-2: "));
  CHECK(faults(library, observation(R"("valueString":"x","dataAbsentReason":{"text":"y"})"))
            .starts_with("Observation: obs-6: "));
  CHECK(
      faults(
          library,
          patient(
              R"("text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>x</script></div>"})"))
          .find("Patient.text.div: txt-1: ") == 0);
}

TEST_CASE("bindings: required, extensible, and what cannot be enumerated") {
  Library library;
  add(library, R"({"resourceType":"CodeSystem","url":"http://cs","content":"complete","concept":[
    {"code":"a","concept":[{"code":"b","concept":[{"code":"c"}]}]},{"code":"z"}]})");
  add(library, R"({"resourceType":"ValueSet","url":"http://vs/all","compose":{
    "include":[{"system":"http://cs"}],"exclude":[{"system":"http://cs","concept":[{"code":"z"}]}]}})");
  add(library, R"({"resourceType":"ValueSet","url":"http://vs/below","compose":{"include":[
    {"system":"http://cs","filter":[{"property":"concept","op":"descendent-of","value":"a"}]}]}})");
  add(library, R"({"resourceType":"ValueSet","url":"http://vs/import","compose":{"include":[
    {"valueSet":["http://vs/all","http://vs/below"]}]}})");
  add(library, R"({"resourceType":"ValueSet","url":"http://vs/open","compose":{"include":[
    {"system":"http://elsewhere"}]}})");
  add(library, R"({"resourceType":"ValueSet","url":"http://vs/self","compose":{"include":[
    {"valueSet":["http://vs/self"]},{"valueSet":["http://vs/self"]}]}})");
  struct {
    std::string_view set, system, code;
    Membership expected;
  } const rows[] = {
      {"all", "http://cs", "c", Membership::yes},
      {"all", "http://cs", "z", Membership::no},
      {"all", "http://cs", "q", Membership::no},
      {"all", "http://other", "a", Membership::no},
      {"below", "http://cs", "a", Membership::no},
      {"below", "http://cs", "c", Membership::yes},
      {"import", "http://cs", "b", Membership::yes},
      {"import", "http://cs", "a", Membership::no},
      {"open", "http://cs", "a", Membership::no},
      {"open", "http://elsewhere", "a", Membership::unknown},
      {"self", "http://cs", "a", Membership::unknown},
      {"none", "http://cs", "a", Membership::unknown},
  };
  for (auto const& row : rows) {
    CAPTURE(row.set);
    CAPTURE(row.code);
    CHECK(library.membership("http://vs/" + std::string(row.set), {row.system, row.code, true}) ==
          row.expected);
  }
  auto const& gender = "http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1";
  CHECK(library.membership(gender, {{}, "male", false}) == Membership::yes);
  CHECK(library.membership(gender, {{}, "m", false}) == Membership::no);

  add_profile(library, "bound", "Observation", R"(
    {"path":"Observation.code","binding":{"strength":"required","valueSet":"http://vs/all"}},
    {"path":"Observation.method","binding":{"strength":"extensible","valueSet":"http://vs/all"}},
    {"path":"Observation.bodySite","binding":{"strength":"required","valueSet":"http://vs/open"}})");
  auto const with = [](std::string_view code, std::string_view more) {
    return R"({"resourceType":"Observation","status":"final","code":{"coding":[{"system":"http://cs","code":")" +
           std::string(code) + "\"}]}" + std::string(more) + "}";
  };
  CHECK(faults(library, with("a", ""), "bound").empty());
  CHECK(faults(library, with("z", ""), "bound") ==
        "Observation.code: no code from value set http://vs/all\n");
  auto const method = R"(,"method":{"coding":[{"system":"http://o","code":"a"}]})";
  CHECK(faults(library, with("a", method), "bound").empty());
  CHECK(faults(library, with("a", method), "bound", Severity::warning)
            .find("Observation.method: no code from value set") != std::string::npos);
  auto const site = R"(,"bodySite":{"coding":[{"system":"http://elsewhere","code":"a"}]})";
  CHECK(faults(library, with("a", site), "bound").empty());
  CHECK(faults(library, with("a", site), "bound", Severity::information)
            .find("Observation.bodySite: not checked against value set") != std::string::npos);
}

TEST_CASE("a code has to be of its system, where a package holds the whole of it") {
  Library library;
  add(library, R"({"resourceType":"CodeSystem","url":"http://cs","content":"complete",
    "caseSensitive":true,"concept":[{"code":"a","concept":[{"code":"b"}]}]})");
  add(library, R"({"resourceType":"CodeSystem","url":"http://ci","content":"complete",
    "caseSensitive":false,"concept":[{"code":"Ab"}]})");
  add(library, R"({"resourceType":"CodeSystem","url":"http://part","content":"fragment",
    "concept":[{"code":"a"}]})");
  add(library, R"({"resourceType":"CodeSystem","url":"http://extra","content":"supplement"})");
  struct {
    std::string_view system, code;
    bool is_good;
  } const rows[] = {
      {"http://cs", "b", true},   {"http://cs", "B", false},    {"http://cs", "c", false},
      {"http://ci", "aB", true},  {"http://ci", "ac", false},   {"http://part", "z", true},
      {"http://none", "z", true}, {"http://extra", "a", false},
  };
  for (auto const& row : rows) {
    CAPTURE(row.system);
    CAPTURE(row.code);
    auto const text = R"("maritalStatus":{"coding":[{"system":")" + std::string(row.system) +
                      R"(","code":")" + std::string(row.code) + R"("}]})";
    CHECK(faults(library, patient(text)).empty() == row.is_good);
  }
}

TEST_CASE("the size of an attachment is that of its data") {
  Library const library;
  auto const photo = [](std::string_view size) {
    return patient(R"("photo":[{"contentType":"image/png","data":"YWJj\nZGU=","size":)" +
                   std::string(size) + "}]");
  };
  CHECK(faults(library, photo("5")).empty());
  CHECK(faults(library, photo("6")) == "Patient.photo[0]: size is not that of the data\n");
}

TEST_CASE("extensions by their definitions: values, context, modifiers, unknown ones") {
  Library library;
  add(library,
      R"({"resourceType":"StructureDefinition","url":"http://x/e","version":"1","type":"Extension",
    "context":[{"type":"element","expression":"Patient"},{"type":"element","expression":"HumanName.family"}],
    "baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension","differential":{"element":[
    {"path":"Extension.extension","max":"0"},{"path":"Extension.url","fixedUri":"http://x/e"},
    {"path":"Extension.value[x]","min":1,"type":[{"code":"string"}],"maxLength":2}]}})");
  auto const extension = [](std::string_view value) {
    return R"("extension":[{"url":"http://x/e",)" + std::string(value) + "}]";
  };
  CHECK(faults(library, patient(extension(R"("valueString":"ab")"))).empty());
  CHECK(faults(library, patient(extension(R"("valueString":"abc")"))) ==
        "Patient.extension[0].value: longer than 2 characters\n");
  CHECK(faults(library, patient(extension(R"("valueInteger":1)"))) ==
        "Patient.extension[0].value: may not be of type integer\n");
  CHECK(faults(library,
               patient(R"("name":[{"_family":{)" + extension(R"("valueString":"a")") + "}}]"))
            .empty());
  CHECK(faults(library,
               patient(R"("name":[{"text":"x",)" + extension(R"("valueString":"a")") + "}]")) ==
        "Patient.name[0].extension[0]: extension http://x/e has no place here\n");
  CHECK(faults(library, patient(R"("extension":[{"url":"http://y","valueString":"a"}])"), {},
               Severity::warning)
            .find("Patient.extension[0]: extension http://y is not known\n") != std::string::npos);
  CHECK(faults(library, patient(R"("modifierExtension":[{"url":"http://y","valueString":"a"}])")) ==
        "Patient.modifierExtension[0]: extension http://y is not known, and it changes the meaning "
        "of what holds it\n");
  CHECK(
      faults(library, patient(R"("modifierExtension":[{"url":"http://x/e","valueString":"a"}])")) ==
      "Patient.modifierExtension[0]: an extension that modifies nothing stands in "
      "modifierExtension\n");
}

TEST_CASE("answers are those that the questionnaire asks for") {
  Library library;
  add(library, R"({"resourceType":"Questionnaire","url":"http://q","status":"active","item":[
    {"linkId":"smokes","type":"boolean","required":true},
    {"linkId":"packs","type":"integer","maxLength":2,
      "extension":[{"url":"http://hl7.org/fhir/StructureDefinition/maxValue","valueInteger":9}],
      "enableWhen":[{"question":"smokes","operator":"=","answerBoolean":true}]},
    {"linkId":"group","type":"group","item":[{"linkId":"kind","type":"choice","repeats":true,
      "answerOption":[{"valueCoding":{"code":"a"}},{"valueCoding":{"code":"b"}}]}]}]})");
  auto const response = [](std::string_view items, std::string_view status = "completed") {
    return R"({"resourceType":"QuestionnaireResponse","questionnaire":"http://q","status":")" +
           std::string(status) + R"(","item":[)" + std::string(items) + "]}";
  };
  std::string const yes = R"({"linkId":"smokes","answer":[{"valueBoolean":true}]})";
  std::string const no = R"({"linkId":"smokes","answer":[{"valueBoolean":false}]})";
  auto const packs = [](std::string_view answer) {
    return R"(,{"linkId":"packs","answer":[{)" + std::string(answer) + "}]}";
  };
  auto const kind = [](std::string_view codes) {
    return R"(,{"linkId":"group","item":[{"linkId":"kind","answer":[)" + std::string(codes) +
           "]}]}";
  };
  struct {
    std::string items, expected;
  } const rows[] = {
      {yes + packs(R"("valueInteger":3)"), ""},
      {no, ""},
      {no + packs(R"("valueInteger":3)"),
       "QuestionnaireResponse.item[1]: an item that is not enabled has answers\n"},
      {yes + packs(R"("valueInteger":10)"),
       "QuestionnaireResponse.item[1].answer[0].value: the answer is above the greatest one "
       "allowed\n"},
      {yes + packs(R"("valueString":"3")"),
       "QuestionnaireResponse.item[1].answer[0].value: the answer may not be of type string\n"},
      {R"({"linkId":"group"})", "QuestionnaireResponse: no answer to required item smokes\n"},
      {yes + "," + no, "QuestionnaireResponse.item[1]: an item may stand here once\n"},
      {yes + R"(,{"linkId":"other"})",
       "QuestionnaireResponse.item[1]: the questionnaire has no item with this linkId\n"},
      {yes + R"(,{"linkId":"kind"})",
       "QuestionnaireResponse.item[1]: the questionnaire has this item at another place\n"},
      {yes + kind(R"({"valueCoding":{"code":"a"}},{"valueCoding":{"code":"b"}})"), ""},
      {yes + kind(R"({"valueCoding":{"code":"c"}})"),
       "QuestionnaireResponse.item[1].item[0].answer[0].value: the answer is none of the "
       "options\n"},
      {R"({"linkId":"smokes","answer":[{"valueBoolean":true},{"valueBoolean":true}]})",
       "QuestionnaireResponse.item[0]: more answers than the questionnaire allows\n"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.items);
    CHECK(faults(library, response(row.items)) == row.expected);
  }
  CHECK(faults(library, response(R"({"linkId":"group"})", "in-progress")).empty());
}

TEST_CASE("references: targets by type, and by profile within a Bundle and contained") {
  Library library;
  add_profile(library, "named", "Patient", R"({"path":"Patient.name","min":1})");
  add_profile(library, "ref", "Observation", R"(
    {"path":"Observation.subject","type":[{"code":"Reference","targetProfile":["http://x/named"]}]})");
  CHECK(faults(library, observation(R"("subject":{"reference":"Patient/1"})"), "ref").empty());
  auto const group = observation(R"("subject":{"reference":"Group/1"})");
  CHECK(faults(library, group, "ref").empty());  // what is there may be something else
  CHECK(faults(library, group, "ref", Severity::warning)
            .find("Observation.subject: may not refer to a Group\n") != std::string::npos);
  ValidatorOptions sure;
  sure.profiles = {"http://x/ref"};
  sure.trust_reference_urls = true;
  CHECK(has_error(validate(parse(group), library, sure)));
  auto const contained = [](std::string_view name) {
    return observation(
        R"("subject":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p",)" +
        std::string(name) + "}]");
  };
  CHECK(faults(library, contained(R"("name":[{"text":"x"}])"), "ref").empty());
  CHECK(faults(library, contained(R"("active":true)"), "ref") ==
        "Observation.subject: what it refers to obeys none of the profiles it has to, such as "
        "http://x/named\n");
  auto const bundle = [](std::string_view reference, std::string_view name) {
    return R"({"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://h/fhir/Patient/1",
      "resource":{"resourceType":"Patient","id":"1",)" +
           std::string(name) + R"(}},
      {"fullUrl":"http://h/fhir/Observation/2","resource":{"resourceType":"Observation","id":"2",
      "meta":{"profile":["http://x/ref"]},"status":"final","code":{"text":"x"},"subject":{"reference":")" +
           std::string(reference) + R"("}}}]})";
  };
  CHECK(faults(library, bundle("Patient/1", R"("name":[{"text":"x"}])")).empty());
  for (auto const* reference : {"Patient/1", "http://h/fhir/Patient/1", "Patient/1/_history/3"}) {
    CHECK(faults(library, bundle(reference, R"("active":true)")) ==
          "Bundle.entry[1].resource.subject: what it refers to obeys none of the profiles it has "
          "to, such as http://x/named\n");
  }
}

TEST_CASE("two resources that refer to each other are asked about once") {
  Library library;
  add_profile(library, "link", "Patient", R"(
    {"path":"Patient.link.other","type":[{"code":"Reference","targetProfile":["http://x/link"]}]},
    {"path":"Patient.name","min":1})");
  auto const entry = [](int id, int other, std::string_view name) {
    return R"({"fullUrl":"http://h/Patient/)" + std::to_string(id) +
           R"(","resource":{"resourceType":"Patient","id":")" + std::to_string(id) +
           R"(","meta":{"profile":["http://x/link"]},)" + std::string(name) +
           R"("link":[{"type":"seealso","other":{"reference":"Patient/)" + std::to_string(other) +
           R"("}}]}})";
  };
  std::string_view const named = R"("name":[{"text":"x"}],)";
  auto const head = std::string(R"({"resourceType":"Bundle","type":"collection","entry":[)");
  CHECK(faults(library, head + entry(1, 2, named) + "," + entry(2, 1, named) + "]}").empty());
  CHECK_FALSE(faults(library, head + entry(1, 2, named) + "," + entry(2, 1, "") + "]}").empty());
}

TEST_CASE("an OperationOutcome is a valid resource and holds place, profile and key") {
  Finding finding;
  finding.text = "bad \"thing\"";
  finding.location = "Patient.name[0]";
  finding.line = 3;
  finding.column = 7;
  finding.profile = "http://x/p|1";
  finding.key = "x-1";
  Library const library;
  for (auto const& text : {outcome_json({finding}), outcome_json({})}) {
    CHECK(faults(library, text).empty());
  }
  auto const outcome = parse(outcome_json({finding}));
  auto const issue = outcome.root()["issue"].at(0);
  CHECK(issue["severity"].text() == "error");
  CHECK(issue["expression"].at(0).text() == "Patient.name[0]");
  CHECK(issue["diagnostics"].text() == "http://x/p|1#x-1");
  CHECK(issue["extension"].at(0)["valueInteger"].raw() == "3");
}

}  // namespace sinew::validate
