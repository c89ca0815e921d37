// Rules that neither the element tables nor invariants hold: each with what obeys and what breaks
// it.

#include <doctest/doctest.h>

#include <algorithm>

#include "validate/validator.h"

namespace sinew::validate {
namespace {

/// The library and the options of a row; `{}` is what everybody gets.
struct Setting {
  std::vector<std::string> definitions;
  ValidatorOptions options;
};

/// The errors, or with `least` what is at least as bad.
std::string faults(std::string_view resource, Setting const& setting = {},
                   Severity least = Severity::error) {
  Library library;
  for (auto const& text : setting.definitions) {
    auto definition = read_definition(*json::Document::parse(text));
    REQUIRE(definition);
    library.add(*definition);
  }
  auto const document = json::Document::parse(std::string(resource));
  REQUIRE(document);
  std::string out;
  for (auto const& finding : validate(*document, library, setting.options)) {
    if (finding.severity >= least) out += finding.location + ": " + finding.text + "\n";
  }
  return out;
}

std::string profile_of(std::string_view elements) {
  return R"({"resourceType":"StructureDefinition","url":"http://x/p","type":"Patient",
    "derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient",
    "differential":{"element":[)" +
         std::string(elements) + "]}}";
}

Setting with_profile(std::string_view elements) {
  Setting setting{{profile_of(elements)}, {}};
  setting.options.profiles = {"http://x/p"};
  return setting;
}

std::string patient(std::string_view members) {
  return R"({"resourceType":"Patient",)" + std::string(members) + "}";
}

constexpr auto kColours = R"({"resourceType":"CodeSystem","url":"http://x/colours",
  "content":"complete","concept":[{"code":"r","display":"Red","designation":[
  {"language":"de","value":"Rot"}]},{"code":"g","display":"Green"},{"code":"x"}]})";

std::string marital(std::string_view coding) {
  return patient(R"("maritalStatus":{"coding":[{)" + std::string(coding) + "}]}");
}

}  // namespace

TEST_CASE("a display is one of the names of its code, in any language and case") {
  Setting setting{{kColours}, {}};
  auto const of = [&](std::string_view display, Severity severity) {
    setting.options.wrong_display = severity;
    return faults(marital(R"("system":"http://x/colours","code":"r","display":")" +
                          std::string(display) + "\""),
                  setting);
  };
  CHECK(of("Red", Severity::error).empty());
  CHECK(of("RED", Severity::error).empty());
  CHECK(of("Rot", Severity::error).empty());
  CHECK(of(" red ", Severity::error).empty());
  CHECK(of("", Severity::warning).find("code") == std::string::npos);
  CHECK(of("Green", Severity::error).find("not called this, but \"Red\"") != std::string::npos);
  CHECK(of("Green", Severity::warning).empty());
  CHECK(faults(marital(R"("system":"http://x/colours","code":"x","display":"Any")"), setting)
            .empty());
}

TEST_CASE("the system of a Coding is a code system, and absolute") {
  Setting const setting{{R"({"resourceType":"ValueSet","url":"http://x/set","compose":{"include":[
            {"system":"http://x/colours"}]}})",
                         R"({"resourceType":"CodeSystem","url":"http://x/more","content":"complete",
           "supplements":"http://x/colours","concept":[{"code":"r"}]})"},
                        {}};
  struct {
    std::string coding, expected;
  } const rows[] = {
      {R"("system":"http://elsewhere","code":"r")", ""},
      {R"("system":"colours","code":"r")", "absolute"},
      {R"("system":"http://x/set","code":"r")", "value set, not a code system"},
      {R"("system":"http://x/more","code":"r")", "supplement"},
      {R"("system":"http://snomed.info/sct","code":"36629006")", ""},
      {R"("system":"http://snomed.info/sct","code":"married")", "no code of this form"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.coding);
    auto const said = faults(marital(row.coding), setting);
    CHECK(said.empty() == row.expected.empty());
    CHECK(said.find(row.expected) != std::string::npos);
  }
}

TEST_CASE("a required code is there, unless another version carries it") {
  auto const gender = [](std::string_view url) {
    return patient(R"("_gender":{"extension":[{"url":")" + std::string(url) +
                   R"(","valueCode":"unknown"}]})");
  };
  CHECK(faults(gender("http://hl7.org/fhir/StructureDefinition/data-absent-reason"))
            .find("Patient.gender: a code has to be here") != std::string::npos);
  CHECK(faults(gender("http://hl7.org/fhir/5.0/StructureDefinition/extension-Patient.gender"))
            .empty());
}

TEST_CASE("what a value set leaves open is no error; case counts where the code system says so") {
  auto const with_set = [](std::string_view set, std::string_view system) {
    auto setting = with_profile(
        R"({"path":"Patient.maritalStatus","binding":{"strength":"required",
            "valueSet":"http://x/set"}})");
    setting.definitions.push_back(R"({"resourceType":"ValueSet","url":"http://x/set",)" +
                                  std::string(set) + "}");
    setting.definitions.emplace_back(system);
    return setting;
  };
  auto const red = marital(R"("system":"http://x/colours","code":"r")");
  auto const grey = marital(R"("system":"http://x/greys","code":"1")");
  auto const loud = marital(R"("system":"http://x/colours","code":"R")");
  auto const part = with_set(R"("expansion":{"total":7,"contains":[
    {"system":"http://x/colours","code":"g"}]})",
                             kColours);
  CHECK(faults(red, part).empty());
  CHECK(faults(grey, part).empty());
  CHECK(faults(grey, part, Severity::information).find("not checked") != std::string::npos);
  auto const whole = with_set(R"("expansion":{"total":1,"contains":[
    {"system":"http://x/colours","code":"g"}]})",
                              kColours);
  CHECK_FALSE(faults(red, whole).empty());
  auto const all = with_set(R"("compose":{"include":[{"system":"http://x/colours"}]})", kColours);
  CHECK(faults(red, all).empty());
  CHECK_FALSE(faults(loud, all).empty());
  auto system = std::string(kColours);
  system.insert(1, R"("caseSensitive":false,)");
  auto const any = with_set(R"("compose":{"include":[{"system":"http://x/colours"}]})", system);
  CHECK(faults(loud, any).empty());
  CHECK_FALSE(faults(grey, any).empty());
  auto const but = with_set(R"("compose":{"include":[{"system":"http://x/colours"}],
    "exclude":[{"system":"http://x/colours","concept":[{"code":"R"}]}]})",
                            system);
  CHECK_FALSE(faults(red, but).empty());
}

TEST_CASE("markup in strings is refused where it is asked for") {
  auto const name = [](std::string_view text) {
    return patient(R"("name":[{"text":")" + std::string(text) + R"("}])");
  };
  Setting secure;
  secure.options.refuse_html = true;
  for (auto const* const bad : {"<script>", "a <b>b</b>", "x</p>", "<!-- -->", "<a href='x'>"}) {
    CAPTURE(bad);
    CHECK(faults(name(bad)).empty());
    CHECK_FALSE(faults(name(bad), secure).empty());
  }
  for (auto const* const good : {"1 < 2", "a<1", "<", "x >y", "<3"}) {
    CAPTURE(good);
    CHECK(faults(name(good), secure).empty());
  }
}

TEST_CASE("a urn:uuid is a UUID; capitals are a warning") {
  auto const url = [](std::string_view uuid) {
    return R"({"resourceType":"ValueSet","status":"draft","url":"urn:uuid:)" + std::string(uuid) +
           "\"}";
  };
  CHECK(faults(url("c757873d-ec9a-4326-a141-556f43239520")).empty());
  CHECK(faults(url("C757873D-EC9A-4326-A141-556F43239520")).empty());
  CHECK(faults(url("C757873D-EC9A-4326-A141-556F43239520"), {}, Severity::warning)
            .find("lower case") != std::string::npos);
  for (auto const* const bad :
       {"c757873d-ec9a-4326-a141-556f4323952", "c757873dec9a4326a141556f43239520",
        "c757873d-ec9a-4326-a141-556f43239520a", "zzzzzzzz-ec9a-4326-a141-556f43239520", ""}) {
    CAPTURE(bad);
    CHECK(faults(url(bad)).find("not a UUID") != std::string::npos);
  }
}

TEST_CASE("additional bindings, values that must be, and what stands for them") {
  auto const bound = with_profile(
      R"({"path":"Patient.maritalStatus","binding":{"strength":"example","valueSet":"http://x/any",
          "extension":[{"url":"http://hl7.org/fhir/tools/StructureDefinition/additional-binding",
          "extension":[{"url":"purpose","valueCode":"required"},
                       {"url":"valueSet","valueCanonical":"http://x/set"}]}]}})");
  auto setting = bound;
  setting.definitions.emplace_back(R"({"resourceType":"ValueSet","url":"http://x/set",
    "compose":{"include":[{"system":"http://x/colours","concept":[{"code":"r"}]}]}})");
  CHECK(faults(marital(R"("system":"http://x/colours","code":"r")"), setting).empty());
  CHECK_FALSE(faults(marital(R"("system":"http://x/colours","code":"g")"), setting).empty());
  constexpr auto kExtension = R"("_active":{"extension":[{"url":"http://e/why","valueCode":"x"}]})";
  auto const ruled = [&](std::string_view name, std::string_view value) {
    return faults(patient(kExtension),
                  with_profile(R"({"path":"Patient.active","extension":[{"url":
      "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.)" +
                               std::string(name) + R"(",)" + std::string(value) + "}]}"));
  };
  CHECK(ruled("mustHaveValue", R"("valueBoolean":false)").empty());
  CHECK_FALSE(ruled("mustHaveValue", R"("valueBoolean":true)").empty());
  CHECK(ruled("valueAlternatives", R"("valueCanonical":"http://e/why")").empty());
  CHECK_FALSE(ruled("valueAlternatives", R"("valueCanonical":"http://e/other")").empty());
}

TEST_CASE("the profile that a guide declares global holds for every resource of the type") {
  auto const guide = R"({"resourceType":"ImplementationGuide","url":"http://x/ig",
    "global":[{"type":"Patient","profile":"http://x/p"}]})";
  Setting setting{{profile_of(R"({"path":"Patient.name","min":1})"), guide}, {}};
  CHECK_FALSE(faults(patient(R"("active":true)"), setting).empty());
  CHECK(faults(patient(R"("name":[{"text":"A"}])"), setting).empty());
  CHECK(faults(R"({"resourceType":"Basic","code":{"text":"x"}})", setting).empty());
  setting.options.with_named_profiles = false;
  CHECK(faults(patient(R"("active":true)"), setting).empty());
}

TEST_CASE("definitions: paths, discriminators and types of profiles exist") {
  struct {
    std::string element, expected;
  } const rows[] = {
      {R"({"path":"Patient.contact.name.given"})", ""},
      {R"({"path":"Patient.deceased[x]"})", ""},
      {R"({"path":"Patient.deceasedBoolean"})", ""},
      {R"({"path":"Patient.contained.anything"})", ""},
      {R"({"path":"Patient.deceasedQuantity"})", "no element has the path"},
      {R"({"path":"Patient.contact.nome"})", "no element has the path"},
      {R"({"path":"Patient.identifier","slicing":{"rules":"open","discriminator":[
           {"type":"value","path":"type.coding.code"}]}})",
       ""},
      {R"({"path":"Patient.link","slicing":{"rules":"open","discriminator":[
           {"type":"type","path":"other.resolve().anything"}]}})",
       ""},
      {R"({"path":"Patient.identifier","slicing":{"rules":"open","discriminator":[
           {"type":"value","path":"kind"}]}})",
       "nothing that this path leads to"},
      {R"({"path":"Patient.maritalStatus","type":[{"code":"CodeableConcept",
           "profile":["http://hl7.org/fhir/StructureDefinition/Coding"]}]})",
       "is about Coding"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.element);
    auto element = row.element;
    element.insert(1, R"("id":"e",)");
    auto definition = profile_of(element);
    auto const head = std::string_view(R"({"resourceType":"StructureDefinition",)");
    definition.insert(head.size(),
                      R"("name":"P","status":"draft","kind":"resource","abstract":false,)");
    auto const said = faults(definition);
    CHECK(said.empty() == row.expected.empty());
    CHECK(said.find(row.expected) != std::string::npos);
  }
}

TEST_CASE("definitions: code systems, value sets and maps agree with themselves") {
  auto const code_system = [](std::string_view members) {
    return R"({"resourceType":"CodeSystem","status":"draft",)" + std::string(members) + "}";
  };
  auto const value_set = [](std::string_view include) {
    return R"({"resourceType":"ValueSet","status":"draft","compose":{"include":[{)" +
           std::string(include) + "}]}}";
  };
  struct {
    std::string resource, expected;
  } const rows[] = {
      {code_system(R"("content":"not-present","concept":[{"code":"a"}])"), "none are present"},
      {code_system(R"("content":"complete","supplements":"http://x","concept":[{"code":"a"}])"),
       "supplement"},
      {code_system(R"("content":"complete","property":[{"code":"p","type":"code"},
                      {"code":"p","type":"string"}])"),
       "twice"},
      {code_system(R"("content":"complete","property":[{"code":"p","type":"integer"}],
                      "concept":[{"code":"a","property":[{"code":"p","valueString":"1"}]}])"),
       "of type integer"},
      {code_system(R"("content":"complete","property":[{"code":"p","type":"dateTime",
                      "uri":"http://hl7.org/fhir/concept-properties#notSelectable"}])"),
       "of type boolean"},
      {code_system(R"("content":"complete","property":[{"code":"p","type":"integer"}],
                      "concept":[{"code":"a","property":[{"code":"p","valueInteger":1}]}])"),
       ""},
      {value_set(R"("system":"#c")"), "absolute"},
      {value_set(R"("system":"http://x/colours","concept":[{"code":"blue"}])"), "no such code"},
      {value_set(R"("system":"http://x/colours","concept":[{"code":"r"}])"), ""},
      {value_set(R"("system":"http://snomed.info/sct","filter":[{"property":"concept",
                    "op":"is-a","value":"thing"}])"),
       "no concept"},
      {value_set(R"("system":"http://snomed.info/sct","filter":[{"property":"constraint",
                    "op":"=","value":"1 2"}])"),
       "ECL"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.resource);
    auto const said = faults(row.resource, {{kColours}, {}});
    CHECK(said.empty() == row.expected.empty());
    CHECK(said.find(row.expected) != std::string::npos);
  }
}

TEST_CASE("bundles: a document's reference means one entry, and the version it names") {
  auto const document = [](std::string_view entry) {
    return R"({"resourceType":"Bundle","type":"document","identifier":{"system":"http://x",
      "value":"1"},"timestamp":"2024-01-01T00:00:00Z","entry":[
      {"fullUrl":"http://h/Composition/c","resource":{"resourceType":"Composition","id":"c",
       "status":"final","type":{"text":"x"},"date":"2024","author":[{"display":"x"}],"title":"x",
       "section":[{"entry":[{"reference":")" +
           std::string(entry) + R"("}]}]}},
      {"fullUrl":"http://h/Basic/b","resource":{"resourceType":"Basic","id":"b",
       "meta":{"versionId":"1"},"code":{"text":"x"}}}]})";
  };
  CHECK(faults(document("Basic/b")).empty());
  CHECK(faults(document("Basic/b/_history/1")).empty());
  CHECK(faults(document("Basic/b/_history/2")).find("no entry has this version") !=
        std::string::npos);
  CHECK_FALSE(faults(document("Basic/other")).empty());
}

TEST_CASE("lines and columns hold far into a text, and across characters of several bytes") {
  auto const filler = std::string(5'000, 'x') + "\u00e4\u20ac";
  auto const text = "{\"resourceType\":\"Patient\",\n\"name\":[{\"text\":\"" + filler +
                    "\"}],\n \"language\":\"en\",\"gender\":\"purple\"}";
  auto const document = json::Document::parse(text);
  REQUIRE(document);
  Library const library;
  auto const findings = validate(*document, library);
  auto const gender = std::ranges::find(findings, "Patient.gender", &Finding::location);
  REQUIRE(gender != findings.end());
  CHECK(gender->line == 3);
  CHECK(gender->column == std::string_view(R"( "language":"en","gender":)").size() + 1);
  auto const one_line =
      R"({"resourceType":"Patient","name":[{"text":")" + filler + R"("}],"gender":"purple"})";
  auto const other = json::Document::parse(one_line);
  REQUIRE(other);
  for (auto const& finding : validate(*other, library)) {
    if (finding.location != "Patient.gender") continue;
    constexpr std::size_t kSpare = 1 + 2;  // bytes of the two characters beyond one each
    CHECK(finding.column == one_line.find("\"purple\"") + 1 - kSpare);
  }
}

// What grows with the square of its size would be a way to stop a server.
TEST_CASE("hostile definitions and documents take no longer than their size asks") {
  constexpr int kMany = 20'000;
  std::string properties, concepts, contained, links;
  for (int i = 0; i < kMany; ++i) {
    auto const n = std::to_string(i);
    auto const comma = i == 0 ? "" : ",";
    properties += comma + (R"({"code":"p)" + n + R"(","type":"string"})");
    concepts += comma + (R"({"code":"c)" + n + R"(","property":[{"code":"p)" + n +
                         R"(","valueInteger":1}]})");
    links += comma + (R"({"url":"http://hl7.org/fhir/StructureDefinition/textLink","extension":[
                         {"url":"htmlid","valueString":"x)" +
                      n + R"("}]})");
  }
  auto const system = R"({"resourceType":"CodeSystem","status":"draft","content":"complete",
    "property":[)" + properties +
                      R"(],"concept":[)" + concepts + "]}";
  CHECK_FALSE(faults(system).empty());
  auto const text = patient(R"("text":{"extension":[)" + links + R"(],"status":"generated",
    "div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">)" +
                            std::string(100'000, 'x') + R"(</div>"})");
  CHECK_FALSE(faults(text).empty());
}

}  // namespace sinew::validate
