#include "script/script.h"

#include <doctest/doctest.h>

#include <thread>

using namespace sinew;
using namespace sinew::script;

namespace {

constexpr std::string_view kMessage =
    "MSH|^~\\&|LAB|H|||20260101||ORU^R01|1|P|2.5\r"
    "PID|1||4711^^^HOSP~5^^^TEST||Meier&von^Anna^B||19700203|F|||\r"
    "OBX|1|NM|GLU^Glucose||5.4|mmol/l\r"
    "OBX|2|ST|TXT||a\\T\\b\\.br\\c\r"
    "ZXX|secret\r";

struct Ran {
  std::string bytes;
  bool passes = false;
  std::string error;
  std::vector<std::string> notes;
};

Ran run(std::vector<std::string> const& scripts, std::string_view text = kMessage,
        std::uint64_t seed = 7) {
  auto const message = hl7v2::parse_message(text);
  REQUIRE(message);
  hl7v2::Overlay overlay(*message);
  Surroundings surroundings;
  surroundings.received = *parse_instant("2026-03-01T12:30:45.678Z");
  surroundings.seed = seed;
  surroundings.source = {{"feed", "lab"}};
  surroundings.lookup = [](std::string_view table,
                           std::span<std::string const> key) -> Result<std::optional<std::string>> {
    if (table != "sex") return fail(ErrorCode::not_found, "no such table", std::string(table));
    if (!key.empty() && key[0] == "F") return std::optional<std::string>("female");
    return std::optional<std::string>();
  };
  Session session(overlay, surroundings);
  Ran ran;
  for (auto const& source : scripts) {
    auto const script = Script::compile({{"test.js", source, 1}});
    if (!script) {
      ran.error = to_string(script.error());
      return ran;
    }
    auto const passes = session.run(**script);
    if (!passes) {
      ran.error = to_string(passes.error());
      return ran;
    }
    ran.passes = *passes;
    if (!ran.passes) break;
  }
  ran.bytes = overlay.write();
  ran.notes = session.notes();
  return ran;
}

/// What an expression gives.
std::string value(std::string const& expression) {
  auto const ran = run({"logger.info(" + expression + ");"});
  if (!ran.error.empty()) return ran.error;
  return ran.notes.empty() ? "nothing" : ran.notes.front().substr(6);
}

std::string line(Ran const& ran, std::string_view id) {
  CHECK(ran.error.empty());
  INFO(ran.error);
  auto const at = ran.bytes.find(std::string(id) + '|');
  if (at == std::string::npos) return "none";
  return ran.bytes.substr(at, ran.bytes.find('\r', at) - at);
}

}  // namespace

TEST_CASE("fields are read as Mirth's scripts write it") {
  struct {
    char const *expression, *expected;
  } const rows[] = {
      {"msg['PID']['PID.5']['PID.5.1'].toString()", "Meier&von"},
      {"msg['PID']['PID.5']['PID.5.1']['PID.5.1.2']", "von"},
      {"msg.PID['PID.5']['PID.5.2'] + '!'", "Anna!"},
      {"msg['PID']['PID.8'] == 'F'", "true"},
      {"msg['PID']['PID.8']['PID.8.1'].toString() === 'F'", "true"},
      {"msg['PID']['PID.3'].length()", "2"},
      {"msg['PID']['PID.3'][1]['PID.3.1']", "5"},
      {"msg['PID'][0]['PID.3'][1]['PID.3.4']", "TEST"},
      {"msg['OBX'].length()", "2"},
      {"msg['OBX'][1]['OBX.5']['OBX.5.1'].toString()", "a&b\nc"},
      {"msg['OBX'][7]['OBX.5']['OBX.5.1'].toString()", ""},
      {"msg['PV1']['PV1.2'].toString()", ""},
      {"msg['PID']['OBX.3'].toString()", ""},
      {"msg['PID']['PID.5']['PID.5.2'].toUpperCase().substring(0, 2)", "AN"},
      {"'ZXX' in msg", "true"},
      {"'PV1' in msg", "false"},
      {"msg['MSH']['MSH.9']['MSH.9.2']", "R01"},
      {"msg.get('PID-3[2].1')", "5"},
      {"msg.get('OBX[2]-5')", "a&b\nc"},
      {"msg.has('PV1-2')", "false"},
      {"msg.count('OBX')", "2"},
      {"msg.segments('OBX').map(x => x['OBX.1'].toString()).join()", "1,2"},
      {"Array.from(msg).map(x => x.name()).join()", "MSH,PID,OBX,OBX,ZXX"},
      {"[...msg['PID']['PID.3']].map(x => x['PID.3.1'].toString()).join()", "4711,5"},
      {"Object.keys(msg['OBX']).join()", "0,1"},
      {"lookup('sex', msg['PID']['PID.8'])", "female"},
      {"lookup('sex', 'X') === undefined", "true"},
      {"sourceMap.get('feed') + $('feed')", "lablab"},
      {"validate(msg['PID']['PID.19'], 'none', [])", "none"},
      {"msg.toString().length", "174"},
      {"JSON.stringify({a: msg['PID']['PID.8']})", "{\"a\":\"F\"}"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.expression);
    CHECK(value(row.expression) == row.expected);
  }
}

TEST_CASE("fields are set, and nothing else changes") {
  struct {
    char const *script, *segment, *expected;
  } const rows[] = {
      {"msg['PID']['PID.5']['PID.5.1'] = 'X|Y';", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST||X\\F\\Y^Anna^B||19700203|F|||"},
      {"msg['PID']['PID.3'][1]['PID.3.4'] = 'Z'", "PID",
       "PID|1||4711^^^HOSP~5^^^Z||Meier&von^Anna^B||19700203|F|||"},
      {"msg['PID']['PID.4'] = msg['PID']['PID.3']", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST|4711^^^HOSP~5^^^TEST|Meier&von^Anna^B||19700203|F|||"},
      {"delete msg['PID']['PID.3']", "PID", "PID|1||||Meier&von^Anna^B||19700203|F|||"},
      {"delete msg['PID']['PID.3'][0]", "PID", "PID|1||5^^^TEST||Meier&von^Anna^B||19700203|F|||"},
      {"delete msg['ZXX']", "ZXX", "none"},
      {"delete msg['OBX'][0]", "OBX", "OBX|2|ST|TXT||a\\T\\b\\.br\\c"},
      {"msg['OBX'][1]['OBX.5'] = 'q'", "OBX|2", "OBX|2|ST|TXT||q"},
      {"msg.set('PID-8', 'M')", "PID",
       "PID|1||4711^^^HOSP~5^^^TEST||Meier&von^Anna^B||19700203|M|||"},
      {"msg.setRaw('ZXX-2', 'a^b')", "ZXX", "ZXX|secret|a^b"},
      {"msg.copy('PID-3[1]', 'ZXX-1')", "ZXX", "ZXX|4711^^^HOSP"},
      {"msg.remove('OBX'); msg['ZXX']['ZXX.1'] = msg['OBX'].length()", "ZXX", "ZXX|0"},
      {"var n = msg.add('NTE', msg['PID']); n['NTE.3'] = 'hi'", "NTE", "NTE|||hi"},
      {"createSegment('ZAA'); msg['ZAA']['ZAA.1']['ZAA.1.1'] = 'v'", "ZAA", "ZAA|v"},
      {"msg['ZBB']['ZBB.2']['ZBB.2.1'] = 'new'", "ZBB", "ZBB||new"},
      {"for (const o of msg['OBX']) o['OBX.11'] = 'F'", "OBX",
       "OBX|1|NM|GLU^Glucose||5.4|mmol/l|||||F"},
      {"for (var i in msg['OBX']) msg['OBX'][i]['OBX.4'] = i", "OBX",
       "OBX|1|NM|GLU^Glucose|0|5.4|mmol/l"},
      {"tmp['ZXX']['ZXX.1'] = DateUtil.convertDate('yyyyMMdd', 'dd.MM.yyyy', "
       "msg['PID']['PID.7'].toString())",
       "ZXX", "ZXX|03.02.1970"},
      {"msg['ZXX']['ZXX.1'] = new Date().toISOString() + Date.now()", "ZXX",
       "ZXX|2026-03-01T12:30:45.678Z1772368245678"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.script);
    CHECK(line(run({row.script}), row.segment) == row.expected);
  }
  CHECK(run({"msg['PID']['PID.8'] = 'F'"}).bytes == kMessage);
  CHECK(run({"var x = msg['PID']['PID.5'].toString()"}).bytes == kMessage);
}

TEST_CASE("return false filters, and steps share the channel map") {
  CHECK_FALSE(run({"return false"}).passes);
  CHECK(run({"return true"}).passes);
  CHECK(run({"var a = 1;"}).passes);
  CHECK(line(run({"channelMap.put('a', {b: [1, 2]}); $c('k', 'w')",
                  "msg['ZXX']['ZXX.1'] = $c('a').b[1] + $('k')"}),
             "ZXX") == "ZXX|2w");
}

TEST_CASE("an error names its file, line and column") {
  CHECK(run({"var a = 1;\n  a.b.c();"}).error == "test.js:2:3: TypeError: a.b is undefined");
  CHECK(run({"var a = 1;\n  a.b.c();"}).error.find("TypeError") != std::string::npos);
  CHECK(run({"var = 1"}).error.find("test.js:1:") == 0);
  CHECK(run({"\n\nthrow new Error('no')"}).error.find("test.js:3:") == 0);
  CHECK(run({"\nthrow 'no'"}).error.find("test.js:2:") == 0);
  CHECK(run({"msg['PID']['OBX.3'] = 'x'"}).error.find("no place of PID") != std::string::npos);
  CHECK(run({"msg['PID'] = 'x'"}).error.find("whole segment") != std::string::npos);
  CHECK(run({"msg.set('MSH-2', 'x')"}).error.find("delimiters") != std::string::npos);
  CHECK(run({"delete msg['MSH']"}).error.find("header") != std::string::npos);
  CHECK(run({"msg.get('nonsense')"}).error.find("not a path") != std::string::npos);
  CHECK(run({"lookup('t', 'x')"}).error.find("no such table") != std::string::npos);
  CHECK(run({"$g('x')"}).error.find("globalMap is not here") != std::string::npos);
  auto const library = Script::compile(
      {{"lib.js", "function f() {\n  return x.y;\n}", 1}, {"lab.yaml", "\nf();", 10}});
  REQUIRE(library);
  auto const message = hl7v2::parse_message(kMessage);
  hl7v2::Overlay overlay(*message);
  Surroundings const surroundings;
  Session session(overlay, surroundings);
  auto const ran = session.run(**library);
  REQUIRE_FALSE(ran);
  CHECK(to_string(ran.error()).find("lib.js:2:") == 0);
}

TEST_CASE("nothing of a script lasts") {
  // Undeclared variables, the global object, built-in prototypes: gone or refused.
  CHECK(value("typeof leaked") == "undefined");
  CHECK(run({"leaked = 1; this.other = 2; globalThis.third = 3"}).error.empty());
  CHECK(value("typeof leaked + typeof other + typeof third") == "undefinedundefinedundefined");
  (void)run(
      {"Array.prototype.map = null; String.prototype.x = 1; Math.PI = 3; msg.__proto__.y = 1; "
       "Object.prototype.z = 4; DateUtil.formatDate = null; logger = null; "
       "(function*(){}).constructor.prototype.w = 1; Date.prototype.v = 1; /x/.__proto__.u = 1;"});
  CHECK(value("[1].map(x => x + 1)[0] + String(''.x) + Math.floor(Math.PI * 100) + ({}).z + "
              "({}).y + typeof DateUtil.formatDate + Date.prototype.v + /x/.u") ==
        "2undefined314undefinedundefinedfunctionundefinedundefined");
  (void)run({"Object.prototype.toString = () => 'mine'"});
  CHECK(value("({}).toString()") == "[object Object]");
  // Own ones are a script's own.
  CHECK(
      value("(() => { function F() {} F.prototype.toString = () => 'own'; return String(new F()); "
            "})()") == "own");
  CHECK(value("(() => { class E extends Error { constructor() { super('m'); this.name = 'N'; } } "
              "return String(new E()); })()") == "N: m");
}

TEST_CASE("the same message and seed give the same, another seed another") {
  auto const script = "msg['ZXX']['ZXX.1'] = Math.random() + ' ' + Math.random()";
  auto const first = run({script}).bytes;
  CHECK(run({script}).bytes == first);
  CHECK(run({script}, kMessage, 8).bytes != first);
}

TEST_CASE("a script has no way out and no end of time or memory") {
  for (auto const* name : {"require", "process", "ArrayBuffer", "Uint8Array", "WebAssembly",
                           "SharedArrayBuffer", "XMLHttpRequest", "load", "print", "host"}) {
    CAPTURE(name);
    CHECK(value("typeof " + std::string(name)) == "undefined");
  }
  CHECK(run({"eval('1')"}).error == "test.js:1:1: EvalError: call to eval() blocked by CSP");
  CHECK(run({"new Function('return 1')()"}).error.find("test.js:1") == 0);
  CHECK(run({"(function*(){}).constructor('yield 1')"}).error.find("test.js:1") == 0);
  CHECK(run({"for (;;) {}"}).error.find("longer than 1 s") != std::string::npos);
  CHECK(run({"try { for (;;) {} } catch (e) {} finally { for (;;) {} }"}).error.find("longer") !=
        std::string::npos);
  CHECK_FALSE(run({"/^(a+)+$/.test('a'.repeat(60) + 'b')"}).error.empty());
  CHECK(run({"const f = () => Promise.resolve().then(f); f();"}).error.find("longer") !=
        std::string::npos);
  auto const hungry = run({"var a = []; for (;;) a.push(new Array(100000).fill(1.5));"}).error;
  CAPTURE(hungry);
  CHECK(hungry.find("memory") != std::string::npos);
  CHECK(run({"function f() { return f() + 1; } f();"}).error.find("recursion") !=
        std::string::npos);
  CHECK(run({"'x'.repeat(1e9)"}).error.find("too long") != std::string::npos);
  // And the next one runs.
  CHECK(value("1 + 1") == "2");
  CHECK(value("(() => { let t = 0; Promise.resolve().then(() => { t = 1 }); return t; })()") ==
        "0");
}

TEST_CASE("every thread has its own engine") {
  std::string results[2];
  {
    std::thread other([&results] { results[0] = run({"msg.set('ZXX-1', 'a')"}).bytes; });
    other.join();
  }
  results[1] = run({"msg.set('ZXX-1', 'a')"}).bytes;
  CHECK(results[0] == results[1]);
}
