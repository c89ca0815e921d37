#include "base/waiting.h"

namespace sinew {
namespace {

thread_local WaitObserver* observer_of_thread = nullptr;

}  // namespace

void observe_waits(WaitObserver* observer) { observer_of_thread = observer; }

Waiting::Waiting() {
  if (observer_of_thread != nullptr) observer_of_thread->begins_to_wait();
}

Waiting::~Waiting() {
  if (observer_of_thread != nullptr) observer_of_thread->ends_to_wait();
}

}  // namespace sinew
