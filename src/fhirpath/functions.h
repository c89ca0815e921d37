#pragma once

#include "fhirpath/machine.h"

/// The functions of the language: each reads the input and arguments of a call, pushes its result,
/// and returns false only after `Machine::fail`. The table of them is function_table.cpp.
namespace sinew::fhirpath::functions {

using Run = bool(Machine&, Call const&);

// functions_collection.cpp: existence, subsetting, combining
Run empty, exists, all_true, any_true, all_false, any_false, subset_of, superset_of, count;
Run distinct, is_distinct, negation, single, first, last, tail, skip, take, intersect, exclude;
Run union_of, combine, children, descendants;

// functions_body.cpp: those that evaluate their arguments themselves
Run exists_such, all, where, select, repeat, repeat_all, aggregate, iif, sort, trace;
Run define_variable, coalesce;

// functions_convert.cpp
Run to_boolean, to_integer, to_long, to_decimal, to_date, to_date_time, to_time, to_quantity;
Run to_string, converts_to_boolean, converts_to_integer, converts_to_long, converts_to_decimal;
Run converts_to_date, converts_to_date_time, converts_to_time, converts_to_quantity;
Run converts_to_string;

// functions_string.cpp
Run index_of, last_index_of, substring, starts_with, ends_with, contains, upper, lower, replace;
Run matches, matches_full, replace_matches, length, to_chars, trim, split, join;

// functions_encode.cpp
Run encode, decode, escape, unescape;

// functions_math.cpp
Run abs, ceiling, exp, floor, ln, log, power, round, sqrt, truncate, sum, min, max, avg;

// functions_time.cpp
Run now, today, time_of_day, low_boundary, high_boundary, precision, year_of, month_of, day_of;
Run hour_of, minute_of, second_of, millisecond_of, timezone_offset_of, date_of, time_of;
Run comparable;

// functions_type.cpp
Run is, as, of_type, type;

// functions_fhir.cpp: what FHIR adds. Source: FHIR R4 fhirpath.html#functions
Run extension, has_extension, has_value, get_value, resolve, member_of, subsumes, subsumed_by,
    conforms_to;
Run html_checks, check_modifiers, resource_key, reference_key;

}  // namespace sinew::fhirpath::functions
