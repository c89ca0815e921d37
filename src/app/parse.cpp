#include "app/commands.h"
#include "app/console.h"
#include "app/messages.h"
#include "wire/hl7v2/message.h"
#include "wire/hl7v2/tree.h"

namespace sinew::app {

int parse(ParseSettings const& settings) {
  auto const files = expand_inputs(settings.inputs);
  if (!files) return complain(files.error()), kExitFailed;
  std::size_t failures = 0;
  bool first = true;
  for (auto const& file : *files) {
    failures += for_each_message(file, [&](MessageText const& text) -> Result<> {
      auto const message = TRY(hl7v2::parse_message(text.bytes));
      if (settings.json) {
        print(hl7v2::print_tree_json(message) + "\n");
        return {};
      }
      if (!first) print("\n");
      if (files->size() > 1 || text.index > 0) print(text.name + "\n");
      print(hl7v2::print_tree(message));
      first = false;
      return {};
    });
  }
  return failures == 0 ? kExitSuccess : kExitFailed;
}

}  // namespace sinew::app
