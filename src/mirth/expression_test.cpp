#include "mirth/expression.h"

#include <doctest/doctest.h>

using namespace sinew::mirth;

TEST_CASE("a path of a script is a path of HL7 v2") {
  struct {
    std::string_view expression, path;
    bool is_single;
  } const rows[] = {
      {"msg['PID']['PID.5']['PID.5.1'].toString()", "PID-5.1", false},
      {"msg['PID']['PID.8']['PID.8.1'].toString()", "PID-8.1", true},
      {"msg['PID']['PID.3'][1]['PID.3.1']", "PID-3[2].1", true},
      {"msg['OBX'][0]['OBX.5'][0]['OBX.5.1']", "OBX[1]-5[1].1", true},
      {"msg['OBX']['OBX.5']['OBX.5.1']", "OBX-5.1", false},
      {"tmp['MSH']['MSH.9']['MSH.9.2'].toString();", "MSH-9.2", true},
      {"msg.PID['PID.3']['PID.3.4']['PID.3.4.2']", "PID-3.4.2", false},
      {"msg['ZXX']", "ZXX", false},
  };
  for (auto const& row : rows) {
    CAPTURE(row.expression);
    auto const found = field_path(row.expression);
    REQUIRE(found);
    CHECK(found->path == row.path);
    CHECK(found->is_single == row.is_single);
  }
}

TEST_CASE("what is more than a path is none") {
  std::string_view const rows[] = {
      "",
      "msg",
      "x['PID']",
      "msg['PID']['PID.5']['PID.5.1'].toString().trim()",
      "msg['PID']['PID.5']['PV1.5.1']",
      "msg['PID'][i]['PID.5']",
      "msg['PID']['PID.0']",
      "msg['row']['column1']",
      "msg['PID']['PID.5'] + 'x'",
      "msg['PID']['PID.5']['PID.4.1']",
      "msg['PID']['PID.3'][0][1]",
      "msg['PID']['PID.3']['PID.3.1'][2]",
      "msg..OBX",
  };
  for (auto const row : rows) {
    CAPTURE(row);
    CHECK(!field_path(row));
  }
}

TEST_CASE("a literal is one string or number") {
  CHECK(literal_value("\"A04\"") == "A04");
  CHECK(literal_value("'it\\'s';") == "it's");
  CHECK(literal_value("5") == "5");
  CHECK(!literal_value("'a' + 'b'"));
  CHECK(!literal_value("x"));
  CHECK(!literal_value(""));
}
