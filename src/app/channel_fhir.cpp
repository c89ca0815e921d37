#include "app/channel_fhir.h"

#include "app/mapper.h"

namespace sinew::app {

engine::ToFhir to_fhir_by(TablesOf tables) {
  return [tables = std::move(tables)](std::string_view feed,
                                      std::string_view message) -> Result<std::string> {
    auto const read_by = tables(feed);
    mapping::RunOptions options;
    options.urn_references = true;
    Mapped mapped;
    TRY(map_message(*read_by.program, read_by.feed, message, options, mapped));
    std::string bundle;
    mapping::write_bundle(mapped.output, mapping::BundleType::transaction, bundle);
    return bundle;
  };
}

}  // namespace sinew::app
