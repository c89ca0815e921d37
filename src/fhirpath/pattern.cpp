#include "fhirpath/pattern.h"

#include <re2/re2.h>

#include "base/text.h"

namespace sinew::fhirpath {
namespace {

constexpr std::int64_t kMemoryMax = std::int64_t{8} << 20;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

/// `$1` of FHIRPath as `\1` of RE2; `\` and `$` before another character stand for themselves.
std::string rewrite_of(std::string_view substitution, re2::RE2 const& pattern) {
  std::string out;
  for (std::size_t i = 0; i < substitution.size(); ++i) {
    auto const c = substitution[i];
    auto const rest = substitution.substr(i + 1);
    if (c == '$' && !rest.empty() && is_ascii_digit(rest[0]) &&
        rest[0] - '0' <= pattern.NumberOfCapturingGroups()) {
      out += '\\';
      out += rest[0];
      ++i;
    } else if (c == '$' && rest.starts_with('{') && rest.find('}') != rest.npos) {
      auto const name = std::string(rest.substr(1, rest.find('}') - 1));
      auto const group = pattern.NamedCapturingGroups().find(name);
      if (group != pattern.NamedCapturingGroups().end() && group->second <= 9) {
        out += '\\';
        out += static_cast<char>('0' + group->second);
      }
      i += name.size() + 2;
    } else if (c == '\\') {
      out += "\\\\";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

struct Pattern::Compiled {
  explicit Compiled(std::string_view text, re2::RE2::Options const& options)
      : expression(piece(text), options) {}
  re2::RE2 expression;
};

Pattern::Pattern(std::string text, std::unique_ptr<Compiled> compiled)
    : text_(std::move(text)), compiled_(std::move(compiled)) {}
Pattern::~Pattern() = default;

Result<std::unique_ptr<Pattern>> Pattern::compile(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax) {
    return fail(ErrorCode::too_large, "the regular expression is too long");
  }
  re2::RE2::Options options;
  options.set_dot_nl(true);
  options.set_log_errors(false);
  options.set_max_mem(kMemoryMax);
  auto compiled = std::make_unique<Compiled>(pattern, options);
  if (!compiled->expression.ok()) {
    return fail(ErrorCode::invalid,
                "cannot use the regular expression: " + compiled->expression.error());
  }
  return std::unique_ptr<Pattern>(new Pattern(std::string(pattern), std::move(compiled)));
}

bool Pattern::found_in(std::string_view text) const {
  return re2::RE2::PartialMatch(piece(text), compiled_->expression);
}

bool Pattern::is_whole(std::string_view text) const {
  return re2::RE2::FullMatch(piece(text), compiled_->expression);
}

std::string Pattern::replace(std::string_view text, std::string_view substitution) const {
  std::string out(text);
  re2::RE2::GlobalReplace(&out, compiled_->expression,
                          rewrite_of(substitution, compiled_->expression));
  return out;
}

}  // namespace sinew::fhirpath
