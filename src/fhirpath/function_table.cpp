#include <algorithm>
#include <array>

#include "base/check.h"
#include "fhirpath/functions.h"

namespace sinew::fhirpath {
namespace {

namespace f = functions;
using enum Style;
using R = Returns;
constexpr auto kAny = Takes::anything;
constexpr auto kOrdered = Takes::ordered;
constexpr auto kText = Takes::text;

/// Every function, sorted by name.
/// Source: FHIRPath N1 #functions; STU functions of the official suite; FHIR R4 fhirpath.html;
/// SQL on FHIR 2.0 for the keys; sum, min, max and avg as other engines have them.
// clang-format off
constexpr auto kFunctions = std::to_array<Function>({
    // name                 style   arguments  returns         takes     run
    {"abs",                 values, 0, 0, R::input,            kAny,     f::abs},
    {"aggregate",           bodies, 1, 2, R::unknown,          kAny,     f::aggregate},
    {"all",                 bodies, 1, 1, R::boolean,          kAny,     f::all},
    {"allFalse",            values, 0, 0, R::boolean,          kAny,     f::all_false},
    {"allTrue",             values, 0, 0, R::boolean,          kAny,     f::all_true},
    {"anyFalse",            values, 0, 0, R::boolean,          kAny,     f::any_false},
    {"anyTrue",             values, 0, 0, R::boolean,          kAny,     f::any_true},
    {"as",                  type,   1, 1, R::type,             kAny,     f::as},
    {"avg",                 values, 0, 0, R::unknown,          kAny,     f::avg},
    {"ceiling",             values, 0, 0, R::integer,          kAny,     f::ceiling},
    {"checkModifiers",      values, 0, 8, R::input,            kAny,     f::check_modifiers},
    {"children",            values, 0, 0, R::unknown,          kAny,     f::children},
    {"coalesce",            bodies, 1, 8, R::unknown,          kAny,     f::coalesce},
    {"combine",             values, 1, 1, R::unknown,          kAny,     f::combine},
    {"comparable",          values, 1, 1, R::boolean,          kAny,     f::comparable},
    {"conformsTo",          values, 1, 1, R::boolean,          kAny,     f::conforms_to},
    {"contains",            values, 1, 1, R::boolean,          kText,    f::contains},
    {"convertsToBoolean",   values, 0, 0, R::boolean,          kAny,     f::converts_to_boolean},
    {"convertsToDate",      values, 0, 0, R::boolean,          kAny,     f::converts_to_date},
    {"convertsToDateTime",  values, 0, 0, R::boolean,          kAny,     f::converts_to_date_time},
    {"convertsToDecimal",   values, 0, 0, R::boolean,          kAny,     f::converts_to_decimal},
    {"convertsToInteger",   values, 0, 0, R::boolean,          kAny,     f::converts_to_integer},
    {"convertsToLong",      values, 0, 0, R::boolean,          kAny,     f::converts_to_long},
    {"convertsToQuantity",  values, 0, 1, R::boolean,          kAny,     f::converts_to_quantity},
    {"convertsToString",    values, 0, 0, R::boolean,          kAny,     f::converts_to_string},
    {"convertsToTime",      values, 0, 0, R::boolean,          kAny,     f::converts_to_time},
    {"count",               values, 0, 0, R::integer,          kAny,     f::count},
    {"dateOf",              values, 0, 0, R::date,             kAny,     f::date_of},
    {"dayOf",               values, 0, 0, R::integer,          kAny,     f::day_of},
    {"decode",              values, 1, 1, R::string,           kText,    f::decode},
    {"defineVariable",      bodies, 1, 2, R::input,            kAny,     f::define_variable},
    {"descendants",         values, 0, 0, R::unknown,          kAny,     f::descendants},
    {"distinct",            values, 0, 0, R::input,            kAny,     f::distinct},
    {"empty",               values, 0, 0, R::boolean,          kAny,     f::empty},
    {"encode",              values, 1, 1, R::string,           kText,    f::encode},
    {"endsWith",            values, 1, 1, R::boolean,          kText,    f::ends_with},
    {"escape",              values, 1, 1, R::string,           kText,    f::escape},
    {"exclude",             values, 1, 1, R::input,            kAny,     f::exclude},
    {"exists",              bodies, 0, 1, R::boolean,          kAny,     f::exists_such},
    {"exp",                 values, 0, 0, R::decimal,          kAny,     f::exp},
    {"extension",           values, 1, 1, R::extension,        kAny,     f::extension},
    {"first",               values, 0, 0, R::input,            kOrdered, f::first},
    {"floor",               values, 0, 0, R::integer,          kAny,     f::floor},
    {"getReferenceKey",     type,   0, 1, R::string,           kAny,     f::reference_key},
    {"getResourceKey",      values, 0, 0, R::string,           kAny,     f::resource_key},
    {"getValue",            values, 0, 0, R::unknown,          kAny,     f::get_value},
    {"hasExtension", values, 1, 1, R::boolean, kAny, f::has_extension},
    {"hasValue",            values, 0, 0, R::boolean,          kAny,     f::has_value},
    {"highBoundary",        values, 0, 1, R::unknown,          kAny,     f::high_boundary},
    {"hourOf",              values, 0, 0, R::integer,          kAny,     f::hour_of},
    {"htmlChecks",          values, 0, 0, R::boolean,          kAny,     f::html_checks},
    {"iif",                 bodies, 2, 3, R::unknown,          kAny,     f::iif},
    {"indexOf",             values, 1, 1, R::integer,          kText,    f::index_of},
    {"intersect",           values, 1, 1, R::input,            kAny,     f::intersect},
    {"is",                  type,   1, 1, R::boolean,          kAny,     f::is},
    {"isDistinct",          values, 0, 0, R::boolean,          kAny,     f::is_distinct},
    {"join",                values, 0, 1, R::string,           kAny,     f::join},
    {"last",                values, 0, 0, R::input,            kOrdered, f::last},
    {"lastIndexOf",         values, 1, 1, R::integer,          kText,    f::last_index_of},
    {"length",              values, 0, 0, R::integer,          kText,    f::length},
    {"ln",                  values, 0, 0, R::decimal,          kAny,     f::ln},
    {"log",                 values, 1, 1, R::decimal,          kAny,     f::log},
    {"lowBoundary",         values, 0, 1, R::unknown,          kAny,     f::low_boundary},
    {"lower",               values, 0, 0, R::string,           kText,    f::lower},
    {"matches",             values, 1, 1, R::boolean,          kText,    f::matches},
    {"matchesFull",         values, 1, 1, R::boolean,          kText,    f::matches_full},
    {"max",                 values, 0, 0, R::input,            kAny,     f::max},
    {"memberOf",            values, 1, 1, R::boolean,          kAny,     f::member_of},
    {"millisecondOf",       values, 0, 0, R::integer,          kAny,     f::millisecond_of},
    {"min",                 values, 0, 0, R::input,            kAny,     f::min},
    {"minuteOf",            values, 0, 0, R::integer,          kAny,     f::minute_of},
    {"monthOf",             values, 0, 0, R::integer,          kAny,     f::month_of},
    {"not",                 values, 0, 0, R::boolean,          kAny,     f::negation},
    {"now",                 values, 0, 0, R::date_time,        kAny,     f::now},
    {"ofType",              type,   1, 1, R::type,             kAny,     f::of_type},
    {"power",               values, 1, 1, R::unknown,          kAny,     f::power},
    {"precision",           values, 0, 0, R::integer,          kAny,     f::precision},
    {"repeat",              bodies, 1, 1, R::unknown,          kAny,     f::repeat},
    {"repeatAll",           bodies, 1, 1, R::unknown,          kAny,     f::repeat_all},
    {"replace",             values, 2, 2, R::string,           kText,    f::replace},
    {"replaceMatches",      values, 2, 2, R::string,           kText,    f::replace_matches},
    {"resolve",             values, 0, 0, R::reference_target, kAny,     f::resolve},
    {"round",               values, 0, 1, R::decimal,          kAny,     f::round},
    {"secondOf",            values, 0, 0, R::integer,          kAny,     f::second_of},
    {"select",              bodies, 1, 1, R::body,             kAny,     f::select},
    {"single",              values, 0, 0, R::input,            kAny,     f::single},
    {"skip",                values, 1, 1, R::input,            kOrdered, f::skip},
    {"sort",                bodies, 0, 8, R::input,            kAny,     f::sort},
    {"split",               values, 1, 1, R::string,           kText,    f::split},
    {"sqrt",                values, 0, 0, R::decimal,          kAny,     f::sqrt},
    {"startsWith",          values, 1, 1, R::boolean,          kText,    f::starts_with},
    {"subsetOf",            values, 1, 1, R::boolean,          kAny,     f::subset_of},
    {"substring",           values, 1, 2, R::string,           kText,    f::substring},
    {"subsumedBy",          values, 1, 1, R::boolean,          kAny,     f::subsumed_by},
    {"subsumes",            values, 1, 1, R::boolean,          kAny,     f::subsumes},
    {"sum",                 values, 0, 0, R::unknown,          kAny,     f::sum},
    {"supersetOf",          values, 1, 1, R::boolean,          kAny,     f::superset_of},
    {"tail",                values, 0, 0, R::input,            kOrdered, f::tail},
    {"take",                values, 1, 1, R::input,            kOrdered, f::take},
    {"timeOf",              values, 0, 0, R::time,             kAny,     f::time_of},
    {"timeOfDay",           values, 0, 0, R::time,             kAny,     f::time_of_day},
    {"timezoneOffsetOf",    values, 0, 0, R::decimal,          kAny,     f::timezone_offset_of},
    {"toBoolean",           values, 0, 0, R::boolean,          kAny,     f::to_boolean},
    {"toChars",             values, 0, 0, R::string,           kText,    f::to_chars},
    {"toDate",              values, 0, 0, R::date,             kAny,     f::to_date},
    {"toDateTime",          values, 0, 0, R::date_time,        kAny,     f::to_date_time},
    {"toDecimal",           values, 0, 0, R::decimal,          kAny,     f::to_decimal},
    {"toInteger",           values, 0, 0, R::integer,          kAny,     f::to_integer},
    {"toLong",              values, 0, 0, R::unknown,          kAny,     f::to_long},
    {"toQuantity",          values, 0, 1, R::quantity,         kAny,     f::to_quantity},
    {"toString",            values, 0, 0, R::string,           kAny,     f::to_string},
    {"toTime",              values, 0, 0, R::time,             kAny,     f::to_time},
    {"today",               values, 0, 0, R::date,             kAny,     f::today},
    {"trace",               bodies, 1, 2, R::input,            kAny,     f::trace},
    {"trim",                values, 0, 0, R::string,           kText,    f::trim},
    {"truncate",            values, 0, 0, R::integer,          kAny,     f::truncate},
    {"type",                values, 0, 0, R::unknown,          kAny,     f::type},
    {"unescape",            values, 1, 1, R::string,           kText,    f::unescape},
    {"union",               values, 1, 1, R::unknown,          kAny,     f::union_of},
    {"upper",               values, 0, 0, R::string,           kText,    f::upper},
    {"where",               bodies, 1, 1, R::input,            kAny,     f::where},
    {"yearOf",              values, 0, 0, R::integer,          kAny,     f::year_of},
});
// clang-format on
static_assert(std::ranges::is_sorted(kFunctions, {}, &Function::name));

}  // namespace

Function const* find_function(std::string_view name) {
  auto const* const row = std::ranges::lower_bound(kFunctions, name, {}, &Function::name);
  return row != kFunctions.end() && row->name == name ? row : nullptr;
}

Function const& function_at(std::uint16_t index) { return kFunctions[index]; }

std::uint16_t index_of(Function const& function) {
  return static_cast<std::uint16_t>(&function - kFunctions.data());
}

}  // namespace sinew::fhirpath
