// Whether operations record their history: per thread.
#pragma once

#include "core/inference_mode.h"

namespace kajo {

struct GradMode {
    static bool enabled() { return enabled_; }
    static void set_enabled(bool on) { enabled_ = on; }

  private:
    static inline thread_local bool enabled_ = true;
};

// RAII: sets grad mode for a scope.
class GradModeGuard {
  public:
    explicit GradModeGuard(bool on) : before_(GradMode::enabled()) { GradMode::set_enabled(on); }
    ~GradModeGuard() { GradMode::set_enabled(before_); }
    GradModeGuard(const GradModeGuard&) = delete;
    GradModeGuard& operator=(const GradModeGuard&) = delete;

  private:
    bool before_;
};

}  // namespace kajo
