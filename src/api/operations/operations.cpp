#include "api/operations/operations.h"

#include "api/operations/registrations.h"

namespace sinew::rest {

void add_operations(Service& service, OperationsOptions const& options) {
  service.add_operation(patient_everything());
  service.add_operation(encounter_everything());
  service.add_operation(meta());
  service.add_operation(meta_add());
  service.add_operation(meta_delete());
  service.add_operation(last_n());
  service.add_operation(stats());
  service.add_operation(diff_versions());
  service.add_operation(diff_resources());
  service.add_operation(convert());
  service.add_operation(purge_patient(options));
  service.add_operation(expunge(options));
  service.add_operation(reindex());
}

}  // namespace sinew::rest
