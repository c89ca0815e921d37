#include "mirth/js/rewrite.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "mirth/js/code.h"

namespace {

using namespace sinew::mirth;
using namespace sinew::mirth::js;

std::string rewritten(std::string_view script) {
  auto const result = rewrite(script);
  REQUIRE(result);
  CHECK(std::ranges::count(result->text, '\n') == std::ranges::count(script, '\n'));
  return result->text;
}

}  // namespace

TEST_CASE("the tokens of a script are the script") {
  std::string_view const rows[] = {
      "var a = b / c / d; x = /[/]\\/g/gi.test('/*') // end",
      "if (a) /re/.test(b); a++ / 2; f(1) / 2; [1] / 2",
      "`a${b + `c${d}`}e` + \"it's\" + 'say \\'x\\''",
      "x = <a b='>' c={d}>{e}<f/></a>; y = a < b; z = <>{q}</>",
      "1..toString(); 1.5e-3; 0xFF; .5; a.@b; a..b; a::b; a.(b == c)",
      "'not closed\n\"neither\n/* never",
      "\\u0041bc = \xC3\xA4\xC3\xB6; \x01 ${ }",
  };
  for (auto const row : rows) {
    CAPTURE(row);
    auto const tokens = tokenize(row);
    REQUIRE(tokens);
    std::string whole;
    for (auto const& token : *tokens) whole += token.text;
    CHECK(whole == row);
  }
}

TEST_CASE("a slash is a division or the beginning of a regular expression") {
  struct {
    std::string_view script;
    std::size_t regexes;
  } const rows[] = {
      {"a / b / c", 0},          {"a = /b/", 1},
      {"f(/b/, c / d / e)", 1},  {"return /a/g", 1},
      {"if (x) /a/.test(y)", 1}, {"(x) / a / b", 0},
      {"a[0] / b / c", 0},       {"x = {} \n /a/.test(b)", 1},
      {"a = b\n/c/g", 0},        {"s.replace(/['\"]/g, '')", 1},
  };
  for (auto const& row : rows) {
    CAPTURE(row.script);
    auto const tokens = tokenize(row.script);
    REQUIRE(tokens);
    CHECK(static_cast<std::size_t>(std::ranges::count(*tokens, Kind::regex, &Token::kind)) ==
          row.regexes);
  }
}

TEST_CASE("E4X becomes calls") {
  struct {
    std::string_view e4x, plain;
  } const rows[] = {
      // descendants
      {"var o = msg..OBX;", "var o = msg['OBX'];"},
      {"var c = msg..OBX.length();", "var c = msg['OBX'].length();"},
      {"var p = pid..['PID.5'];", "var p = e4x.descendants(pid, 'PID.5');"},
      {"var s = a.b()..Status.toString();", "var s = e4x.descendants(a.b(), 'Status').toString();"},
      {"var s = x..A..B;", "var s = e4x.descendants(e4x.descendants(x, 'A'), 'B');"},
      {"var s = x..*;", "var s = e4x.descendants(x, '*');"},
      {"var s = x..@id;", "var s = e4x.attributes(x, 'id');"},
      {"var s = [...a, 1];", "var s = [...a, 1];"},
      // for each
      {"for each (var o in msg..OBX) { f(o); }", "for (var o of each(msg['OBX'])) { f(o); }"},
      {"var each = 1; for each (var o in msg.OBX) f(o);",
       "var each = 1; for (var o of e4x.each(msg.OBX)) f(o);"},
      {"var msg = new XML(s); var o = msg..OBX;",
       "var msg = e4x.xml(s); var o = e4x.descendants(msg, 'OBX');"},
      {"for each (var o in list) f(o);", "for (var o of e4x.each(list)) f(o);"},
      {"for each(o in msg.children())", "var o; for (o of each(msg.children()))"},
      {"for (var i in list) f(i);", "for (var i in list) f(i);"},
      // attributes
      {"var v = a.@id;", "var v = a['@id'];"},
      {"a.@id = 'x';", "a['@id'] = 'x';"},
      {"var v = a.@*;", "var v = a['@*'];"},
      {"var v = a.@\nid;", "var v = a['@id']\n;"},
      {"var v = a.@['x' + 1];", "var v = a['@' + 'x' + 1];"},
      {"delete a.@id;", "delete a['@id'];"},
      // predicates
      {"var v = a.item.(@id == '1').name;",
       "var v = e4x.where(a.item, it => (it['@id'] == '1')).name;"},
      {"var k = '1'; var v = a.item.(code == k);",
       "var k = '1'; var v = e4x.where(a.item, it => (it.code == k));"},
      {"var v = a.item.(hasOwnProperty('@id') && code.toString() == 'X');",
       "var v = e4x.where(a.item, it => (it.hasOwnProperty('@id') && it.code.toString() == 'X'));"},
      {"var v = x..A.(B == 1);", "var v = e4x.where(e4x.descendants(x, 'A'), it => (it.B == 1));"},
      // literals
      {"var x = <a/>;", "var x = e4x.xml(`<a/>`);"},
      {"var x = <a b={c}>{d + 1}</a>;",
       "var x = e4x.xml(`<a b=\"${e4x.escape(c)}\">${e4x.content(d + 1)}</a>`);"},
      {"var x = <a>`$"
       "{q}\\</a>;",
       "var x = e4x.xml(`<a>\\`\\$${e4x.content(q)}\\\\</a>`);"},
      {"var x = <><a/><b/></>;", "var x = e4x.list(`<><a/><b/></>`);"},
      {"var x = <{n}>{v}</{n}>;",
       "var x = e4x.xml(`<${e4x.content(n)}>${e4x.content(v)}</${e4x.content(n)}>`);"},
      {"var x = a <b;", "var x = a <b;"},
      // XML objects and namespaces
      {"var x = new XML(s);", "var x = e4x.xml(s);"},
      {"var x = XML(s), y = new XMLList(t);", "var x = e4x.xml(s), y = e4x.list(t);"},
      {"var ns = new Namespace('urn:a'); var v = x.ns::code.ns::['b'];",
       "var ns = new e4x.Namespace('urn:a'); var v = x['code']['b'];"},
      {"default xml namespace = 'urn:a';", "/* from Mirth: default xml namespace = 'urn:a'; */"},
      {"if (typeof(a) == 'xml') b();", "if (typeof(a) == 'object') b();"},
      // not E4X: strings, comments, regular expressions
      {"var s = 'a..b for each (x in y)'; // msg..OBX",
       "var s = 'a..b for each (x in y)'; // msg..OBX"},
      {"var r = /a..b/; var t = `a..b`;", "var r = /a..b/; var t = `a..b`;"},
      // what works as it is
      {"msg['PID']['PID.5']['PID.5.1'] = 'X'; delete msg['ZXX'];",
       "msg['PID']['PID.5']['PID.5.1'] = 'X'; delete msg['ZXX'];"},
      {"pid['PID.5']['PID.5.2'] += 'x';", "pid['PID.5']['PID.5.2'] += 'x';"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.e4x);
    CHECK(rewritten(row.e4x) == row.plain);
  }
}

TEST_CASE("Java that has a counterpart becomes it") {
  struct {
    std::string_view java, plain;
  } const rows[] = {
      {"var s = new java.lang.String(x);", "var s = String(x);"},
      {"var i = Packages.java.lang.Integer.parseInt(x);", "var i = parseInt(x);"},
      {"var d = new java.util.Date();", "var d = new Date();"},
      {"var l = new java.util.ArrayList();", "var l = new e4x.ArrayList();"},
      {"var u = java.util.UUID.randomUUID().toString();", "var u = e4x.uuid().toString();"},
      {"var u = UUIDGenerator.getUUID();", "var u = e4x.UUIDGenerator.getUUID();"},
      {"var v = $cfg('host');", "var v = e4x.configuration('host');"},
      {"var v = configurationMap.get('host');", "var v = e4x.configuration('host');"},
      {"destinationSet.remove('A');", "e4x.destinationSet.remove('A');"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.java);
    CHECK(rewritten(row.java) == row.plain);
  }
}

TEST_CASE("what has no counterpart throws, and its text stays beside it") {
  struct {
    std::string_view script, begins, ends;
  } const rows[] = {
      {"importPackage(java.sql);",
       "throw new Error('FIX"
       "ME from Mirth: Java",
       "/* FIX"
       "ME from Mirth: importPackage(java.sql); */"},
      {"var a = 1;\nvar c = DatabaseConnectionFactory.createDatabaseConnection(\n 'd', "
       "'u');\nf(a);",
       "var a = 1;\nthrow new Error('FIX"
       "ME",
       "'u'); */\nf(a);"},
      {"if (x) { FileUtil.write('a', false, 'b') } else { g() }", "if (x) { throw new Error(",
       "/* FIX"
       "ME from Mirth: FileUtil.write('a', false, 'b') */ } else { g() }"},
      {"if (globalMap.get('a') == 1) { g(); }", "if ((() => { throw new Error(", "*/) { g(); }"},
      {"var r = router.routeMessage('X', msg) /* c */", "throw new Error(", "*/ /* c */"},
      {"for each (var e in new org.apache.X().all()) { g(e); }", "for ((() => { throw",
       "*/ ;;) { g(e); }"},
  };
  for (auto const& row : rows) {
    CAPTURE(row.script);
    auto const text = rewritten(row.script);
    CAPTURE(text);
    CHECK(text.starts_with(row.begins));
    CHECK(text.ends_with(row.ends));
  }
}

TEST_CASE("what a script names itself is its own") {
  CHECK(rewritten("var router = {a: 1}; router.a;") == "var router = {a: 1}; router.a;");
  CHECK(rewritten("function f(alerts) { return alerts.x; }") ==
        "function f(alerts) { return alerts.x; }");
  CHECK(rewritten("x.router.y; var o = {router: 1};") == "x.router.y; var o = {router: 1};");
}

TEST_CASE("a name that is assigned and declared nowhere is declared") {
  CHECK(rewritten("a = 1;\nif (b == 2) c = a;") == "var a, c; a = 1;\nif (b == 2) c = a;");
  CHECK(rewritten("channelMap.x = 1; msg = 2; o.p = 3;") == "channelMap.x = 1; msg = 2; o.p = 3;");
}

TEST_CASE("remarks name the line") {
  auto const script = rewrite("var a;\n\nalerts.sendAlert('x');\n");
  REQUIRE(script);
  REQUIRE(script->remarks.size() == 1);
  CHECK(script->remarks[0].line == 3);
  CHECK(script->remarks[0].verdict == Verdict::by_hand);
}

TEST_CASE("a script that is too long is refused, the longest is not") {
  CHECK(rewrite(std::string(kScriptBytesMax, ' ')));
  auto const refused = rewrite(std::string(kScriptBytesMax + 1, ' '));
  REQUIRE(!refused);
  CHECK(refused.error().code == sinew::ErrorCode::too_large);
}
