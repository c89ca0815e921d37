#pragma once

#include <string_view>

#include "store/sqlite/condition.h"
#include "store/sqlite/past.h"

namespace sinew::store::sqlite {

/// True for `subject.name` and for `_has`.
[[nodiscard]] bool is_chain(Criterion const& criterion);

/// The resources of a type from which a chain leads to what its last parameter finds. Each step
/// goes along a reference, or back along one (`_has`), in any order: `subject:Patient.name`,
/// `encounter.patient.general-practitioner.name`, `_has:Observation:subject:performer.name`,
/// `_has:Observation:patient:_has:AuditEvent:entity:agent`.
/// Where a reference may point at several types, all that have the next parameter are followed.
/// Fails `invalid` at the chain when no type has a parameter, `too_large` for too many steps.
/// Source: FHIR R4 search.html#chaining, #has.
[[nodiscard]] Result<Condition> compile_chain(SearchContext& context, std::string_view type,
                                              Criterion const& criterion);

/// The same chain, asked of a version of a resource.
[[nodiscard]] Result<CriterionTest> chain_test(SearchContext& context, std::string_view type,
                                               Criterion const& criterion);

/// What a body refers to by a parameter, as rids; 0 for what nobody has heard of.
[[nodiscard]] Result<Rids> targets_of(SearchContext& context,
                                      fhir::SearchParameter const& parameter,
                                      std::string const& body);

}  // namespace sinew::store::sqlite
