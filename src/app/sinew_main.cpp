#include "app/cli.h"

#ifdef SINEW_MIMALLOC
#include <mimalloc.h>
#endif

namespace {

/// How long freed memory is kept before the system gets it back.
///
/// OPTIMIZATION: requests and bundles take and free megabytes many times a second. With mimalloc's
/// 25 ms a tenth of the time of a load went to the kernel, which cleared the same pages again.
void keep_freed_memory_for_a_while() {
#ifdef SINEW_MIMALLOC
  constexpr long kMilliseconds = 500;
  mi_option_set(mi_option_decommit_delay, kMilliseconds);
#endif
}

}  // namespace

int main(int argc, char** argv) {
  keep_freed_memory_for_a_while();
  return sinew::app::run(argc, argv);
}
