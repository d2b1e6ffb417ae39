#pragma once

#include <atomic>

namespace kajo {

// Held for a few instructions only, in which nothing may wait or fail.
class SpinLock {
  public:
    void lock() {
        while (taken_.test_and_set(std::memory_order_acquire)) {
        }
    }
    void unlock() { taken_.clear(std::memory_order_release); }

  private:
    std::atomic_flag taken_ = ATOMIC_FLAG_INIT;
};

}  // namespace kajo
