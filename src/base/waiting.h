#pragma once

namespace sinew {

/// Told by a thread when it begins and ends a wait that needs no processor, so that the pool it
/// belongs to can let another thread run meanwhile.
class WaitObserver {
 public:
  virtual ~WaitObserver() = default;
  virtual void begins_to_wait() = 0;
  virtual void ends_to_wait() = 0;
};

/// Who is told of the waits of the calling thread; null: nobody. It has to outlive the thread, or
/// be taken back.
void observe_waits(WaitObserver* observer);

/// A wait of the calling thread, as long as it is in scope. Waits do not nest.
class Waiting {
 public:
  Waiting();
  Waiting(Waiting const&) = delete;
  Waiting& operator=(Waiting const&) = delete;
  ~Waiting();
};

}  // namespace sinew
