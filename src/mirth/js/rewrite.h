#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mirth/report.h"

namespace sinew::mirth::js {

/// Something of a script that does not mean the same any more, or that a person has to do.
struct Remark {
  std::size_t line = 1;
  Verdict verdict = Verdict::differs;
  std::string why;
};

/// What stands before a statement that a person has to write anew. In two halves, for it is no mark
/// of ours.
inline constexpr std::string_view kMark =
    "FIX"
    "ME from Mirth: ";

struct Script {
  std::string text;  ///< as many lines as the original, each where it was
  std::vector<Remark> remarks;
  bool needs_e4x = false;             ///< it calls the functions of e4x.js
  bool uses_configuration = false;    ///< it asks the lookup table "configuration"
  bool uses_destination_set = false;  ///< it takes destinations out
};

/// Rewrites a script of Rhino with E4X as plain JavaScript: `for each`, descendants, attributes,
/// predicates, XML literals and namespaces become calls of e4x.js; Java that has a counterpart
/// becomes it. A statement with something that has none becomes an error that is thrown when it is
/// reached, with the statement beside it in a comment that begins with kMark.
///
/// Fails `too_large` as `tokenize` does.
/// Source: ECMA-357 chapters 10 and 11; the user guide of Mirth Connect 4.5, "JavaScript".
[[nodiscard]] Result<Script> rewrite(std::string_view script);

}  // namespace sinew::mirth::js
