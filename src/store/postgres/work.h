#pragma once

#include <string>
#include <variant>
#include <vector>

#include "store/prepare.h"
#include "store/sqlite/work.h"
#include "store/store.h"

namespace sinew::store::postgres {

using sqlite::ApplyWork;
using sqlite::JournalRow;
using sqlite::PreparedChange;

/// A message to be made durable. Its number is given by the writer.
struct AppendWork {
  JournalRow row;
  Store::Appended done;
  Result<JournalId> answer = JournalId{0};
};

using sqlite::PurgeWork;

using Work = std::variant<AppendWork, ApplyWork, PurgeWork>;

}  // namespace sinew::store::postgres
