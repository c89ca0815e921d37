#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "json/write.h"

namespace sinew::rest {

// Elements that many answers are made of.

/// A Parameters resource; `body` writes what stands in `parameter`.
template <class Body>
[[nodiscard]] std::string parameters_json(Body body) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("resourceType", "Parameters");
  writer.key("parameter");
  writer.begin_array();
  body(writer);
  writer.end_array();
  writer.end_object();
  return out;
}

/// A parameter, or a part of one: `member` is "valueString", "resource".
inline void write_parameter(json::Writer& writer, std::string_view name, std::string_view member,
                            std::string_view json) {
  writer.begin_object();
  writer.member("name", name);
  writer.key(member);
  writer.raw(json);
  writer.end_object();
}

inline void write_text_parameter(json::Writer& writer, std::string_view name,
                                 std::string_view member, std::string_view text) {
  writer.begin_object();
  writer.member("name", name);
  writer.member(member, text);
  writer.end_object();
}

/// As `valueInteger`.
inline void write_number_parameter(json::Writer& writer, std::string_view name,
                                   std::uint64_t number) {
  write_parameter(writer, name, "valueInteger", std::to_string(number));
}

inline void write_coding(json::Writer& writer, std::string_view system, std::string_view code,
                         std::string_view display) {
  writer.begin_object();
  writer.member("system", system);
  writer.member("code", code);
  writer.member("display", display);
  writer.end_object();
}

}  // namespace sinew::rest
