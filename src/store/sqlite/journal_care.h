#pragma once

#include <memory>

#include "store/journal_care.h"
#include "store/sqlite/readers.h"
#include "store/sqlite/writer.h"

namespace sinew::store::sqlite {

/// The care of the embedded store's journal. Lives no longer than what it is given.
[[nodiscard]] std::unique_ptr<JournalCare> make_journal_care(Store& store, Readers& readers,
                                                             Writer& writer);

}  // namespace sinew::store::sqlite
