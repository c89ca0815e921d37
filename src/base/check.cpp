#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sinew {

void check_failed(char const* expression, char const* file, int line) {
  std::fprintf(stderr, "sinew: %s:%d: assumption broken: %s\n", file, line, expression);
  std::abort();
}

}  // namespace sinew
