#include "api/documents/documents.h"

#include "api/documents/composition.h"
#include "api/documents/docref.h"
#include "api/documents/summary.h"

namespace sinew::documents {

Result<> add_documents(rest::Service& service) {
  auto table = std::make_shared<SummaryTable const>(TRY(load_summary_table()));
  service.add_operation(document_operation());
  service.add_operation(docref_operation());
  service.add_operation(summary_operation(std::move(table)));
  return {};
}

}  // namespace sinew::documents
