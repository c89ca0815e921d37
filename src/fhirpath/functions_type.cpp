#include "fhirpath/functions.h"

namespace sinew::fhirpath::functions {
namespace {

bool keep_type(Machine& m, Call const& c) {
  if (!c.type->is_known) return m.fail(ErrorCode::invalid, "there is no type " + c.type->name);
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    if (is_of_type(m.at(i), *c.type, true)) m.push(Item(m.at(i)));
  }
  return true;
}

}  // namespace

bool is(Machine& m, Call const& c) {
  if (c.input.size() > 1) return m.fail(ErrorCode::invalid, "is() takes a single item");
  if (!c.input.empty()) m.push_boolean(is_of_type(m.at(c.input.begin), *c.type, false));
  return true;
}

bool as(Machine& m, Call const& c) {
  if (c.input.size() > 1 && !m.program().is_r4_definition) {
    return m.fail(ErrorCode::invalid, "as() takes a single item");
  }
  return keep_type(m, c);
}

bool of_type(Machine& m, Call const& c) { return keep_type(m, c); }

bool type(Machine& m, Call const& c) {
  for (auto i = c.input.begin; i < c.input.end; ++i) {
    auto const& item = m.at(i);
    m.push(Item::of_type(type_space(item), type_name(item)));
  }
  return true;
}

}  // namespace sinew::fhirpath::functions
