#include "mapping/mapper.h"

namespace sinew::mapping {

void Output::clear() {
  json.clear();
  resources.clear();
  leaves.clear();
  ledger.clear();
  issues.clear();
  mapped = ignored = unmapped = 0;
}

Result<> run(Program const& program, hl7v2::Message const& message, hl7v2::GroupTree const& groups,
             Feed const& feed, RunOptions const& options, Output& out) {
  out.clear();
  if (!out.workspace) out.workspace = std::make_shared<Workspace>();
  return Mapper(program, message, groups, feed, options, out, *out.workspace).run();
}

}  // namespace sinew::mapping
