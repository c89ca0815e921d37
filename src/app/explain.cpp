#include "app/commands.h"
#include "app/console.h"
#include "app/explanation.h"
#include "app/mapper.h"

namespace sinew::app {
namespace {

Result<std::string> explain_settings(ExplainSettings const& settings) {
  auto const what = TRY(parse_element_path(settings.what));
  auto const program = TRY(compile_tables(settings.map));
  auto const feed = TRY(make_feed(settings.map));
  store::StoreOptions options;
  options.path = settings.store;
  options.read_only = true;
  auto const store = TRY(store::open_store(options, system_clock()));
  auto const tables_of = [&](std::string_view name) {
    auto copy = feed;
    copy.name = name;
    return FeedTables{std::move(copy), program};
  };
  auto const explanation = TRY(explain_element(*store, tables_of, what));
  return settings.json ? explanation_json(explanation) : explanation_text(explanation);
}

}  // namespace

int explain(ExplainSettings const& settings) {
  auto const text = explain_settings(settings);
  if (!text) return complain(text.error()), kExitFailed;
  print(*text);
  return kExitSuccess;
}

}  // namespace sinew::app
